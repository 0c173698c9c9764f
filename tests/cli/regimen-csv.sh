#!/usr/bin/env bash
# A table of doses (NONMEM, mrgsolve) as a regimen: the same map as the same doses in JSON; what it refuses, and where.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
cd "$folder" || exit 1
sed -i 's|"routes": {"iv": \[{"into": "A"}\]}|"routes": {"iv": [{"into": "A"}], "half": [{"into": "A", "fraction": "0.5"}]}|' decay.json

# write NAME REGIMEN
write() {
    cat >"$1.json" <<JSON
{"model": "decay.json", "horizon": "72 h", "regimen": $2,
 "design": {"axes": [{"name": "k", "of": "k", "log": [0.02, 0.9, 32]}, {"name": "second", "of": "regimen[1].amt", "values": [5, 10, 20]}]},
 "endpoints": [{"name": "top", "of": "C", "kind": "max"}, {"name": "area", "of": "C", "kind": "integral"},
               {"name": "onset", "of": "C", "kind": "first_time", "when": ">= 5"}],
 "solver": {"rtol": 1e-6, "precision": "double"}, "output": {"map": "$folder/$1.zarr", "type": "float64"}}
JSON
}

write json '[{"route": "iv", "amt": "100 mg", "rate": "50 mg/h", "ii": "12 h", "addl": 3}, {"route": "half", "amt": "20 mg", "time": "30 h"}]'
expect 0 "$ketamap" run json.json --quiet

printf 'ID,TIME,AMT,RATE,II,ADDL,CMT,EVID,DV\r\n1,0,100,50,12,3,1,1,.\r\n1,2,.,.,.,.,.,0,3.5\r\n1,30,20,0,0,0,"2",1,.\r\n\r\n' >doses.csv
write csv '{"csv": "doses.csv", "cmt": {"1": "iv", "2": "half"}}'
expect 0 "$ketamap" run csv.json --quiet
printf '\xef\xbb\xbftime,amt,rate,ii,addl,route\n0,100,50,12,3,iv\n30,20,.,NA,,half\n' >words.csv
write words '{"csv": "words.csv"}'
expect 0 "$ketamap" run words.json --quiet
printf 'time,amt,rate,ii,addl,route,ID\n5,1,0,0,0,iv,1\n0,100,0.833333333333333333,720,3,iv,2\n1800,20,0,0,0,half,2\n' >minutes.csv
write minutes '{"csv": "minutes.csv", "id": "2", "units": {"time": "min", "amt": "mg"}}'
expect 0 "$ketamap" run minutes.json --quiet
for name in csv words minutes; do
    for array in top area onset status steps; do
        diff -r "json.zarr/$array" "$name.zarr/$array" >diff || fail "$name: $array differs from that of the regimen in JSON"
    done
done

# the table belongs to the map: another one does not go on with it
sed -i 's/^0,100/0,101/' words.csv
expect 2 "$ketamap" run words.json
says "the table of doses"

# refused, each with file, line and column
# refuses TABLE KEYS SENTENCE
refuses() {
    printf '%b' "$1" >bad.csv
    write bad "{\"csv\": \"bad.csv\"$2}"
    expect 2 "$ketamap" check bad.json
    says "$3"
}
refuses 'time,dose\n0,1\n' '' 'bad.csv:1: a table of doses has the columns TIME and AMT'
refuses 'time,amt,route\n0,x,iv\n' '' 'bad.csv:2:3: expected a number, got "x"'
refuses 'time,amt,route\n0,1,iv,2\n' '' 'bad.csv:2: expected 3 cells, got 4'
refuses 'time,amt,route,rate\n0,1,iv,-2\n' '' 'bad.csv:2:8: a rate that the model gives (-1, -2) is not supported'
refuses 'time,amt,route,ss,ii\n0,1,iv,1,24\n' '' 'bad.csv:2:8: steady state is not supported'
refuses 'time,amt,route,evid\n0,1,iv,4\n' '' 'bad.csv:2:8: an event is an observation (EVID 0) or a dose (EVID 1)'
refuses 'time,amt,route,evid\n0,0,iv,1\n' '' 'bad.csv:2:3: the amount of a dose must be larger than 0'
refuses 'time,amt,route\n0,1,nasal\n' '' 'bad.csv:2:5: the model has no route "nasal"; it has "iv", "half"'
refuses 'time,amt,route\n0,1,halff\n' '' 'bad.csv:2:5: the model has no route "halff"; did you mean "half"?'
refuses 'time,amt,cmt\n0,1,1\n' '' 'which route a compartment is has to be said in the study'
refuses 'time,amt,cmt\n0,1,3\n' ', "cmt": {"1": "iv"}' 'bad.csv:2:5: the study'"'"'s "cmt" names no route for this compartment, got "3"'
refuses 'time,amt\n0,1\n' '' 'the dose has no route'
refuses 'time,amt,route,id\n0,1,iv,1\n0,1,iv,2\n' '' 'bad.csv:3:8: the table has several IDs'
refuses 'time,amt,route,id\n0,1,iv,1\n' ', "id": "7"' 'no dose of the ID "7"'
refuses 'time,amt,route,amt\n0,1,iv,1\n' '' 'bad.csv:1:16: the column stands twice, got "amt"'
refuses 'time,amt,route\n-1,1,iv\n' '' 'bad.csv:2:1: "time" must not be negative'
refuses 'time,amt,route,addl,ii\n0,1,iv,1.5,2\n' '' 'bad.csv:2:8: "addl" must be a whole number'
refuses 'time,amt,route,addl\n0,1,iv,2\n1,1,iv,0\n' '' 'bad.csv:2: the key "ii" is missing'
refuses 'time,amt,route\n0,1,"iv\n' '' 'bad.csv:2:5: the quoted cell does not end'
refuses 'time,amt,route\n' '' 'the table has no dose'
refuses '' '' 'the file is empty'
refuses 'time,amt,route\n0,1,iv\n' ', "units": {"amt": "h"}' 'bad.csv:2:3: '
refuses 'time,amt,route\n0,1,iv\n' ', "cmt": {"1": "im"}' 'the model has no route "im"; did you mean "iv"?'
refuses 'time,amt,route\n0,1,iv\n' ', "cmt": {"1": 1}' 'expected the name of a route of the model, got the number 1'
expect 2 "$ketamap" check "$(write bad '{"csv": 3}'; echo bad.json)"
expect 2 "$ketamap" check "$(write bad '"doses.csv"'; echo bad.json)"
write bad '{"csv": "nowhere.csv"}'
expect 3 "$ketamap" check bad.json
says "nowhere.csv"
finish
