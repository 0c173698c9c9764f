#!/usr/bin/env python3
"""How time and memory follow the number of points.

    tests/bench/scaling.py build/ketamap [--largest 1e8] [--repeats 3] [--device SEL] [--output FILE.json]

Two tables, by the CPU clock (the machine may be shared):
- many points of a cheap model (decay, one bolus, 24 h, one endpoint) as a square grid of 1e5 to `largest` points: seconds, bytes on
  disk, most memory; and the slope of log(seconds) over log(points), which is 1 where time is linear;
- few points of an expensive one (KET-PD20, 28 days, six infusions): cost of a point against the best of all sizes.
The seconds are those of the run itself (run.json: from the first point to the last byte written), without start-up and
build, which the last column has. Leaves nothing behind; the largest map takes about 270 MB. Exit code 1 where a goal is
missed: slope within 5 % of 1, memory within 20 MB of that of 1e6 points, cost within 10 % of the best from 20,000 points on and
within a factor of 2 at 1,000."""
import argparse, json, math, os, random, shutil, statistics, subprocess, sys, tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("ketamap")
parser.add_argument("--largest", type=float, default=1e8)
parser.add_argument("--repeats", type=int, default=3)
parser.add_argument("--device")
parser.add_argument("--output")
arguments = parser.parse_args()
if not 1e6 <= arguments.largest <= 1e8 or arguments.repeats < 1:
    parser.error("--largest is from 1e6 to 1e8, --repeats 1 or more")
ketamap = os.path.abspath(arguments.ketamap)
source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
folder = tempfile.mkdtemp(prefix="ketamap-scaling-")


def axis(name, of, kind, low, high, n):
    return {"name": name, "of": of, kind: [low, high, n]}


def cheap(n):
    """n points, a square, as two axes. Their values are in random order: on an ordered axis neighbours are more alike the
    finer it is, and alike points compress and integrate faster, so that time would grow more slowly than points."""
    side = math.isqrt(n)
    rng = random.Random(1)
    shuffled = [rng.sample([low + (high - low) * i / (side - 1) for i in range(side)], side) for low, high in ((2, 50), (10, 400))]
    return {"model": f"{source}/configs/models/decay.json", "horizon": "24 h", "regimen": [{"route": "iv", "amt": "100 mg"}],
            "design": {"axes": [{"name": "clearance", "of": "CL", "values": shuffled[0]},
                                {"name": "dose", "of": "regimen[0].amt", "values": shuffled[1]}]},
            "endpoints": [{"name": "until", "of": "concentration", "kind": "last_time", "when": ">= 1"}],
            "solver": {"rtol": 1e-4, "precision": "single"}}


def expensive(n):
    """n points as two axes of KET-PD20; n is a multiple of 20. Values in random order, as above."""
    rng = random.Random(2)
    density = rng.sample([0.4 * 5 ** (i / (n // 20 - 1)) for i in range(n // 20)], n // 20)
    return {"model": f"{source}/configs/models/ketamine.json", "horizon": "28 d",
            "regimen": [{"route": "iv", "amt": "0.5 mg/kg", "tinf": "40 min", "time": "0 h", "ii": "84 h", "addl": 5}],
            "design": {"axes": [axis("dose", "regimen[0].amt", "log", "0.1 mg/kg", "2 mg/kg", 20),
                                {"name": "density", "of": "rho_NI", "values": density}]},
            "endpoints": [{"name": "duration", "of": "madrs_reduction", "kind": "time_in", "when": ">= 0.5"},
                          {"name": "peak", "of": "madrs_change", "kind": "min"}],
            "solver": {"rtol": 1e-4, "precision": "single"}}


def measure(study):
    """One run: (its CPU seconds, bytes of the map, most memory in MB, CPU seconds of the whole process)."""
    path, out = f"{folder}/study.json", f"{folder}/map.zarr"
    with open(path, "w") as file:
        json.dump(study, file)
    shutil.rmtree(out, ignore_errors=True)
    device = ["--device", arguments.device] if arguments.device else []
    process = subprocess.Popen([ketamap, "run", path, "--output", out, "--no-audit", "--quiet", *device])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"ketamap failed: {study}")
    with open(f"{out}/run.json") as file:
        run = json.load(file)
    size = sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(out) for name in names)
    shutil.rmtree(out)
    return run["cpu_seconds"], size, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def table(make, sizes):
    """[(n, [seconds of each repeat], bytes, MB, seconds of the whole process)], sizes interleaved; the first run warms caches."""
    measure(make(sizes[0]))
    runs = {n: [] for n in sizes}
    for repeat in range(arguments.repeats):
        for n in sizes:
            if repeat == 0 or n < 5e7:
                runs[n].append(measure(make(n)))
    return [(n, sorted(r[0] for r in rows), rows[0][1], max(r[2] for r in rows), statistics.median(r[3] for r in rows))
            for n, rows in runs.items()]


def slope(rows):
    x, y = [math.log(r[0]) for r in rows], [math.log(statistics.median(r[1])) for r in rows]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)


def show(title, rows, best, least=False):
    print(f"\n{title}\n| points | CPU seconds (low to high) | us a point | of the best | MB on disk | most memory, MB | whole process, s |")
    print("|---|---|---|---|---|---|---|")
    for n, seconds, size, memory, whole in rows:
        middle = statistics.median(seconds)
        print(f"| {n:,} | {middle:.3f} ({seconds[0]:.3f} to {seconds[-1]:.3f}) | {1e6 * middle / n:.3f} | {(seconds[0] if least else middle) / n / best:.2f} "
              f"| {size / 1e6:.2f} | {memory:.0f} | {whole:.2f} |")


try:
    many = table(cheap, [side ** 2 for side in (316, 1000, 3162, 10000) if side ** 2 <= arguments.largest])
    few = table(expensive, [1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000])
finally:
    shutil.rmtree(folder, ignore_errors=True)
cost = {n: s[0] / n for n, s, *_ in few}  # the least of the repeats: neighbours only ever add to it
best = min(cost.values())
show("Many points of a cheap model", many, min(statistics.median(r[1]) / r[0] for r in many))
show("Few points of an expensive model (of the best: by the least of the repeats)", few, best, True)
memory = {r[0]: r[3] for r in many}
missed = []
if not 0.95 <= slope(many) <= 1.05:
    missed.append(f"slope {slope(many):.3f}")
if max(memory.values()) > memory.get(10 ** 6, max(memory.values())) + 20:
    missed.append(f"memory {max(memory.values()):.0f} MB")
if max(cost[n] for n in cost if n >= 20000) > 1.1 * best:
    missed.append("cost above 20,000 points")
if cost[1000] > 2 * best:
    missed.append("cost of 1,000 points")
print(f"\nslope {slope(many):.3f}; 1,000 points at {best / cost[1000]:.2f} of the best rate; missed: {', '.join(missed) or 'nothing'}")
if arguments.output:
    with open(arguments.output, "w") as file:
        json.dump({"slope": slope(many), "many": many, "few": few, "missed": missed}, file)
sys.exit(bool(missed))
