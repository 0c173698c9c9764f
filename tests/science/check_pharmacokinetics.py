#!/usr/bin/env python3
"""Routes and enantiomers of configs/models/ketamine.json against a matrix exponential written here, against closed forms
of what each route delivers, and against the figures that the parameter set was made for.

usage: check_pharmacokinetics.py KETAMAP SOURCE"""
import csv
import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import cell, check, end, folder

ketamap, source = sys.argv[1], sys.argv[2]
MASS = {"K": 237.73, "N": 223.70, "H": 239.70}  # g/mol
RACEMATE = dict(CL=86.4, CLN=45.7, fh=0.425, CLH=17.5, F_g=0.18)
S = dict(CL=90.0, CLN=50.0, fh=0.35, CLH=21.0, F_g=0.16)
R = dict(CL=83.0, CLN=42.0, fh=0.5, CLH=15.0, F_g=0.20)
SHARED = dict(V1=110.0, Q2=120.0, V2=70.0, Q3=45.0, V3=290.0, fm=0.8, VN=75.0, QN=34.0, VNp=120.0, VH=100.0, ka_g=1.15,
              fm_g=0.72, fh_g=0.3)
KA = {"nasal": 2.0, "im": 4.0, "sc": 2.5, "sl": 2.4}  # 1/h
# route: what enters each place
ROUTES = {"iv": {"central": 1.0}, "im": {"im": 0.93}, "sc": {"sc": 0.90}, "oral": {"gut": 1.0},
          "sublingual": {"sl": 0.19, "gut": 0.81}, "nasal_first": {"nasal": 0.40, "gut": 0.60},
          "nasal_later": {"nasal": 0.40 * 0.64, "gut": 1 - 0.40 * 0.64}}
PLACES = ["nasal", "im", "sc", "sl", "gut", "central", "shallow", "deep", "nk", "nk_deep", "hnk"]


def close(what, got, expected, relative, absolute=0.0):
    check(f"{what}:", abs(got - expected) <= relative * abs(expected) + absolute,
          f"{got:.5g}, expected {expected:.5g} ({100 * (got / expected - 1):+.2f} %)")


# ---- the reference: linear, so exact between doses

def matrix(drug):
    p = {**SHARED, **drug}
    at = {name: i for i, name in enumerate(PLACES)}
    A = np.zeros((len(PLACES), len(PLACES)))

    def flow(origin, rate, share):  # share: what of it arrives where; the rest is lost
        A[at[origin], at[origin]] -= rate
        for target, part in share.items():
            A[at[target], at[origin]] += rate * part

    for place, ka in KA.items():
        flow(place, ka, {"central": 1.0})
    lost = 1 - p["F_g"]
    flow("gut", p["ka_g"], {"central": p["F_g"], "nk": lost * p["fm_g"] * (1 - p["fh_g"]),
                            "hnk": lost * p["fm_g"] * p["fh_g"]})
    flow("central", p["CL"] / p["V1"], {"nk": p["fm"]})
    flow("central", p["Q2"] / p["V1"], {"shallow": 1.0})
    flow("shallow", p["Q2"] / p["V2"], {"central": 1.0})
    flow("central", p["Q3"] / p["V1"], {"deep": 1.0})
    flow("deep", p["Q3"] / p["V3"], {"central": 1.0})
    flow("nk", p["CLN"] / p["VN"], {"hnk": p["fh"]})
    flow("nk", p["QN"] / p["VN"], {"nk_deep": 1.0})
    flow("nk_deep", p["QN"] / p["VNp"], {"nk": 1.0})
    flow("hnk", p["CLH"] / p["VH"], {})
    return A


def exponential(A):
    """Scaling and squaring of the Taylor series; the norm is brought below 2^-10, so 8 terms are exact to rounding."""
    s = max(0, int(np.ceil(np.log2(max(np.abs(A).sum(axis=0).max(), 1e-300)))) + 10)
    term = result = np.eye(len(A))
    for k in range(1, 9):
        term = term @ (A / 2.0 ** s) / k
        result = result + term
    for _ in range(s):
        result = result @ result
    return result


def course(drug, doses, hours, step=1 / 1200):
    """doses: (route, mg, start h, infusion h). Times and ng/mL of ketamine and norketamine; the step is 3 s."""
    n = len(PLACES)
    A = matrix(drug)
    extended = np.zeros((n + 1, n + 1))
    times = np.arange(round(hours / step) + 1) * step
    y = np.zeros(n)
    values = np.zeros((len(times), n))
    cached = {}
    for k in range(len(times)):
        for route, mg, start, length in doses:
            if length == 0 and round(start / step) == k:
                for place, share in ROUTES[route].items():
                    y[PLACES.index(place)] += share * mg * 1000 / MASS["K"]
        values[k] = y
        into = np.zeros(n)
        for route, mg, start, length in doses:
            if length > 0 and round(start / step) <= k < round((start + length) / step):
                for place, share in ROUTES[route].items():
                    into[PLACES.index(place)] += share * mg * 1000 / MASS["K"] / length
        key = into.tobytes()
        if key not in cached:
            extended[:n, :n], extended[:n, n] = A, into
            cached[key] = exponential(extended * step)
        y = (cached[key] @ np.append(y, 1.0))[:n]
    ketamine = values[:, PLACES.index("central")] / SHARED["V1"] * MASS["K"]
    norketamine = values[:, PLACES.index("nk")] / SHARED["VN"] * MASS["N"]
    return times, ketamine, norketamine


# ---- the program

def record(route, mg, start, length):
    return {"route": route, "amt": f"{mg} mg", "time": f"{start!r} h", **({"tinf": f"{length!r} h"} if length else {})}


ENDPOINTS = [{"name": "cmax", "of": "plasma_ketamine", "kind": "max"},
             {"name": "tmax", "of": "plasma_ketamine", "kind": "time_of_max"},
             {"name": "nk_cmax", "of": "plasma_norketamine", "kind": "max"},
             {"name": "auc", "of": "plasma_ketamine", "kind": "integral"},
             {"name": "nk_auc", "of": "plasma_norketamine", "kind": "integral"},
             {"name": "hnk_auc", "of": "plasma_hnk", "kind": "integral"}]


def write_study(variants, doses, hours, endpoints):
    path = os.path.join(folder.name, "study.json")
    with open(path, "w") as out:
        json.dump({"model": os.path.join(source, "configs/models/ketamine.json"), "variants": variants,
                   "regimen": [record(*dose) for dose in doses], "horizon": f"{hours} h", "endpoints": endpoints,
                   "solver": {"rtol": 1e-7, "precision": "double"}}, out)
    return path


def program(doses, variants=(), points=({"rho_G": 1.0},), hours=24.0, endpoints=ENDPOINTS):
    """One dictionary of endpoints for every point."""
    path, table = write_study(list(variants), doses, hours, endpoints), os.path.join(folder.name, "points.tsv")
    with open(table, "w") as out:
        for row in [list(points[0])] + [point.values() for point in points]:
            print(*row, sep="\t", file=out)
    done = subprocess.run([ketamap, "evaluate", path, "--points", table, "--strict"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"evaluate ended with {done.returncode}: {done.stderr}")
    rows = list(csv.reader(done.stdout.splitlines(), delimiter="\t"))
    return [dict(zip(rows[0], map(cell, row))) for row in rows[1:]]


MINUTE = 1 / 60
DRUGS = {"racemate": RACEMATE, "esketamine": S, "arketamine": R}


def nasal(devices):
    return [("nasal_first" if i == 0 else "nasal_later", 28.0, 5 * i * MINUTE, 0.0) for i in range(devices)]


def compare(label, got, numbers, doses, hours=6.0):
    t, ketamine, norketamine = course(numbers, doses, hours)
    close(f"{label}: Cmax, ng/mL", got["cmax"], ketamine.max(), 2e-4)
    close(f"{label}: Tmax, h", got["tmax"], t[ketamine.argmax()], 2e-3)
    close(f"{label}: norketamine Cmax, ng/mL", got["nk_cmax"], norketamine.max(), 2e-4)


# ---- every route and enantiomer: the course against the matrix exponential; to infinity against what the route
# delivers, since area times clearance is the amount that passed

for route, shares in ROUTES.items():
    doses = [(route, 40.0, 0.0, 2 / 3 if route == "iv" else 0.0)]
    for (drug, numbers), got in zip(DRUGS.items(), program(doses, points=list(DRUGS.values()), hours=400.0)):
        p = {**SHARED, **numbers}
        gut = shares.get("gut", 0.0)
        ketamine = sum(part for place, part in shares.items() if place != "gut") + gut * p["F_g"]
        first_pass = gut * (1 - p["F_g"]) * p["fm_g"]
        norketamine = p["fm"] * ketamine + first_pass * (1 - p["fh_g"])
        hnk = p["fh"] * norketamine + first_pass * p["fh_g"]
        dose = 40e3 / MASS["K"]  # umol
        compare(f"{drug}, {route}", got, numbers, doses)
        close(f"{drug}, {route}: ketamine, share of the dose", got["auc"] / MASS["K"] * p["CL"] / dose, ketamine, 1e-4)
        close(f"{drug}, {route}: norketamine formed", got["nk_auc"] / MASS["N"] * p["CLN"] / dose, norketamine, 1e-4)
        close(f"{drug}, {route}: HNK formed", got["hnk_auc"] / MASS["H"] * p["CLH"] / dose, hnk, 1e-4)

mixed = [("im", 20.0, 0.0, 0.0), ("sc", 10.0, 0.25, 0.0), ("oral", 30.0, 0.5, 0.0), ("iv", 15.0, 1.0, 0.5)] + nasal(1)
for (drug, numbers), got in zip(DRUGS.items(), program(mixed, points=list(DRUGS.values()), hours=6.0)):
    compare(f"{drug}, five routes together", got, numbers, mixed)

# ---- the figures that the parameter set was made for, with the variants

for devices, cmax, tmax, nk in ((1, 44.5, 35, 56.5), (2, 76.8, 33, 115), (3, 108.8, 31, 173)):
    got, = program(nasal(devices), ["esketamine"])
    label, last = f"nasal esketamine {28 * devices} mg", 5 * (devices - 1)
    compare(label, got, S, nasal(devices))
    close(f"{label}: Cmax, ng/mL", got["cmax"], cmax, 0.02)
    close(f"{label}: Tmax after the last spray, min", 60 * got["tmax"] - last, tmax, 0.02)
    close(f"{label}: noresketamine Cmax, ng/mL", got["nk_cmax"], nk, 0.02)

for weight, cmax in ((70, 181), (75, 194), (80, 207)):
    got, = program([("iv", 0.5 * weight, 0.0, 2 / 3)])
    close(f"iv 0.5 mg/kg over 40 min, {weight} kg: Cmax, ng/mL", got["cmax"], cmax, 0.02)
slow = [("iv", 35.0, 0.0, 2 / 3)]
compare("arketamine, the variant", program(slow, ["arketamine"])[0], R, slow)

# The next two were printed as read off a grid of 3 min, coarse beside their own peaks: the same grid here, and the
# true peak by itself.
GRID = [{"name": f"at_{k}", "of": "plasma_ketamine", "kind": "value", "at": f"{3 * k} min"} for k in range(1, 31)]


def read_off(got):
    values = [got[end["name"]] for end in GRID]
    return max(values), 0.05 * (1 + values.index(max(values)))


esketamine = [("iv", 28.0, 0.0, 2 / 3)]
got, = program(esketamine, ["esketamine"], endpoints=ENDPOINTS + GRID)
compare("iv esketamine 28 mg over 40 min", got, S, esketamine)
close("iv esketamine 28 mg over 40 min: Cmax on the grid, ng/mL", read_off(got)[0], 141, 0.005)
close("iv esketamine 28 mg over 40 min: Cmax, ng/mL (published: 100)", got["cmax"], 141, 0.02)
sublingual = [("sublingual", 25.0, 0.0, 0.0)]
got, = program(sublingual, endpoints=ENDPOINTS + GRID)
compare("sublingual 25 mg", got, RACEMATE, sublingual)
close("sublingual 25 mg: Cmax, ng/mL", got["cmax"], 26.5, 0.02)
close("sublingual 25 mg: Tmax on the grid, h", read_off(got)[1], 0.60, 1e-9)
close("sublingual 25 mg: norketamine Cmax, ng/mL", got["nk_cmax"], 54, 0.02)

# ---- enantiomers combine with hypotheses and controls without a warning

for other in ("H1", "H2", "H3", "midazolam", "tolerance"):
    for drug in ("esketamine", "arketamine"):
        path = write_study([drug, other], slow, 24.0, ENDPOINTS)
        done = subprocess.run([ketamap, "check", path, "--strict"], capture_output=True, text=True)
        close(f"{drug} with {other}: exit code of check --strict", done.returncode + 1, 1, 0)

end()
