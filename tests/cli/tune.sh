# bench --tune stores what it found for this device; later runs say so and give the same bytes; --untune, a damaged file and
# no cache at all are as if never tuned.
. "$2/tests/cli/fixture.bash"
study s 20
export POCL_CACHE_DIR=${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl} # compiled kernels stay where they are
export XDG_CACHE_HOME=$folder/cache
model=$2/configs/models/ketamine.json
run() { expect 0 "$ketamap" run "$folder/s.json" --output "$folder/$1.zarr" --no-audit; }
tuned() { grep -q "as bench --tune found it best" "$folder/err"; }

run before
tuned && fail "tuned before it was"
expect 0 "$ketamap" bench --untune
grep -q "there was no tuning" "$folder/out" || fail "$(cat "$folder/out")"
KETAMAP_CACHE=off expect 3 "$ketamap" bench --tune --quick --model "$model"
says "the tuning cannot be stored"
expect 0 "$ketamap" bench --tune --quick --model "$model"
grep -q '^best: lanes [0-9]* local [0-9]* points_per_item [0-9]* batch [0-9]*$' "$folder/out" || fail "$(cat "$folder/out")"
grep -q 'models a second (present)$' "$folder/out" || fail "it does not say what is in use: $(cat "$folder/out")"
[ "$(find "$folder/cache/ketamap/tuning" -type f | wc -l)" -eq 1 ] || fail "not one file is stored"
expect 0 "$ketamap" devices
grep -q ', tuned$' "$folder/out" || fail "devices does not tell"
run after
tuned || fail "run does not say that it is tuned"
grep -q '"measured": true' "$folder/after.zarr/run.json" || fail "run.json does not say that it is tuned"
lanes() { grep -o '"lanes": [0-9]*' "$folder/$1.zarr/.zattrs"; }
[ "$(lanes before)" != "$(lanes after)" ] || same "$folder/before.zarr" "$folder/after.zarr"
KETAMAP_CACHE=off run without
tuned && fail "tuned with KETAMAP_CACHE=off"
same "$folder/before.zarr" "$folder/without.zarr"
file=$(find "$folder/cache/ketamap/tuning" -type f)
cp "$file" "$folder/good"
for damage in 'echo nonsense' 'head -c 150 "$folder/good"' "sed 's/local [0-9]*/local 9/' \"\$folder/good\""; do
    eval "$damage" >"$file"
    run damaged
    tuned && fail "tuned by a damaged file: $damage"
    same "$folder/before.zarr" "$folder/damaged.zarr"
    rm -rf "$folder/damaged.zarr"
done
cp "$folder/good" "$file"
expect 0 "$ketamap" bench --untune
grep -q "the tuning is forgotten" "$folder/out" || fail "$(cat "$folder/out")"
expect 0 "$ketamap" devices
! grep -q ', tuned$' "$folder/out" || fail "still tuned"
finish
