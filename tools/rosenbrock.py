"""Rosenbrock methods of Rodas4's structure (kernels/rosenbrock.h): what a table of coefficients is worth, and a search for a better one.

usage: rosenbrock.py KETAMAP SOURCE compare [STUDY.json...]   kernels/rodas4k.h beside kernels/rodas4.h, for shipped studies or yours
       rosenbrock.py KETAMAP SOURCE search SECONDS TABLE.h    from kernels/rodas4k.h on; the best so far is in TABLE.h

What counts is the number of steps at equal errors: with errors E (of every endpoint the median, the 90th and the 99th percentile, against a
tolerance of 1e-9 and relative to Rodas4's; the root mean square of these ratios) at N steps, N E^(1/4), relative to Rodas4's. It does not
depend on the tolerances up to which steps are accepted. `compare` looks at shipped studies at rtol 1e-4 and 1e-6; the search at
KET-PD20, with the regimen varied or all parameters of patients ("a" and "b" of `ketamap bench`).

A method has 26 coefficients here. 16 conditions hold for all of them (tests/science/check_rosenbrock.py says which), and two more put stage 3 at
the step's start, so that it needs no rates of its own: a search has eight directions. It needs numpy, and cma from PyPI. Every method is compiled
anew: an hour is some hundreds of them."""
import csv, json, math, os, re, shutil, subprocess, sys, tempfile

import numpy as np

S = 6
ONE = np.ones(S)
TOLERANCES = (1e-4, 1e-6)
# What the search looks at, and how heavy each is.
SEARCHED = {("regimens", 1e-4): 0.3, ("patients", 1e-4): 0.6, ("patients", 1e-6): 0.1}
COMPARED = ["regimens", "patients", "endpoints", "hypotheses", "ampa-block", "decay", "routes", "harmonic-oscillator", "lotka-volterra",
            "van-der-pol", "oregonator", "hires", "robertson"]


# ---- methods: alpha (where stages ask), beta (that and gamma), both S x S; x is the 26 numbers of them that are free of the structure

def from_table(path):
    number = {key: float(value) for key, value in re.findall(r"#define KM_(\w+) R\(([^)]+)\)", open(path).read())}
    A, C = np.zeros((S, S)), np.zeros((S, S))
    for i in range(S):
        for j in range(i):
            A[i, j], C[i, j] = number.get(f"A_{i + 1}{j + 1}", 0.0), number[f"C_{i + 1}{j + 1}"]
    A[5] = A[4] + np.eye(S)[4]
    G = np.linalg.inv(np.eye(S) / number["GAMMA"] - C)
    return A @ G, A @ G + G


def pack(alpha, beta):
    return np.concatenate([[beta[0, 0]]] + [alpha[i, :i] for i in range(1, 5)] + [beta[i, :i] for i in range(1, 6)])


def unpack(x):
    alpha, beta, at = np.zeros((S, S)), np.eye(S) * x[0], 1
    for m, rows in ((alpha, range(1, 5)), (beta, range(1, 6))):
        for i in rows:
            m[i, :i] = x[at:at + i]
            at += i
    alpha[5] = beta[4]
    return alpha, beta


def conditions(x):
    alpha, beta = unpack(x)
    a, b, omega = alpha.sum(1), beta.sum(1), np.linalg.inv(beta)
    trees = [(ONE, 1), (b, 1 / 2), (a**2, 1 / 3), (beta @ b, 1 / 6), (a**3, 1 / 4), (a * (alpha @ b), 1 / 8), (beta @ a**2, 1 / 12),
             (beta @ (beta @ b), 1 / 24)]
    return np.array([beta[5] @ v - w for v, w in trees] + [beta[4] @ v - w for v, w in trees[:4]] +
                    [a[4] - 1, beta[5] @ (a * (alpha @ (omega @ a**2))) - 1 / 4, (alpha[4] @ omega).sum() - 1,
                     alpha[4] @ omega @ a**2 - 1, alpha[2, 0], alpha[2, 1]])


def slopes(x):
    step = 1e-6 * np.eye(len(x))
    return np.array([(conditions(x + d) - conditions(x - d)) / 2e-6 for d in step]).T


def project(x):
    """The method near x that keeps all conditions, or None."""
    for _ in range(60):
        wrong = conditions(x)
        if np.abs(wrong).max() < 1e-13:
            return x
        move = np.linalg.lstsq(slopes(x), -wrong, rcond=1e-9)[0]
        x = x + move * min(1.0, 0.5 / np.abs(move).max())
        if not np.all(np.isfinite(x)) or np.abs(x).max() > 50:
            return None
    return x if np.abs(conditions(x)).max() < 1e-11 else None


def transformed(alpha, beta):
    """A and C of the table."""
    inverse = np.linalg.inv(beta - alpha)
    return alpha @ inverse, np.diag(np.diag(inverse)) - inverse


def blemish(x):
    """0 for a method that is A-stable (both results), asks within the step, and has coefficients of a moderate size."""
    alpha, beta = unpack(x)
    a, (A, C) = alpha.sum(1), transformed(alpha, beta)
    y = np.concatenate([np.linspace(0.1, 6, 40), np.geomspace(7, 1e3, 10)])
    grows = max(abs(1 + 1j * v * w @ np.linalg.solve(np.eye(S) - 1j * v * beta, ONE)) for v in y for w in (beta[5], beta[4])) - 1
    stages = np.abs(1 - (alpha @ np.linalg.inv(beta)).sum(1)).max() # what a stage makes of what decays at once
    return (50 * max(0, grows - 1e-7) + 5 * np.maximum(0, np.maximum(-a, a - 1 - 1e-9)).sum() + 0.02 * max(0, np.abs(C).max() - 60) +
            0.05 * max(0, np.abs(A).max() - 25) + 0.3 * max(0, stages - 1.5))


def table(alpha, beta, like):
    """The text of a table with these coefficients and the comments of another."""
    (A, C), G = transformed(alpha, beta), beta - alpha
    a, b, omega = alpha.sum(1), beta.sum(1), np.linalg.inv(beta)
    of = np.array([G @ v for v in (ONE, b, a**2, beta @ b, omega @ a**2)])[:, :5]
    number = {"GAMMA": beta[0, 0], "INVERSE_GAMMA": 1 / beta[0, 0]}
    for i in range(S):
        number[f"NODE_{i + 1}"], number[f"SLOPE_{i + 1}"] = a[i], G.sum(1)[i]
        for j in range(i):
            number[f"A_{i + 1}{j + 1}"], number[f"C_{i + 1}{j + 1}"] = A[i, j], C[i, j]
    for name, right in (("A", [0, -1 / 2, -1 / 3, -1 / 6, -1]), ("B", [0, 0, -1 / 3, -1 / 6, 0])):
        for i, v in enumerate(np.linalg.solve(of, right)):
            number[f"DENSE_{name}_{i + 1}"] = v
    return re.sub(r"#define KM_(\w+) R\([^)]+\)", lambda m: f"#define KM_{m[1]} R({digits(number[m[1]])})", open(like).read())


def digits(value):
    text = f"{value:.17g}" if abs(value) > 1e-15 else "0"
    return text if "." in text or "e" in text else text + ".0"


# ---- studies

def study(source, name, rtol):
    """A study in double precision at this tolerance, few points of it."""
    own = {"regimens": "quickstart", "patients": "sensitivity-ketamine"}
    file = name if name.endswith(".json") else os.path.join(source, "configs/studies", own.get(name, name) + ".json")
    body = json.load(open(file))
    places = [(body, "model")] + [(body.get(block, {}), key) for block, key in (("regimen", "csv"), ("parameters", "from"))]
    for block, key in places + [(body.get("design", {}).get("list", {}), "file")]: # it runs in another folder
        if key in block:
            block[key] = os.path.abspath(os.path.join(os.path.dirname(file), block[key]))
    body["solver"] = {"rtol": rtol, "precision": "double", "max_steps": 1000000}
    body["output"] = {"type": "float64"}
    if name == "regimens": # what `ketamap bench` calls a
        factors = body["design"]["axes"] + [{"name": n, "of": n, "log": [0.5, 2]} for n in ("rho_G", "rho_A")]
        for f in factors:
            f.update({k: f[k][:2] for k in ("log", "linear") if k in f})
        body["design"] = {"sobol": {"n": 1024, "seed": "1", "factors": factors}}
    elif name == "patients": # b
        body["design"] = {"sobol": {"n": 1024, "seed": "1", "factors": [{"of": f} for f in body.pop("sensitivity")["factors"]]}}
    for axis in body.get("design", {}).get("axes", []):
        axis.update({k: axis[k][:2] + [min(axis[k][2], 9)] for k in ("log", "linear") if k in axis})
    return body


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return math.nan


class Bench:
    def __init__(self, ketamap, source, cases):
        self.ketamap, self.source, self.cases = ketamap, source, cases
        self.kept = tempfile.TemporaryDirectory() # as long as this is
        self.folder = self.kept.name
        self.truth = {name: self.run(name, 1e-9, "rodas4", os.path.join(source, "kernels"))[1] for name in {c[0] for c in cases}}

    def run(self, name, rtol, method, kernels):
        body, file = study(self.source, name, rtol), os.path.join(self.folder, "study.json")
        body["solver"]["method"] = method
        json.dump(body, open(file, "w"))
        map_, out = os.path.join(self.folder, "map.zarr"), os.path.join(self.folder, "map.tsv")
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run([self.ketamap, "run", file, "--no-audit", "--quiet", "--force", "--kernel-dir", kernels, "--output", map_], **quiet)
        subprocess.run([self.ketamap, "export", map_, "--output", out], **quiet)
        rows = list(csv.DictReader(open(out), delimiter="\t"))
        of = [c for c in rows[0] if any(c == n or c.startswith(n + "_") for n in (e["name"] for e in body["endpoints"]))] # or its statistics
        of = [c for c in of if not c.endswith("_state")]
        values = np.array([[number(r[c]) for c in of] for r in rows])
        return np.mean([number(r["steps"]) for r in rows]), values

    def errors(self, name, rtol, values):
        truth = self.truth[name]
        happens = np.isfinite(truth).any(axis=0)
        truth, values = truth[:, happens], values[:, happens]
        with np.errstate(divide="ignore", invalid="ignore"): # an endpoint that is mostly 0
            e = np.abs(values - truth) / np.nanmedian(np.abs(truth), axis=0)
        e = [column[np.isfinite(column)] for column in e.T if np.isfinite(column).any()]
        return np.array([[np.percentile(c, q) for q in (50, 90, 99)] for c in e]) + 1e-2 * rtol

    def measure(self, method, kernels):
        found = {}
        for name, rtol in self.cases:
            steps, values = self.run(name, rtol, method, kernels)
            found[name, rtol] = steps, self.errors(name, rtol, values)
        return found


def ratios(found, base):
    """Of each case: steps, errors, and steps at equal errors, all relative to the base."""
    out = {}
    for case, (steps, errors) in found.items():
        n, e = steps / base[case][0], np.sqrt(((errors / base[case][1])**2).mean())
        out[case] = n, e, n * e**0.25
    return out


def compare(ketamap, source, names):
    kernels = os.path.join(source, "kernels")
    bench = Bench(ketamap, source, [(name, rtol) for name in names for rtol in TOLERANCES])
    base, found = bench.measure("rodas4", kernels), bench.measure("rodas4k", kernels)
    print("study\trtol\tsteps\trelative to Rodas4\terrors\tsteps at equal errors")
    for (name, rtol), (n, e, both) in ratios(found, base).items():
        print(f"{name}\t{rtol:g}\t{found[name, rtol][0]:.0f}\t{n:.3f}\t{e:.2f}\t{both:.3f}")


def search(ketamap, source, seconds, path):
    import time

    import cma
    bench, like = Bench(ketamap, source, list(SEARCHED)), os.path.join(source, "kernels/rodas4k.h")
    base = bench.measure("rodas4", os.path.join(source, "kernels"))
    kernels = os.path.join(bench.folder, "kernels")
    shutil.copytree(os.path.join(source, "kernels"), kernels)
    start = project(pack(*from_table(like)))
    free = np.linalg.svd(slopes(start))[2][len(conditions(start)):].T
    best = math.inf

    def score(z):
        nonlocal best
        x = project(start + free @ z)
        bad = 9.0 if x is None else blemish(x)
        if bad > 1:
            return 5 + bad + np.abs(z).sum()
        text = table(*unpack(x), like)
        open(os.path.join(kernels, "rodas4k.h"), "w").write(text)
        try:
            gain = ratios(bench.measure("rodas4k", kernels), base)
        except (subprocess.CalledProcessError, ValueError):
            return 5.0
        value = bad + sum(SEARCHED[case] * math.log(both) for case, (_, _, both) in gain.items())
        if value < best:
            best = value
            open(path, "w").write(text)
            print(f"{math.exp(value):.4f} of Rodas4's steps at equal errors;", "  ".join(f"{n} {r:g}: {b:.3f}" for (n, r), (_, _, b) in gain.items()), flush=True)
        return value

    strategy, until = cma.CMAEvolutionStrategy(np.zeros(free.shape[1]), 0.1, {"verbose": -9}), time.time() + seconds
    while time.time() < until:
        z = strategy.ask()
        strategy.tell(z, [score(v) for v in z])


if __name__ == "__main__":
    if len(sys.argv) >= 4 and sys.argv[3] == "compare":
        try:
            compare(sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[4:] or COMPARED)
        except (OSError, ValueError, subprocess.CalledProcessError) as why: # of ketamap's own errors it has said more
            sys.exit(str(why))
    elif len(sys.argv) == 6 and sys.argv[3] == "search":
        search(sys.argv[1], os.path.abspath(sys.argv[2]), float(sys.argv[4]), sys.argv[5])
    else:
        sys.exit(__doc__)
