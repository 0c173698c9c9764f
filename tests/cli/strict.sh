#!/usr/bin/env bash
# Every shipped model and study is free of warnings: units, unused names, ranges.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
n=0
for file in "$2"/configs/models/*.json "$2"/configs/studies/*.json; do
    expect 0 "$ketamap" check "$file" --strict
    n=$((n + 1))
done
[ "$n" -gt 20 ] || fail "only $n files"
sed 's|"unit": "L"|"unit": "kg"|' "$folder/decay.json" >"$folder/wrong.json"
expect 0 "$ketamap" check "$folder/wrong.json"
says "the output \"C\" should be in"
expect 2 "$ketamap" check "$folder/wrong.json" --strict
finish
