"""The program against CVODE on KET-PD20: right-hand side, integrator and root finding of the oracle are its own.

usage: check_accuracy.py KETAMAP SOURCE [POINTS]; exit 77 when the oracle was not built (no SUNDIALS).
With 2000 points it takes a minute and a half; the default is fewer."""
import csv, json, math, os, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import at_most, cell, end

ketamap, source = sys.argv[1], sys.argv[2]
points = int(sys.argv[3]) if len(sys.argv) > 3 else 250
oracle = os.path.join(os.path.dirname(ketamap), "oracle")
if not os.path.exists(oracle):
    print("skipped: the oracle is not built (libsundials-dev)")
    sys.exit(77)

SIX = [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", "time": f"{t} h"} for t in (0, 48, 96, 168, 216, 264)]
ENDPOINTS = [{"name": "onset", "of": "madrs_reduction", "kind": "first_time", "when": ">= 0.5"},
             {"name": "ten", "of": "madrs_change", "kind": "first_time", "when": "<= -10"},
             {"name": "duration", "of": "madrs_reduction", "kind": "time_in", "when": ">= 0.5"},
             {"name": "peak", "of": "madrs_change", "kind": "min"},
             {"name": "cadss", "of": "cadss", "kind": "max"},
             {"name": "t_peak", "of": "madrs_change", "kind": "time_of_min"},
             {"name": "relapse", "of": "madrs_change", "kind": "first_time", "when": ">= 0.5 * trough", "after": "t_peak"},
             {"name": "half", "of": "madrs_change", "kind": "time_in", "when": "<= 0.5 * trough"},
             {"name": "remission", "of": "madrs", "kind": "first_time", "when": "<= 10"},
             {"name": "cadss_late", "of": "cadss", "kind": "max", "after": "ten"}]


def study(folder, name, **keys):
    path = os.path.join(folder, name)
    body = {"model": os.path.join(source, "configs/models/ketamine.json"), "regimen": SIX, "horizon": "28 d"}
    body.update(keys)
    with open(path, "w") as out:
        json.dump(body, out)
    return path


def table(text):
    rows = list(csv.reader(text.splitlines(), delimiter="\t"))
    return {name: [cell(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])}


def evaluate(path, points_file):
    out = subprocess.run([ketamap, "evaluate", path, "--points", points_file], check=True, capture_output=True, text=True)
    return table(out.stdout)


def p99(errors):
    errors = sorted(errors)
    return errors[min(len(errors) - 1, int(0.99 * len(errors)))] if errors else 0.0


def compare(label, truth, ours, limits):
    for name, column, limit in limits:
        happens = [x > 0 if column in ("duration_50", "half") else not math.isnan(x) for x in truth[column]]
        ours_happens = [s not in ("never", "reference_absent") for s in ours[name + "_state"]]
        both = [abs(x - y) for x, y, a, b in zip(truth[column], ours[name], happens, ours_happens) if a and b]
        flips = sum(a != b for a, b in zip(happens, ours_happens))
        at_most(f"{label} {name} p99 over {len(both)}", p99(both), limit)
        at_most(f"{label} {name} flips", flips, 0.001 * len(happens))
    at_most(f"{label} points not done", sum(s != "done" for s in ours["status"]), 0)


LIMITS = [("onset", "onset_50", 0.02), ("ten", "onset_10", 0.005), ("duration", "duration_50", 0.04),
          ("peak", "peak", 3e-4), ("cadss", "cadss_peak", 3e-4), ("relapse", "relapse", 0.04), ("half", "half", 0.04),
          ("remission", "remission", 0.02), ("cadss_late", "cadss_late", 3e-4)]

with tempfile.TemporaryDirectory() as folder:
    grid = os.path.join(folder, "points.tsv")
    with open(grid, "w") as out:
        subprocess.run([oracle, "--sample", str(points), "--seed", "7"], check=True, stdout=out)
    truth = table(subprocess.run([oracle, grid], check=True, capture_output=True, text=True).stdout)

    single = study(folder, "single.json", endpoints=ENDPOINTS, solver={"rtol": 1e-4, "precision": "single"})
    compare("single 1e-4", truth, evaluate(single, grid), LIMITS)
    double = study(folder, "double.json", endpoints=ENDPOINTS, solver={"rtol": 1e-6, "precision": "double"})
    compare("double 1e-6", truth, evaluate(double, grid), [(n, c, limit / 10) for n, c, limit in LIMITS])

    # without a dose every state stays at its baseline for 56 days
    names = [line.split("\t") for line in open(grid)]
    none = [{"route": "iv", "amt": "0 mg", "tinf": "40 min", "ii": "84 h", "addl": 5}]
    for precision, limit in (("double", 1e-9), ("single", 1e-5)):
        stages = ["glutamate", "release_feedback", "eef2k", "bdnf_pool", "bdnf", "mtorc1", "mtorc1_feedback",
                  "synaptic_protein", "surface_ampa", "synaptic_strength", "mood"]
        ends = [{"name": f"{k}_{stage}", "of": stage, "kind": k} for stage in stages for k in ("min", "max")]
        path = study(folder, "steady.json", endpoints=ends, horizon="56 d", regimen=none,
                     solver={"rtol": 1e-4, "precision": precision})
        got = evaluate(path, grid)
        worst = max(abs(v - (0.0 if stage == "mood" else 1.0)) for stage in stages for k in ("min", "max")
                    for v in got[f"{k}_{stage}"])
        at_most(f"{precision} steady state without dose, largest deviation", worst, limit)

    # published figures of the model: Cmax by weight, drug minus placebo after one infusion
    one = [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min"}]
    ends = [{"name": "cmax", "of": "plasma_ketamine", "kind": "max"}]
    ends += [{"name": f"drug_{t}", "of": "madrs_drug", "kind": "value", "at": f"{t} h"} for t in (24, 48, 72, 168)]
    path = study(folder, "one.json", endpoints=ends, regimen=one)
    weights = os.path.join(folder, "weights.tsv")
    with open(weights, "w") as out:
        out.write("weight\n70\n75\n80\n")
    got = evaluate(path, weights)
    for i, (weight, expected) in enumerate([(70, 181), (75, 194), (80, 207)]):
        at_most(f"Cmax at {weight} kg, relative to {expected} ng/mL", abs(got["cmax"][i] / expected - 1), 0.01)
    for t, expected in ((24, -10.3), (48, -10.2), (72, -9.4), (168, -5.8)):
        at_most(f"drug minus placebo at {t} h, from {expected}", abs(got[f"drug_{t}"][1] - expected), 0.05)

end()
