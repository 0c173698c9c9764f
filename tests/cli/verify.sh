# A map that is as it was written, and maps that are not.
. "$2/tests/cli/fixture.bash"
study s 300

expect 0 "$ketamap" run "$folder/s.json" --quiet
expect 0 "$ketamap" verify "$folder/s.zarr"
grep -q "24000 points" "$folder/out" || fail "points: $(cat "$folder/out")"
for damage in flip cut remove; do
    rm -rf "$folder/copy.zarr"
    cp -r "$folder/s.zarr" "$folder/copy.zarr"
    chunk=$folder/copy.zarr/inside/0.0.0
    case $damage in
        flip) printf '\377' | dd of="$chunk" bs=1 seek=$(($(stat -c %s "$chunk") / 2)) conv=notrunc 2>/dev/null ;;
        cut) truncate -s -1 "$chunk" ;;
        remove) rm "$chunk" ;;
    esac
    expect 3 "$ketamap" verify "$folder/copy.zarr"
    says "inside/0.0.0"
done
cp -r "$folder/s.zarr" "$folder/more.zarr"
rm -rf "$folder/more.zarr/top"
expect 3 "$ketamap" verify "$folder/more.zarr"
says "manifest"
expect 2 "$ketamap" verify "$folder/nothing.zarr"
finish
