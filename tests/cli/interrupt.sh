# SIGINT and SIGTERM end a run after the chunk at hand with exit 6; the same command goes on. Twice ends it at once.
# A map that is being written is left alone by others.
. "$2/tests/cli/fixture.bash"
study s 9000
seconds=20

# begin OPTIONS...: a run in the background, until its first chunk after $1 of them is on disk
begin() {
    local there=$1 i
    shift
    "$ketamap" run "$folder/s.json" "$@" >"$folder/out" 2>"$folder/err" &
    run=$!
    for ((i = 0; i < 100 * seconds; i++)); do
        [ "$(find "$folder/s.zarr.partial/status" -name '[0-9]*' 2>/dev/null | wc -l)" -gt "$there" ] && return
        kill -0 $run 2>/dev/null || break
        sleep 0.01
    done
    fail "no chunk appeared: $(cat "$folder/err")"
}

# ended CODE
ended() {
    local got
    wait $run
    got=$?
    [ "$got" -eq "$1" ] || fail "exit $got, expected $1: $(cat "$folder/err")"
}

begin 0
cp "$folder/err" "$folder/kept"
"$ketamap" run "$folder/s.json" 2>"$folder/err"
[ $? -eq 3 ] || fail "a second writer was let in"
says "another ketamap is writing"
"$ketamap" run "$folder/s.json" --force 2>"$folder/err"
[ $? -eq 3 ] || fail "--force removed a map under its writer"
kill -INT $run
ended 6
[ ! -e "$folder/s.zarr" ] || fail "an interrupted map has its final name"
there=$(find "$folder/s.zarr.partial/status" -name '[0-9]*' | wc -l)
begin "$there" --quiet
kill -TERM $run
ended 6
says "the same command goes on"
expect 0 "$ketamap" run "$folder/s.json"
says "resuming"
[ -d "$folder/s.zarr" ] && [ ! -e "$folder/s.zarr.partial" ] || fail "the map is not complete"
cmp -s <(grep -c . "$folder/s.zarr/run.json") <(echo 0) && fail "run.json is empty"
grep -q '"command": \["ketamap", "run", ".*s.json"\]' "$folder/s.zarr/run.json" || fail "run.json has another command"

# --force begins anew, so it must not be in the command that goes on
rm -rf "$folder/s.zarr"
begin 0 --force
kill -INT $run
ended 6
says "without --force"
finish
