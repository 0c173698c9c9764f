"""The coefficients in kernels/rodas4.h against the order conditions of Rosenbrock methods (E. Hairer, G. Wanner, Solving Ordinary
Differential Equations II, IV.7): order 4, an embedded order 3, both stiffly accurate, df/dt and times of stages that agree with
the coefficients, and a dense output of order 3.

usage: check_rodas4.py KETAMAP SOURCE; exit 77 without numpy."""
import os, re, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import at_most, end, need

np = need("numpy")

text = open(os.path.join(sys.argv[2], "kernels/rodas4.h")).read()
body = text[text.index("km_step("):]
GAMMA, STAGES = 0.25, 6
number = r"R\((-?[0-9.]+)\)"
term = re.compile(number + r"\)?(?:, | \* )k\[(\d)\]")


def row(part):
    r = np.zeros(STAGES)
    for value, stage in term.findall(part):
        r[int(stage)] = float(value)
    return r


A, C = np.zeros((STAGES, STAGES)), np.zeros((STAGES, STAGES))
node, slope = np.zeros(STAGES), np.zeros(STAGES)
slope[0] = float(re.search(r"k\[0\]\[i\] = f\[i\] KM_WITH_TIME\(\+" + number + r" \* h \* ft", body).group(1))
cases = re.split(r"case \d:|default:", body[:body.index("km_rates(")])[1:]
for s, case in enumerate(cases, start=1):
    asked, added = case.split("k[s][i] =")
    A[s], C[s] = row(asked), row(added)
    for name, to in (("part", node), ("slope", slope)):
        given = re.search(name + r" = KM_NUMBER\(" + number, case)
        to[s] = float(given.group(1)) if given else float(name == "part")
A[5] = A[4] + np.eye(STAGES)[4] # dy[i] += k[4][i]
G = np.linalg.inv(np.eye(STAGES) / GAMMA - C)
alpha, beta = A @ G, A @ G + G
a, b = alpha.sum(1), beta.sum(1)
SMALL = 1e-12
at_most("times of stages", np.abs(a - node).max(), SMALL)
at_most("shares of df/dt", np.abs(G.sum(1) - slope).max(), SMALL)
at_most("the factorised matrix has the same gamma", abs(float(re.search(r"km_factor\(J, " + number, body).group(1)) * GAMMA - 1.0), 0.0)


def conditions(m, x, order):
    w = m @ G
    trees = [(1, np.ones(STAGES), 1), (2, b, 2), (3, a**2, 3), (3, beta @ b, 6), (4, a**3, 4), (4, a * (alpha @ b), 8),
             (4, beta @ a**2, 12), (4, beta @ (beta @ b), 24)]
    return max(abs(w @ vector - x**power / density) for power, vector, density in trees if power <= order)


result = A[5] + np.eye(STAGES)[5]
at_most("order 4 of the result", conditions(result, 1.0, 4), SMALL)
at_most("order 3 of the companion", conditions(A[5], 1.0, 3), SMALL)
at_most("stiffly accurate: the last stages' rows of beta are the weights",
        max(np.abs(result @ G - beta[5]).max(), np.abs(A[5] @ G - beta[4]).max()), SMALL)
first, second = (row(part) for part in re.split(r"dense_b\[d\]", body[body.index("dense_a[d]"):])[:2])
for x in (0.1, 0.3, 0.5, 0.7, 0.9):
    dense = x * (result + (1 - x) * (first + x * second))
    at_most(f"order 3 of the dense output at {x}", conditions(dense, x, 3), SMALL)
end()
