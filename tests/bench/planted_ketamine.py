#!/usr/bin/env python3
"""Trials drawn from KET-PD20 itself: six trials of two arms, eight free parameters, which a fit must find again within two
posterior standard deviations.

usage: planted_ketamine.py KETAMAP SOURCE [SEED [PATIENTS [PARTICLES [STEPS]]]]

STEPS: of the second sampler, 64 walkers; then its means are within 0.1 standard deviations of the first's, and its standard
deviations within 10 % (0: left out).

What the trials would publish is what `ketamap fit` expects of them where the priors hold nothing but the truth; noise of
each row's standard error is added."""
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

ketamap, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
seed, patients, particles, steps = (int(word) for word in (sys.argv[3:] + ["1", "32", "256", "0"][len(sys.argv) - 3:])[:4])
NAMES = ["gam", "kap_A", "k_A", "Y50", "E_D", "k_e2", "EC_H", "kap_E"]
SCHEDULES = [("0", 0.5), ("0", 1.0), ("0", 0.25), ("0;72;168;240", 0.5), ("0;48;96;168;216;264", 0.5), ("0;168;336", 0.75)]
TIMES = (4, 24, 72, 168, 336)
HEAD = ("study_id arm n drug route dose_value dose_unit infusion_minutes schedule_h scale baseline_mean baseline_sd time_h value_kind "
        "value sd se ci_low ci_high provenance source use").split()
folder = tempfile.TemporaryDirectory()
random.seed(seed)
with open(f"{source}/configs/models/ketamine.json") as f:
    model = json.load(f)
truth = {n: model["parameters"][n]["value"] for n in NAMES}


def write_table(values):
    with open(f"{folder.name}/trials.tsv", "w") as f:
        print(*HEAD, sep="\t", file=f)
        for trial, (schedule, dose) in enumerate(SCHEDULES):
            for arm in ("drug", "control"):
                for t in TIMES:
                    r = {"study_id": f"T{trial}", "arm": arm, "n": 50, "drug": "racemic ketamine" if arm == "drug" else "placebo", "route": "IV",
                         "dose_value": dose if arm == "drug" else 0, "dose_unit": "mg/kg", "infusion_minutes": 40, "schedule_h": schedule,
                         "scale": "MADRS", "baseline_mean": 33, "baseline_sd": 5, "time_h": t, "value_kind": "mean_change", "se": 0.8,
                         "value": round(values.get((f"T{trial}", arm, t), -5.0), 6), "provenance": "verified", "source": "drawn", "use": "fit_primary"}
                    print(*[r.get(h, "") for h in HEAD], sep="\t", file=f)


def fit(stem, parameters, estimation):
    path = f"{folder.name}/{stem}.json"
    with open(path, "w") as f:
        json.dump({"model": f"{source}/configs/models/ketamine.json", "variants": ["all"], "solver": {"rtol": 1e-4}, "trials": "trials.tsv",
                   "rows": [{"use": "fit_primary"}], "score": {"output": "madrs", "baseline": "MADRS0", "scales": {"MADRS": 1}},
                   "drugs": {"racemic ketamine": {"routes": {"IV": "iv"}}}, "controls": {"parameter": "L_max", "levels": {"all": 0.15}, "default": "all"},
                   "parameters": parameters, "likelihood": {"repeated": 0}, "estimation": estimation,
                   "population": {"n": patients, "of": {"CL": {"cv": 0.3}, "V1": {"cv": 0.3}, "IC_I": {"cv": 0.3}, "MADRS0": {"sd": 5, "range": [15, 60]}}}}, f)
    subprocess.run([ketamap, "fit", path, "--output", f"{folder.name}/{stem}.zarr", "--force", "--quiet"], check=True, stdout=subprocess.DEVNULL)


def read(stem, what):
    with open(f"{folder.name}/{stem}-{what}.tsv") as f:
        return list(csv.DictReader(f, delimiter="\t"))


write_table({})
fit("truth", {n: {"range": [v * (1 - 1e-6), v * (1 + 1e-6)], "law": "uniform"} for n, v in truth.items()},
    {"optimise": {"starts": 1, "evaluations": 10}, "posterior": {"particles": 16}})
write_table({(r["study"], r["arm"], round(float(r["time_h"]))): float(r["expected"]) + random.gauss(0, 0.8) for r in read("truth", "rows")})
fit("again", {n: {} for n in NAMES}, {"seed": str(seed), "optimise": {"starts": 4, "evaluations": 1500}, "posterior": {"particles": particles},
                                         **({"ensemble": {"walkers": 64, "steps": steps, "thin": 2}} if steps else {})})
worst = apart = ratio = 0.0
for p in read("again", "parameters"):
    off = (float(p["mean"]) - truth[p["parameter"]]) / float(p["sd"])
    worst = max(worst, abs(off))
    print(f"{p['parameter']:8} truth {truth[p['parameter']]:9.4g}  posterior {float(p['mean']):9.4g} ({float(p['sd']):.3g})  off by {off:+.2f} sd, "
          f"learned {100 * float(p['learned']):.0f} %", end="")
    if steps:
        apart = max(apart, abs(float(p["ensemble_mean"]) - float(p["mean"])) / float(p["sd"]))
        ratio = max(ratio, abs(float(p["ensemble_sd"]) / float(p["sd"]) - 1))
        print(f"  second sampler {float(p['ensemble_mean']):9.4g} ({float(p['ensemble_sd']):.3g}), R-hat {float(p['r_hat']):.3f}", end="")
    print()
print(f"the largest is {worst:.2f} sd" + (f"; the samplers' means are within {apart:.2f} sd, their sds within {100 * ratio:.0f} %" if steps else ""))
sys.exit(0 if worst <= 2.0 and apart <= 0.1 and ratio <= 0.1 else 1)
