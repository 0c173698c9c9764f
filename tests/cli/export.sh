#!/usr/bin/env bash
# ketamap export: what it prints is what evaluate computes; slices, wrong requests, readers that go away.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
cd "$folder" || exit 1

study small 12
sed -i 's/"output": {/"output": {"keep": 23, /' small.json
expect 0 "$ketamap" run small.json --quiet --no-audit
expect 0 "$ketamap" export small.zarr
cp out all.tsv
[ "$(wc -l <all.tsv)" -eq $((12 * 40 * 2 + 1)) ] || fail "$(wc -l <all.tsv) lines"
head -1 all.tsv | grep -qP '^k\tdose\tgap\tonset\tonset_state\tonset_margin\tinside\tinside_state\ttop\ttop_state\tarea\tarea_state\tstatus\tsteps$' ||
    fail "header: $(head -1 all.tsv)"

# the axis columns of the table are points for evaluate, and its endpoints are those of the table, bit for bit
cut -f1-3 all.tsv >points.tsv
expect 0 "$ketamap" evaluate small.json --points points.tsv --quiet
cp out evaluated.tsv
awk -F'\t' -v OFS='\t' 'NR == FNR { for (i = 1; i <= NF; i++) if (FNR == 1) a[$i] = i; line[FNR] = $0; next }
    FNR == 1 { for (i = 1; i <= NF; i++) b[$i] = i; next }
    { split(line[FNR], left, "\t")
      for (name in a) if (name ~ /^(onset|inside|top|area|onset_margin)$/) {
          x = left[a[name]]; y = $b[name]
          if (x == "NaN" || y == "NaN") { if (x != y) print FNR, name, x, y; continue }
          if (x - y > 1e-7 * (x < 0 ? -x : x) || y - x > 1e-7 * (x < 0 ? -x : x)) print FNR, name, x, y } }' all.tsv evaluated.tsv >differ
[ -s differ ] && fail "export and evaluate differ: $(head -3 differ)"

# slices: the lines of the whole that have the value, in its order
expect 0 "$ketamap" export small.zarr --at gap=12 --endpoints top
awk -F'\t' -v OFS='\t' 'NR == 1 || $3 == 12 { print $1, $2, $3, $9, $10, $13, $14 }' all.tsv | diff - out >/dev/null || fail "slice at gap=12"
expect 0 "$ketamap" export small.zarr --at gap=23 --nearest --at k=0.1 --endpoints area,top
[ "$(wc -l <out)" -eq 41 ] || fail "a line has $(wc -l <out) lines"
expect 0 "$ketamap" export small.zarr --output table.tsv
cmp -s table.tsv all.tsv || fail "--output differs from the standard output"

# a category by its name
cat >hypo.json <<JSON
{"model": "decay.json", "horizon": "24 h", "regimen": [{"amt": "10 mg"}],
 "design": {"axes": [{"name": "who", "of": "variant", "values": ["slow", "fast"]}]},
 "endpoints": [{"name": "top", "of": "C", "kind": "max"}], "output": {"map": "$folder/hypo.zarr"}}
JSON
expect 0 "$ketamap" run hypo.json --quiet
expect 0 "$ketamap" export hypo.zarr --at who=fast
[ "$(sed -n 2p out | cut -f1)" = fast ] && [ "$(wc -l <out)" -eq 2 ] || fail "category: $(cat out)"

# wrong requests
expect 2 "$ketamap" export small.zarr --at gap=13
says "which has 12 and 24 there; or add --nearest"
expect 2 "$ketamap" export small.zarr --at gap=99
says "ends at 24"
expect 2 "$ketamap" export small.zarr --at gap
says "expected NAME=VALUE"
expect 2 "$ketamap" export small.zarr --at gap=12 --at gap=24
says "given twice"
expect 2 "$ketamap" export small.zarr --at gup=12
says 'did you mean "gap"?'
expect 2 "$ketamap" export small.zarr --endpoints tap
says 'did you mean "top"?'
expect 2 "$ketamap" export hypo.zarr --at who=fest
says 'did you mean "fast"?'
expect 2 "$ketamap" export nowhere.zarr
expect 3 "$ketamap" export small.zarr --output /nowhere/table.tsv
study big 4000
begin big --quiet
kill -9 "$run"
wait "$run" 2>/dev/null
expect 2 "$ketamap" export big.zarr
says "not complete"

# a reader that goes away is no news; a full disk is
"$ketamap" export small.zarr 2>err | head -2 >out
[ -s err ] && fail "closed pipe: $(cat err)"
[ "$(wc -l <out)" -eq 2 ] || fail "closed pipe: $(cat out)"
if [ -w /dev/full ]; then
    "$ketamap" export small.zarr >/dev/full 2>err
    [ $? -eq 3 ] || fail "a full disk is not an error"
fi
finish
