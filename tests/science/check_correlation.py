#!/usr/bin/env python3
"""Correlations of the model's laws, wherever these are drawn from: the rank correlation of a Gaussian copula is 6/pi asin(r/2), whatever
the laws, which stay what they are; of a linear function of normal factors, the shares of its variance have closed forms.

usage: check_correlation.py KETAMAP SOURCE"""
import csv
import json
import math
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
sys.dont_write_bytecode = True
from tally import check, end, folder, write

ketamap = os.path.abspath(sys.argv[1])


def run(*command, code=0):
    done = subprocess.run([ketamap, *command], capture_output=True, text=True)
    if done.returncode != code:
        check(" ".join(command), False, f"exit code {done.returncode}: {done.stderr}")
    return done


def spearman(x, y):
    rank = [np.argsort(np.argsort(v)) for v in (x, y)]
    return np.corrcoef(*rank)[0, 1]


# ---- designs: other laws than normal ones, pairs over three of four

PAIRS = {("a", "b"): 0.7, ("b", "c"): -0.5, ("c", "d"): 0.6}
MODEL = {"name": "four", "time_unit": "-", "states": {},
         "parameters": {"a": {"value": 1, "unit": "-", "range": [0.01, 100], "uncertainty": {"law": "lognormal", "cv": 0.8}},
                        "b": {"value": 1, "unit": "-", "range": [0, 4]},
                        "c": {"value": 0.3, "unit": "-", "range": [0.1, 0.9], "uncertainty": {"law": "logit-normal", "sd": 1}},
                        "d": {"value": 1, "unit": "-", "range": [0.1, 10], "uncertainty": "log-uniform"}},
         "outputs": {"y": {"value": "a+b+c+d"}}, "correlation": [[*pair, r] for pair, r in PAIRS.items()]}
N = 16384


def table(design, stem):
    """Columns of the map's points, and what `info` and `check` say."""
    path, out = write(stem + ".json", {"model": "four.json", "design": design, "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}],
                                       "solver": {"precision": "double"}}), os.path.join(folder.name, stem + ".zarr")
    said = run("check", path).stdout
    run("run", path, "--output", out, "--quiet", "--force")
    rows = csv.DictReader(run("export", out).stdout.splitlines(), delimiter="\t")
    data = [{k: float(row[k]) for k in row if k in ("a", "b", "c", "d", "first")} for row in rows]
    return {k: np.array([row[k] for row in data]) for k in data[0]}, said + run("info", out).stdout


def holds(what, columns, pairs):
    names = [n for n in "abcd" if n in columns]
    worst = 0.0
    for i, one in enumerate(names):
        for other in names[i + 1:]:
            r = pairs.get((one, other), 0.0)
            worst = max(worst, abs(spearman(columns[one], columns[other]) - 6 / math.pi * math.asin(r / 2)))
    check(f"rank correlations of {what}", worst < 4 / math.sqrt(N), f"off by {worst:.4f} at most, sampling errors are {1 / math.sqrt(N):.4f}")


def designs():
    write("four.json", MODEL)
    check("check counts them", ", 3 correlations" in run("check", os.path.join(folder.name, "four.json")).stdout)
    plain = {}
    for kind in "sobol", "latin_hypercube":
        columns, said = table({kind: {"n": N}}, kind)
        holds(kind, columns, PAIRS)
        check(f"{kind}: the model's, in check and info", '["a", "b", 0.7], ["b", "c", -0.5], ["c", "d", 0.6]], the model\'s' in said and
              "a and b 0.7, b and c -0.5, c and d 0.6 (the model's)" in said)
        off, said = table({kind: {"n": N, "correlation": []}}, kind + "-off")
        holds(f"{kind} without", off, {})
        check(f"{kind} without: none are said", "correlation" not in said.replace("3 correlations", ""))
        worst = max(np.abs(np.sort(columns[n]) / np.sort(off[n]) - 1)[N // 100:-N // 100].max() for n in "abcd")
        check(f"{kind}: laws stay what they are", worst < 0.1, f"quantiles differ by {100 * worst:.1f} % at most")
        check(f"{kind}: the first factor is what it was", (columns["a"] == off["a"]).all())
        plain[kind] = off
    own, said = table({"sobol": {"n": N, "correlation": [["a", "d", -0.8]]}}, "own")
    holds("a study's own, which replace the model's", own, {("a", "d"): -0.8})
    check("a study's own, in info", "a and d -0.8 (the study's)" in said)
    # a and c are left: what the model says of b and d with them is of nothing drawn
    part, said = table({"sobol": {"n": N, "factors": [{"of": "c"}, {"of": "a"}]}}, "part")
    holds("factors of pairs with fixed ones", part, {})
    check("pairs with fixed ones drop out", "correlation" not in said.replace("3 correlations", ""))
    part, _ = table({"sobol": {"n": N, "factors": [{"of": "b", "log": [1, 9]}, {"name": "first", "of": "a"}]}}, "bounds")
    part = {"a": part["first"], "b": part["b"]}
    holds("factors with bounds and names of their own", part, PAIRS)
    path = write("choice.json", {"model": "four.json", "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}],
                                 "design": {"sobol": {"n": 16, "factors": [{"of": "a"}, {"of": "b", "values": [3, 1, 2]}]}}})
    said = run("check", path, code=2).stderr
    check("a choice cannot follow", 'the model correlates "a" and "b", and a choice of values has no normal score; "correlation": [] here' in said, said)


# ---- analyses: y = a + 2 b + c of standard normals, r of a and b 0.6, variance 8.4

NORMAL = {"name": "normal", "time_unit": "-", "states": {},
          "parameters": {n: {"value": 0, "unit": "-", "range": [-9, 9], "uncertainty": {"law": "normal", "sd": 1}} for n in "abc"},
          "outputs": {"y": {"value": "a+2*b+c"}}, "correlation": [["a", "b", 0.6]]}


def analysis(block, code=0, model=NORMAL):
    write("normal.json", model)
    path, out = write("normal-study.json", {"model": "normal.json", "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}],
                                            "solver": {"precision": "double"}, "sensitivity": block}), os.path.join(folder.name, "shares.zarr")
    done = run("sensitivity", path, "--output", out, "--force", code=code)
    if code:
        return done.stderr
    with open(out.replace(".zarr", ".tsv")) as f:
        rows = {r["factor"]: {k: float(v) for k, v in r.items() if k not in ("endpoint", "factor")} for r in csv.DictReader(f, delimiter="\t")}
    with open(os.path.join(out, ".zattrs")) as f:
        return rows, json.load(f), done.stderr


def analyses():
    rows, facts, said = analysis({"method": "sobol", "n": 16384, "groups": {"ab": ["a", "b"]}})
    for name, truth in (("ab", 7.4 / 8.4), ("c", 1 / 8.4)):
        r = rows[name]
        check(f"sobol of {name}", abs(r["total"] - truth) < 0.003 and abs(r["first"] - truth) < 0.003,
              f"{r['first']:.4f} {r['total']:.4f}, closed form {truth:.4f}")
    with_pair = facts["correlation"], facts["correlation_of"]
    check("the results say whose", with_pair == ([["a", "b", 0.6]], "model") and 'as the model has it, [["a", "b", 0.6]]' in said)
    same, _, _ = analysis({"method": "sobol", "n": 16384, "groups": {"ab": ["a", "b"]}, "correlation": [["a", "b", 0.6]]},
                          model={k: v for k, v in NORMAL.items() if k != "correlation"})
    check("the model's and the study's are one thing", same == rows)
    rows, _, _ = analysis({"method": "regression", "n": 16384})
    for name, truth in (("a", 1), ("b", 2), ("c", 1)):
        check(f"src of {name}", abs(rows[name]["src"] - truth / math.sqrt(8.4)) < 0.02, f"{rows[name]['src']:.4f}")
    check("r2", rows["a"]["r2"] > 1 - 1e-9)
    rows, _, _ = analysis({"method": "given_data", "n": 32768})
    for name, truth in (("a", 2.2**2 / 8.4), ("b", 2.6**2 / 8.4), ("c", 1 / 8.4)):
        check(f"shares by classes of {name}", abs(rows[name]["first"] - truth) < 0.02, f"{rows[name]['first']:.4f}, closed form {truth:.4f}")
    # a is fixed: nothing is left to hang together with
    rows, facts, _ = analysis({"method": "sobol", "n": 16384, "factors": ["b", "c"]})
    check("a fixed parameter's pair drops out", abs(rows["b"]["total"] - 0.8) < 0.003 and "correlation" not in facts)
    rows, facts, _ = analysis({"method": "sobol", "n": 16384, "correlation": []})
    check("[] leaves them out", abs(rows["b"]["total"] - 4 / 6) < 0.003 and "correlation" not in facts)
    for method in "sobol", "morris", "efast", "dgsm":
        said = analysis({"method": method}, code=2)
        check(f"{method} says whose they are and how to leave them out", "hang together in the model" in said and '"correlation": [] in the analysis' in said and
              "normal-study.json:" in said, said.strip())


designs()
analyses()
end()
