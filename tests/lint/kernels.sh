#!/usr/bin/env bash
# The generated OpenCL C is accepted by a strict compiler and holds no silent double arithmetic.
# Arguments: PROGRAM SOURCE_FOLDER.
set -euo pipefail
program=$1
cd "$2"
clang=$(command -v clang || command -v clang-14 || true)
if [ -z "$clang" ] || [ ! -x "$program" ]; then
    echo "skipped: clang or the program is missing"
    exit 77
fi
text=$(mktemp --suffix=.cl)
failed=0
n=0
explicit=$(mktemp --suffix=.json)
trap 'rm -f "$text" "$explicit"' EXIT
cat >"$explicit" <<JSON
{"model": "$PWD/configs/models/ketamine.json", "horizon": "7 d", "solver": {"method": "tsit5"},
 "regimen": [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min"}],
 "endpoints": [{"name": "half", "of": "madrs_change", "kind": "first_time", "when": ">= 0.5 * trough"}]}
JSON
for study in configs/studies/*.json "$explicit"; do
    [ -e "$study" ] || continue
    for precision in single double; do
        for lanes in 1 16; do
            # OpenCL's widest vector has 16 elements; double CPUs use at most 8 lanes.
            if [ "$precision$lanes" = double16 ]; then lanes=8; fi
            n=$((n + 1))
            if ! "$program" check "$study" --emit opencl --precision "$precision" --lanes "$lanes" >"$text" ||
                ! "$clang" -x cl -cl-std=CL1.2 -target spir64 -fsyntax-only -Wall -Wextra \
                    -Wno-unused-function -Wno-unused-parameter -Wdouble-promotion -Werror "$text"; then
                echo "failed: $study --precision $precision --lanes $lanes"
                failed=1
            fi
        done
    done
done
echo "$n programs"
[ "$n" -gt 0 ] || exit 77
exit "$failed"
