#!/usr/bin/env python3
"""Measures of sensitivity equal SALib's on the same samples, where they are deterministic: Morris, eFAST, PAWN, delta and its
first orders; of a study's own sample, of a model with laws, failing and "never" endpoints, and of a map's points.

usage: check_salib.py KETAMAP SOURCE; skipped without SALib (cmake --build build --target oracles)"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import warnings

ketamap, source = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(ketamap)), "oracles"))
warnings.simplefilter("ignore", FutureWarning)  # SALib's own
try:
    import numpy as np
    from SALib.analyze import delta as salib_delta
    from SALib.analyze import fast, morris, pawn
except ImportError as missing:
    print(f"skipped: {missing}; cmake --build build --target oracles fetches it")
    sys.exit(77)

folder = tempfile.TemporaryDirectory()
failures = checked = 0


def near(what, got, expected):
    global failures, checked
    checked += 1
    if not abs(got - expected) <= 1e-6 * max(1.0, abs(expected)):
        failures += 1
        print(f"FAIL {what}: {got!r}, SALib has {expected!r}")


def read(path):
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def table(rows, columns):
    return np.array([[float(r[c]) for c in columns] for r in rows])


ISHIGAMI = {"model": f"{source}/configs/models/ishigami.json", "solver": {"precision": "double"},
            "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}]}
# laws that are no uniform ones, a fraction that never responds, a wide range of values
KETAMINE = {"model": f"{source}/configs/models/ketamine.json", "horizon": "7 d", "solver": {"rtol": 1e-5, "precision": "double"},
            "regimen": [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", "time": "0 h"}],
            "endpoints": [{"name": "onset", "of": "madrs_reduction", "kind": "first_time", "when": ">= 0.5"},
                          {"name": "peak", "of": "madrs_change", "kind": "min"}]}
FACTORS = ["rho_NI", "EC_H", "E_D", "CL", {"name": "dose", "of": "regimen[0].amt", "log": ["0.1 mg/kg", "2 mg/kg"]}]


def analyse(study, block):
    """factor names, X, {measure: Y}, {(measure, factor): row}"""
    path, stem, sample = (os.path.join(folder.name, n) for n in ("study.json", "out", "sample.tsv"))
    with open(path, "w") as f:
        json.dump({**study, "sensitivity": block}, f)
    subprocess.run([ketamap, "sensitivity", path, "--output", stem + ".zarr", "--sample", sample, "--force", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    rows, found = read(sample), read(stem + ".tsv")
    measures = list(dict.fromkeys(r["endpoint"] for r in found))
    names = [c for c in rows[0] if c not in measures]
    return names, table(rows, names), {m: table(rows, [m])[:, 0] for m in measures}, {(r["endpoint"], r["factor"]): r for r in found}


def problem(names):
    return {"num_vars": len(names), "names": names, "bounds": [[0, 1]] * len(names)}


def compare_rows(what, method, names, x, y, rows):
    """PAWN and delta from rows of which those without a value are dropped"""
    for measure, values in y.items():
        kept = ~np.isnan(values)
        if np.ptp(values[kept]) == 0:
            continue
        xs, ys = x[kept], values[kept]
        got = [rows[measure, n] for n in names]
        assert int(got[0]["n_used"]) == kept.sum() and int(got[0]["n_dropped"]) == (~kept).sum()
        if method == "pawn":
            s = pawn.analyze(problem(names), xs, ys, S=10)
            for i, n in enumerate(names):
                for column in ("minimum", "mean", "median", "maximum"):
                    near(f"{what} {measure} {n} {column}", float(got[i][column]), s[column][i])
                near(f"{what} {measure} {n} cv", float(got[i]["cv"]), s["CV"][i])
        else:
            classes = int(np.round(min(int(np.ceil(len(ys) ** (2.0 / (7.0 + np.tanh((1500.0 - len(ys)) / 500.0))))), 48)))
            m = np.linspace(0, len(ys), classes + 1)
            grid = np.linspace(ys.min(), ys.max(), 100)
            for i, n in enumerate(names):
                near(f"{what} {measure} {n} delta", float(got[i]["delta"]), salib_delta.calc_delta(ys, grid, xs[:, i], m))
                near(f"{what} {measure} {n} first", float(got[i]["first"]), salib_delta.sobol_first(ys, xs[:, i], m))


def check_given():
    for label, study, factors in (("ishigami", ISHIGAMI, None), ("ketamine", KETAMINE, FACTORS)):
        for method, n in (("pawn", 1000), ("pawn", 357), ("delta", 1000), ("delta", 3000)):
            block = {"method": method, "n": n, "seed": "7", "resamples": 0}
            names, x, y, rows = analyse(study, {**block, "factors": factors} if factors else block)
            compare_rows(f"{label} {n}", method, names, x, y, rows)


def check_map():
    """a map's own points, as export writes them"""
    study, path, stem = os.path.join(folder.name, "map.json"), os.path.join(folder.name, "map.zarr"), os.path.join(folder.name, "given")
    with open(study, "w") as f:
        json.dump({**ISHIGAMI, "design": {"latin_hypercube": {"n": 1500, "seed": "3"}}}, f)
    subprocess.run([ketamap, "run", study, "--output", path, "--quiet"], check=True)
    subprocess.run([ketamap, "export", path, "--output", path + ".tsv"], check=True, capture_output=True)
    points = read(path + ".tsv")
    names = ["x1", "x2", "x3"]
    for method in ("pawn", "delta"):
        subprocess.run([ketamap, "sensitivity", path, "--method", method, "--resamples", "0", "--output", stem + ".zarr", "--force", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        rows = {(r["endpoint"], r["factor"]): r for r in read(stem + ".tsv")}
        compare_rows("map", method, names, table(points, names), {"y": table(points, ["y"])[:, 0]}, rows)


def check_morris():
    cases = ((ISHIGAMI, None, {"n": 20}), (ISHIGAMI, None, {"n": 10, "levels": 8}), (ISHIGAMI, None, {"n": 6, "candidates": 40}),
             (KETAMINE, FACTORS, {"n": 30, "levels": 6}))
    for study, factors, extra in cases:
        block = {"method": "morris", "seed": "5", **extra}
        names, x, y, rows = analyse(study, {**block, "factors": factors} if factors else block)
        for measure, values in y.items():
            whole = ~np.isnan(values).reshape(-1, len(names) + 1).any(axis=1)
            if whole.sum() < 2:
                continue
            keep = np.repeat(whole, len(names) + 1)
            s = morris.analyze(problem(names), x[keep], values[keep], num_levels=extra.get("levels", 4), num_resamples=2)
            for i, n in enumerate(names):
                for column in ("mu", "mu_star", "sigma"):
                    near(f"morris {extra} {measure} {n} {column}", float(rows[measure, n][column]), s[column][i])


def check_efast():
    for study, factors, n, harmonics in ((ISHIGAMI, None, 257, 4), (ISHIGAMI, None, 1000, 4), (ISHIGAMI, None, 400, 6), (KETAMINE, FACTORS, 300, 4)):
        block = {"method": "efast", "n": n, "curves": 1, "harmonics": harmonics, "seed": "2"}
        names, x, y, rows = analyse(study, {**block, "factors": factors} if factors else block)
        for measure, values in y.items():
            if np.isnan(values).any() or np.ptp(values) == 0:
                continue
            s = fast.analyze(problem(names), values, M=harmonics, num_resamples=2)
            for i, name in enumerate(names):
                near(f"efast {n} {measure} {name} first", float(rows[measure, name]["first"]), s["S1"][i])
                near(f"efast {n} {measure} {name} total", float(rows[measure, name]["total"]), s["ST"][i])


check_given()
check_map()
check_morris()
check_efast()
print(f"{checked} numbers compared, {failures} differ by more than 1e-6")
sys.exit(1 if failures or checked < 200 else 0)
