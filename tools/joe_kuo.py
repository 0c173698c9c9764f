#!/usr/bin/env python3
"""Writes the table in host/study/joe_kuo.c from scipy's copy of new-joe-kuo-6.21201 (scipy.stats.qmc.Sobol).

    python3 tools/joe_kuo.py [DIMENSIONS]     the rows, 1024 dimensions by default

A row is one dimension from the second on: s, a, m_1 ... m_s, as in the authors' file without its first column.
"""
import pathlib
import sys

import numpy
import scipy.stats

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
data = numpy.load(pathlib.Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
for d in range(1, n):
    polynomial = int(data["poly"][d])
    s = polynomial.bit_length() - 1
    m = [int(x) for x in data["vinit"][d][:s]]
    assert all(x % 2 == 1 and x < 2 << i for i, x in enumerate(m)) and not data["vinit"][d][s:].any()
    a = (polynomial >> 1) & ((1 << (s - 1)) - 1) if s > 1 else 0
    print("    " + ", ".join(str(x) for x in [s, a, *m]) + ",")
