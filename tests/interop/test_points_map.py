#!/usr/bin/env python3
"""A map over points opens elsewhere: xarray shows every factor as a coordinate with its unit, the factors' values have
the laws of the model (scipy's distribution functions as oracle) and fill every stratum, and `ketamap evaluate` of the
factors' columns gives the map's numbers bit for bit.

usage: test_points_map.py KETAMAP [SOURCE_FOLDER]"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import xarray
    import zarr
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)
try:
    from scipy import stats
    from scipy.stats import qmc
except ImportError:
    stats = qmc = None

KETAMAP = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KM_BINARY", "ketamap")
failures = []

MODEL = {
    "name": "points", "time_unit": "h",
    "parameters": {
        "CL": {"value": 80, "unit": "L/h", "range": [50, 120], "uncertainty": "lognormal", "about": "clearance"},
        "V": {"value": 100, "unit": "L", "range": [60, 150], "uncertainty": {"law": "lognormal", "cv": 0.4}},
        "mm": {"value": 250, "unit": "g/mol"},
        "gain": {"value": 2, "range": [0, 5], "uncertainty": {"law": "normal", "mean": 1, "sd": 2}},
        "fu": {"value": 0.7, "range": [0.4, 0.95], "uncertainty": "logit-normal"},
        "shift": {"value": 1, "range": [0.1, 10], "uncertainty": "log-uniform"},
        "on": {"value": 1, "range": [0, 1], "uncertainty": "switch"}},
    "states": {"K": {"initial": "0", "rate": "-CL/V*K", "unit": "umol"}},
    "outputs": {"plasma": {"value": "on*fu*K/V*mm", "unit": "ng/mL"},
                "effect": {"value": "gain*K/(K + shift*V)", "unit": "-"}},
    "routes": {"iv": [{"into": "K"}]},
    "dose": {"amount": "amt/mm", "unit": "umol"},
}
STUDY = {
    "model": "model.json",
    "regimen": [{"id": "push", "route": "iv", "amt": "30 mg", "ii": "12 h", "addl": 1}],
    "horizon": "2 d",
    "endpoints": [
        {"name": "top", "of": "plasma", "kind": "max"},
        {"name": "onset", "of": "plasma", "kind": "first_time", "when": ">= 300 ng/mL", "margin": True},
        {"name": "exposure", "of": "effect", "kind": "integral"}],
    "solver": {"rtol": 1e-4},
}
N = 4096
NAMES = ["CL", "V", "gain", "fu", "shift"]


def check(right, what):
    if not right:
        failures.append(what)
        print("FAILED:", what)


def run(*arguments):
    done = subprocess.run([KETAMAP, *arguments], capture_output=True, text=True)
    if done.returncode == 4:
        print("skipped, no device:", done.stderr.strip())
        sys.exit(77)
    if done.returncode != 0:
        print(done.stderr)
        sys.exit(f"ketamap {' '.join(arguments)}: exit code {done.returncode}")
    return done


def make(folder, name, design):
    path = os.path.join(folder, name + ".zarr")
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(dict(STUDY, design=design, output={"map": path, "keep": 23}), file)
    run("run", os.path.join(folder, name + ".json"), "--quiet")
    return xarray.open_zarr(path, consolidated=False), path


def check_coordinates(data, names):
    check(set(data.coords) == set(names), f"coordinates are {sorted(data.coords)}")
    for name in ("top", "onset", "onset_margin", "onset_state", "exposure", "status", "steps"):
        check(set(data[name].coords) == set(names) and data[name].dims == ("point",), f"{name} knows where its points are")
    for name in names:
        check(data[name].dtype == np.float64 and data[name].dims == ("point",) and not np.isnan(data[name]).any(), f"{name} is whole")
    check((data.status == 0).all(), "every point is done")


def shares():
    """The distribution functions of the laws, written with scipy."""
    def truncated(y, mean, sd, low, high):
        law = stats.truncnorm((y(low) - mean) / sd, (y(high) - mean) / sd, mean, sd)
        return lambda x: law.cdf(y(x))
    logit = lambda x: np.log(x / (1 - x))
    return {
        "CL": truncated(np.log, np.log(80), np.log(120 / 50) / 3.92, 50, 120),
        "V": truncated(np.log, np.log(100), np.sqrt(np.log(1.16)), 60, 150),
        "gain": truncated(lambda x: x, 1, 2, 0, 5),
        "fu": truncated(logit, logit(0.7), (logit(0.95) - logit(0.4)) / 3.92, 0.4, 0.95),
        "shift": lambda x: np.log(x / 0.1) / np.log(100)}


def check_laws(data, kind):
    u = np.stack([law(data[name].values) for name, law in shares().items()], axis=1)
    for i, name in enumerate(shares()):
        check((np.sort(np.floor(u[:, i] * N)) == np.arange(N)).all(), f"{kind}: every stratum of {name} has one point")
    check(abs(np.corrcoef(u.T) - np.eye(u.shape[1])).max() < (0.01 if kind == "sobol" else 0.08), f"{kind}: factors are not correlated")
    if kind == "sobol":
        random = np.random.default_rng(1).random(u.shape)
        # discrepancy follows 1/n, that of random points 1/sqrt(n)
        check(qmc.discrepancy(u) < 0.1 * qmc.discrepancy(random), "sobol: discrepancy is that of a net")


def check_evaluate(folder, name, data, factors):
    points = os.path.join(folder, "points.tsv")
    with open(points, "w") as file:
        file.write("\t".join(factors) + "\n")
        for row in zip(*(data[f].values for f in factors)):
            file.write("\t".join(repr(float(x)) for x in row) + "\n")
    rows = [line.split("\t") for line in run("evaluate", os.path.join(folder, name + ".json"), "--points", points).stdout.splitlines()]
    check(len(rows) == data.sizes["point"] + 1, "evaluate answers every point")
    for i, column in enumerate(rows[0]):
        if column in factors:
            continue
        stored = data[column].values
        words = dict(zip(data[column].attrs.get("flag_meanings", "").split(), data[column].attrs.get("flag_values", [])))
        value = np.array([words[row[i]] if words else float(row[i]) for row in rows[1:]]).astype(stored.dtype)
        check(stored.tobytes() == value.tobytes() or (np.isnan(stored) == np.isnan(value)).all()
              and (stored[~np.isnan(stored)] == value[~np.isnan(value)]).all(), f"{name}: {column} of map and evaluate are the same bits")


def check_ishigami(folder, source):
    """Mean and variance of Ishigami's function are known in closed form (a = 7, b = 0.1)."""
    path = os.path.join(folder, "ishigami.json")
    mean, variance, n = 3.5, 49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18 + 0.5, 8192
    with open(path, "w") as file:
        json.dump({"model": os.path.join(source, "configs/models/ishigami.json"), "design": {"sobol": {"n": n}},
                   "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}], "output": {"type": "float64"}}, file)
    for seed in ("", "2", "3"):
        out = os.path.join(folder, f"ishigami{seed}.zarr")
        with open(path) as file:
            study = json.load(file)
        study["design"]["sobol"].update({"seed": seed} if seed else {})
        with open(path, "w") as file:
            json.dump(study, file)
        run("run", path, "--quiet", "--output", out)
        y = xarray.open_zarr(out, consolidated=False).y.values
        # independent points: 0.041 and 0.2 of standard error
        check(abs(y.mean() - mean) < 0.004, f"mean of Ishigami's function {y.mean()}")
        check(abs(y.var() - variance) < 0.04, f"variance of Ishigami's function {y.var()}")


def main():
    with tempfile.TemporaryDirectory(prefix="ketamap-test-") as folder:
        with open(os.path.join(folder, "model.json"), "w") as file:
            json.dump(MODEL, file)
        for kind in ("sobol", "latin_hypercube"):
            data, path = make(folder, kind, {kind: {"n": N, "seed": "5"}})
            check_coordinates(data, NAMES)
            check(data.CL.attrs["units"] == "L/h" and data.CL.attrs["long_name"] == "clearance", f"CL is described: {data.CL.attrs}")
            if stats:
                check_laws(data, kind)
            check_evaluate(folder, kind, data, NAMES)
        mixed, path = make(folder, "mixed", {"sobol": {"n": 300, "factors": [
            {"name": "dose", "of": "regimen.push.amt", "log": ["1000 ug", "1e5 ug"], "about": "amount of a push"}, {"of": "fu"},
            {"of": "regimen.push.ii", "linear": ["0.25 d", "1 d"]}]}})
        names = ["dose", "fu", "regimen_push_ii"]
        check_coordinates(mixed, names)
        check(mixed.dose.attrs == {"units": "ug", "long_name": "amount of a push"}, f"dose is described: {mixed.dose.attrs}")
        check(mixed.dose.min() >= 1000 and mixed.dose.max() <= 1e5 and mixed.regimen_push_ii.max() <= 1, "values are in the units written")
        check_evaluate(folder, "mixed", mixed, names)
        with open(os.path.join(folder, "list.tsv"), "w") as file:
            file.write("CL\tregimen.push.amt\tregimen.push.addl\n60\t10\t0\n70.25\t90\t2\n110\t1e1\t1\n")
        listed, path = make(folder, "listed", {"list": {"file": "list.tsv"}})
        names = ["CL", "regimen_push_amt", "regimen_push_addl"]
        check_coordinates(listed, names)
        check(list(listed.CL.values) == [60, 70.25, 110] and listed.regimen_push_amt.attrs["units"] == "mg", "the list is in the map")
        check_evaluate(folder, "listed", listed, names)
        import hashlib
        with open(os.path.join(folder, "list.tsv"), "rb") as file:
            check(zarr.open_group(path, mode="r").attrs["list_sha256"] == hashlib.sha256(file.read()).hexdigest(), "the list is named by its hash")
        check("list_sha256" not in mixed.attrs, "a map that has no list names none")
        if len(sys.argv) > 2:
            check_ishigami(folder, os.path.abspath(sys.argv[2]))
    print("failures:", len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
