#!/usr/bin/env bash
# Drivers that take kernels as SPIR-V: every shipped study, and Tsit5 with a second pass, becomes SPIR-V that
# spirv-val accepts, on one lane and on vectors; and a single-precision program for a device without double uses none.
# Arguments: PROGRAM SOURCE_FOLDER.
set -uo pipefail
program=$1
cd "$2" || exit 2
# The translator must be of clang's version, for the bitcode between them.
for version in 14 15 16 17 18 19; do
    clang=$(command -v "clang-$version") && translator=$(command -v "llvm-spirv-$version") && break
    translator=
done
for tool in "llvm-spirv of clang's version:${translator:-}" "spirv-val:$(command -v spirv-val)" "the program:$(command -v "$program")"; do
    [ -n "${tool#*:}" ] || { echo "skipped: ${tool%%:*} is missing"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/tsit5.json" <<JSON
{"model": "$PWD/configs/models/ketamine.json", "horizon": "7 d", "solver": {"method": "tsit5"},
 "regimen": [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min"}, {"route": "im", "amt": "20 mg", "time": "3 d"}],
 "endpoints": [{"name": "half", "of": "madrs_change", "kind": "first_time", "when": "<= 0.5 * trough", "margin": true}]}
JSON

# translate STUDY PRECISION LANES WIDE: what is wrong goes to a file of its own
translate() {
    local name
    name=$folder/$(basename "$1" .json).$2.$3.$4
    {
        "$program" check "$1" --emit opencl --precision "$2" --lanes "$3" |
            sed "s/^#define KM_WIDE_DOUBLE .*/#define KM_WIDE_DOUBLE $4/" >"$name.cl" &&
            grep -q "^#define KM_WIDE_DOUBLE $4" "$name.cl" &&
            # Not optimised, as drivers ask for it; without LLVM's reductions, as engine/program.c asks for.
            "$clang" -x cl -cl-std=CL1.2 -cl-mad-enable -DKM_PORTABLE -target spir64 -O1 -Xclang -disable-llvm-passes \
                -Werror -emit-llvm -c "$name.cl" -o "$name.bc" &&
            "$translator" --spirv-max-version=1.0 "$name.bc" -o "$name.spv" &&
            spirv-val --target-env opencl1.2 "$name.spv" &&
            { [ "$2$4" != single0 ] || spirv-dis "$name.spv" -o "$name.text"; }
    } >"$name.log" 2>&1 || echo "failed: $1 --precision $2 --lanes $3 (wide double: $4)" >>"$name.log"
    if [ "$2$4" = single0 ] && grep -qs "OpCapability Float64" "$name.text"; then
        echo "failed: $1 --precision single, for a device without double, computes in double" >>"$name.log"
    fi
    rm -f "$name.cl" "$name.bc"
}

for study in configs/studies/*.json "$folder/tsit5.json"; do
    translate "$study" single 1 0 &
    translate "$study" single 1 1 &
    translate "$study" single 16 1 &
    translate "$study" double 1 1 &
    translate "$study" double 8 1 &
    wait
done
find "$folder" -name '*.log' -size +0 -exec head -c 2000 {} +
echo "$(find "$folder" -name '*.spv' | wc -l) programs, $(basename "$translator")"
[ "$(find "$folder" -name '*.spv' | wc -l)" -gt 0 ] && ! grep -qs failed "$folder"/*.log
