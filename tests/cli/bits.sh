# The same bytes for any batch and any number of compute units.
. "$2/tests/cli/fixture.bash"
study s 3000

expect 0 "$ketamap" run "$folder/s.json" --output "$folder/a.zarr" --batch 4096 --quiet
expect 0 "$ketamap" run "$folder/s.json" --output "$folder/b.zarr" --batch 65536 --quiet
expect 0 "$ketamap" run "$folder/s.json" --output "$folder/c.zarr" --compute-units 1 --threads 1 --quiet
same "$folder/a.zarr" "$folder/b.zarr"
same "$folder/a.zarr" "$folder/c.zarr"
expect 0 "$ketamap" info "$folder/a.zarr"
grep -q "240000 points" "$folder/out" || fail "info: $(cat "$folder/out")"
# the audit is in the map, for every endpoint, and of a sensible size; without it the map says so
for endpoint in onset inside top area; do
    grep -q '"error_points": [0-9]' "$folder/a.zarr/$endpoint/.zattrs" || fail "$endpoint has no audit"
    awk -F': ' '/error_p99/ {exit !($2 + 0 < 0.05)}' "$folder/a.zarr/$endpoint/.zattrs" || fail "$endpoint: $(grep p99 "$folder/a.zarr/$endpoint/.zattrs")"
done
expect 0 "$ketamap" run "$folder/s.json" --output "$folder/d.zarr" --no-audit --quiet
grep -q '"audit": "none"' "$folder/d.zarr/.zattrs" || fail "--no-audit is not recorded"
cmp -s "$folder/a.zarr/onset/0.0.0" "$folder/d.zarr/onset/0.0.0" || fail "the audit changes values"
expect 2 "$ketamap" run "$folder/s.json" --output "$folder/d.zarr" --quiet
says "whether it is audited"
expect 0 "$ketamap" run "$folder/s.json" --dry-run --output "$folder/dry.zarr"
grep -q "240000" "$folder/out" || fail "dry run: $(cat "$folder/out")"
[ ! -e "$folder/dry.zarr" ] && [ ! -e "$folder/dry.zarr.partial" ] || fail "a dry run writes"
finish
