"""The coefficients in kernels/tsit5.h against the order conditions of Runge-Kutta methods (J. C. Butcher): order 5, an embedded
order 4, and a dense output of order 4 that is continuous with its derivative.

usage: check_tsit5.py KETAMAP SOURCE; exit 77 without numpy."""
import os, re, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from tally import at_most, end, need

np = need("numpy")

text = open(os.path.join(sys.argv[2], "kernels/tsit5.h")).read()
body = text[text.index("km_step("):]
number = re.compile(r"R\((-?[0-9.]+)\)")
SMALL = 5e-14


def numbers(start, end, last=False):
    part = body[body.rindex(start) if last else body.index(start):]
    return [float(x) for x in number.findall(part[:part.index(end)])]


A = np.zeros((7, 7))
parts = re.split(r"km_rates\(KM_STAGE_TIME\(t, R\(([0-9.]+)\), h, t_end\)", body)
nodes = [0.0] + [float(x) for x in parts[1::2]]
for k, part in enumerate(parts[0:-1:2], start=1):
    block = part[part.rindex("_Pragma") if k < 6 else part.index("dy[i] ="):]
    row = [float(x) for x in number.findall(block)]
    A[k, :len(row)] = row
weights = A[6]
e4 = weights - np.array(numbers("error[i] =", "#define"))
c = A.sum(1)
at_most("nodes are the sums of the rows", np.abs(c - nodes).max(), 1e-14)


def conditions(b, x, order):
    one = np.ones(7)
    trees = [(1, one, 1), (2, c, 2), (3, c**2, 3), (3, A @ c, 6), (4, c**3, 4), (4, c * (A @ c), 8), (4, A @ c**2, 12),
             (4, A @ (A @ c), 24), (5, c**4, 5), (5, c**2 * (A @ c), 10), (5, (A @ c)**2, 20), (5, c * (A @ c**2), 15),
             (5, A @ c**3, 20), (5, c * (A @ (A @ c)), 30), (5, A @ (c * (A @ c)), 40), (5, A @ (A @ c**2), 60),
             (5, A @ (A @ (A @ c)), 120)]
    return max(abs(b @ vector - x**power / density) for power, vector, density in trees if power <= order)


at_most("order 5 of the result", conditions(weights, 1.0, 5), SMALL)
at_most("order 4 of the companion", conditions(e4, 1.0, 4), SMALL)
quartic = np.array(numbers("dense_q[d] =", "KM_DENSE("))
first, last = np.eye(7)[0], np.eye(7)[6]
for x in (0.1, 0.3, 0.5, 0.7, 0.9):
    cubic = x * x * (3 - 2 * x) * weights + x * (1 - x)**2 * first - x * x * (1 - x) * last
    at_most(f"dense output at {x}", conditions(cubic + x * x * (1 - x)**2 * quartic, x, 4), SMALL)
end()
