#!/usr/bin/env bash
# What a study's kernels take of an NVIDIA GPU, without one: registers, stack and spills, in single and double.
#   tools/nvptx.sh KETAMAP STUDY [ARCHITECTURE...]      (sm_80 unless told; 77: a tool is missing, and it says which)
# The program goes through clang's NVPTX back end with libclc's functions and, where a CUDA toolkit is found, through
# ptxas. NVIDIA's OpenCL driver has a front end of its own before the same ptxas: its figures are near, not equal.
# PTXAS and LIBCLC name the two files where they are not found; an empty PTXAS does without. Debian: clang-15 libclc-15, or clang-14 libclc-14.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
ketamap=$1
study=$2
shift 2
[ $# -gt 0 ] || set -- sm_80
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

ptxas=${PTXAS-$(command -v ptxas || ls /usr/local/cuda*/bin/ptxas 2>/dev/null | tail -n 1 || true)}
# Bitcode is read by the clang that wrote it or a later one; the folder's name does not say which did.
echo '__kernel void k(__global float *x) { *x = fma(*x, sqrt(*x), x[1]); }' >"$folder/try.cl"
clang=
for library in "${LIBCLC:-}" /usr/lib/clc/nvptx64--nvidiacl.bc /usr/lib/llvm-*/share/clc/nvptx64--nvidiacl.bc; do
    for candidate in clang clang-14 clang-15 clang-16 clang-17 clang-18 clang-19; do
        to_ptx=("$candidate" -x cl -cl-std=CL1.2 -cl-mad-enable -DKM_PORTABLE -target nvptx64-nvidia-cuda -march=sm_80 -O3 -w
            -Xclang -mlink-builtin-bitcode -Xclang "$library" -S)
        if [ -e "$library" ] && command -v "$candidate" >/dev/null &&
            "${to_ptx[@]}" "$folder/try.cl" -o "$folder/try.ptx" 2>/dev/null; then
            clang=$candidate
            break 2
        fi
    done
done
[ -n "$clang" ] || { echo "no clang with a libclc it can read (Debian: clang-15 libclc-15)"; exit 77; }

printf '%s, %s, %s\n' "$("$clang" --version | head -n 1)" "$library" \
    "$([ -z "$ptxas" ] || "$ptxas" --version | grep -o 'release.*')"
[ -z "$ptxas" ] || printf '%-9s %-9s %-15s %9s %9s %13s %12s\n' precision target kernel registers stack "spill stores" "spill loads"
for precision in single double; do
    ptx=$folder/$precision.ptx
    "$ketamap" check "$study" --emit opencl --lanes 1 --precision "$precision" >"$folder/$precision.cl"
    "${to_ptx[@]}" "$folder/$precision.cl" -o "$ptx" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
    if grep -A 2 '^[[:space:]]*\.extern' "$ptx"; then
        echo "$precision: the functions above are in nobody's library"
        exit 1
    fi
    if [ -z "$ptxas" ]; then
        echo "$precision: $(grep -c ';$' "$ptx") lines of PTX, nothing unresolved"
        continue
    fi
    for target in "$@"; do
        "$ptxas" -v -arch="$target" "$ptx" -o "$folder/out" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
        awk -v precision="$precision" -v target="$target" '
            /entry function/ {split($0, quoted, "\047"); kernel = quoted[2]}
            /bytes stack frame/ && kernel != "" && !(kernel in stack) {
                for (i = 2; i <= NF; i++) if ($i == "bytes") {
                    if ($(i + 1) == "stack") stack[kernel] = $(i - 1)
                    if ($(i + 2) ~ /^stores/) stores[kernel] = $(i - 1)
                    if ($(i + 2) ~ /^loads/) loads[kernel] = $(i - 1)
                }
            }
            / Used / {
                for (i = 2; i <= NF; i++) if ($i ~ /^registers/)
                    printf "%-9s %-9s %-15s %9d %9d %13d %12d\n", precision, target, kernel, $(i - 1), stack[kernel], stores[kernel], loads[kernel]
                kernel = ""
            }' "$folder/log"
    done
done
[ -n "$ptxas" ] || echo "no ptxas (in PATH or /usr/local/cuda*/bin): registers and stack are not known"
