#!/usr/bin/env bash
# Registers, stack and spills of a study's kernels on NVIDIA devices, without one: clang compiles the generated program to
# PTX (with libclc for the built-ins), ptxas of a CUDA toolkit assembles it.
# usage: tools/nvptx.sh [STUDY] [single|double] [ARCH]; exit 77 and the reason where a tool is missing.
# KETAMAP, PTXAS and LIBCLC name the program, the assembler and nvptx64--nvidiacl.bc if they are elsewhere.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
study=${1:-$root/configs/studies/quickstart.json}
precision=${2:-single}
arch=${3:-sm_80}
ketamap=${KETAMAP:-$root/build/ketamap}

# newest NAME: NAME, or NAME-14 ...
newest() { for c in "$1" "$1-19" "$1-16" "$1-15" "$1-14"; do command -v "$c" && return 0; done; echo "skipped: $1 is missing" >&2; exit 77; }
clang=$(newest clang)
llc=$(newest llc)
library=${LIBCLC:-$(ls /usr/lib/clc/nvptx64--nvidiacl.bc /usr/lib/llvm-*/share/clc/nvptx64--nvidiacl.bc 2>/dev/null | head -1 || true)}
[ -n "$library" ] || { echo "skipped: libclc (Debian: libclc-14) is missing" >&2; exit 77; }
assembler=${PTXAS:-$(command -v ptxas || ls /usr/local/cuda*/bin/ptxas 2>/dev/null | tail -1 || true)}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$ketamap" check "$study" --emit opencl --precision "$precision" --lanes 1 >"$folder/k.cl"
"$clang" -x cl -cl-std=CL1.2 -target nvptx64-unknown-nvidiacl -march="$arch" -Dcl_khr_fp64 -cl-mad-enable -O3 -emit-llvm -c \
    -Xclang -mlink-builtin-bitcode -Xclang "$library" "$folder/k.cl" -o "$folder/k.bc"
"$llc" -mcpu="$arch" "$folder/k.bc" -o "$folder/k.ptx"
if grep -q '^\.extern \.func' "$folder/k.ptx"; then
    echo "calls that nothing defines:"
    grep '^\.extern \.func' "$folder/k.ptx"
    exit 1
fi
echo "$(basename "$study" .json), $precision, $arch: $(wc -l <"$folder/k.ptx") lines of PTX, all calls resolved"
[ -n "$assembler" ] || { echo "skipped: ptxas (a CUDA toolkit) is missing; the PTX itself was made" >&2; exit 77; }
"$assembler" -v -arch="$arch" "$folder/k.ptx" -o /dev/null 2>&1 | awk '
    /Compiling entry function/ { split($0, part, "\047"); name = part[2] }
    /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
    /Used [0-9]+ registers/ { for (i = 1; i <= NF; i++) if ($i == "Used") registers = $(i + 1)
        if (name) printf "%-18s %3d registers, %4d bytes of stack, spills %d stored, %d loaded\n", name, registers, stack, stores, loads; name = "" }
    /error|fatal/ { print; bad = 1 } END { exit bad }'
