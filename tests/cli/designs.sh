# Studies of points: drawn and listed ones are maps over points, resumed to the same bytes, whatever the batch, and the
# same numbers as evaluate's.
. "$2/tests/cli/fixture.bash"

# points NAME DESIGN [ENDPOINTS]
points() {
    cat >"$folder/$1.json" <<JSON
{"model": "decay.json", "horizon": "72 h",
 "regimen": [{"route": "iv", "amt": "1 mg/kg", "tinf": "2 h", "ii": "24 h", "addl": 2}], "design": $2,
 "endpoints": [{"name": "onset", "of": "C", "kind": "first_time", "when": ">= 5", "margin": true},
               {"name": "top", "of": "C", "kind": "max"}, {"name": "area", "of": "C", "kind": "integral"}],
 "solver": {"rtol": 1e-5, "precision": "single"}, "output": {"map": "$folder/$1.zarr", "keep": 23}}
JSON
}
factors='"factors": [{"of": "k"}, {"name": "dose", "of": "regimen[0].amt", "log": ["0.1 mg/kg", "4 mg/kg"]}, {"of": "regimen[0].ii", "linear": ["0.5 d", "1 d"]}]'
points sobol "{\"sobol\": {\"n\": 1048576, \"seed\": \"7\", $factors}}"
points cube "{\"latin_hypercube\": {\"n\": 70001, \"seed\": \"7\", $factors}}"
points other "{\"latin_hypercube\": {\"n\": 70001, \"seed\": \"8\", $factors}}"

# killed, interrupted, resumed, in batches of another size: the same bytes
expect 0 "$ketamap" run "$folder/sobol.json" --output "$folder/whole.zarr" --quiet
begin sobol --quiet
kill -9 "$run"
ended 137
begin sobol
kill -INT "$run"
ended 6
says "the same command goes on"
expect 0 "$ketamap" run "$folder/sobol.json" --batch 4000
says "resuming"
same "$folder/whole.zarr" "$folder/sobol.zarr"
expect 0 "$ketamap" run "$folder/sobol.json"
says "complete already"
expect 0 "$ketamap" verify "$folder/sobol.zarr"
grep -q "1048576 points" "$folder/out" || fail "verify: $(cat "$folder/out")"
printf 'x' | dd of="$folder/sobol.zarr/dose/3" bs=1 seek=100 conv=notrunc 2>/dev/null
expect 3 "$ketamap" verify "$folder/sobol.zarr"
says "dose/3 is not what was written"

# the factors' own columns give the map's numbers: a table made of a map, evaluated
expect 0 "$ketamap" run "$folder/cube.json" --quiet --batch 999
expect 0 "$ketamap" run "$folder/cube.json" --quiet --output "$folder/again.zarr"
same "$folder/cube.zarr" "$folder/again.zarr"
expect 0 "$ketamap" run "$folder/other.json" --quiet
cmp -s "$folder/cube.zarr/k/0" "$folder/other.zarr/k/0" && fail "another seed gives the same points"
expect 0 "$ketamap" info "$folder/cube.zarr"
grep -q "^factors" "$folder/out" && grep -q "^axes" "$folder/out" && fail "info calls factors axes"
grep -q "regimen_0_ii     12 to 24 h\|regimen_0_ii     0.5.* to 1 d\|regimen_0_ii     0.5.* to 0.9.* d" "$folder/out" || fail "info: $(cat "$folder/out")"
expect 0 "$ketamap" check "$folder/cube.json"
grep -q "^factor dose: regimen\[0\].amt, 0.1 to 4 mg/kg" "$folder/out" || fail "check: $(cat "$folder/out")"
expect 0 "$ketamap" run "$folder/cube.json" --dry-run
grep -q "^points        70001 in 2 chunks" "$folder/out" || fail "dry run: $(cat "$folder/out")"

# pictures: dots, of an endpoint over a factor or of two factors; the table has a line a dot
expect 0 "$ketamap" plot "$folder/cube.zarr" --x k --y top --output "$folder/dots"
[ "$(grep -vc '^#' "$folder/dots.tsv")" -eq 70001 ] || fail "dots.tsv has $(wc -l <"$folder/dots.tsv") lines"
expect 0 "$ketamap" plot "$folder/cube.zarr" --x dose --y regimen_0_ii --endpoint onset --output "$folder/dots"
expect 0 "$ketamap" plot "$folder/cube.zarr" --x k --y top --output "$folder/named.png"
[ -s "$folder/named.png" ] && [ -s "$folder/named.svg" ] || fail "--output named.png did not make named.png and named.svg"
awk -F'\t' '!/^#/ && (NF != 3 || $1 < 0.1 || $1 > 4 || $2 < 0.5 || $2 > 1) {exit 1}' "$folder/dots.tsv" || fail "dots lie outside the bounds"
expect 2 "$ketamap" plot "$folder/cube.zarr" --x top
says 'no factor "top"'
expect 2 "$ketamap" plot "$folder/cube.zarr" --at k=1
says "a map over points"
expect 0 "$ketamap" simulate "$folder/cube.json" --times 0:24:12

# what never happened is not drawn, a time spent of 0 no more than a time that is not there; the title says how many
points inside "{\"latin_hypercube\": {\"n\": 2000, \"seed\": \"7\", $factors}}"
sed -i 's/{"name": "top"/{"name": "spent", "of": "C", "kind": "time_in", "when": ">= 5"}, &/' "$folder/inside.json"
expect 0 "$ketamap" run "$folder/inside.json" --quiet
expect 0 "$ketamap" export "$folder/inside.zarr" --endpoints spent
never=$(awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i; next} $column["spent_state"] == "never" || $column["spent_state"] == 1' "$folder/out" | wc -l)
[ "$never" -gt 100 ] || fail "$never points of 2000 never came there: $(head -2 "$folder/out")"
expect 0 "$ketamap" plot "$folder/inside.zarr" --x dose --y spent --output "$folder/spent"
awk -F'\t' -v left=$((2000 - never)) '!/^#/ {n++; if ($2 == 0) bad++} END {exit !(n == left && bad == 0)}' "$folder/spent.tsv" ||
    fail "not the $((2000 - never)) points where it happened: $(grep -vc '^#' "$folder/spent.tsv")"
grep -q "2000 points, $never of them not shown: never, or failed" "$folder/spent.gp" || fail "the title: $(grep title "$folder/spent.gp")"
expect 0 "$ketamap" plot "$folder/inside.zarr" --x dose --y k --endpoint spent --output "$folder/spent"
[ "$(grep -vc '^#' "$folder/spent.tsv")" -eq $((2000 - never)) ] || fail "colours: $(grep -vc '^#' "$folder/spent.tsv") points"

# a list: the same numbers as evaluate's, and the same program
points list '{"list": {"file": "p.tsv"}}'
printf 'k\tregimen[0].amt\tregimen[0].addl\n0.02\t1\t0\n0.5\t2.5\t3\n0.1\t0.25\t1\n' >"$folder/p.tsv"
expect 0 "$ketamap" run "$folder/list.json" --quiet
expect 0 "$ketamap" evaluate "$folder/list.json" --points "$folder/p.tsv" --quiet
cp "$folder/out" "$folder/table"
expect 0 "$ketamap" info "$folder/list.zarr"
for name in onset top area; do
    awk -F'\t' -v name=$name 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i}
        NR > 1 && $c != "NaN" {if (low == "" || $c + 0 < low) low = $c + 0; if (high == "" || $c + 0 > high) high = $c + 0}
        END {printf "%.6g to %.6g\n", low, high}' "$folder/table" >"$folder/range"
    grep -qF "$(cat "$folder/range")" "$folder/out" || fail "$name of the list is not evaluate's $(cat "$folder/range"): $(cat "$folder/out")"
done
# a list that changed is another study
mv "$folder/list.zarr" "$folder/kept.zarr"
cp -r "$folder/kept.zarr" "$folder/list.zarr.partial"
touch "$folder/list.zarr.partial/.lock"
sed -i 's/0.25/0.26/' "$folder/p.tsv"
expect 2 "$ketamap" run "$folder/list.json" --quiet
says "the list of points differs"
mv "$folder/list.zarr.partial" "$folder/list.zarr"
expect 2 "$ketamap" run "$folder/list.json" --quiet
says "the list of points differs"
# a sequence that is cut short is said so
points short "{\"sobol\": {\"n\": 100, $factors}}"
expect 0 "$ketamap" check "$folder/short.json"
expect 0 "$ketamap" run "$folder/short.json" --no-audit
says "100 is no power of 2"
expect 2 "$ketamap" run "$folder/short.json" --strict
finish
