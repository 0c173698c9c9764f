"""Coverage of the intervals of shares of the variance: how often they hold the closed form, over many seeds.

usage: sensitivity_coverage.py KETAMAP SOURCE_DIR [SEEDS [N [FIRST_SEED [METHOD]]]]

Ishigami's function and Sobol's g, first order, second order (METHOD sobol) and total, size N (65536). Prints, for each index, the
share of the seeds whose 95 % interval holds the closed form, the mean of the estimates less the closed form and the mean
width; then the shares over all indices of a kind, and how many seeds had every index inside.

Closed forms: Saltelli et al., Global Sensitivity Analysis, 2008, from the functions' definitions."""

import json
import math
import os
import subprocess
import sys
import tempfile
from itertools import combinations


def ishigami(a=7.0, b=0.1):
    """Variances of the parts of sin x1 + a sin^2 x2 + b x3^4 sin x1 over (-pi, pi)^3."""
    p4 = math.pi ** 4
    part = {("x1",): 0.5 * (1 + b * p4 / 5) ** 2, ("x2",): a * a / 8, ("x1", "x3"): b * b * p4 * p4 * (1 / 18 - 1 / 50)}
    return ["x1", "x2", "x3"], part


def sobol_g(weights=(0, 1, 4.5, 9, 99, 99, 99, 99)):
    """Variances of the parts of prod (|4 x - 2| + a) / (1 + a) over (0, 1)^8."""
    names = ["x%d" % (i + 1) for i in range(len(weights))]
    single = {n: 1 / (3 * (1 + a) ** 2) for n, a in zip(names, weights)}
    part = {}
    for order in range(1, len(names) + 1):
        for group in combinations(names, order):
            part[group] = math.prod(single[n] for n in group)
    return names, part


def indices(names, part):
    total = sum(part.values())
    truth = {}
    for n in names:
        truth["first", n] = part.get((n,), 0.0) / total
        truth["total", n] = sum(v for k, v in part.items() if n in k) / total
    for pair in combinations(names, 2):
        truth["second", " x ".join(pair)] = part.get(pair, 0.0) / total
    return truth


def read(path):
    with open(path) as f:
        head = f.readline().rstrip("\n").split("\t")
        return [dict(zip(head, line.rstrip("\n").split("\t"))) for line in f]


def analyse(ketamap, source, folder, model, output, seed, n, method):
    study = {"model": os.path.join(source, "configs/models", model + ".json"),
             "endpoints": [{"name": "y", "of": output, "kind": "value", "at": 0}],
             "sensitivity": {"method": method, "n": n, "seed": str(seed), **({"second_order": True} if method == "sobol" else {})},
             "solver": {"precision": "double"}}
    path, stem = os.path.join(folder, "study.json"), os.path.join(folder, "results")
    with open(path, "w") as f:
        json.dump(study, f)
    subprocess.run([ketamap, "sensitivity", path, "--output", stem + ".zarr", "--quiet", "--force"], check=True,
                   stdout=subprocess.DEVNULL)
    found = {}
    for row in read(stem + ".tsv"):
        for kind in "first", "total":
            found[kind, row["factor"]] = [float(row[kind + end]) for end in ("", "_low", "_high")]
    for row in read(stem + "-pairs.tsv") if method == "sobol" else []:
        found["second", row["factor"] + " x " + row["factor_2"]] = [float(row["second" + end]) for end in ("", "_low", "_high")]
    return found


def coverage(ketamap, source, model, output, truth, seeds, n, first, method="sobol"):
    if method != "sobol":
        truth = {k: v for k, v in truth.items() if k[0] != "second"}
    inside, error, width, whole = {k: 0 for k in truth}, dict.fromkeys(truth, 0.0), dict.fromkeys(truth, 0.0), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + seeds):
            found = analyse(ketamap, source, folder, model, output, seed, n, method)
            hits = {k: found[k][1] <= truth[k] <= found[k][2] for k in truth}
            whole += all(hits.values())
            for k in truth:
                inside[k] += hits[k]
                error[k] += (found[k][0] - truth[k]) / seeds
                width[k] += (found[k][2] - found[k][1]) / seeds
    print("%s, %s: %d seeds, N = %d; every index inside in %d of them" % (model, method, seeds, n, whole))
    for k in truth:
        print("  %-6s %-8s %8.5f  coverage %5.1f %%  bias %+.1e  width %.1e" % (*k, truth[k], 100 * inside[k] / seeds, error[k], width[k]))
    for kind in dict.fromkeys(k[0] for k in truth):
        keys = [k for k in truth if k[0] == kind]
        print("  all %s: %.1f %%" % (kind, 100 * sum(inside[k] for k in keys) / seeds / len(keys)))
    return {k: inside[k] / seeds for k in truth}


def main():
    ketamap, source = sys.argv[1:3]
    seeds, n, first = (int(x) for x in (sys.argv[3:] + ["200", "65536", "1"][len(sys.argv) - 3:])[:3])
    method = sys.argv[6] if len(sys.argv) > 6 else "sobol"
    for model, output, parts in ("ishigami", "y", ishigami()), ("sobol-g", "g", sobol_g()):
        coverage(ketamap, source, model, output, indices(*parts), seeds, n, first, method)


if __name__ == "__main__":
    main()
