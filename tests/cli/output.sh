# Where output goes: odd paths of maps, what --force may remove, a full and a closed standard output.
. "$2/tests/cli/fixture.bash"
study s 5

expect 0 "$ketamap" run "$folder/s.json" --quiet --output "$folder/plain.zarr"
expect 0 "$ketamap" run "$folder/s.json" --quiet --output "$folder/new/folder/slashes.zarr//"
same "$folder/plain.zarr" "$folder/new/folder/slashes.zarr"
[ "$(ls -A "$folder/new/folder")" = slashes.zarr ] || fail "left behind: $(ls -A "$folder/new/folder")"
expect 2 "$ketamap" run "$folder/s.json" --output ""
says "--output is empty"
expect 2 "$ketamap" run "$folder/s.json" --output "$folder"

# --force removes maps, nothing else
mkdir -p "$folder/letters.zarr" "$folder/thesis.zarr.partial"
touch "$folder/letters.zarr/a" "$folder/thesis.zarr.partial/b"
expect 2 "$ketamap" run "$folder/s.json" --output "$folder/letters.zarr"
says "exists and is not a map; choose another --output"
expect 2 "$ketamap" run "$folder/s.json" --force --output "$folder/letters.zarr"
says "is not a map"
expect 2 "$ketamap" run "$folder/s.json" --force --output "$folder/thesis.zarr"
says "is not the beginning of a map"
# ... not the results of a sensitivity analysis, nor a Zarr group of another program; and sensitivity no map
mkdir "$folder/group.zarr"
printf '{"zarr_format": 2}' >"$folder/group.zarr/.zgroup"
printf '{"mine": 1}' >"$folder/group.zarr/.zattrs"
expect 0 "$ketamap" sensitivity "$folder/plain.zarr" --quiet --output "$folder/shares.zarr"
cp -r "$folder/shares.zarr" "$folder/shares-before"
for name in group shares; do
    expect 2 "$ketamap" run "$folder/s.json" --output "$folder/$name.zarr"
    says "exists and is not a map; choose another --output"
    expect 2 "$ketamap" run "$folder/s.json" --force --output "$folder/$name.zarr"
    says "is not a map, so --force does not remove it"
done
[ -e "$folder/group.zarr/.zattrs" ] || fail "--force removed a stranger's group"
same "$folder/shares-before" "$folder/shares.zarr"
expect 2 "$ketamap" sensitivity "$folder/plain.zarr" --output "$folder/plain.zarr"
says "is something else; choose another --output"
same "$folder/plain.zarr" "$folder/new/folder/slashes.zarr"
# a map whose attributes are damaged is a map
expect 0 "$ketamap" run "$folder/s.json" --quiet --output "$folder/damaged.zarr"
: >"$folder/damaged.zarr/.zattrs"
expect 0 "$ketamap" run "$folder/s.json" --quiet --force --output "$folder/damaged.zarr"
same "$folder/plain.zarr" "$folder/damaged.zarr"
[ -e "$folder/letters.zarr/a" ] && [ -e "$folder/thesis.zarr.partial/b" ] || fail "--force removed a stranger's file"
expect 2 "$ketamap" run "$folder/s.json" --force --output "$folder/s.json"
[ -s "$folder/s.json" ] || fail "--force removed the study"
expect 0 "$ketamap" run "$folder/s.json" --force --quiet --output "$folder/plain.zarr"
same "$folder/plain.zarr" "$folder/new/folder/slashes.zarr"

# the command is kept as typed, whatever the order
grep -q '"command": \["ketamap", "run", ".*s.json", "--force"' "$folder/plain.zarr/run.json" ||
    fail "run.json: $(grep command "$folder/plain.zarr/run.json")"

# a study without axes is a map of one point
sed '/"design"/,/"gap"/d' "$folder/s.json" >"$folder/point.json"
expect 0 "$ketamap" run "$folder/point.json" --quiet --output "$folder/point.zarr"
expect 0 "$ketamap" info "$folder/point.zarr"
sed '/"endpoints"/,/"area"/d' "$folder/s.json" >"$folder/none.json"
expect 2 "$ketamap" run "$folder/none.json"
says "no endpoints"
expect 2 "$ketamap" evaluate "$folder/none.json" --points "$folder/none.json"
says "no endpoints"

# a log that is no terminal has no bars; --quiet has nothing
expect 0 "$ketamap" run "$folder/s.json" --force
grep -q $'\033\|\r' "$folder/err" && fail "control characters in a log"
says "400 models"
expect 0 "$ketamap" run "$folder/s.json" --force --quiet
[ ! -s "$folder/err" ] && [ ! -s "$folder/out" ] || fail "--quiet says $(cat "$folder/err" "$folder/out")"

# tables that cannot be written are told before anything is computed: with a kernel folder that is not there, first
printf 'k\n0.1\n' >"$folder/p.tsv"
for command in "evaluate $folder/s.json --points $folder/p.tsv" "simulate $folder/s.json" "bench --quick"; do
    for place in "$folder/missing/t.tsv" "$folder"; do
        # shellcheck disable=SC2086
        expect 3 "$ketamap" $command --kernel-dir "$folder/missing" --output "$place"
        says "cannot write $place: "
    done
done
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --output /dev/null

if [ -c /dev/full ]; then
    for command in "--help" "devices" "check $folder/s.json" "simulate $folder/s.json"; do
        # shellcheck disable=SC2086
        "$ketamap" $command >/dev/full 2>"$folder/err"
        [ $? -eq 3 ] || fail "a full standard output is not exit 3: $command"
        says "cannot write the standard output"
    done
fi
"$ketamap" --version >&- 2>"$folder/err"
[ $? -eq 3 ] || fail "no standard output is not exit 3"
for command in "check $folder/s.json --emit opencl" "simulate $folder/s.json --times 0:72:0.001"; do
    # shellcheck disable=SC2086
    { "$ketamap" $command 2>"$folder/err"; echo $? >"$folder/code"; } | head -c 1 >/dev/null
    [ "$(cat "$folder/code")" -eq 3 ] || fail "a closed pipe gave exit $(cat "$folder/code"): $command"
    [ ! -s "$folder/err" ] || fail "a closed pipe is not worth words: $(cat "$folder/err")"
done
finish
