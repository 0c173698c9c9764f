# Tables of points: labels, regimen fields, line ends; and every kind of wrong cell, by file:line:column.
. "$2/tests/cli/fixture.bash"
study s 5

# table LINE...: a points file; \t and \n in the lines are themselves
table() { printf '%b\n' "$@" >"$folder/p.tsv"; }
good() {
    table "$@"
    expect 0 "$ketamap" evaluate "$folder/${study:-s}.json" --points "$folder/p.tsv" --quiet
}
# bad MESSAGE LINE...
bad() {
    local message=$1
    shift
    table "$@"
    expect 2 "$ketamap" evaluate "$folder/${study:-s}.json" --points "$folder/p.tsv" --quiet
    says "$message"
}
# cell LINE NAME: of the last output
cell() { awk -F'\t' -v n="$1" -v name="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i} NR == n + 1 {print $c}' "$folder/out"; }

cat >"$folder/who.json" <<JSON
{"model": "decay.json", "horizon": "72 h", "regimen": [{"route": "iv", "amt": "70 mg", "rate": "35 mg/h"}],
 "design": {"axes": [{"name": "who", "of": "variant", "values": ["slow", "fast"]}]},
 "endpoints": [{"name": "top", "of": "C", "kind": "max"}], "solver": {"rtol": 1e-6, "precision": "double"}}
JSON

# a label is the same as what it stands for
study=who good 'who' 'slow' 'fast'
slow=$(cell 1 top)
fast=$(cell 2 top)
study=who good 'k' '0.05' '0.3'
[ "$(cell 1 top)" = "$slow" ] && [ "$(cell 2 top)" = "$fast" ] || fail "labels and values differ"
study=who bad 'p.tsv:3:1: who: "slwo" is not one of the axis' 'who' 'slow' 'slwo'
study=who bad 'did you mean "slow"' 'who' 'slwo'
study=who bad 'set the same value' 'who\tk' 'slow\t0.3'
study=who bad 'set the same value' 'k\twho' '0.3\tslow'

# a field of the regimen that nothing else gives; a rate twice as fast ends higher
study=who good 'regimen[0].rate' '35' '70'
awk -v a="$(cell 1 top)" -v b="$(cell 2 top)" 'BEGIN {exit !(b > a)}' || fail "the rate changes nothing"
study=who bad '"tinf" and "rate"' 'regimen[0].tinf' '2'
bad '"tinf" and "rate"' 'regimen[0].rate' '35'
study=who bad 'no interval "ii"' 'regimen[0].addl' '2'
study=who good 'regimen[0].addl\tregimen[0].ii' '2\t12'

# wrong cells
bad 'p.tsv:2:5' 'k\tregimen[0].amt' '0.1\t-3'
bad 'must not be negative' 'regimen[0].tinf' '2' '-2'
bad 'p.tsv:3:1' 'regimen[0].addl' '2' '2.5'
bad 'whole number' 'regimen[0].addl' '2.5'
bad 'at most 1000' 'regimen[0].addl' '1001'
for word in 0x10 nan inf 1e400 ' 1' '1 ' '1,5' '' '"1"'; do
    bad "p.tsv:2:3: dose: expected a number, got \"$word\"" 'k\tdose' "1\t$word"
done
bad 'expected 2 cells separated by tabs, got 3' 'k\tdose' '1\t1\t1'
bad 'an empty line' 'k' '0.1' '' '0.2'
bad 'stands twice' 'k\tk' '1\t1'
bad 'set the same value' 'dose\tregimen[0].amt' '1\t1'
bad 'did you mean "dose"' 'dsoe' '1'
: >"$folder/p.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv"
says "p.tsv:1: expected a header"
printf 'k\n0.1\0\n' >"$folder/p.tsv"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv"
expect 3 "$ketamap" evaluate "$folder/s.json" --points "$folder/nosuch.tsv"
says "nosuch.tsv"

# a header alone is a table of no points; line ends of other systems are line ends
good 'k'
[ "$(wc -l <"$folder/out")" -eq 1 ] || fail "a table of no points has rows"
good 'k' '0.2'
cp "$folder/out" "$folder/unix"
good 'k\r' '0.2\r'
cmp -s "$folder/out" "$folder/unix" || fail "carriage returns change the table"
printf 'k\n0.2' >"$folder/p.tsv"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --quiet
cmp -s "$folder/out" "$folder/unix" || fail "a last line without an end is lost"

# outside the model's range: said once a column, an error under --strict
table 'k' '5' '6' '0.1'
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv"
[ "$(grep -c 'warning: .*p.tsv:2:1: k = 5 1/h lies outside' "$folder/err")" -eq 1 ] || fail "no warning: $(cat "$folder/err")"
[ "$(grep -c warning "$folder/err")" -eq 1 ] || fail "more than one warning of a column"
expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --strict
finish
