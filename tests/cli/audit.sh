# The audit tells where single precision is not enough, and where its reference was computed; points that fail are tried
# again on the host where the device has no double precision.
. "$2/tests/cli/fixture.bash"
attributes() { cat "$folder/$1.zarr/${2:+$2/}.zattrs"; }

# A threshold reached by cancellation: of 1e6 + x single precision keeps sixteenths. Nothing is wrong with x itself.
cat >"$folder/planted.json" <<'JSON'
{"name": "planted", "parameters": {"k": {"value": 0.1}, "large": {"value": 1e6}},
 "states": {"x": {"initial": "0", "rate": "k*(1-x)"}},
 "outputs": {"x_plain": "x", "x_lost": "(large+x)-large"}}
JSON
cat >"$folder/cancel.json" <<JSON
{"model": "planted.json", "horizon": "40 h",
 "design": {"axes": [{"name": "k", "of": "k", "log": [0.02, 0.5, 300]}]},
 "endpoints": [{"name": "plain", "of": "x_plain", "kind": "first_time", "when": ">= 0.5"},
               {"name": "lost", "of": "x_lost", "kind": "first_time", "when": ">= 0.5"},
               {"name": "end", "of": "x_plain", "kind": "value", "at": "40 h"}],
 "solver": {"precision": "single"}, "output": {"map": "$folder/cancel.zarr"}}
JSON
sed 's/"single"/"double"/' "$folder/cancel.json" >"$folder/right.json"
expect 0 "$ketamap" run "$folder/cancel.json"
says "warning: lost is less exact than rtol 1e-04 promises"
says 'try "precision": "double"'
[ "$(grep -c "warning" "$folder/err")" -eq 1 ] || fail "not one warning: $(grep warning "$folder/err")"
expect 0 "$ketamap" run "$folder/cancel.json" --quiet --force
[ -s "$folder/err" ] && fail "--quiet warns: $(cat "$folder/err")"
expect 2 "$ketamap" run "$folder/cancel.json" --strict --output "$folder/strict.zarr"
says "1 warning under --strict"
[ -e "$folder/strict.zarr" ] && fail "--strict wrote a map"
# nor does it take away the one that is there
expect 0 "$ketamap" run "$folder/cancel.json" --no-audit --output "$folder/there.zarr"
expect 2 "$ketamap" run "$folder/cancel.json" --strict --force --output "$folder/there.zarr"
expect 0 "$ketamap" verify "$folder/there.zarr"
expect 0 "$ketamap" run "$folder/cancel.json" --no-audit --force
grep -q warning "$folder/err" && fail "--no-audit warns"
expect 0 "$ketamap" run "$folder/right.json" --output "$folder/right.zarr" --strict
grep -q warning "$folder/err" && fail "double precision is warned of: $(grep warning "$folder/err")"

# the same where the device has no double precision
expect 0 "$ketamap" run "$folder/cancel.json" --no-double --output "$folder/host.zarr"
says "error of lost against double on the host at rtol 1e-06"
says "warning: lost is less exact"
attributes host | grep -q '"audit": "error_\* of an endpoint: against double precision on the host at rtol 1e-06' ||
    fail "the map does not say where: $(attributes host | grep audit)"
grep -q '"double_on": "host"' "$folder/host.zarr/run.json" || fail "run.json: $(cat "$folder/host.zarr/run.json")"
attributes right | grep -q "on the host" && fail "a map of the device speaks of the host"
grep -q '"double_on": "device"' "$folder/right.zarr/run.json" || fail "run.json: $(cat "$folder/right.zarr/run.json")"
expect 4 "$ketamap" run "$folder/right.json" --no-double --output "$folder/none.zarr"
says "has no double precision"
says '"precision": "single"'

# exp(120) is no single-precision number
cat >"$folder/growth.json" <<'JSON'
{"name": "growth", "parameters": {"k": {"value": 1}}, "states": {"x": {"initial": "1", "rate": "k*x"}},
 "outputs": {"size": "log(x)"}}
JSON
cat >"$folder/grow.json" <<JSON
{"model": "growth.json", "horizon": "60 h", "design": {"axes": [{"name": "k", "of": "k", "values": [0.5, 1, 2, 3, 20]}]},
 "endpoints": [{"name": "end", "of": "size", "kind": "value", "at": "60 h"}],
 "solver": {"precision": "single"}, "output": {"map": "$folder/grow.zarr"}}
JSON
for where in device host; do
    [ $where = host ] && option=--no-double || option=
    expect 0 "$ketamap" run "$folder/grow.json" --output "$folder/$where-1.zarr" $option
    [ $where = host ] && says "2 of 5 points failed in single precision and were done in double, on the host (status retried_in_double)"
    [ $where = device ] && says "2 of 5 points failed in single precision and were done in double (status retried_in_double)"
    grep -q '"retried": 2' "$folder/$where-1.zarr/run.json" || fail "$where: run.json: $(cat "$folder/$where-1.zarr/run.json")"
    grep -q "\"double_on\": \"$where\"" "$folder/$where-1.zarr/run.json" || fail "$where: run.json says not so"
    expect 0 "$ketamap" run "$folder/grow.json" --output "$folder/$where-2.zarr" $option --quiet
    same "$folder/$where-1.zarr" "$folder/$where-2.zarr"
done
attributes host-1 | grep -q '"retry": "points of status 6 were computed in double precision on the host"' || fail "the map does not say so"
attributes device-1 | grep -q '"retry"' && fail "the device's map has a retry on the host"
printf 'k\n0.5\n2\n3\n' >"$folder/k.tsv"
expect 0 "$ketamap" evaluate "$folder/grow.json" --points "$folder/k.tsv" --no-double
says "2 of 3 points failed in single precision and were done in double, on the host (status retried_in_double)"
awk -F'\t' 'NR == 3 {exit !($2 > 119.9 && $2 < 120.1 && $(NF - 1) == "retried_in_double")}' "$folder/out" || fail "a row: $(sed -n 3p "$folder/out")"
# no audit for a map that will be refused; no error of 0 for what never happened
expect 2 "$ketamap" run "$folder/cancel.json" --set large=1e5
says "exists and is another map (--set differs)"
grep -q "error of" "$folder/err" && fail "a map that is there was audited before it was refused: $(cat "$folder/err")"
sed 's/">= 0.5"},$/">= 2"},/' "$folder/cancel.json" >"$folder/absent.json"
expect 0 "$ketamap" run "$folder/absent.json" --output "$folder/absent.zarr"
says "error of plain is not known"
says "error of end against double"
expect 0 "$ketamap" info "$folder/absent.zarr"
[ "$(grep -c "error median" "$folder/out")" -eq 1 ] || fail "info: $(cat "$folder/out")"

finish
