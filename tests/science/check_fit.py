#!/usr/bin/env python3
"""ketamap fit on problems whose answer is known.

Linear: a model whose score is linear in three parameters with normal priors. Posterior and evidence are closed forms: log
evidence within 0.1, both samplers on the posterior's means and standard deviations, hypotheses by their evidences.
Planted: trials drawn from a model with an exponential decay, 12 arms; how often 95 % intervals hold the truth.
A kill, and what is refused.

usage: check_fit.py KETAMAP SOURCE [REPLICATES]"""
import csv
import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
sys.dont_write_bytecode = True
from tally import check, end, folder, write

ketamap = os.path.abspath(sys.argv[1])
replicates = int(sys.argv[3]) if len(sys.argv) > 3 else 12
HEAD = ("study_id arm n drug route dose_value dose_unit infusion_minutes schedule_h scale baseline_mean baseline_sd time_h value_kind "
        "value sd se ci_low ci_high provenance source use").split()


def table(rows):
    lines = ["\t".join(HEAD)]
    for r in rows:
        full = {"drug": "x", "route": "IV", "dose_value": 1, "dose_unit": "mg", "schedule_h": 0, "scale": "MADRS", "provenance": "verified",
                "source": "drawn", "use": "fit_primary", **r}
        lines.append("\t".join(str(full.get(h, "")) for h in HEAD))
    return "\n".join(lines) + "\n"


def read(stem, what):
    with open(os.path.join(folder.name, f"{stem}-{what}.tsv")) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def fit(path, stem, *options, code=0):
    done = subprocess.run([ketamap, "fit", path, "--output", os.path.join(folder.name, stem + ".zarr"), "--force", "--quiet", *options],
                          capture_output=True, text=True)
    if done.returncode != code:
        print(done.stderr)
        check(f"exit code of {stem}", False, str(done.returncode))
    return done


COMMON = {"trials": "trials.tsv", "rows": [{"use": "fit_primary"}], "population": {"n": 2, "of": {"ref": {"sd": 1e-9}}},
          "solver": {"rtol": 1e-6}}
SCORE = {"output": "score", "baseline": "S0", "scales": {"MADRS": 1}}


# ---- linear: change at t = -(a + b t/24 + c (t/24)^2)

def normal(mean, sd):
    return {"value": mean, "unit": "points", "range": [mean - 9 * sd, mean + 9 * sd], "uncertainty": {"law": "normal", "sd": sd, "mean": mean}}


PRIOR = {"a": (6.0, 3.0), "b": (2.0, 2.0), "c": (0.0, 1.0)}
LINEAR = {"name": "line", "time_unit": "h", "states": {},
          "parameters": {**{n: normal(*p) for n, p in PRIOR.items()}, "S0": {"value": 30, "unit": "points"}, "ref": {"value": 1, "unit": "-"},
                         "use_c": {"value": 1, "unit": "-"}},
          "variants": {"bent": {"use_c": 1}, "straight": {"use_c": 0}},
          "outputs": {"score": {"value": "S0-a-b*t/24-use_c*c*(t/24)^2", "unit": "points"}}}


# correlations of the priors' normal scores
R = {("a", "b"): 0.6, ("b", "c"): -0.4}


def correlated():
    """The same with priors that hang together, as the model has it: posterior, evidence, profiles, and what is told of it."""
    pairs = [[*names, r] for names, r in R.items()]
    done = linear("tied", model={**LINEAR, "correlation": pairs}, pairs=R, particles=2048)
    told = '[["a", "b", 0.6], ["b", "c", -0.4]]'
    with open(os.path.join(folder.name, "tied.zarr", ".zattrs")) as f:
        facts = json.load(f)
    check("the report and the results tell the priors' correlations", told in done.stdout and facts["correlation"] == pairs and facts["correlation_of"] == "model")
    quick = {"estimation": {"optimise": {"starts": 1, "evaluations": 50}, "posterior": {"particles": 256}}}

    def facts_of(fit_file, stem):
        fit(write(stem + "-fit.json", fit_file), stem)
        with open(os.path.join(folder.name, stem + ".zarr", ".zattrs")) as f:
            return json.load(f)

    base = {**COMMON, "model": "tied-model.json", "score": SCORE, **quick}
    facts = facts_of({**base, "parameters": {n: {} for n in PRIOR}, "correlation": []}, "loose")
    check("[] in the fit leaves them out", "correlation" not in facts)
    facts = facts_of({**base, "parameters": {n: {} for n in PRIOR}, "correlation": [["c", "a", 0.1]]}, "own")
    check("a fit's own take their place", facts["correlation"] == [["a", "c", 0.1]] and facts["correlation_of"] == "fit")
    facts = facts_of({**base, "parameters": {"a": {}, "c": {}}}, "apart")
    check("pairs with a parameter that is not free drop out", "correlation" not in facts)
    for change, words in (({"parameters": {"a": {}}, "controls": {"parameter": "b", "levels": {"all": {}}, "default": "all"}},
                           'the model correlates "a" and "b", and here one of them has a level for each kind of control; "correlation": []'),
                          ({"parameters": {"a": {}}, "correlation": [["a", "b", 0.5]]}, 'no free parameter is named "b"')):
        done = fit(write("bad.json", {**base, **change}), "bad", code=2)
        check(f"refused: {words}", words in done.stderr and "bad.json:" in done.stderr, done.stderr.strip())


def linear(stem="linear", model=LINEAR, pairs={}, particles=4000):
    times, values, error = [2, 24, 48, 72, 120], [-7.1, -8.6, -10.4, -11.0, -12.1], 1.1
    write("line.json" if stem == "linear" else stem + "-model.json", model)
    write("trials.tsv", table([{"study_id": "A", "arm": "control", "drug": "placebo", "dose_value": 0, "n": 40, "baseline_mean": 30,
                                "time_h": t, "value_kind": "mean_change", "value": v, "se": error} for t, v in zip(times, values)]))
    path = write(stem + "-fit.json", {**COMMON, "model": "line.json" if stem == "linear" else stem + "-model.json", "score": SCORE, "parameters": {n: {} for n in PRIOR},
                                     "likelihood": {"repeated": 0}, "hypotheses": {"bent": ["bent"], "straight": ["straight"]},
                                     "estimation": {"posterior": {"particles": particles}, "profiles": {"points": 21},
                                                    "ensemble": {"walkers": 40, "steps": 3000, "thin": 2}}})
    done = fit(path, stem)
    x = np.array(times) / 24.0
    truth = {}
    for name, columns in (("bent", 3), ("straight", 2)):
        a = -np.column_stack([np.ones_like(x), x, x * x])[:, :columns]
        m, s = (np.array([PRIOR[n][i] for n in list(PRIOR)[:columns]]) for i in (0, 1))
        prior = np.diag(s * s)
        for (i, j), r in pairs.items():
            i, j = list(PRIOR).index(i), list(PRIOR).index(j)
            if max(i, j) < columns:
                prior[i, j] = prior[j, i] = r * s[i] * s[j]
        cover = a @ prior @ a.T + error**2 * np.eye(len(x))
        off = np.array(values) - a @ m
        truth[name] = -0.5 * (off @ np.linalg.solve(cover, off) + np.linalg.slogdet(cover)[1] + len(x) * math.log(2 * math.pi))
        if name == "bent":
            c = np.linalg.inv(a.T @ a / error**2 + np.linalg.inv(prior))
            mean, sd = c @ (a.T @ np.array(values) / error**2 + np.linalg.solve(prior, m)), np.sqrt(np.diag(c))
            between, spread = c, s
    for h in read(stem, "hypotheses"):
        got, stated = float(h["log_evidence"]), float(h["log_evidence_error"])
        check(f"evidence of {h['hypothesis']}", abs(got - truth[h["hypothesis"]]) < 0.1, f"{got:.3f} ({stated:.3f}), closed form {truth[h['hypothesis']]:.3f}")
    with open(os.path.join(folder.name, stem + ".zarr", "run.json")) as f:
        got = json.load(f)["log_evidence"]
    check("evidence of the fit itself", abs(got - truth["bent"]) < 0.1 and f"log evidence of the fitted rows {got:.2f}" in done.stdout)
    draws = np.fromfile(os.path.join(folder.name, stem + ".zarr", "draws", "0.0"), dtype="<f8").reshape(-1, 3)
    off = np.corrcoef(draws.T) - between / np.outer(sd, sd)
    check("correlations of the posterior", np.abs(off).max() < 0.06, f"off by {np.abs(off).max():.3f} at most")
    for p, m, s, wide in zip(read(stem, "parameters"), mean, sd, spread):
        check(f"learned of {p['parameter']}", abs(float(p["learned"]) - (1 - (s / wide) ** 2)) < 0.06, f"{p['learned']}, closed form {1 - (s / wide) ** 2:.3f}")
        check(f"posterior of {p['parameter']}", abs(float(p["mean"]) - m) < 0.1 * s and abs(float(p["sd"]) / s - 1) < 0.1,
              f"{float(p['mean']):.3f} ({float(p['sd']):.3f}), closed form {m:.3f} ({s:.3f})")
        check(f"second sampler of {p['parameter']}", abs(float(p["ensemble_mean"]) - float(p["mean"])) < 0.1 * s and
              abs(float(p["ensemble_sd"]) / float(p["sd"]) - 1) < 0.1 and float(p["r_hat"]) < 1.02)
        check(f"best candidate of {p['parameter']}", abs(float(p["mode"]) - m) < 0.02 * s)
        # without the prior: least squares, +- 1.96 standard errors; within the range of the profile
    a = -np.column_stack([np.ones_like(x), x, x * x])
    free, error_of = np.linalg.lstsq(a, np.array(values), rcond=None)[0], np.sqrt(np.diag(np.linalg.inv(a.T @ a))) * error
    for p, m, s in zip(read(stem, "parameters"), free, error_of):
        ends = [(p["profile_low"], m - 1.96 * s), (p["profile_high"], m + 1.96 * s)]
        known = [(float(g), w) for g, w in ends if g != "NaN"]
        check(f"profile of {p['parameter']}", all(abs(g - w) < 0.35 * s for g, w in known), f"{p['profile']} {known}")
    check("the report names the mechanisms", "Mechanisms" in done.stdout and "straight" in done.stdout)
    return path if stem == "linear" else done


def resumed(path):
    """Killed twice, the same numbers."""
    out = os.path.join(folder.name, "killed.zarr")
    command = [ketamap, "fit", path, "--output", out, "--quiet", "--batch", "64"]
    for _ in range(2):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        size = os.path.getsize(out + ".state") if os.path.exists(out + ".state") else 0
        for _ in range(500):
            time.sleep(0.01)
            if os.path.exists(out + ".state") and os.path.getsize(out + ".state") > size + 20000:
                break
        running.send_signal(signal.SIGKILL)
        running.wait()
    check("a killed fit leaves what it has", os.path.exists(out + ".state"))
    subprocess.run(command + ["--resume"], check=True, stdout=subprocess.DEVNULL)
    same = all(open(os.path.join(folder.name, f"killed-{t}.tsv")).read() == open(os.path.join(folder.name, f"linear-{t}.tsv")).read()
               for t in ("parameters", "rows", "hypotheses", "profiles"))
    check("a killed fit, on other batches, ends with the same numbers", same)
    check("its state is gone", not os.path.exists(out + ".state"))


def refused():
    base = {**COMMON, "model": "line.json", "score": SCORE, "parameters": {"a": {}}}
    for block, words in (({"posterior": {"particles": 100}}, "multiple of 8: 104"), ({"optimise": {"method": "newton"}}, "differential_evolution"),
                         ({"profiles": {"points": 2}}, "the points of a profile"), ({"ensemble": {"walker": 4}}, "walkers"), ({"seed": 1.5}, "seed")):
        done = fit(write("bad.json", {**base, "estimation": block}), "bad", code=2)
        check(f"refused: {block}", words in done.stderr and "bad.json:" in done.stderr, done.stderr.strip())


# ---- planted: D = exp(-k t), score = S0 (1 - E D)(1 - L)

FADE = {"name": "fade", "time_unit": "h",
        "parameters": {"k": {"value": 0.02, "unit": "1/h", "range": [0.005, 0.08], "uncertainty": "log-uniform"},
                       "E": {"value": 0.5, "unit": "-", "range": [0.1, 0.9]}, "L": {"value": 0.1, "unit": "-", "range": [0, 0.4]},
                       "S0": {"value": 30, "unit": "points"}, "ref": {"value": 1, "unit": "mg"}},
        "states": {"D": {"initial": "0", "rate": "-k*D", "unit": "mg"}},
        "outputs": {"left": {"value": "D", "unit": "mg"}, "score": {"value": "S0*(1-E*D/ref)*(1-L)", "unit": "points"}},
        "routes": {"iv": [{"into": "D", "fraction": "1"}]}, "dose": {"amount": "amt", "unit": "mg"}}


def planted(seed, second=None):
    """Six trials of two arms, truth drawn from the prior; which 95 % intervals hold it. second: the block of a second sampler."""
    r = random.Random(seed)
    truth = {"k": 0.005 * 16 ** r.random(), "E": r.uniform(0.1, 0.9), "L.all": r.uniform(0, 0.4)}
    rows = []
    for trial in range(6):
        base, error = r.uniform(26, 36), r.uniform(0.8, 2.0)
        for arm in ("drug", "control"):
            for t in (24, 72):
                left = math.exp(-truth["k"] * t) if arm == "drug" else 0.0
                value = base * (1 - truth["E"] * left) * (1 - truth["L.all"]) - base + r.gauss(0, error)
                rows.append({"study_id": f"T{trial}", "arm": arm, "n": 40, "baseline_mean": round(base, 6), "time_h": t, "value_kind": "mean_change",
                             "value": round(value, 6), "se": round(error, 6), **({} if arm == "drug" else {"drug": "placebo", "dose_value": 0})})
    write("fade.json", FADE)
    write("trials.tsv", table(rows))
    path = write("fade-fit.json", {**COMMON, "model": "fade.json", "score": SCORE, "parameters": {"k": {}, "E": {}}, "drugs": {"x": {"routes": {"IV": "iv"}}}, "likelihood": {"repeated": 0},
                                   "population": {"n": 2, "of": {"ref": {"sd": 1e-9}}},
                                   "controls": {"parameter": "L", "levels": {"all": {}}, "default": "all"},
                                   "estimation": {"seed": str(seed), "optimise": {"starts": 1, "evaluations": 100}, "posterior": {"particles": 2048 if second else 512},
                                                  **({"ensemble": second} if second else {})}})
    fit(path, "fade")
    return [float(p["q025"]) <= truth[p["parameter"]] <= float(p["q975"]) for p in read("fade", "parameters")]


def agreement():
    """Both samplers on the planted fit; differences of arms and residuals against what draws and best candidate say."""
    table = read("fade", "parameters")
    for p in table:
        apart = abs(float(p["ensemble_mean"]) - float(p["mean"])) / float(p["sd"])
        ratio = float(p["ensemble_sd"]) / float(p["sd"])
        check(f"second sampler of planted {p['parameter']}", apart < 0.1 and abs(ratio - 1) < 0.1, f"{apart:.3f} sd apart, sd times {ratio:.3f}")
    draws = np.fromfile(os.path.join(folder.name, "fade.zarr", "draws", "0.0"), dtype="<f8").reshape(-1, 3)
    k, effect, control = (draws[:, [p["parameter"] for p in table].index(n)] for n in ("k", "E", "L.all"))
    with open(os.path.join(folder.name, "trials.tsv")) as f:
        row = {(r["study_id"], r["arm"], float(r["time_h"])): r for r in csv.DictReader(f, delimiter="\t")}
    worst, contrasts = 0.0, read("fade", "contrasts")
    for c in contrasts:
        a, b = (row[c["study"], arm, float(c["time_h"])] for arm in ("drug", "control"))
        want = -float(a["baseline_mean"]) * effect * np.exp(-k * float(c["time_h"])) * (1 - control)
        pairs = [("observed", float(a["value"]) - float(b["value"])), ("se", math.hypot(float(a["se"]), float(b["se"]))), ("expected", want.mean()),
                 ("expected_low", np.quantile(want, 0.025)), ("expected_high", np.quantile(want, 0.975))]
        worst = max([worst] + [abs(float(c[n]) - w) for n, w in pairs])
    check("differences from the control", len(contrasts) == 12 and worst < 1e-4, f"{len(contrasts)} of them, off by {worst:.2g} at most")
    check("residuals", all(abs(float(r["residual"]) - (float(r["observed"]) - float(r["mode"])) / float(r["se"])) < 1e-5 for r in read("fade", "rows")))


def as_population():
    """The posterior of the planted fit as patients: quantiles and shares against what its draws say in closed form."""
    group = os.path.join(folder.name, "fade.zarr")
    names = [p["parameter"] for p in read("fade", "parameters")]
    draws = np.fromfile(os.path.join(group, "draws", "0.0"), dtype="<f8").reshape(-1, len(names))
    k, effect, control = (draws[:, names.index(n)] for n in ("k", "E", "L.all"))
    score = 30 * (1 - effect * np.exp(-k * 24)) * (1 - control)
    least = 30 * (1 - effect) * (1 - control)  # at the dose, for as long as the effect lasts
    middle = round(float(np.quantile(least, 0.3)), 6)
    study = {"model": "fade.json", "horizon": "72 h", "regimen": [{"route": "iv", "amt": "1 mg"}], "parameters": {"from": "fade.zarr", "control": "all"},
             "endpoints": [{"name": "day", "of": "score", "kind": "value", "at": "24 h"},
                           {"name": "half", "of": "score", "kind": "time_in", "when": f"<= {middle} points"}],
             "solver": {"rtol": 1e-7, "precision": "double"}, "output": {"type": "float64"}}

    def table_of(stem, study, *options):
        path, out = write(stem + ".json", study), os.path.join(folder.name, stem + "-map.zarr")
        subprocess.run([ketamap, "run", path, "--output", out, "--force", "--quiet", *options], check=True)
        done = subprocess.run([ketamap, "export", out], check=True, capture_output=True, text=True)
        head, row = (line.split("\t") for line in done.stdout.splitlines()[:2])
        return dict(zip(head, map(lambda x: float(x) if x[0] in "0123456789-in" else x, row))), out

    got, first = table_of("drawn", study)
    want = {"day_mean": score.mean(), "day_sd": score.std(ddof=1), **{f"day_q{q:02}": np.quantile(score, q / 100) for q in (5, 50, 95)},
            "half_fraction": np.mean(least <= middle)}
    worst = max(abs(got[n] - w) for n, w in want.items())
    check("a map over the draws of a fit: what the draws say", worst < 1e-5, f"{got} {want}")
    _, again = table_of("drawn", study, "--batch", "7")
    check("the same bytes on other batches", subprocess.run(["diff", "-r", "-x", "run.json", first, again]).returncode == 0)
    study["population"] = {"n": 8192, "of": {"S0": {"sd": 4}}}
    got, _ = table_of("both", study)
    wide = np.sqrt(score.var() + 16 * np.mean((score / 30) ** 2))
    check("patients around the draws: both spreads together", abs(got["day_mean"] - score.mean()) < 0.1 and abs(got["day_sd"] / wide - 1) < 0.02,
          f"{got['day_mean']:.3f} ({got['day_sd']:.3f}), {score.mean():.3f} ({wide:.3f})")
    for command in (["simulate", "drawn.json"], ["sensitivity", "drawn.json"]):
        done = subprocess.run([ketamap, command[0], os.path.join(folder.name, command[1])], capture_output=True, text=True)
        words = "not used" if command[0] == "simulate" else "varies single models; leave \"parameters\" out"
        check(f"{command[0]} says that it is of single models", words in done.stderr, done.stderr.strip())
    write("fade.json", {**FADE, "states": {"D": {**FADE["states"]["D"], "rate": "-2*k*D"}}})
    done = subprocess.run([ketamap, "check", os.path.join(folder.name, "drawn.json"), "--strict"], capture_output=True, text=True)
    check("draws of another state of the model are told", done.returncode == 2 and "another state of the model" in done.stderr, done.stderr.strip())
    write("fade.json", FADE)


path = linear()
resumed(path)
refused()
correlated()
planted(1, {"walkers": 40, "steps": 3000, "thin": 2})
agreement()
as_population()
inside = sum((planted(seed) for seed in range(1, replicates + 1)), [])
share = sum(inside) / len(inside)
least = 0.95 - 3 * math.sqrt(0.95 * 0.05 / len(inside))
check(f"95 % intervals hold the planted truth in {100 * share:.1f} % of {len(inside)}", share >= min(least, 0.88) and (replicates < 100 or share <= 0.99))
end()
