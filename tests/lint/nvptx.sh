#!/usr/bin/env bash
# The kernels compile for NVIDIA's GPUs, nothing is left unresolved, and where ptxas is found the integrator's arrays
# live in registers: its stack holds spilled registers only, and of a model of eight states nothing.
# Arguments: PROGRAM SOURCE_FOLDER.
set -uo pipefail
failed=0
for study in quickstart endpoints hires; do
    table=$("$2/tools/nvptx.sh" "$1" "$2/configs/studies/$study.json" 2>&1)
    case $? in
    0) ;;
    77) echo "skipped: $table"; exit 77 ;;
    *) failed=1 ;;
    esac
    printf '%s: %s\n' "$study" "$table"
    # columns: precision target kernel registers stack stores loads
    awk -v study="$study" '
        $3 == "km_integrate" && $5 > (study == "hires" ? 0 : $6) {print "FAIL: arrays on the stack"; bad = 1}
        $3 == "km_integrate" {n++}
        END {exit bad || (n != 0 && n != 2)}' <<<"$table" || failed=1
done
exit "$failed"
