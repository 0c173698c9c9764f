# Points that fail are counted and said, also those of an earlier run; outputs that are no plain files stay what they
# are; a dry run's pilot is like the map.
. "$2/tests/cli/fixture.bash"
study s 3000
study plain 5
sed -i 's/ "states"/ "require": ["k < 0.5"],\n&/' "$folder/decay.json"

expect 0 "$ketamap" run "$folder/s.json" --output "$folder/whole.zarr"
says "break a condition of the model or of its doses (status bad_parameter)"
whole=$(grep "status 4" "$folder/err")
expect 5 "$ketamap" run "$folder/s.json" --output "$folder/strict.zarr" --strict --quiet
says "points failed"
same "$folder/whole.zarr" "$folder/strict.zarr"
# a complete map has not become better
expect 5 "$ketamap" run "$folder/s.json" --output "$folder/whole.zarr" --strict
says "$whole"
expect 0 "$ketamap" run "$folder/s.json" --output "$folder/whole.zarr"
says "$whole"
# a resumed run tells of the whole map
begin s
kill -KILL "$run" 2>/dev/null
wait "$run" 2>/dev/null
if [ -d "$folder/s.zarr.partial" ]; then
    expect 5 "$ketamap" run "$folder/s.json" --strict
    says "$whole"
fi

# evaluate: the table is written, and says which
printf 'k\n0.2\n0.9\n' >"$folder/p.tsv"
expect 0 "$ketamap" evaluate "$folder/plain.json" --points "$folder/p.tsv"
says "1 of 2 points break a condition of the model or of its doses (status bad_parameter)"
awk -F'\t' 'NR == 3 {exit !($2 == "NaN" && $3 == "failed" && $(NF - 1) == "bad_parameter")}' "$folder/out" || fail "a failed row: $(tail -1 "$folder/out")"
grep -qi -- "-nan" "$folder/out" && fail "nan has a sign"
expect 5 "$ketamap" evaluate "$folder/plain.json" --points "$folder/p.tsv" --strict
[ "$(wc -l <"$folder/out")" -eq 3 ] || fail "--strict keeps the table back"

# a link and a pipe are written through, and a device would be
cp "$folder/out" "$folder/table"
echo old >"$folder/target"
ln -s target "$folder/link"
expect 0 "$ketamap" evaluate "$folder/plain.json" --points "$folder/p.tsv" --output "$folder/link"
[ -L "$folder/link" ] || fail "--output replaced a link by a file"
cmp -s "$folder/target" "$folder/table" || fail "the link's target is not the table"
mkfifo "$folder/pipe"
cat "$folder/pipe" >"$folder/got" &
reader=$!
expect 0 "$ketamap" simulate "$folder/plain.json" --output "$folder/pipe"
wait $reader
[ -p "$folder/pipe" ] || fail "--output replaced a pipe by a file"
[ "$(wc -l <"$folder/got")" -eq 202 ] || fail "the pipe got $(wc -l <"$folder/got") lines"
expect 3 "$ketamap" simulate "$folder/plain.json" --output "$folder/nosuch/file.tsv"
says "nosuch"

# times that are no numbers
for times in 0:24:inf 0:24:nan 0:inf:1 nan:24:1 24:0:1 0:24:0 0:24:-1; do
    expect 2 "$ketamap" simulate "$folder/plain.json" --times $times
    says "$times"
done

# a grid whose last axis decides the work and whose length divides the pilot's stride
cat >"$folder/stride.json" <<JSON
{"model": "decay.json", "horizon": "72 h",
 "regimen": [{"route": "iv", "amt": "70 mg", "ii": "2 h", "addl": 2}],
 "design": {"axes": [{"name": "V", "of": "V", "log": [1, 100, 8192]},
                     {"name": "addl", "of": "regimen[0].addl", "linear": [0, 31, 32]}]},
 "endpoints": [{"name": "top", "of": "C", "kind": "max"}], "solver": {"precision": "single"},
 "output": {"map": "$folder/stride.zarr"}}
JSON
expect 0 "$ketamap" run "$folder/stride.json" --dry-run --quiet
pilot=$(sed -n 's/^pilot.* \([0-9.]*\) steps a point.*/\1/p' "$folder/out")
expect 0 "$ketamap" run "$folder/stride.json" --no-audit --quiet
mean=$(sed -n 's/.*"mean_steps": \([0-9.]*\).*/\1/p' "$folder/stride.zarr/run.json")
awk -v a="$pilot" -v b="$mean" 'BEGIN {exit !(a > 0.9 * b && a < 1.1 * b)}' || fail "the pilot takes $pilot steps a point, the map $mean"
finish
