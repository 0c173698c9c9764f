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
expect 0 "$ketamap" run "$folder/s.json" --dry-run --output "$folder/dry.zarr"
grep -q "240000" "$folder/out" || fail "dry run: $(cat "$folder/out")"
[ ! -e "$folder/dry.zarr" ] && [ ! -e "$folder/dry.zarr.partial" ] || fail "a dry run writes"
finish
