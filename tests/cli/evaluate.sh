# Points from a table; their bits are those of the map.
. "$2/tests/cli/fixture.bash"
study s 7
sed -i 's/"output": {/"output": {"keep": 23, /' "$folder/s.json"

printf 'gap\tk\tdose\n12\t0.02\t0.1\n24\t0.9\t4\n24\t0.02\t2.1\n' >"$folder/p.tsv"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv"
head -1 "$folder/out" | grep -qx "gap	k	dose	onset	onset_state	onset_margin	inside	inside_state	top	top_state	area	area_state	status	steps" ||
    fail "header: $(head -1 "$folder/out")"
[ "$(wc -l <"$folder/out")" -eq 4 ] || fail "three rows expected"
cp "$folder/out" "$folder/first"
# the same points one by one, in another order, with other lanes beside them: the same bits
for i in 4 2 3; do
    { head -1 "$folder/p.tsv"; sed -n "${i}p" "$folder/p.tsv"; } >"$folder/one.tsv"
    expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/one.tsv" --output "$folder/one.out"
    [ "$(tail -1 "$folder/one.out")" = "$(sed -n "${i}p" "$folder/first")" ] || fail "row $i differs when alone"
done
# columns that are no axes
printf 'V\tregimen[0].tinf\n10\t2\n20\t1\n' >"$folder/q.tsv"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
awk -F'\t' 'NR == 2 {a = $(8)} NR == 3 {b = $(8)} END {exit !(a > 1.7 * b && a < 2.1 * b)}' "$folder/out" || fail "twice the volume should about halve the top: $(cat "$folder/out")"
# --set holds for what has no column, an axis of the study or not
printf 'V\n10\n' >"$folder/q.tsv"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv" --set k=0.3 --strict
cp "$folder/out" "$folder/set"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
cmp -s "$folder/out" "$folder/set" && fail "--set of an axis changes nothing"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv" --set V=20
says '--set V=20: has no effect, since the column "V" gives the values'
printf 'k,dose\n0.1,1\n' >"$folder/q.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
says 'q.tsv:1: the columns of a table of points are separated by tabs, got "k,dose"'
printf 'kk\n1\n' >"$folder/q.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
says "q.tsv:1"
printf 'k\tdose\n0.1\t1\n0.1\n' >"$folder/q.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
says "q.tsv:3"
printf 'k\n0.1\nx\n' >"$folder/q.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
says 'q.tsv:3:1: k: expected a number, got "x"'
printf 'k\tk\n1\t1\n' >"$folder/q.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/q.tsv"
says "twice"
finish
