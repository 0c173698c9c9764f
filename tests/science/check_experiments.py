#!/usr/bin/env python3
"""What the experiments of configs/models/ketamine.json must show: blocks within a window against the shares that the model
was published with, the rise of blood pressure against its closed form, tolerance against its definition.

usage: check_experiments.py KETAMAP SOURCE"""
import csv
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import cell, end, folder, near

ketamap, source = sys.argv[1], sys.argv[2]


def evaluate(endpoints, points, hours, dose={}, **keys):
    path, table = os.path.join(folder.name, "study.json"), os.path.join(folder.name, "points.tsv")
    infusion = {"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", **dose}
    with open(path, "w") as out:
        json.dump({"model": os.path.join(source, "configs/models/ketamine.json"), "regimen": [infusion],
                   "horizon": f"{hours} h", "endpoints": endpoints, "solver": {"rtol": 1e-6, "precision": "double"},
                   **keys}, out)
    with open(table, "w") as out:
        for row in [list(points[0])] + [point.values() for point in points]:
            print(*row, sep="\t", file=out)
    done = subprocess.run([ketamap, "evaluate", path, "--points", table], check=True, capture_output=True, text=True)
    rows = list(csv.reader(done.stdout.splitlines(), delimiter="\t"))
    return [dict(zip(rows[0], map(cell, row))) for row in rows[1:]]


# ---- blocks: what is left at 24 h of [ketamine + block] - [block], relative to [ketamine]

ENDS = [{"name": "strength", "of": "synaptic_strength", "kind": "value", "at": "24 h"},
        {"name": "mood", "of": "mood", "kind": "value", "at": "24 h"},
        {"name": "drug_24h", "of": "madrs_drug", "kind": "value", "at": "24 h"},
        {"name": "drug_7d", "of": "madrs_drug", "kind": "value", "at": "168 h"}]


def point(dose, ampa=(0.0, 24.0), rapamycin=(0.0, 24.0)):
    return {"regimen[0].amt": dose, "b_AMPA": ampa[0], "b_AMPA_off": ampa[1], "b_R": rapamycin[0],
            "b_R_off": rapamycin[1]}


blocks = {"2 h of AMPA block": {"ampa": (1, 2)}, "6 h of AMPA block": {"ampa": (1, 6)},
          "24 h of AMPA block": {"ampa": (1, 24)}, "24 h of rapamycin": {"rapamycin": (0.9, 24)},
          "6 h of rapamycin": {"rapamycin": (0.9, 6)}}
points = [point(0.5)] + [point(dose, **block) for block in blocks.values() for dose in (0.5, 0.0)]
got = evaluate(ENDS, points, 168)
alone = got[0]
with_block = dict(zip(blocks, got[1::2]))
block_only = dict(zip(blocks, got[2::2]))
for block, strength, mood in (("2 h of AMPA block", 64, 87), ("6 h of AMPA block", 37, 68),
                              ("24 h of AMPA block", 0, 0), ("24 h of rapamycin", 82, None)):
    left = {end: 100 * (with_block[block][end] - block_only[block][end]) / (alone[end] - untreated)
            for end, untreated in (("strength", 1.0), ("mood", 0.0))}
    near(f"{block}: share of strength left, %", left["strength"], strength, 0.6)
    if mood is not None:
        near(f"{block}: share of mood left, %", left["mood"], mood, 0.6)
near("6 h of AMPA block without ketamine, points", block_only["6 h of AMPA block"]["drug_24h"], 2.6, 0.05)
near("ketamine at 7 d, points", alone["drug_7d"], -5.8, 0.05)
near("ketamine with 6 h of rapamycin at 7 d, points", with_block["6 h of rapamycin"]["drug_7d"], -4.8, 0.05)

# the same block where its times are not columns but numbers in the program
literal = evaluate(ENDS, [{"rho_G": 1}], 168, set={"b_AMPA": 1, "b_AMPA_off": "6 h"})[0]
near("6 h of AMPA block, times in the program or in the points: strength", literal["strength"],
      with_block["6 h of AMPA block"]["strength"], 1e-5)

# ---- blood pressure: a delay leaves areas unchanged, so that of the rise is s_BP * dose / clearance

ENDS = [{"name": "area", "of": "systolic_rise", "kind": "integral"}, {"name": "peak", "of": "systolic_rise", "kind": "max"},
        {"name": "when", "of": "systolic_rise", "kind": "time_of_max"}, {"name": "cmax", "of": "plasma_ketamine", "kind": "max"}]
slow, fast = evaluate(ENDS, [{"ke0": 6.8}, {"ke0": 2000.0}], 400)
area = 0.082 * 37.5 * 1000 / 86.4
near("area of the rise of systolic pressure, mmHg h", slow["area"], area, 1e-3 * area)
near("its peak without a delay is s_BP * Cmax, mmHg", fast["peak"], 0.082 * slow["cmax"], 0.01)
near("its peak, mmHg, within an SD of the 16 observed", slow["peak"], 16, 11.2)
near("its time, h, within 12 min of the infusion's end", slow["when"], 2 / 3 + 0.1, 0.1)

# ---- tolerance: about 0.8 times from one infusion to the next, twice a week; none where it is off

ENDS = [{"name": f"c{k}", "of": "cadss", "kind": "max", "after": f"{84 * k} h", "before": f"{84 * k + 40} h"}
        for k in range(6)]
six = {"ii": "84 h", "addl": 5}
for variants, low, high in ((["tolerance"], 0.78, 0.87), ([], 0.999, 1.001)):
    cadss = evaluate(ENDS, [{"rho_G": 1}], 504, six, variants=variants)[0]
    for k in range(1, 6):
        ratio = cadss[f"c{k}"] / cadss[f"c{k - 1}"]
        near(f"{variants} CADSS of infusion {k + 1} relative to the one before", ratio, (low + high) / 2, (high - low) / 2)
off, on = (evaluate(ENDS, [{"rho_G": 1}], 504, six, variants=v)[0]["c0"] for v in ([], ["tolerance"]))
near("tolerance within the first infusion, share of CADSS", on / off, 1, 0.04)

end()
