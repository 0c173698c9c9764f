#!/usr/bin/env bash
# The generated OpenCL C becomes valid SPIR-V for OpenCL 1.2. Arguments: PROGRAM SOURCE_FOLDER.
set -euo pipefail
program=$1
cd "$2"
find_tool() { for c in "$@"; do command -v "$c" && return 0; done; echo "skipped: $1 is missing" >&2; exit 77; }
clang=$(find_tool clang-14 clang clang-15)
translator=$(find_tool llvm-spirv-14 llvm-spirv llvm-spirv-15)
validator=$(find_tool spirv-val)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/explicit.json" <<JSON
{"model": "$PWD/configs/models/ketamine.json", "horizon": "7 d", "solver": {"method": "tsit5"},
 "regimen": [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min"}],
 "endpoints": [{"name": "half", "of": "madrs_change", "kind": "first_time", "when": ">= 0.5 * trough"}]}
JSON
n=0
for study in configs/studies/*.json "$folder/explicit.json"; do
    for how in "single 16" "double 8" "single 1" "double 1"; do
        read -r precision lanes <<<"$how"
        case $lanes$study in 1*/quickstart.json | 1*/endpoints.json | 1*/explicit.json | 8* | 16*) ;; *) continue ;; esac
        "$program" check "$study" --emit opencl --precision "$precision" --lanes "$lanes" --quiet >"$folder/k.cl"
        # reductions of vectors are an extension of LLVM that SPIR-V 1.0 does not have
        "$clang" -x cl -cl-std=CL1.2 -target spir64 -DKM_PORTABLE -O0 -emit-llvm -c "$folder/k.cl" -o "$folder/k.bc"
        "$translator" --spirv-max-version=1.0 "$folder/k.bc" -o "$folder/k.spv" ||
            { echo "failed: $study $precision $lanes"; exit 1; }
        "$validator" --target-env opencl1.2 "$folder/k.spv" || { echo "not valid: $study $precision $lanes"; exit 1; }
        n=$((n + 1))
    done
done
echo "$n modules"
[ "$n" -gt 30 ]
