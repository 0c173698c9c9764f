#!/usr/bin/env bash
# One lane and many give the same endpoints, within the tolerance, in single and double precision: the scalar program is that of
# a graphics card. A few points of each of a few studies; KM_ALL_STUDIES=1 takes all of them (two minutes).
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
cd "$folder" || exit 1
cp -r "$2/configs" .
cat >compare.py <<'PY'
import sys
a, b = ([line.rstrip("\n").split("\t") for line in open(name)] for name in sys.argv[1:3])
tolerance, worst = float(sys.argv[3]), 0.0
assert a[0] == b[0] and len(a) == len(b) > 1
for left, right in zip(a[1:], b[1:]):
    for name, x, y in zip(a[0], left, right):
        if name == "steps":
            continue
        if name.endswith("_state") or name == "status":
            assert x == y, (name, x, y)
        elif x != y:
            x, y = float(x), float(y)
            worst = max(worst, abs(x - y) / (tolerance * (abs(x) + 1.0)))
assert worst < 1.0, worst
PY
n=0
studies=(configs/studies/{quickstart,endpoints,decay,lotka-volterra}.json)
[ -z "${KM_ALL_STUDIES:-}" ] || studies=(configs/studies/*.json)
for study in "${studies[@]}"; do
    case $study in *van-der-pol*) continue ;; esac # at a jump every rounding shows
    for how in single double single-tsit5 double-tsit5; do
        precision=${how%-tsit5} method= # the model's own: rodas4k for KET-PD20, else rodas4
        case $how$study in *tsit5*decay* | *tsit5*quickstart*) method=tsit5 ;; *tsit5*) continue ;; esac
        python3 - "$study" $precision "$method" >small.json <<'PY'
import json, os, sys
s = json.load(open(sys.argv[1]))
if sys.argv[3]:
    s.setdefault("solver", {})["method"] = sys.argv[3]
s["model"] = os.path.join("configs", "models", os.path.basename(s["model"]))
s.setdefault("solver", {})["precision"] = sys.argv[2]
s["solver"]["rtol"] = 1e-4 if sys.argv[2] == "single" else 1e-7
for axis in s.get("design", {}).get("axes", []):
    for scale in ("log", "linear"):
        if scale in axis:
            axis[scale][2] = 2
    if "values" in axis:
        axis["values"] = axis["values"][:2]
for design in ("sobol", "latin_hypercube"):
    if design in s.get("design", {}):
        s["design"][design]["n"] = 8
if "list" in s.get("design", {}):
    s["design"]["list"]["file"] = os.path.join("configs", "studies", s["design"]["list"]["file"])
s["output"] = {"map": "unused.zarr", "type": "float64"}
json.dump(s, sys.stdout)
PY
        # robertson is out of reach of single precision
        case $study$precision in *robertson.jsonsingle) continue ;; esac
        for lanes in 1 8; do
            rm -rf lanes.zarr*
            expect 0 "$ketamap" run small.json --output lanes.zarr --lanes $lanes --no-audit --quiet
            expect 0 "$ketamap" export lanes.zarr --output "$lanes.tsv"
        done
        limit=2e-3
        [ $precision = double ] && limit=1e-5
        python3 compare.py 1.tsv 8.tsv $limit 2>message || fail "$study, $how: $(tail -1 message)"
        n=$((n + 1))
    done
done
echo "$n pairs"
[ "$n" -ge 12 ] || fail "only $n pairs"
finish
