#!/usr/bin/env bash
# The generated program becomes PTX with every call resolved; in single precision the quick start's kernel keeps its states in
# registers (where a CUDA toolkit is there to say so). Arguments: PROGRAM SOURCE_FOLDER.
set -euo pipefail
out=$(mktemp)
trap 'rm -f "$out"' EXIT
code=0
KETAMAP=$1 "$2/tools/nvptx.sh" "$2/configs/studies/quickstart.json" single >"$out" 2>&1 || code=$?
cat "$out"
[ "$code" -eq 0 ] || exit "$code"
stack=$(awk '$1 == "km_integrate" { print $4 }' "$out")
[ "$stack" -le 512 ] || { echo "km_integrate has $stack bytes of stack"; exit 1; }
KETAMAP=$1 "$2/tools/nvptx.sh" "$2/configs/studies/quickstart.json" double
