# The kernels under Oclgrind: no invalid memory access, no wrong call, and the same bits for 1, 4 and 16 lanes. Two studies: one
# of infusions, and one of everything at once - every kind of endpoint, windows and thresholds that refer to others (two more
# passes, edges added between), margins, infusions and boluses into two states with delay and skip, a break -
# with both integrators; from a table of points, from a grid, and as a trajectory.
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

cat >"$folder/two.json" <<'JSON'
{"name": "two",
 "parameters": {"k": {"value": 0.1, "unit": "1/h"}, "V": {"value": 10, "unit": "L"}, "stop": {"value": 30, "unit": "h"},
                "weight": {"value": 70, "unit": "kg"}},
 "breaks": ["stop"],
 "states": {"D": {"initial": "0", "rate": "-2*k*D", "unit": "mg"},
            "A": {"initial": "0.5*V", "rate": "if(t < stop, 2*k*D, 0) - k*A", "unit": "mg"}},
 "outputs": {"C": {"value": "A/V", "unit": "mg/L"}, "gut": {"value": "D", "unit": "mg"}},
 "routes": {"iv": [{"into": "A"}], "oral": [{"into": "D", "fraction": "0.5", "lag": "0.5"}]},
 "dose": {"amount": "amt", "unit": "mg", "weight": "weight"}}
JSON
cat >"$folder/every.json" <<JSON
{"model": "two.json", "horizon": "48 h",
 "regimen": [{"id": "fast", "route": "iv", "amt": "10 mg", "ii": "12 h", "addl": 3, "skip": [2]},
             {"id": "slow", "route": "iv", "amt": "1 mg/kg", "time": "3 h", "tinf": "2 h", "ii": "24 h", "addl": 1, "delay": "1 h"},
             {"id": "swallow", "route": "oral", "amt": "50 mg", "time": "6 h", "ii": "8 h", "addl": 8}],
 "design": {"axes": [{"name": "k", "of": "k", "log": [0.02, 0.9, 3]}, {"name": "dose", "of": "regimen.fast.amt", "values": ["0 mg", "40 mg"]}]},
 "endpoints": [
  {"name": "top", "of": "C", "kind": "max"}, {"name": "t_top", "of": "C", "kind": "time_of_max"},
  {"name": "low", "of": "C", "kind": "min", "after": "t_top"}, {"name": "t_low", "of": "C", "kind": "time_of_min", "after": "t_top"},
  {"name": "onset", "of": "C", "kind": "first_time", "when": ">= 5", "hold": "1 h", "margin": true},
  {"name": "half", "of": "C", "kind": "first_time", "when": "<= 0.5 * peak", "after": "t_top", "margin": true},
  {"name": "end", "of": "C", "kind": "last_time", "when": "> 2 * trough"},
  {"name": "inside", "of": "C", "kind": "time_in", "when": ">= 0.5 * peak", "before": "half"},
  {"name": "area", "of": "C", "kind": "integral", "after": "t_top", "before": "t_low"},
  {"name": "at_30", "of": "gut", "kind": "value", "at": "30 h"}],
 "solver": {"rtol": 1e-4, "precision": "single"}, "output": {"map": "$folder/every.zarr"}}
JSON
printf 'k\tdose\n0.02\t0.5\n0.1\t2\n0.9\t4\n0.3\t1\n0.05\t3\n' >"$folder/p.tsv"

# clean WHAT COMMAND...: runs without a complaint of Oclgrind's
clean() {
    local what=$1
    shift
    expect 0 oclgrind --check-api "$ketamap" "$@"
    grep -qiE "invalid|out of bounds|race|unaligned|runtime error" "$folder/err" "$folder/out" && fail "$what: $(head -c 600 "$folder/err")"
}

for precision in single double; do
    for name in s every every-rodas4k every-tsit5; do
        case $name in
        s) method=rodas4 wide="4 16" ;;
        every) method=rodas4 wide=4 ;;
        *) method=${name#*-} wide=4 ;;
        esac
        sed "s/\"precision\": \"single\"/\"precision\": \"$precision\", \"method\": \"$method\"/" "$folder/${name%-*}.json" >"$folder/$name.$precision.json"
        clean "$name, $precision" evaluate "$folder/$name.$precision.json" --points "$folder/p.tsv" --lanes 1 --quiet
        cp "$folder/out" "$folder/one"
        [ "$(wc -l <"$folder/one")" -eq 6 ] || fail "$name, $precision: $(cat "$folder/one")"
        for lanes in $wide; do
            clean "$name, $precision, $lanes lanes" evaluate "$folder/$name.$precision.json" --points "$folder/p.tsv" --lanes "$lanes" --quiet
            cmp -s "$folder/one" "$folder/out" || fail "$name, $precision: 1 and $lanes lanes give other bits"
        done
    done
done
clean "a grid" run "$folder/every.single.json" --lanes 4 --no-audit --quiet
clean "a trajectory" simulate "$folder/every.double.json" --times 0:48:4 --quiet
finish
