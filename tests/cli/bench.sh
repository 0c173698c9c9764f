# The benchmark's JSON: every field, in sane ranges (nothing is timed), and a peer that is known to be accurate.
. "$2/tests/cli/fixture.bash"
python=$(command -v /usr/bin/python3 || command -v python3 || true)
if [ -z "$python" ]; then
    echo "skipped: no python3 to read JSON with"
    exit 77
fi
oracle=$(dirname "$ketamap")/oracle
model=$2/configs/models/ketamine.json

# A peer's program around CVODE at 1e-8, and one that is far off. Where there is no oracle both only repeat a row.
cat >"$folder/peers" <<'PEERS'
#!/usr/bin/env bash
set -euo pipefail
if [ "$1" = list ]; then
    printf 'exact 1e-8\nrough 1e-3\n'
    exit 0
fi
head -$(($5 + 1)) "$3" >"$4.points"
if [ -x "$ORACLE" ]; then
    awk -F'\t' -v OFS='\t' 'NR == 1 { for (i = 8; i <= NF; i++) b = b OFS $i; line[0] = b; next }
        { b = ""; for (i = 8; i <= NF; i++) b = b OFS $i; if ($3 != 48 || $4 != 96) spread = 1
          head[NR - 1] = $1; gap[NR - 1] = $3; line[NR - 1] = b }
        END { print "dose_mg_per_kg" (spread ? OFS "interval_h" : "") line[0]
              for (i = 1; i < NR; i++) print head[i] (spread ? OFS gap[i] : "") line[i] }' "$4.points" >"$4.oracle"
    "$ORACLE" "$4.oracle" --rtol 1e-8 | awk -F'\t' -v OFS='\t' -v off="$([ "$1" = rough ] && echo 1 || echo 0)" \
        'function moved(x) { return x ~ /nan/ ? "nan" : x + 0 == 0 ? 0 : sprintf("%.12g", x + off) }
         NR == 1 { print "onset", "ten", "duration", "peak", "cadss"; next }
         { print moved($1), moved($2), moved($3), moved($4), moved($6) }' >"$4"
else
    awk -v n="$5" 'BEGIN { print "onset\tten\tduration\tpeak\tcadss"; for (i = 0; i < n; i++) print "1\t1\t1\t-20\t10" }' >"$4"
fi
echo "cpu_seconds 2.5 steps 1000 failed 0"
PEERS
chmod +x "$folder/peers"
export ORACLE=$oracle

expect 0 "$ketamap" bench --quick --rounds 1 --json --quiet --model "$model" --peers "$folder/peers" --output "$folder/b.json"
cmp -s "$folder/out" "$folder/b.json" || fail "--output and --json differ"
cat >"$folder/check.py" <<'PYTHON'
import json, os, sys
b = json.load(open(sys.argv[1]))
ends = ["onset", "ten", "duration", "peak", "cadss"]
bad = []
def check(what, good):
    if not good:
        bad.append(what)
def within(d, key, low, high):
    check(f"{key} = {d.get(key)} in {low} ... {high}", key in d and d[key] is not None and low <= d[key] <= high)
def spread(d, key):
    check(f"{key} between its low and high", d[key + "_low"] <= d[key] <= d[key + "_high"])
for key in ("device", "driver", "platform", "version"):
    check(key, isinstance(b[key], str) and b[key])
within(b, "compute_units", 1, 1e6)
check("rounds", b["rounds"] == 1)
cpu = b["cases"][0]["models_per_core_second"] is not None
doubles = any(c["precision"] == "double" for c in b["cases"])
check("cases", sorted((c["regime"], c["precision"]) for c in b["cases"]) ==
      sorted((r, p) for r in "ab" for p in (["single", "double"] if doubles else ["single"])))
within(b["fma_gflops"], "single", 0.1, 1e6)
for c in b["cases"]:
    check("rtol", c["rtol"] == 1e-4)
    check("method", c["method"] == "rodas4k") # the model's
    check("points", c["points"] >= 512 and c["failed"] == 0)
    for key in (["models_per_core_second"] if cpu else []) + ["models_per_second"]:
        within(c, key, 1, 1e12)
        spread(c, key)
    within(c, "flops_per_step", 1000, 20000)
    within(c, "flops_per_step_all_branches", c["flops_per_step"], 20000)
    within(c, "peak_fraction", 1e-3, 1)
    within(c, "peak_fraction_all_branches", c["peak_fraction"], 1.5)
    within(c, "steps", 50, 2000)
    within(c, "steps_p50", 50, c["steps_p99"])
    within(c, "steps_rejected", 0, c["steps"])
    within(c, "build_warm_seconds", 0, 600)
    check("a quick look builds nothing cold", c["build_cold_seconds"] is None)
    if cpu:
        within(c, "lane_efficiency", 0.3, 1)
    if doubles:
        for name, most in zip(ends, (0.02, 0.02, 0.2, 0.01, 0.01)):
            within(c["errors"], name, 1e-12, most)
        check("flips", c["flips"] == 0)
within(b["launch"], "seconds", 1e-9, 60)
for key in ("overhead", "overhead_wall", "seconds_with", "seconds_without"):
    within(b["map"], key, -1, 1e4)
check("peers", sorted((p["name"], p["regime"]) for p in b["peers"]) == [("exact", "a"), ("exact", "b"), ("rough", "a"), ("rough", "b")])
for p in b["peers"]:
    check("a peer's figures", p["steps"] == 1000 and p["failed"] == 0 and p["models_per_core_second"] == 128 / 2.5)
    if doubles and os.access(os.environ["ORACLE"], os.X_OK):
        for name in ends:
            if p["name"] == "exact":
                within(p["errors"], name, 0, 5e-4 if name == "duration" else 2e-5) # roots: 1e-7 of 672 h
            else:
                within(p["errors"], name, 0.99, 1.01)
        check("a peer's flips", p["flips"] == 0)
if cpu and doubles and os.access(os.environ["ORACLE"], os.X_OK):
    check("ratios", len(b["ratios"]) == 2 * len(b["cases"]))
    for r in b["ratios"]:
        c = next(c for c in b["cases"] if all(c[k] == r[k] for k in ("regime", "precision", "rtol")))
        if r["peer"] == "exact":
            check("the ratio is that of the rates", abs(r["ratio_at_equal_accuracy"] / (c["models_per_core_second"] / 51.2) - 1) < 1e-4)
            check("at the peer's tolerance", r["peer_rtol"] == 1e-8)
        else:
            check("a rough peer is nowhere as accurate", r["ratio_at_equal_accuracy"] is None and r["peer_rtol"] is None)
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
"$python" "$folder/check.py" "$folder/b.json" >"$folder/bad" || fail "$(cat "$folder/bad")"

# The table, on a single compute unit; the model beside the program is found.
expect 0 "$ketamap" bench --quick --rounds 1 --quiet --compute-units 1
says() { grep -qF -- "$1" "$folder/out" || fail "the table lacks: $1"; }
says "1 interleaved rounds"
says "a single 1e-04"
[ ! -s "$folder/err" ] || fail "--quiet says: $(cat "$folder/err")"

# What goes wrong is said, and nothing is left behind.
expect 3 "$ketamap" bench --quick --model "$folder/none.json"
expect 2 "$ketamap" bench --rounds 0
printf '#!/bin/sh\necho nonsense\n' >"$folder/nonsense"
chmod +x "$folder/nonsense"
mkdir "$folder/tmp"
TMPDIR=$folder/tmp expect 2 "$ketamap" bench --quick --rounds 1 --quiet --peers "$folder/nonsense"
grep -q "a name and tolerances" "$folder/err" || fail "a peer that talks nonsense: $(cat "$folder/err")"
TMPDIR=$folder/tmp expect 3 "$ketamap" bench --quick --rounds 1 --quiet --peers "$folder/absent"
[ -z "$(ls "$folder/tmp")" ] || fail "left behind: $(ls "$folder/tmp")"
finish
