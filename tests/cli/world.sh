# The world outside: no platform, no device, a full disk, a path below a file, another writer.
. "$2/tests/cli/fixture.bash"
study s 3000

OCL_ICD_VENDORS=/nonexistent expect 4 "$ketamap" run "$folder/s.json"
says "pocl-opencl-icd"
OCL_ICD_VENDORS=/nonexistent expect 0 "$ketamap" check "$folder/s.json"
if [ "$(id -u)" -ne 0 ]; then
    mkdir "$folder/locked" && chmod 555 "$folder/locked"
    POCL_CACHE_DIR=$folder/locked expect 4 "$ketamap" run "$folder/s.json"
    says POCL_CACHE_DIR
fi
touch "$folder/file"
expect 3 "$ketamap" run "$folder/s.json" --output "$folder/file/map.zarr"
says "$folder/file"
# where nothing can be written is said before the audit and before --force removes what is there; nothing is left behind
touch "$folder/begun.zarr.partial"
for map in /proc/map.zarr /proc/nosuch/map.zarr "$folder/begun.zarr"; do
    expect 3 "$ketamap" run "$folder/s.json" --output "$map"
    says "$map.partial"
    [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "more than the error: $(cat "$folder/err")"
done
[ ! -s "$folder/begun.zarr.partial" ] && [ -f "$folder/begun.zarr.partial" ] || fail "a file that was there is not what it was"
expect 2 "$ketamap" run "$folder/s.json" --output "$folder/new/deep/map.zarr" --device nosuch
[ ! -e "$folder/new" ] || fail "a folder is left: $(find "$folder/new")"
# a disk that is full at 64 kB a file: one sentence, nothing lost, and room later makes it whole
sed -i 's/"output": {/"output": {"keep": 23, /' "$folder/s.json"
(ulimit -f 8; "$ketamap" run "$folder/s.json" --quiet) >"$folder/out" 2>"$folder/err"
code=$?
if [ "$code" -eq 3 ]; then
    [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "more than one line: $(cat "$folder/err")"
    says "cannot write"
elif [ "$code" -ne 4 ]; then # the driver's own cache may be what did not fit
    fail "a full disk gave exit $code: $(cat "$folder/err")"
fi
expect 0 "$ketamap" run "$folder/s.json" --quiet
expect 0 "$ketamap" run "$folder/s.json" --output "$folder/fresh.zarr" --quiet
same "$folder/s.zarr" "$folder/fresh.zarr"
# PoCL's compiler that cannot write its files (the source; LLVM's code of it, where LLVM ends the program) is no fault of the kernel's
"$ketamap" devices >"$folder/out" 2>/dev/null
if grep -q "Portable Computing Language" "$folder/out"; then
    printf 'k\n0.3\n' >"$folder/p.tsv"
    for blocks in 1 500; do
        (ulimit -f $blocks; POCL_CACHE_DIR=$folder/pocl$blocks KETAMAP_CACHE=off "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" \
            --device Portable --quiet) >"$folder/out" 2>"$folder/err"
        code=$?
        [ "$code" -eq 3 ] || fail "no room for the compiler at $blocks blocks a file: exit $code"
        says "the device's compiler has no room for its files"
        says "File too large"
        [ "$(grep -c "ketamap: error" "$folder/err")" -eq 1 ] || fail "not one sentence: $(cat "$folder/err")"
        [ -z "$(find "$folder/pocl$blocks" -name 'ketamap-room*')" ] || fail "a file is left: $(find "$folder/pocl$blocks")"
    done
fi
# without gnuplot the picture is left out, and said so
mkdir "$folder/bin"
PATH=$folder/bin expect 0 "$ketamap" plot "$folder/s.zarr"
says "gnuplot is not installed"
[ -s "$folder/s-onset.gp" ] || fail "no script"
if command -v gnuplot >/dev/null; then
    expect 0 "$ketamap" plot "$folder/s.zarr" --endpoint top --x dose --y gap --at k=0.1
    [ -s "$folder/s-top.png" ] && [ -s "$folder/s-top.svg" ] || fail "no picture"
    mkdir "$folder/an odd_folder's"
    expect 0 "$ketamap" plot "$folder/s.zarr" --output "$folder/an odd_folder's/a_picture"
    [ -s "$folder/an odd_folder's/a_picture.png" ] || fail "no picture in a folder with an odd name"
fi
expect 2 "$ketamap" plot "$folder/s.zarr" --endpoint tops
says 'did you mean "top"?'
expect 2 "$ketamap" plot "$folder/s.zarr" --x dose --y dose
finish
