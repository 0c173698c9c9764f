#!/usr/bin/env python3
"""Minimax coefficients and tables of kernels/lane_math.h and lane_tables.h, so that anyone can regenerate them.

    python3 tools/minimax.py            the coefficients in use, as they stand in lane_math.h
    python3 tools/minimax.py --table    the error against the number of terms, to choose from

Two functions are needed; both go through zero at zero, and both are fitted for *relative* error, so that
log1p, expm1 and pow1p keep every digit of a tiny argument:

    log2(1 + f) = f P(f)   for f in [sqrt(1/2) - 1, sqrt(2) - 1]
    2^r - 1     = r Q(r)   for r in [-1/2, 1/2]

and the same two for f and r in [-1/32, 1/32], with tables of 16 entries for the rest (kernels/lane_tables.h), which
are printed, too: the reciprocals of 16 numbers around 1, minus the logarithms of these, and 2^(j/16).

The fit is Remez exchange in 60 digits. Coefficients are then rounded to the precision of the kernel from the
lowest term upwards; in single precision the higher ones are fitted again after each rounding.
"""
import argparse
import struct

from mpmath import mp, mpf

mp.dps = 60


def log2_ratio(f):
    return 1 / mp.log(2) if f == 0 else mp.log1p(f) / (mp.log(2) * f)


def exp2_ratio(r):
    return mp.log(2) if r == 0 else mp.expm1(r * mp.log(2)) / r


# Extended by a hair: the reduction rounds, and pow1p takes the exponent of a rounded 1 + x.
HAIR = mpf(2) ** -20
FITS = {
    "log2": (log2_ratio, mp.sqrt(mpf(1) / 2) - 1 - HAIR, mp.sqrt(2) - 1 + HAIR),
    "exp2": (exp2_ratio, -mpf(1) / 2 - HAIR, mpf(1) / 2 + HAIR),
    "log2_near": (log2_ratio, -mpf(1) / 32 - HAIR, mpf(1) / 32 + HAIR),
    "exp2_near": (exp2_ratio, -mpf(1) / 32 - HAIR, mpf(1) / 32 + HAIR),
}
# Terms of P and Q in use.
TERMS = {("log2", "double"): 16, ("exp2", "double"): 9, ("log2", "single"): 9, ("exp2", "single"): 6,
         ("log2_near", "double"): 7, ("exp2_near", "double"): 6, ("log2_near", "single"): 4, ("exp2_near", "single"): 3}


def horner(coefficients, x):
    value = mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def remez(function, low, high, n_terms):
    """Coefficients of the best polynomial in relative error."""
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / 1200) for i in range(1201)]
    target = [function(x) for x in grid]
    nodes = [round(1200 * i / n_terms) for i in range(n_terms + 1)]
    coefficients = []
    for _ in range(60):
        a = mp.matrix(n_terms + 1)
        b = mp.matrix(n_terms + 1, 1)
        for row, i in enumerate(nodes):
            for j in range(n_terms):
                a[row, j] = grid[i] ** j
            a[row, n_terms] = (-1) ** row * target[i]
            b[row] = target[i]
        solution = mp.lu_solve(a, b)
        coefficients = [solution[j] for j in range(n_terms)]
        error = [horner(coefficients, x) / y - 1 for x, y in zip(grid, target)]
        extremes, start = [], 0
        for i in range(1, len(grid) + 1):  # the largest error of each run of one sign
            if i == len(grid) or (error[i] < 0) != (error[start] < 0):
                extremes.append(max(range(start, i), key=lambda k: abs(error[k])))
                start = i
        while len(extremes) > n_terms + 1:
            extremes.pop(0 if abs(error[extremes[0]]) < abs(error[extremes[-1]]) else -1)
        if len(extremes) < n_terms + 1:
            break
        if extremes == nodes:
            break
        nodes = extremes
    return coefficients, max(abs(e) for e in error)


def to_precision(value, precision):
    if precision == "double":
        return mpf(float(value))
    return mpf(struct.unpack("f", struct.pack("f", float(value)))[0])


def least_squares(function, low, high, n_terms, fixed):
    """The higher coefficients that suit the rounded first ones best, in mean square relative error."""
    n_fixed, n = len(fixed), 6 * n_terms
    a = mp.matrix(n, n_terms - n_fixed)
    b = mp.matrix(n, 1)
    for row in range(n):
        x = (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (row + mpf(1) / 2) / n)
        y = function(x)
        for j in range(n_terms - n_fixed):
            a[row, j] = x ** (n_fixed + j) / y
        b[row] = 1 - horner(fixed, x) / y
    return list(fixed) + list(mp.lu_solve(a, b))


def rounded(name, precision, n_terms):
    function, low, high = FITS[name]
    coefficients, _ = remez(function, low, high, n_terms)
    fixed = []
    while len(fixed) < n_terms:
        if fixed and precision == "single":
            coefficients = least_squares(function, low, high, n_terms, fixed)
        fixed.append(to_precision(coefficients[len(fixed)], precision))
    n = 4000
    grid = [low + (high - low) * i / n for i in range(n + 1)]
    return fixed, max(abs(horner(fixed, x) / function(x) - 1) for x in grid)


def table(name, precision, values):
    """Two halves of eight, as they stand in lane_tables.h."""
    digits = [f"{float(v):.17g}" if precision == "double" else f"{float(v):.9g}" for v in values]
    digits = [f"R({d if '.' in d else d + '.0'})" for d in digits]
    for half, start in (("LOW", 0), ("HIGH", 8)):
        rows = [", ".join(digits[row:row + 4]) for row in range(start, start + 8, 4)]
        print(f"#define KM_{name}_{half} \\\n    {rows[0]}, \\\n    {rows[1]}")


def tables(precision):
    """16 numbers around 1 from 0.71875 on, steps of 1/32 below 1 and of 1/16 above."""
    near = [1 - mpf(i) / 32 for i in range(9, 0, -1)] + [1 + mpf(i) / 16 for i in range(7)]
    reciprocal = [to_precision(1 / v, precision) for v in near]
    print(f"/* {precision} */")
    table("RECIPROCALS", precision, reciprocal)
    table("QUARTERS", precision, [r / 4 for r in reciprocal])
    table("LOGARITHMS", precision, [to_precision(-mp.log(r, 2), precision) for r in reciprocal])
    part = [mpf(j if j < 8 else j - 16) / 16 for j in range(16)]
    table("ROOTS", precision, [to_precision(mpf(2) ** p, precision) for p in part])
    table("ROOTS_LESS_1", precision, [to_precision(mpf(2) ** p - 1, precision) for p in part])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", action="store_true", help="print the error against the number of terms")
    parser.add_argument("--terms", nargs=3, metavar=("NAME", "PRECISION", "N"), help="one fit: log2 double 14")
    arguments = parser.parse_args()
    if arguments.table:
        for name, (function, low, high) in FITS.items():
            for n_terms in range(2, 20 if name == "log2" else 12):
                _, error = remez(function, low, high, n_terms)
                print(f"{name} {n_terms:2d} terms: relative error {float(error):.1e}")
        return
    wanted = dict(TERMS)
    if arguments.terms:
        name, precision, n = arguments.terms
        wanted = {(name, precision): int(n)}
    for (name, precision), n_terms in wanted.items():
        coefficients, error = rounded(name, precision, n_terms)
        print(f"/* {name}, {precision}, {n_terms} terms: relative error {float(error):.1e} */")
        for j, c in enumerate(coefficients):
            digits = f"{float(c):.17g}" if precision == "double" else f"{float(c):.9g}"
            print(f"#define KM_{name.upper()}_{j} R({digits})")
    if not arguments.terms:
        for precision in ("double", "single"):
            tables(precision)


if __name__ == "__main__":
    main()
