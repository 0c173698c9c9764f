"""The coefficients in kernels/rodas4k.h and kernels/rodas4.h, as kernels/rosenbrock.h uses them, against the order conditions of Rosenbrock
methods (E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, IV.7 and VI.4): order 4, an embedded order 3, order 4 for
differential-algebraic equations of index 1, both results stiffly accurate and A-stable, df/dt and times of stages that agree with the
coefficients, and a dense output of order 3.

usage: check_rosenbrock.py KETAMAP SOURCE; exit 77 without numpy."""
import importlib.util, os, re, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import at_most, end, need

np = need("numpy")

STAGES, SMALL = 6, 1e-12


def text_of(name):
    return open(os.path.join(sys.argv[2], "kernels", name)).read()


def method(name):
    """A (what stages ask at), C (what they add), shares of df/dt and times, the rows of the dense output."""
    number = {key: float(value) for key, value in re.findall(r"#define KM_(\w+) R\(([^)]+)\)", text_of(name))}
    A, C = np.zeros((STAGES, STAGES)), np.zeros((STAGES, STAGES))
    for i in range(STAGES):
        for j in range(i):
            A[i, j] = number.get(f"A_{i + 1}{j + 1}", 0.0)
            C[i, j] = number[f"C_{i + 1}{j + 1}"]
    A[5] = A[4] + np.eye(STAGES)[4]
    node = [0.0] + [number[f"NODE_{i}"] for i in (2, 3, 4)] + [1.0, 1.0]
    slope = [number["GAMMA"]] + [number[f"SLOPE_{i}"] for i in (2, 3, 4)] + [0.0, 0.0]
    dense = [np.array([number[f"DENSE_{d}_{i}"] for i in range(1, 6)] + [0.0]) for d in "AB"]
    if re.search(r"#define KM_THIRD_AT_START 1", text_of(name)):
        at_most(f"{name}: stage 3 asks at the step's start", abs(A[2]).max() + abs(node[2]), 0.0)
    at_most(f"{name}: gamma and its inverse", abs(number["GAMMA"] * number["INVERSE_GAMMA"] - 1.0), 4e-16)
    return A, C, number["GAMMA"], np.array(node), np.array(slope), dense


def used_by_the_step():
    """Every coefficient stands once in the step, with the stage it is named after."""
    body = text_of("rosenbrock.h")
    body = body[body.index("km_step("):]
    wrong = 0
    cases = re.split(r"case \d:|default:", body[:body.index("km_rates(")])[1:]
    for stage, case in enumerate(cases, start=2):
        for i, j, k in re.findall(r"KM_[AC]_(\d)(\d)\)?(?:, | \* )k\[(\d)\]", case):
            wrong += int(i) != stage or int(j) != int(k) + 1
    names = re.findall(r"KM_((?:A|C|NODE|SLOPE|DENSE_[AB])_\d+)", body)
    for j, k in re.findall(r"KM_DENSE_[AB]_(\d)\)?(?:, | \* )k\[(\d)\]", body):
        wrong += int(j) != int(k) + 1
    at_most("coefficients used with another k or stage", wrong, 0)
    at_most("coefficients used twice", len(names) - len(set(names)), 0)
    at_most("coefficients not used", len(set(re.findall(r"#define KM_((?:A|C|NODE|SLOPE|DENSE_[AB])_\d+)", text_of("rodas4.h"))) - set(names)), 0)


def check(name):
    A, C, gamma, node, slope, (first, second) = method(name)
    G = np.linalg.inv(np.eye(STAGES) / gamma - C)
    alpha, beta = A @ G, A @ G + G
    a, b, one, omega = alpha.sum(1), beta.sum(1), np.ones(STAGES), np.linalg.inv(beta)
    result = A[5] + np.eye(STAGES)[5]

    def conditions(m, x, order):
        w = m @ G
        trees = [(1, one, 1), (2, b, 2), (3, a**2, 3), (3, beta @ b, 6), (4, a**3, 4), (4, a * (alpha @ b), 8),
                 (4, beta @ a**2, 12), (4, beta @ (beta @ b), 24)]
        return max(abs(w @ vector - x**power / density) for power, vector, density in trees if power <= order)

    def grows(m):
        """How far |R(iy)| exceeds 1: R has no pole on the left, so that this is all of A-stability."""
        y = np.concatenate([np.linspace(0.01, 20.0, 2000), np.geomspace(20.0, 1e6, 200)])
        R = [1 + 1j * v * (m @ G) @ np.linalg.solve(np.eye(STAGES) - 1j * v * beta, one) for v in y]
        return max(np.abs(R)) - 1.0

    at_most(f"{name}: times of stages", np.abs(a - node).max(), SMALL)
    at_most(f"{name}: shares of df/dt", np.abs(G.sum(1) - slope).max(), SMALL)
    at_most(f"{name}: order 4 of the result", conditions(result, 1.0, 4), SMALL)
    at_most(f"{name}: order 3 of the companion", conditions(A[5], 1.0, 3), SMALL)
    at_most(f"{name}: stiffly accurate: the last stages' rows of beta are the weights",
            max(np.abs(result @ G - beta[5]).max(), np.abs(A[5] @ G - beta[4]).max()), SMALL)
    at_most(f"{name}: order 4 for equations of index 1", abs(beta[5] @ (a * (alpha @ (omega @ a**2))) - 0.25), SMALL)
    at_most(f"{name}: stage 5 is right where a state follows the others",
            max(abs((alpha[4] @ omega).sum() - 1.0), abs(alpha[4] @ omega @ a**2 - 1.0)), SMALL)
    at_most(f"{name}: A-stability of both results", max(grows(result), grows(A[5])), 1e-7)
    for x in (0.1, 0.3, 0.5, 0.7, 0.9):
        dense = x * (result + (1 - x) * (first + x * second))
        at_most(f"{name}: order 3 of the dense output at {x}", conditions(dense, x, 3), SMALL)


def check_tool():
    """tools/rosenbrock.py reads and writes the tables, and searches where the same conditions hold."""
    spec = importlib.util.spec_from_file_location("rosenbrock", os.path.join(sys.argv[2], "tools/rosenbrock.py"))
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for name, n in (("rodas4.h", -2), ("rodas4k.h", None)): # Rodas4's third stage is elsewhere
        path = os.path.join(sys.argv[2], "kernels", name)
        alpha, beta = tool.from_table(path)
        x = tool.pack(alpha, beta)
        at_most(f"tool: conditions on {name}", np.abs(tool.conditions(x)[:n]).max(), SMALL)
        at_most(f"tool: {name} packed and unpacked", max(np.abs(np.subtract(tool.unpack(x), (alpha, beta))).max(), 0.0), SMALL)
        at_most(f"tool: blemishes of {name}", tool.blemish(x), 0.0)
        written, read = (re.findall(r"R\(([^)]+)\)", t) for t in (tool.table(alpha, beta, path), text_of(name)))
        at_most(f"tool: {name} written again", max(abs(float(a) - float(b)) for a, b in zip(written, read, strict=True)), 1e-10)
    moved = tool.project(x + 0.01 * np.sin(np.arange(len(x))))
    at_most("tool: another method keeps the conditions", np.abs(tool.conditions(moved)).max(), SMALL)
    at_most("tool: and is another", -np.abs(moved - x).max(), -1e-3)


used_by_the_step()
check("rodas4.h")
check("rodas4k.h")
check_tool()
end()
