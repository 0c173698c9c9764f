"""KET-PD20 models per core-second, interleaved rounds, beside the device's own multiply-add rate.

usage: rate.py KETAMAP SOURCE [ROUNDS]
Regime a: dose, interval and three receptor densities vary on a log grid of 16,384 points. Regime b: all 60 free
pharmacodynamic parameters, 16,384 random points. 28 days, six infusions of 0.5 mg/kg over 40 min (regime b) or with
varying dose and interval (a), rtol 1e-4, endpoints: onset of 50 % and of 10 points, duration, peak, CADSS."""
import json, math, os, random, re, statistics, subprocess, sys, tempfile

ketamap, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
model = os.path.join(source, "configs/models/ketamine.json")
ends = [{"name": "onset", "of": "madrs_reduction", "kind": "first_time", "when": ">= 0.5"},
        {"name": "ten", "of": "madrs_change", "kind": "first_time", "when": "<= -10"},
        {"name": "duration", "of": "madrs_reduction", "kind": "time_in", "when": ">= 0.5"},
        {"name": "peak", "of": "madrs_change", "kind": "min"}, {"name": "cadss", "of": "cadss", "kind": "max"}]
six = [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", "time": f"{t} h"} for t in (0, 48, 96, 168, 216, 264)]
spread = [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", "time": "0 h", "ii": "56 h", "addl": 5}]
axes = [("dose", "regimen[0].amt", "0.1 mg/kg", "2 mg/kg", 8), ("interval", "regimen[0].ii", "24 h", "112 h", 8),
        ("rho_NI", "rho_NI", 0.4, 2, 8), ("rho_A", "rho_A", 0.4, 2, 8), ("rho_T", "rho_T", 0.4, 2, 4)]

with tempfile.TemporaryDirectory() as folder:
    def write(name, text):
        path = os.path.join(folder, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    grid = [[]]
    for name, of, low, high, n in axes:
        number = lambda v: float(str(v).split()[0])
        values = [number(low) * (number(high) / number(low)) ** (i / (n - 1)) for i in range(n)]
        grid = [row + [v] for row in grid for v in values]
    points = {"a": write("a.tsv", "\t".join(a[0] for a in axes) + "\n" +
                         "".join("\t".join("%.17g" % v for v in row) + "\n" for row in grid))}
    free = {n: p for n, p in json.load(open(model))["parameters"].items()
            if p.get("group") not in ("PK", "weight", "chemistry") and n not in ("b_R", "b_AMPA")}
    random.seed(1)
    rows = []
    for _ in range(16384):
        row = []
        for p in free.values():
            low, high = p["range"]
            law = p["uncertainty"] if isinstance(p["uncertainty"], str) else p["uncertainty"]["law"]
            row.append(math.exp(random.uniform(math.log(low), math.log(high))) if law.startswith("log") and low > 0
                       else random.uniform(low, high))
        rows.append("\t".join("%.17g" % v for v in row))
    points["b"] = write("b.tsv", "\t".join(free) + "\n" + "\n".join(rows) + "\n")
    cases = {}
    for regime in "ab":
        for precision in ("single", "double"):
            body = {"model": model, "regimen": spread if regime == "a" else six, "horizon": "28 d", "endpoints": ends,
                    "solver": {"rtol": 1e-4, "precision": precision}}
            if regime == "a":
                body["design"] = {"axes": [{"name": n, "of": of, "log": [low, high, k]} for n, of, low, high, k in axes]}
            cases[regime, precision] = (write(f"{regime}-{precision}.json", json.dumps(body)), [], [])
    for _ in range(rounds):
        for (regime, precision), (study, rates, steps) in cases.items():
            run = subprocess.run([ketamap, "evaluate", study, "--points", points[regime]], capture_output=True, text=True,
                                 check=True)
            rates.append(float(re.search(r"([0-9]+) a core-second", run.stderr).group(1)))
            if not steps:
                table = [line.split("\t") for line in run.stdout.splitlines()]
                steps.append(statistics.mean(float(row[-1]) for row in table[1:]))
    print("regime precision  models/core-s  (low to high)   mean steps")
    for (regime, precision), (_, rates, steps) in cases.items():
        print(f"{regime}      {precision}     {statistics.median(rates):9.0f}     ({min(rates):.0f} to {max(rates):.0f})   {steps[0]:.1f}")
