#!/usr/bin/env python3
"""SRC, SRRC, PCC and PRCC of `ketamap sensitivity` against least squares by numpy on the same sample, partial correlations as
correlations of residuals; ranks by scipy where it is to be had, else by numpy. Then the derivative-based measures and the
given-data shares against closed forms, and the bootstrap's intervals against how far estimates of other seeds lie apart.

usage: check_regression.py KETAMAP SOURCE"""
import csv
import json
import os
import subprocess
import sys
import tempfile

ketamap, source = sys.argv[1], sys.argv[2]
oracles = os.path.join(os.path.dirname(os.path.abspath(ketamap)), "oracles")
if os.path.isdir(oracles):
    sys.path.insert(0, oracles)
import numpy as np

try:
    from scipy.stats import rankdata
except ImportError:
    print("ranks by numpy: scipy is not installed (cmake --build build --target oracles)")

    def rankdata(x):
        _, where, count = np.unique(x, return_inverse=True, return_counts=True)
        return (np.cumsum(count) - (count - 1) / 2)[where]

folder = tempfile.TemporaryDirectory()
failures = checked = 0
ISHIGAMI = {"model": f"{source}/configs/models/ishigami.json", "solver": {"precision": "double"},
            "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}]}
KETAMINE = {"model": f"{source}/configs/models/ketamine.json", "horizon": "7 d", "solver": {"rtol": 1e-5, "precision": "double"},
            "regimen": [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", "time": "0 h"}],
            "endpoints": [{"name": "onset", "of": "madrs_reduction", "kind": "first_time", "when": ">= 0.5"},
                          {"name": "peak", "of": "madrs_change", "kind": "min"}]}
FACTORS = ["rho_NI", "EC_H", "E_D", "CL", {"name": "dose", "of": "regimen[0].amt", "log": ["0.1 mg/kg", "2 mg/kg"]},
           {"name": "weight_class", "of": "V1", "values": ["80 L", "100 L", "130 L"]}]


def check(what, got, expected, tolerance):
    global failures, checked
    checked += 1
    if not abs(got - expected) <= tolerance:
        failures += 1
        print(f"FAIL {what}: {got!r}, expected {expected!r} within {tolerance:g}")


def read(path):
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def analyse(study, block):
    path, stem, sample = (os.path.join(folder.name, n) for n in ("study.json", "out", "sample.tsv"))
    with open(path, "w") as f:
        json.dump({**study, "sensitivity": block}, f)
    subprocess.run([ketamap, "sensitivity", path, "--output", stem + ".zarr", "--sample", sample, "--force", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return read(sample), {(r["endpoint"], r["factor"]): r for r in read(stem + ".tsv")}


def partial(x, y, i):
    others = np.column_stack([np.ones(len(y)), np.delete(x, i, axis=1)])
    rest = [v - others @ np.linalg.lstsq(others, v, rcond=None)[0] for v in (x[:, i], y)]
    return np.corrcoef(rest)[0, 1]


def standardised(x, y):
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    w = (y - y.mean()) / y.std()
    b = np.linalg.lstsq(z, w, rcond=None)[0]
    return b, 1 - np.mean((w - z @ b) ** 2)


def check_regression():
    for study, factors, n in ((ISHIGAMI, None, 500), (KETAMINE, FACTORS, 700)):
        block = {"method": "regression", "n": n, "seed": "9", "resamples": 20}
        sample, rows = analyse(study, {**block, "factors": factors} if factors else block)
        measures = list(dict.fromkeys(m for m, _ in rows))
        names = [c for c in sample[0] if c not in measures]
        for m in measures:
            kept = [r for r in sample if r[m] != "NaN"]
            x = np.array([[float(r[c]) for c in names] for r in kept])
            y = np.array([float(r[m]) for r in kept])
            rx, ry = np.column_stack([rankdata(c) for c in x.T]), rankdata(y)
            (src, r2), (srrc, rank_r2) = standardised(x, y), standardised(rx, ry)
            for i, name in enumerate(names):
                got = rows[m, name]
                for column, expected in (("src", src[i]), ("srrc", srrc[i]), ("pcc", partial(x, y, i)), ("prcc", partial(rx, ry, i)),
                                         ("r2", r2), ("rank_r2", rank_r2)):
                    check(f"{m} {name} {column}", float(got[column]), expected, 1e-6)
                for column in ("src", "srrc", "pcc", "prcc"):
                    assert float(got[column + "_low"]) < float(got[column]) < float(got[column + "_high"])


def check_closed_forms():
    """Ishigami, a = 7, b = 0.1, over (-pi, pi)^3; derivatives by a coordinate in (0, 1). Five standard errors."""
    pi, b = np.pi, 0.1
    square = 1 + 2 * b * pi**4 / 5 + b * b * pi**8 / 9  # E (1 + b x3^4)^2
    variance = 0.5 * (1 + 2 * b * pi**4 / 5 + b * b * pi**8 / 9) + 49 / 8
    truth = {"x1": 0.5 * square, "x2": 24.5, "x3": 16 * b * b * pi**6 / 7 * 0.5}
    for seed in ("1", "2"):
        _, rows = analyse(ISHIGAMI, {"method": "dgsm", "n": 8192, "seed": seed, "step": 0.001})
        for name, nu in truth.items():
            for column, expected in (("nu", nu * 4 * pi * pi), ("bound", nu * 4 / variance)):
                got = rows["y", name]
                check(f"dgsm {name} {column}", float(got[column]), expected, 2.5 * (float(got[column + "_high"]) - float(got[column])))
        _, rows = analyse(ISHIGAMI, {"method": "given_data", "n": 65536, "seed": seed, "resamples": 10})
        for name, first in {"x1": 0.3139, "x2": 0.4424, "x3": 0.0}.items():
            check(f"given data {name}", float(rows["y", name]["first"]), first, 0.01)
    # few rows: no bias to speak of (within three standard errors of 40 seeds, about 0.024/40^0.5, and what 32 classes hide), and
    # intervals that hold the truth
    seeds = [analyse(ISHIGAMI, {"method": "given_data", "n": 1024, "seed": str(300 + s)})[1] for s in range(40)]
    for name, first in {"x1": 0.313905, "x2": 0.442411, "x3": 0.0}.items():
        value = np.array([[float(r["y", name]["first" + end]) for end in ("", "_low", "_high")] for r in seeds])
        check(f"given data, 1024 rows, {name}", value[:, 0].mean(), first, 0.018)
        check(f"given data, intervals of {name}", ((value[:, 1] <= first) & (first <= value[:, 2])).mean(), 0.95, 0.05 + 1e-9)


def check_intervals():
    """95 % intervals of independent samples hold the mean over all seeds about as often as they say."""
    for block, columns in (({"method": "morris", "n": 60}, ("mu_star", "mu", "sigma")), ({"method": "morris", "n": 60, "design": "radial"}, ("mu_star",)),
                           ({"method": "dgsm", "n": 200}, ("nu", "bound")), ({"method": "regression", "n": 300}, ("src", "prcc")),
                           ({"method": "pawn", "n": 1000}, ("median",)), ({"method": "delta", "n": 600}, ("delta",)),
                           ({"method": "given_data", "n": 1000}, ("first",))):
        seeds = [analyse(ISHIGAMI, {**block, "seed": str(100 + s)})[1] for s in range(20)]
        inside = total = 0
        for column in columns:
            for name in ("x1", "x2", "x3"):
                value = np.array([[float(r["y", name][column + end]) for end in ("", "_low", "_high")] for r in seeds])
                if np.ptp(value[:, 0]) < 1e-9 * abs(value[0, 0]):
                    continue  # the same whatever the sample
                centre = value[:, 0].mean()
                inside += ((value[:, 1] <= centre) & (centre <= value[:, 2])).sum()
                total += len(seeds)
        print(f"{block}: {100 * inside / total:.0f} % of {total} intervals hold the mean over seeds")
        check(f"intervals of {block}", inside / total, 0.94, 0.075)


check_regression()
check_closed_forms()
check_intervals()
print(f"{checked} checked, {failures} wrong")
sys.exit(1 if failures else 0)
