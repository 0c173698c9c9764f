# The kernels under Oclgrind: no invalid memory access, and the same bits for 1, 4 and 16 lanes.
. "$2/tests/cli/fixture.bash"
command -v oclgrind >/dev/null || { echo "skipped: oclgrind is not installed"; exit 77; }
[ -z "$(nm -D "$ketamap" 2>/dev/null | grep __asan)" ] || { echo "skipped: not with address sanitizer"; exit 77; }
study s 3

printf 'k\tdose\n0.02\t0.5\n0.1\t2\n0.9\t4\n0.3\t1\n0.05\t3\n' >"$folder/p.tsv"
for precision in single double; do
    sed "s/\"precision\": \"single\"/\"precision\": \"$precision\"/" "$folder/s.json" >"$folder/$precision.json"
    for lanes in 1 4 16; do
        expect 0 oclgrind "$ketamap" evaluate "$folder/$precision.json" --points "$folder/p.tsv" --lanes $lanes --quiet
        grep -iE "invalid|out of bounds|race|unaligned" "$folder/err" "$folder/out" && fail "$precision, $lanes lanes: $(head -c 600 "$folder/err")"
        cp "$folder/out" "$folder/$precision.$lanes"
    done
    cmp -s "$folder/$precision.1" "$folder/$precision.4" && cmp -s "$folder/$precision.1" "$folder/$precision.16" ||
        fail "$precision: the bits follow the number of lanes"
done
finish
