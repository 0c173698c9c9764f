"""Is the audit honest? The quickstart on a coarser grid: the 99th percentile of each endpoint's error that the map states
against the one measured with CVODE (1e-10) on the very points the audit took.

usage: check_audit.py KETAMAP SOURCE; exit 77 when the oracle was not built (no SUNDIALS)."""
import csv, json, math, os, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import cell, check, end

ketamap, source = sys.argv[1], sys.argv[2]
oracle = os.path.join(os.path.dirname(ketamap), "oracle")
if not os.path.exists(oracle):
    print("skipped: the oracle is not built (libsundials-dev)")
    sys.exit(77)

SHAPE, POINTS = (32, 12, 24), 256
COLUMNS = {"onset": "onset_50", "duration": "duration_50", "peak": "peak", "dissociation": "cadss_peak"}


def table(text):
    rows = list(csv.reader(text.splitlines(), delimiter="\t"))
    return {name: [cell(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def axis(a):
    if "log" in a:
        low, high, n = a["log"]
        low, high = number(low), number(high)
        return [low * (high / low) ** (i / (n - 1)) for i in range(n)]
    low, high, n = a["linear"]
    return [number(low) + (number(high) - number(low)) * i / (n - 1) for i in range(n)]


def number(value):
    return float(str(value).split()[0])


def write(path, names, rows):
    with open(path, "w") as out:
        print(*names, sep="\t", file=out)
        for row in rows:
            print(*(repr(x) for x in row), sep="\t", file=out)


with tempfile.TemporaryDirectory() as folder:
    study = json.load(open(os.path.join(source, "configs/studies/quickstart.json")))
    study["model"] = os.path.join(source, "configs/models/ketamine.json")
    for a, n in zip(study["design"]["axes"], SHAPE):
        a["log" if "log" in a else "linear"][2] = n
    path = os.path.join(folder, "study.json")
    json.dump(study, open(path, "w"))

    # where the audit looks: ranks along the golden ratio
    values, points = [axis(a) for a in study["design"]["axes"]], []
    for i in range(POINTS):
        rank = int(math.fmod((i + 1) * 0.61803398874989485, 1.0) * math.prod(SHAPE))
        place = []
        for n in reversed(SHAPE):
            place.insert(0, rank % n)
            rank //= n
        points.append([v[k] for v, k in zip(values, place)])
    ours_file, truth_file = os.path.join(folder, "ours.tsv"), os.path.join(folder, "truth.tsv")
    write(ours_file, [a["name"] for a in study["design"]["axes"]], points)
    write(truth_file, ["dose_mg_per_kg", "interval_h", "rho_NI"], points)
    truth = table(output(oracle, truth_file, "--horizon", str(24 * number(study["horizon"]))))

    for where in ([], ["--no-double"]):
        target = os.path.join(folder, "map%d.zarr" % len(where))
        output(ketamap, "run", path, "--output", target, "--quiet", *where)
        ours = table(output(ketamap, "evaluate", path, "--points", ours_file, *where))
        for name, column in COLUMNS.items():
            said = json.load(open(os.path.join(target, name, ".zattrs")))
            happens = [x > 0 if name == "duration" else not math.isnan(x) for x in truth[column]]
            seen = [s != "never" for s in ours[name + "_state"]]
            errors = sorted(abs(x - y) for x, y, a, b in zip(truth[column], ours[name], happens, seen) if a and b)
            flips = sum(a != b for a, b in zip(happens, seen))
            p99 = errors[int(0.99 * len(errors))]
            label = f"{' '.join(where) or 'device'}: {name}"
            check(f"{label}: p99 {said['error_p99']:.3g} in the map, {p99:.3g} measured over {len(errors)} points",
                  0.5 * p99 <= said["error_p99"] <= 2.0 * p99)
            check(f"{label}: {said['error_points']} points, {said['error_flips']} flips; measured {len(errors)}, {flips}",
                  abs(said["error_points"] - len(errors)) <= 1 and abs(said["error_flips"] - flips) <= 1)

end()
