# Killed three times at random moments, interrupted once, resumed by the same command: the same bytes.
. "$2/tests/cli/fixture.bash"
study big 9000
study small 30
seed=$$
echo "seed $seed"
RANDOM=$seed

expect 0 "$ketamap" run "$folder/big.json" --output "$folder/whole.zarr" --quiet
landed=0
for kill in 1 2 3; do
    begin big --quiet
    sleep "$(awk -v r=$RANDOM 'BEGIN {printf "%.3f", r / 32768 * 0.15}')"
    kill -9 "$run" 2>/dev/null
    wait "$run" 2>/dev/null
    [ $? -eq 137 ] && landed=$((landed + 1))
    [ -d "$folder/big.zarr.partial" ] && find "$folder/big.zarr.partial/status" -name '[0-9]*' | wc -l
done
echo "$landed of 3 kills found it running"
[ "$landed" -gt 0 ] || fail "no kill found it running; the study is too small for this device"
begin big
kill -INT "$run" 2>/dev/null
wait "$run" 2>/dev/null
code=$?
[ "$code" -eq 6 ] || [ "$code" -eq 0 ] || fail "Ctrl-C gave exit $code: $(cat "$folder/err")"
[ "$code" -eq 0 ] || says "the same command goes on"
[ ! -d "$folder/big.zarr" ] || [ "$code" -eq 0 ] || fail "an interrupted map has its final name"
expect 0 "$ketamap" run "$folder/big.json"
same "$folder/whole.zarr" "$folder/big.zarr"
[ ! -e "$folder/big.zarr.partial" ] || fail "the partial map is still there"
expect 0 "$ketamap" run "$folder/big.json"
says "complete already"
# a damaged chunk of a partial map is computed again
expect 0 "$ketamap" run "$folder/small.json" --quiet
cp -r "$folder/small.zarr" "$folder/copy.zarr"
# another study on the same map
sed -i 's/">= 5", "margin"/">= 6", "margin"/' "$folder/small.json"
expect 2 "$ketamap" run "$folder/small.json"
says "--force"
same "$folder/small.zarr" "$folder/copy.zarr"
expect 0 "$ketamap" run "$folder/small.json" --force --quiet
cmp -s "$folder/small.zarr/onset/0.0.0" "$folder/copy.zarr/onset/0.0.0" && fail "--force did not compute again"
finish
