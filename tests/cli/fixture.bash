# Shared by the tests of the command line: a folder of their own, a small model and study, and ways to check.
# $1 is the program, $2 the source folder.
set -u
ketamap=$1
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder" 2>/dev/null; rm -rf "$folder"' EXIT
failures=0

fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# expect CODE COMMAND...: the exit code; output in $folder/out and $folder/err
expect() {
    local code=$1 got
    shift
    "$@" >"$folder/out" 2>"$folder/err"
    got=$?
    [ "$got" -eq "$code" ] || fail "exit $got, expected $code: $* -- $(head -c 400 "$folder/err")"
}

# says WORDS: the error stream holds them
says() { grep -qF -- "$1" "$folder/err" || fail "expected \"$1\" in: $(head -c 400 "$folder/err")"; }

# same A B: two maps, byte for byte, except for run.json
same() { diff -r --exclude=run.json "$1" "$2" >"$folder/diff" || fail "$1 and $2 differ: $(head -3 "$folder/diff")"; }

# begin NAME OPTIONS...: a run of a study in the background ($run), until it has put a chunk more on disk. Small batches
# slow it down, and change no bits.
begin() {
    local status=$folder/$1.zarr.partial/status there i
    there=$(find "$status" -name '[0-9]*' 2>/dev/null | wc -l)
    "$ketamap" run "$folder/$1.json" --batch 1024 "${@:2}" >"$folder/out" 2>"$folder/err" &
    run=$!
    for ((i = 0; i < 3000; i++)); do
        [ "$(find "$status" -name '[0-9]*' 2>/dev/null | wc -l)" -gt "$there" ] && return
        kill -0 $run 2>/dev/null || return
        sleep 0.01
    done
    fail "no chunk appeared: $(cat "$folder/err")"
}

# ended CODE: what $run's exit code is
ended() {
    local got
    wait "$run" 2>/dev/null
    got=$?
    [ "$got" -eq "$1" ] || fail "exit $got, expected $1: $(cat "$folder/err")"
}

finish() {
    [ "$failures" -eq 0 ] && echo "all checks passed"
    [ "$failures" -eq 0 ]
    exit
}

cat >"$folder/decay.json" <<'JSON'
{"name": "decay",
 "parameters": {"k": {"value": 0.1, "unit": "1/h", "range": [0.01, 1]}, "V": {"value": 10, "unit": "L"},
                "weight": {"value": 70, "unit": "kg"}},
 "states": {"A": {"initial": "0", "rate": "-k*A", "unit": "mg"}},
 "outputs": {"C": {"value": "A/V", "unit": "mg/L"}, "amount": {"value": "A", "unit": "mg"}},
 "routes": {"iv": [{"into": "A"}]}, "dose": {"amount": "amt", "unit": "mg", "weight": "weight"},
 "variants": {"slow": {"k": 0.05}, "fast": {"k": 0.3}}}
JSON

# study NAME N: N x 40 x 2 points
study() {
    cat >"$folder/$1.json" <<JSON
{"model": "decay.json", "horizon": "72 h",
 "regimen": [{"route": "iv", "amt": "1 mg/kg", "tinf": "2 h", "ii": "24 h", "addl": 2}],
 "design": {"axes": [{"name": "k", "of": "k", "log": [0.02, 0.9, $2]},
                     {"name": "dose", "of": "regimen[0].amt", "linear": ["0.1 mg/kg", "4 mg/kg", 40]},
                     {"name": "gap", "of": "regimen[0].ii", "values": ["12 h", "24 h"]}]},
 "endpoints": [{"name": "onset", "of": "C", "kind": "first_time", "when": ">= 5", "margin": true},
               {"name": "inside", "of": "C", "kind": "time_in", "when": ">= 5"},
               {"name": "top", "of": "C", "kind": "max"}, {"name": "area", "of": "C", "kind": "integral"}],
 "solver": {"rtol": 1e-5, "precision": "single"}, "output": {"map": "$folder/$1.zarr"}}
JSON
}
