# SIGINT and SIGTERM end a run after the chunk at hand with exit 6; the same command goes on. A second SIGINT does not
# wait for the chunk. A map that is being written is left alone by others.
. "$2/tests/cli/fixture.bash"
study long 60000
study s 9000

begin long
"$ketamap" run "$folder/long.json" 2>"$folder/second"
[ $? -eq 3 ] || fail "a second writer was let in"
grep -q "another ketamap is writing" "$folder/second" || fail "second writer: $(cat "$folder/second")"
"$ketamap" run "$folder/long.json" --force 2>"$folder/second"
[ $? -eq 3 ] || fail "--force removed a map under its writer: $(cat "$folder/second")"
kill -INT "$run"
ended 6
says "once more stops at once"
says "the same command goes on"
[ ! -e "$folder/long.zarr" ] || fail "an interrupted map has its final name"
# --force begins anew, so it must not be in the command that goes on
begin long --force
kill -INT "$run"
ended 6
says "the same command without --force goes on"
begin long
kill -INT "$run"
sleep 0.01
kill -INT "$run" 2>/dev/null
wait "$run" 2>/dev/null
code=$?
[ "$code" -eq 130 ] || [ "$code" -eq 6 ] || fail "SIGINT twice gave exit $code"

begin s --quiet
kill -TERM "$run"
ended 6
says "the same command goes on"
expect 0 "$ketamap" run "$folder/s.json"
says "resuming"
[ -d "$folder/s.zarr" ] && [ ! -e "$folder/s.zarr.partial" ] || fail "the map is not complete"
finish
