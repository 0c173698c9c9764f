"""Every shipped model's generated Jacobian against finite differences of its generated rates, at random states and parameters.

The plain C of `check MODEL --emit c` is compiled here; the Jacobian entries of the OpenCL program are the same expressions.
usage: check_jacobian.py KETAMAP SOURCE; exit 77 without a C compiler."""
import ctypes, glob, math, os, random, re, shutil, subprocess, sys, tempfile

ketamap, source = sys.argv[1], sys.argv[2]
compiler = shutil.which("cc") or shutil.which("gcc")
if compiler is None:
    print("skipped: no C compiler")
    sys.exit(77)
failures = models = entries = 0
random.seed(20261123)


def central(rates, t, y, p, j, h):
    """(f(y + h e_j) - f(y - h e_j)) / 2h, and Richardson's improvement with h/2."""
    def difference(step):
        up, down = list(y), list(y)
        up[j] += step
        down[j] -= step
        return [(a - b) / (up[j] - down[j]) for a, b in zip(rates(t, up, p), rates(t, down, p))]
    return [(4 * b - a) / 3 for a, b in zip(difference(h), difference(h / 2))]


with tempfile.TemporaryDirectory() as folder:
    for path in sorted(glob.glob(os.path.join(source, "configs/models/*.json"))):
        name = os.path.basename(path)[:-5]
        text = subprocess.run([ketamap, "check", path, "--emit", "c", "--quiet"], check=True, capture_output=True, text=True).stdout
        n_p, n = (int(x) for x in re.search(r"MODEL_PARAMETERS = (\d+), MODEL_STATES = (\d+)", text).groups())
        if n == 0:
            continue
        models += 1
        code, library = os.path.join(folder, name + ".c"), os.path.join(folder, name + ".so")
        open(code, "w").write(text)
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, code, "-lm"], check=True)
        model = ctypes.CDLL(library)
        nominal = list((ctypes.c_double * n_p).in_dll(model, "model_parameter_values"))

        def call(function, size, t, y, p):
            out = (ctypes.c_double * size)()
            function(ctypes.c_double(t), (ctypes.c_double * n)(*y), (ctypes.c_double * n_p)(*p), out)
            return list(out)

        rates = lambda t, y, p: call(model.model_rates, n, t, y, p)
        worst = 0.0
        for trial in range(40):
            p = [v * math.exp(random.uniform(-0.2, 0.2)) for v in nominal]
            size = 10.0 ** random.uniform(-2, 0)
            y = [random.uniform(0.05, 0.9) * size for _ in range(n)]
            if trial % 2 and name == "ketamine":
                y = [v if i < 11 else -v for i, v in enumerate(y)]  # deviations below the baseline: the other branches
            t = random.uniform(1.0, 50.0)
            jacobian = call(model.model_jacobian, n * n, t, y, p)
            if not all(map(math.isfinite, jacobian)):
                failures += 1
                print(f"FAIL {name}: an entry is not finite")
                continue
            for j in range(n):
                numeric = central(rates, t, y, p, j, 2e-4 * abs(y[j]))
                scale = max(abs(jacobian[i + j * n]) for i in range(n)) + 1e-12
                for i in range(n):
                    entries += 1
                    error = abs(numeric[i] - jacobian[i + j * n]) / (abs(jacobian[i + j * n]) + 1e-3 * scale)
                    # rounding of the rate itself, seen through the difference
                    noise = 1e-15 * abs(rates(t, y, p)[i]) / (2e-4 * abs(y[j])) / (abs(jacobian[i + j * n]) + 1e-3 * scale)
                    if error > 1e-5 + 20 * noise:
                        failures += 1
                        if failures < 20:
                            print(f"FAIL {name}: d rate {i} / d state {j}: {jacobian[i + j * n]:.9g}, by differences {numeric[i]:.9g}")
                    worst = max(worst, error - 20 * noise)
        print(f"{'ok  ' if not failures else '    '} {name}: {n} states, largest deviation {worst:.1e}")
print(f"{models} models, {entries} entries")
sys.exit(1 if failures or models < 8 else 0)
