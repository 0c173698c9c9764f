# One trajectory against the closed form, to a file and to a closed pipe.
. "$2/tests/cli/fixture.bash"
study s 5

expect 0 "$ketamap" simulate "$folder/s.json" --times 0:72:0.25 --set k=0.2
head -1 "$folder/out" | grep -qx "time	C	amount" || fail "header: $(head -1 "$folder/out")"
[ "$(wc -l <"$folder/out")" -eq 290 ] || fail "expected 289 times and a header"
awk -F'\t' 'NR > 1 {
    a = 0
    for (i = 0; i < 3; i++) {
        age = $1 - 24 * i
        if (age > 0 && age <= 2) a += 35 / 0.2 * (1 - exp(-0.2 * age))
        if (age > 2) a += 35 / 0.2 * (1 - exp(-0.4)) * exp(-0.2 * (age - 2))
    }
    e = a - $3; if (e < 0) e = -e
    if (e > 2e-3) { print "at", $1, $3, "expected", a; bad = 1 }
    c = $3 / 10 - $2; if (c < 0) c = -c
    if (c > 1e-12) bad = 1
} END { exit bad }' "$folder/out" || fail "the trajectory is not the closed form"
cp "$folder/out" "$folder/first.tsv"
expect 0 "$ketamap" simulate "$folder/s.json" --times 0:72:0.25 --set "k=0.2 1/h" --output "$folder/file.tsv"
cmp -s "$folder/file.tsv" "$folder/first.tsv" || fail "--output writes something else"
# an axis gives no values here: --set does, and nothing says otherwise
[ ! -s "$folder/err" ] || fail "--set of an axis is not worth words: $(cat "$folder/err")"
expect 0 "$ketamap" simulate "$folder/s.json" --strict --set k=0.3 --times 0:72:0.25
cmp -s "$folder/out" "$folder/first.tsv" && fail "--set of an axis changes nothing"
expect 0 "$ketamap" simulate "$folder/s.json"
[ "$(wc -l <"$folder/out")" -eq 202 ] || fail "expected 201 times by default"
expect 2 "$ketamap" simulate "$folder/s.json" --times 0:100:1
says "horizon"
expect 2 "$ketamap" simulate "$folder/s.json" --times abc
"$ketamap" simulate "$folder/s.json" --times 0:72:0.0005 2>"$folder/err" | head -1 >/dev/null
[ ! -s "$folder/err" ] || fail "a closed pipe is not worth words: $(cat "$folder/err")"
finish
