#!/usr/bin/env python3
"""Which configuration of configs/trials/ketamine-iv.json is the shipped one: the rule of docs/fitting.md, "How it is chosen".

usage: select_ketamine_iv.py KETAMAP SOURCE FOLDER [PARTICLES]

Six candidates are fitted to the fitted rows alone: their fit files, written to FOLDER, have no "hold_out", so that no figure of
a row held out is computed. Eligible are those whose expected differences between ketamine and control of Wilkinson 2018 are within
1.5 points of the published ones at all four times; of these (of all, where there are none) the largest log evidence wins, and
of those within two Monte Carlo errors of it the first of the list, which goes from simple to rich.

Candidates that FOLDER has already are not fitted again. The table goes to FOLDER/selection.tsv."""
import csv
import json
import math
import os
import subprocess
import sys

ketamap, source, folder = (os.path.abspath(word) for word in sys.argv[1:4])
particles = int(sys.argv[4]) if len(sys.argv) > 4 else 256
os.makedirs(folder, exist_ok=True)

COMMON = ["gam", "kap_A", "k_A", "Y50", "E_D", "k_e2"]
TENTH = ["k_m", "k_e1", "tau_p"]  # with the levels of three controls that makes ten; tau_p is 5 h where it is not free
ERRORS = {"normal": "normal", "student": {"student_t": 4}}
CANDIDATES = [(f"{errors}-{tenth}", errors, tenth) for errors in ERRORS for tenth in TENTH]  # simple first
PUBLISHED = {24: -10.6, 48: -10.6, 72: -8.1, 168: -6.4}  # Wilkinson 2018
NEAR = 1.5


def write_fit(path, errors, tenth):
    with open(f"{source}/configs/trials/ketamine-iv.json") as f:
        fit = json.load(f)
    for part in ("hold_out", "hypotheses"):
        fit.pop(part, None)
    fit["model"] = f"{source}/configs/models/ketamine.json"
    fit["trials"] = f"{source}/configs/trials/trials.tsv"
    fit["overlaps"]["file"] = f"{source}/configs/trials/overlaps.tsv"
    fit["parameters"] = {name: {} for name in COMMON + [tenth]}
    fit["likelihood"]["means"] = ERRORS[errors]
    fit["estimation"] = {"seed": "1", "optimise": {"starts": 2, "evaluations": 500}, "posterior": {"particles": particles}}
    with open(path, "w") as f:
        json.dump(fit, f, indent=2)


def candidate(name, errors, tenth):
    stem = f"{folder}/{name}"
    if not os.path.exists(f"{stem}.zarr/run.json"):
        write_fit(f"{stem}.json", errors, tenth)
        subprocess.run([ketamap, "fit", f"{stem}.json", "--output", f"{stem}.zarr", "--force", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with open(f"{stem}-rows.tsv") as f:
        assert all(row["use"] == "fitted" for row in csv.DictReader(f, delimiter="\t"))
    with open(f"{stem}-contrasts.tsv") as f:
        rows = [row for row in csv.DictReader(f, delimiter="\t") if row["study"] == "Wilkinson2018_IPD"]
    with open(f"{stem}.zarr/run.json") as f:
        run = json.load(f)
    expected = {round(float(row["time_h"])): float(row["expected"]) for row in rows}
    off = max(abs(expected[t] - PUBLISHED[t]) for t in PUBLISHED)
    return {"candidate": name, "log_evidence": run["log_evidence"], "error": run["log_evidence_error"],
            **{f"difference_{t}h": expected[t] for t in PUBLISHED}, "largest_off": off, "eligible": "yes" if off <= NEAR else "no",
            "candidates": run["candidates"], "seconds": run["seconds"], "cpu_seconds": run["cpu_seconds"]}


table = []
for words in CANDIDATES:
    table.append(candidate(*words))
    print({k: round(v, 3) if isinstance(v, float) else v for k, v in table[-1].items()}, flush=True)
field = [row for row in table if row["eligible"] == "yes"] or table
best = max(field, key=lambda row: row["log_evidence"])
chosen = next(row for row in field if best["log_evidence"] - row["log_evidence"] <= 2.0 * math.hypot(best["error"], row["error"]) or row is best)
for row in table:
    row["chosen"] = "yes" if row is chosen else ""
with open(f"{folder}/selection.tsv", "w") as f:
    writer = csv.DictWriter(f, list(table[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in table)
print("chosen:", chosen["candidate"], "" if chosen["eligible"] == "yes" else "(none is eligible)")
