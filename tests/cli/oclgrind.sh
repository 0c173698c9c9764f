# The kernels under Oclgrind: no invalid memory access, and the same bits for 1, 4 and 16 lanes. Doses, windows, every kind of
# endpoint, further integrations for endpoints that refer to others, both integrators.
. "$2/tests/cli/fixture.bash"
command -v oclgrind >/dev/null || { echo "skipped: oclgrind is not installed"; exit 77; }
[ -z "$(nm -D "$ketamap" 2>/dev/null | grep __asan)" ] || { echo "skipped: not with address sanitizer"; exit 77; }
study s 3
cat >"$folder/all.json" <<JSON
{"model": "decay.json", "horizon": "60 h",
 "regimen": [{"route": "iv", "amt": "1 mg/kg", "tinf": "2 h", "ii": "24 h", "addl": 1}, {"route": "iv", "amt": "40 mg", "time": "7 h"}],
 "endpoints": [{"name": "t_top", "of": "C", "kind": "time_of_max"}, {"name": "top", "of": "C", "kind": "max"},
   {"name": "half", "of": "C", "kind": "first_time", "when": "<= 0.5 * peak", "after": "t_top", "margin": true},
   {"name": "low", "of": "C", "kind": "min", "after": "t_top", "before": "half"}, {"name": "t_low", "of": "C", "kind": "time_of_min"},
   {"name": "last", "of": "C", "kind": "last_time", "when": "> 2", "after": "half"},
   {"name": "in", "of": "C", "kind": "time_in", "when": "> 3", "before": "50 h"}, {"name": "area", "of": "C", "kind": "integral", "after": "3 h"},
   {"name": "at", "of": "C", "kind": "value", "at": "20 h"}, {"name": "held", "of": "C", "kind": "first_time", "when": "< 4", "hold": "3 h"}],
 "solver": {"rtol": 1e-5, "precision": "single"}}
JSON
sed 's/"solver": {/"solver": {"method": "tsit5", /' "$folder/all.json" >"$folder/explicit.json"
printf 'k\n0.02\n0.1\n0.9\n0.3\n0.05\n' >"$folder/p.tsv"

# check STUDY PRECISION LANES...
check() {
    local name=$1 precision=$2 first=$3 lanes
    shift 2
    sed "s/\"precision\": \"single\"/\"precision\": \"$precision\"/" "$folder/$name.json" >"$folder/run.json"
    for lanes in "$@"; do
        expect 0 oclgrind "$ketamap" evaluate "$folder/run.json" --points "$folder/p.tsv" --lanes "$lanes" --quiet
        grep -iE "invalid|out of bounds|race|unaligned" "$folder/err" "$folder/out" && fail "$name, $precision, $lanes lanes: $(head -c 600 "$folder/err")"
        cp "$folder/out" "$folder/$lanes.tsv"
        cmp -s "$folder/$first.tsv" "$folder/$lanes.tsv" || fail "$name, $precision: the bits follow the number of lanes ($lanes)"
    done
}
check s single 1 4 16
check s double 1 4
check all single 1 4
check all double 1 4
check explicit single 1 4
check explicit double 1 4
finish
