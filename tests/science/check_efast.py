#!/usr/bin/env python3
"""Intervals of extended FAST hold closed forms, although the method itself is biased: smooth functions, kinks, jumps, and a normal law,
whose quantiles have no end. And they are not wide without a reason.

usage: check_efast.py KETAMAP SOURCE [SEEDS]"""
import csv
import math
import os
import subprocess
import sys

ketamap, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 4
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests", "bench")]
sys.dont_write_bytecode = True
import sensitivity_coverage as closed
from tally import check, end, folder, write


def unit(n):
    return {f"x{i + 1}": {"value": 0.5, "unit": "-", "range": [0, 1]} for i in range(n)}


def model(name, parameters, y):
    return write(name + ".json", {"name": name, "time_unit": "-", "states": {}, "parameters": parameters, "outputs": {"y": {"value": y}}})


def shares(names, part):
    truth = closed.indices(names, part)
    return {k: v for k, v in truth.items() if k[0] != "second"}


def additive(variances):
    names = [f"x{i + 1}" for i in range(len(variances))]
    return shares(names, {(n,): v for n, v in zip(names, variances)})


normal = {n: {**p, "value": 0, "range": [-9, 9], "uncertainty": {"law": "normal", "sd": 1}} for n, p in unit(4).items()}
CASES = {
    "ishigami": (os.path.join(source, "configs/models/ishigami.json"), "y", shares(*closed.ishigami())),
    "sobol-g": (os.path.join(source, "configs/models/sobol-g.json"), "g", shares(*closed.sobol_g())),
    "normal": (model("normal", normal, "x1+2*x2+0.5*x3+3*x4"), "y", additive([1, 4, 0.25, 9])),
    "jumps": (model("jumps", unit(3), "if(x1 > 0.3, 1, 0)+0.5*if(x2 > 0.62, 1, 0)+0*x3"), "y", additive([0.21, 0.25 * 0.62 * 0.38, 0])),
    # 1 where x1 + x2 > 1: variance 1/4, first orders 1/12
    "edge": (model("edge", unit(3), "if(x1+x2 > 1, 1, 0)+x3/4"), "y",
             shares(["x1", "x2", "x3"], {("x1",): 1 / 12, ("x2",): 1 / 12, ("x1", "x2"): 1 / 12, ("x3",): 1 / 192})),
    "products": (model("products", unit(3), "(x1-0.5)*(x2-0.5)+0.1*x3"), "y", shares(["x1", "x2", "x3"], {("x1", "x2"): 1 / 144, ("x3",): 1 / 1200})),
}


def analyse(path, output, seed, n, **block):
    stem = os.path.join(folder.name, "out")
    study = write("study.json", {"model": path, "endpoints": [{"name": "y", "of": output, "kind": "value", "at": 0}], "solver": {"precision": "double"},
                                 "sensitivity": {"method": "efast", "n": n, "seed": str(seed), **block}})
    subprocess.run([ketamap, "sensitivity", study, "--output", stem + ".zarr", "--quiet", "--force"], check=True, stdout=subprocess.DEVNULL)
    with open(stem + ".tsv") as f:
        return {(kind, row["factor"]): [float(row[kind + end]) for end in ("", "_low", "_high")] for row in csv.DictReader(f, delimiter="\t")
                for kind in ("first", "total")}


for name, (path, output, truth) in CASES.items():
    for n in 257, 1024:
        inside = {k: 0 for k in truth}
        error = width = 0.0
        for seed in range(1, seeds + 1):
            for k, (value, low, high) in analyse(path, output, seed, n).items():
                inside[k] += low <= truth[k] + 1e-12 and truth[k] - 1e-12 <= high
                error, width = max(error, abs(value - truth[k])), max(width, high - low)
        share = sum(inside.values()) / seeds / len(inside)
        check(f"{name}, n = {n}:", share >= 0.9 and (n < 1024 or width < 10 * error), f"{100 * share:.1f} % inside, the largest error {error:.4f}, the widest {width:.4f}")
for block, what in (({"curves": 1}, "one curve"), ({"harmonics": 1}, "one harmonic")):
    found = analyse(*CASES["ishigami"][:2], 1, 257, **block)
    check(f"{what} has no intervals:", all(math.isnan(low) and math.isnan(high) and value == value for value, low, high in found.values()), "")
end()
