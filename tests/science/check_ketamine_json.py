#!/usr/bin/env python3
"""The equations of configs/models/ketamine.json, read with a small evaluator of the expression language, against
a transcription of KET-PD20 in its original form, with its additions: at random states and parameter sets all rates and readouts must
agree to 1e-12, posp(x,n,d) being taken as x^n; with its d they must agree to 1e-8. Also: values and ranges of
parameters against the oracle's table, units of every equation, and a baseline of exactly zero.

usage: check_ketamine_json.py [PROGRAM [SOURCE_FOLDER]]      (PROGRAM is not used)"""
import json
import math
import os
import random
import re
import sys

TOLERANCE = 1e-12
TOLERANCE_SMOOTH = 1e-8  # what d = 1e-9 may change at the concentrations drawn
TOLERANCE_SMOOTH_TOL = 1e-6  # of Tol, whose rate has no term of order 1 beside the occupancy
N_CASES = 200
ROOT = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# ---- the expression language: an expression becomes a Python function of a name lookup

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|([A-Za-z]\w*)"
                   r"|(<=|>=|==|!=|&&|\|\||[-+*/^(),<>!]))")
LEVELS = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["+", "-"], ["*", "/"]]


def posp(x, n, delta):
    """With posp.smooth = 0 the plain power that it stands for."""
    return x * (max(x, 0.0) + posp.smooth * delta) ** (n - 1)


posp.smooth = 0


def pow1p(x, n):
    if x == -1.0:
        return -1.0 if n > 0 else 0.0 if n == 0 else math.inf
    return math.expm1(n * math.log1p(x))


BUILTINS = {"exp": math.exp, "log": math.log, "log10": math.log10, "log1p": math.log1p, "expm1": math.expm1,
            "sqrt": math.sqrt, "abs": abs, "min": min, "max": max, "sin": math.sin, "cos": math.cos,
            "tan": math.tan, "tanh": math.tanh, "floor": math.floor, "ceil": math.ceil, "posp": posp,
            "pow1p": pow1p}
OPERATORS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
             "<": lambda a, b: float(a < b), "<=": lambda a, b: float(a <= b), ">": lambda a, b: float(a > b),
             ">=": lambda a, b: float(a >= b), "==": lambda a, b: float(a == b), "!=": lambda a, b: float(a != b),
             "&&": lambda a, b: float(a != 0 and b != 0), "||": lambda a, b: float(a != 0 or b != 0)}


class Parser:
    def __init__(self, text):
        self.tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                raise SyntaxError(f"{text!r} at {at}")
            self.tokens.append(("number", m[1]) if m[1] else ("name", m[2]) if m[2] else ("sign", m[3]))
            at = m.end()
        self.at = 0

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def take(self, sign=None):
        kind, text = self.tokens[self.at]
        if sign and text != sign:
            raise SyntaxError(f"expected {sign}, got {text}")
        self.at += 1
        return kind, text

    def whole(self):
        node = self.binary(0)
        if self.peek() is not None:
            raise SyntaxError(f"unexpected {self.peek()}")
        return node

    def binary(self, level):
        if level == len(LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            apply, a, b = OPERATORS[self.take()[1]], left, self.binary(level + 1)
            left = lambda look, apply=apply, a=a, b=b: apply(a(look), b(look))
        return left

    def unary(self):
        if self.peek() == "-":
            self.take()
            a = self.unary()
            return lambda look: -a(look)
        if self.peek() == "!":
            self.take()
            a = self.unary()
            return lambda look: float(a(look) == 0)
        return self.power()

    def power(self):
        base = self.atom()
        if self.peek() != "^":
            return base
        self.take()
        exponent = self.unary()  # right-associative, and x^-2 is allowed
        return lambda look: base(look) ** exponent(look)

    def atom(self):
        kind, text = self.take()
        if kind == "number":
            value = float(text)
            return lambda look: value
        if text == "(":
            inner = self.binary(0)
            self.take(")")
            return inner
        if kind != "name":
            raise SyntaxError(f"unexpected {text}")
        if self.peek() != "(":
            return lambda look: look(text)
        self.take("(")
        arguments = [self.binary(0)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.binary(0))
        self.take(")")
        if text == "if":
            c, a, b = arguments
            return lambda look: a(look) if c(look) != 0 else b(look)
        return lambda look: look(text, [a(look) for a in arguments])


class Model:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.json = json.load(file)
        self.expressions, self.functions = {}, {}
        for section in ("derived", "definitions", "outputs"):
            for name, entry in self.json.get(section, {}).items():
                # an output may share its name with what it shows
                key = "output " + name if section == "outputs" else name
                self.expressions[key] = Parser(entry["value"] if isinstance(entry, dict) else entry).whole()
        for head, body in self.json.get("functions", {}).items():
            name, arguments = re.fullmatch(r"(\w+)\(([\w, ]*)\)", head).groups()
            self.functions[name] = ([a.strip() for a in arguments.split(",")], Parser(body).whole())
        for name, entry in self.json["states"].items():
            self.expressions["rate " + name] = Parser(entry["rate"]).whole()

    def evaluate(self, values, keys, builtins=BUILTINS):
        known = dict(values)

        def look(name, arguments=None):
            if arguments is not None:
                if name in builtins:
                    return builtins[name](*arguments)
                formal, body = self.functions[name]
                local = dict(zip(formal, arguments))
                return body(lambda n, a=None: local[n] if a is None and n in local else look(n, a))
            if name not in known:
                known[name] = self.expressions[name](look)
            return known[name]

        return {key: self.expressions[key](look) for key in keys}


# ---- units: the same evaluation with numbers that carry them

ATOMS = {"g": (1, (1, 0, 0, 0, 0)), "mol": (1, (0, 1, 0, 0, 0)), "L": (1, (0, 0, 1, 0, 0)),
         "M": (1, (0, 1, -1, 0, 0)), "h": (1, (0, 0, 0, 1, 0)), "mmHg": (1, (0, 0, 0, 0, 1))}
PREFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3}
NONE = (0, 0, 0, 0, 0)


class Quantity:
    """A number in g, mol, L, h and mmHg."""

    def __init__(self, value, dims=NONE):
        self.value, self.dims = value, dims

    @staticmethod
    def of(text):
        unit = Quantity(1.0)
        for sign, name in re.findall(r"(^|[*/])([^*/]+)", text):
            scale, dims = ATOMS.get(name) or ((1, NONE) if name in ("-", "rel.", "points", "1") else
                                              (PREFIXES[name[0]] * ATOMS[name[1:]][0], ATOMS[name[1:]][1]))
            unit = unit / Quantity(scale, dims) if sign == "/" else unit * Quantity(scale, dims)
        return unit

    @staticmethod
    def lift(x):
        return x if isinstance(x, Quantity) else Quantity(x)

    def like(self, other):
        other = Quantity.lift(other)
        if self.dims != other.dims:
            raise TypeError(f"{self.dims} beside {other.dims} (g, mol, L, h, mmHg)")
        return other.value

    def plain(self):
        return Quantity(1.0).like(self)

    def __add__(self, other):
        return Quantity(self.value + self.like(other), self.dims)

    def __sub__(self, other):
        return Quantity(self.value - self.like(other), self.dims)

    def __mul__(self, other):
        other = Quantity.lift(other)
        return Quantity(self.value * other.value, tuple(a + b for a, b in zip(self.dims, other.dims)))

    def __truediv__(self, other):
        other = Quantity.lift(other)
        return Quantity(self.value / other.value, tuple(a - b for a, b in zip(self.dims, other.dims)))

    def __pow__(self, other):
        return Quantity(self.plain() ** Quantity.lift(other).plain())

    def __neg__(self):
        return Quantity(-self.value, self.dims)

    def __abs__(self):
        return Quantity(abs(self.value), self.dims)

    def __lt__(self, other):
        return self.value < self.like(other)

    def __gt__(self, other):
        return self.value > self.like(other)

    def __le__(self, other):
        return self.value <= self.like(other)

    def __ge__(self, other):
        return self.value >= self.like(other)

    def __radd__(self, other):
        return Quantity.lift(other) + self

    def __rsub__(self, other):
        return Quantity.lift(other) - self

    def __rmul__(self, other):
        return self * other

    def __rtruediv__(self, other):
        return Quantity.lift(other) / self


def of_plain(function):
    return lambda *arguments: Quantity(function(*(Quantity.lift(a).plain() for a in arguments)))


UNIT_BUILTINS = {name: f if name in ("abs", "min", "max") else of_plain(f) for name, f in BUILTINS.items()}


def check_units(model, values, complain):
    """What each name evaluates to with units must be its number without, in its declared unit."""
    entries = {**model.json["parameters"], **model.json["states"]}
    units = {name: Quantity.of(entry.get("unit", "-")) for name, entry in entries.items()}
    units["t"] = hour = Quantity.of("h")
    carried = {name: units[name] * value for name, value in values.items()}
    expected = {"rate " + name: units[name] / hour for name in model.json["states"]}
    for section, prefix in (("derived", ""), ("definitions", ""), ("outputs", "output ")):
        for name, entry in model.json[section].items():
            expected[prefix + name] = Quantity.of(entry.get("unit", "-"))
    for key, unit in expected.items():
        try:
            got = (model.evaluate(carried, [key], UNIT_BUILTINS)[key] / unit).plain()
        except TypeError as error:
            complain(f"{key}: units do not fit, {error}")
            continue
        number = model.evaluate(values, [key])[key]
        if abs(got - number) > 1e-9 * max(abs(number), 1e-6):
            complain(f"{key}: {number:g} in its unit is {got:g} by the units of what it is made of")
    print(f"{len(expected)} equations: units checked")


# ---- KET-PD20 in its original form

def share(r, p):
    return p * r / (1 - p + p * r)


def hill(x, k, n):
    return x ** n / (k ** n + x ** n)


def gain(x, k):
    return 1 + k * (x - 1) if x >= 1 else x ** k


def baseline(p):
    S10 = p["S_dep"] / (1 + p["k_m"] / p["k_e2"])
    return S10, p["S_dep"] - S10


def original(p, t, y):
    """The rates of all states and the readouts; the sizes of the terms of each rate come along."""
    S10, S20 = baseline(p)
    k_s = p["k_d"] + p["k_r"]
    k_f = (p["k_e1"] + p["k_m"]) * S10 / (p["S_max"] - p["S_dep"])
    c = k_f / (k_f + p["k_e1"] + p["k_m"])
    W0 = p["omega"] * S10 + S20
    alpha = (p["Lam"] * p["Y50"] * W0 * (p["k_e2"] + p["k_m"] * c) / (S20 * p["k_e2"] * (1 - p["omega"] * c)))
    K = p["fu_K"] * p["Kp_K"] * y["Kc"] / p["V1"]
    Nk = p["fu_N"] * p["Kp_N"] * y["Nc"] / p["VN"]
    H = p["fu_H"] * p["Kp_H"] * y["Hc"] / p["VH"]
    u = K + p["pi_N"] * Nk
    th_I, th_P, th_R = (hill(u, k, p["n_H"]) for k in (p["IC_I"], p["r_IP"] * p["IC_I"], p["IC_R"]))
    a_I, a_P, a_E = share(p["rho_NI"], p["phi_I"]), share(p["rho_NP"], p["phi_P"]), share(p["rho_NP"], p["phi_E"])
    g_A, g_T = p["rho_A"] * p["phi_A"], p["rho_T"] * p["phi_T"]
    R = (1 + p["w1"] * p["gam"] * p["rho_G"] * a_I * th_I) * (1 - a_P * th_P) ** (p["wP"] * p["m_P"])
    b_R = p["b_R"] if p["b_R_on"] <= t < p["b_R_off"] else 0.0
    b_AMPA = p["b_AMPA"] if p["b_AMPA_on"] <= t < p["b_AMPA_off"] else 0.0
    z = y["G"] * (1 + p["w3"] * p["eps_H"] * H / (p["EC_H"] + H)) * (1 - b_AMPA)
    X = gain(hill(z, p["K_X"], p["n_X"]) / hill(1, p["K_X"], p["n_X"]), g_A)
    be = y["B"] * (1 + p["w4"] * p["eps_T"] * K / (p["K_T"] + K))
    T = gain(hill(be, p["K_BD"], p["n_T"]) / hill(1, p["K_BD"], p["n_T"]), g_T)
    Y = y["A"] * (p["omega"] * y["S1"] + y["S2"]) / W0 - 1
    gut = p["ka_g"] * y["Xg"]
    terms = {
        "Xn": [-p["ka_n"] * y["Xn"]],
        "Xg": [-gut],
        "Xim": [-p["ka_im"] * y["Xim"]],
        "Xsc": [-p["ka_sc"] * y["Xsc"]],
        "Xsl": [-p["ka_sl"] * y["Xsl"]],
        "Kc": [p["ka_n"] * y["Xn"], p["ka_im"] * y["Xim"], p["ka_sc"] * y["Xsc"], p["ka_sl"] * y["Xsl"],
               p["F_g"] * gut, -(p["CL"] + p["Q2"] + p["Q3"]) * y["Kc"] / p["V1"],
               p["Q2"] * y["Kp1"] / p["V2"], p["Q3"] * y["Kp2"] / p["V3"]],
        "Kp1": [p["Q2"] * y["Kc"] / p["V1"], -p["Q2"] * y["Kp1"] / p["V2"]],
        "Kp2": [p["Q3"] * y["Kc"] / p["V1"], -p["Q3"] * y["Kp2"] / p["V3"]],
        "Nc": [p["fm"] * p["CL"] * y["Kc"] / p["V1"], p["fm_g"] * (1 - p["fh_g"]) * (1 - p["F_g"]) * gut,
               -(p["CLN"] + p["QN"]) * y["Nc"] / p["VN"], p["QN"] * y["Np"] / p["VNp"]],
        "Np": [p["QN"] * y["Nc"] / p["VN"], -p["QN"] * y["Np"] / p["VNp"]],
        "Hc": [p["fh"] * p["CLN"] * y["Nc"] / p["VN"], p["fm_g"] * p["fh_g"] * (1 - p["F_g"]) * gut,
               -p["CLH"] * y["Hc"] / p["VH"]],
        "G": [p["k_G"] * R * y["F"] ** -p["a_F"], -p["k_G"] * y["G"]],
        "F": [p["k_F"] * y["G"], -p["k_F"] * y["F"]],
        "E": [p["k_E"], -p["k_E"] * p["w2"] * a_E * th_R, -p["k_E"] * y["E"]],
        "P": [k_s, k_s * p["kap_E"], -k_s * p["kap_E"] * y["E"], -(p["k_d"] + p["k_r"] * X) * y["P"]],
        "B": [p["k_B"] * X * y["P"], -p["k_B"] * y["B"]],
        "M": [p["k_M"] * gain(T, p["kap_M"]) * y["N"] ** -p["beta_N"] * (1 - b_R), -p["k_M"] * y["M"]],
        "N": [p["k_N"] * y["M"], -p["k_N"] * y["N"]],
        "Q": [p["k_Q"] * gain(y["M"], p["kap_Q"]), -p["k_Q"] * y["Q"]],
        "A": [p["k_A"], p["k_A"] * (gain(T, p["kap_A"]) - 1) * (1 - a_P * th_P) ** p["q_P"], -p["k_A"] * y["A"]],
        "S1": [k_f * gain(y["Q"], p["kap_S"]) * p["S_max"], -k_f * gain(y["Q"], p["kap_S"]) * (y["S1"] + y["S2"]),
               -(p["k_e1"] + p["k_m"]) * y["S1"]],
        "S2": [p["k_m"] * y["S1"], -p["k_e2"] * math.exp(-alpha * y["D"]) * y["S2"]],
        "D": [p["k_D"] * Y / (p["Y50"] + abs(Y)), -p["k_D"] * y["D"]],
        "Ce": [p["ke0"] * y["Kc"] / p["V1"] * 237.73, -p["ke0"] * y["Ce"]],
        "Tol": [p["w_tol"] * p["g_tol"] * a_I * th_I, -p["k_tol"] * y["Tol"]],
    }
    L = p["L_max"] * (1 - math.exp(-t / p["tau_p"])) * math.exp(-t / p["tau_l"])
    b = a_I * th_I
    madrs = p["MADRS0"] * (1 - p["E_D"] * y["D"]) * (1 - L)
    outputs = {
        "madrs": (madrs, p["MADRS0"]),
        "madrs_change": (madrs - p["MADRS0"], p["MADRS0"]),
        "madrs_reduction": ((p["MADRS0"] - madrs) / p["MADRS0"], 1),
        "madrs_drug": (madrs - p["MADRS0"] * (1 - L), p["MADRS0"]),
        "cadss": (p["C_max"] * b ** p["h_C"] / (p["B50"] ** p["h_C"] + b ** p["h_C"]) / math.exp(y["Tol"]), p["C_max"]),
        "systolic_rise": (p["s_BP"] * y["Ce"], 1),
        "plasma_ketamine": (y["Kc"] / p["V1"] * 237.73, 1e-300),
        "occupancy_interneuron": (th_I, 1), "occupancy_pyramidal": (th_P, 1), "occupancy_resting": (th_R, 1),
        "release": (R, 1), "ampa_drive": (z, 1), "bdnf_release": (X, 1), "trkb": (T, 1),
        "synaptic_strength": (1 + Y, 1), "placebo": (L, 1), "spines": (y["S1"] + y["S2"], 1),
    }
    return terms, outputs


# ---- the comparison

PK = ["Xn", "Xim", "Xsc", "Xsl", "Xg", "Kc", "Kp1", "Kp2", "Nc", "Np", "Hc", "Ce"]
SAME = PK + ["D", "Tol"]  # states that are no deviations
ONE = ["G", "F", "E", "P", "B", "M", "N", "Q", "A"]


def deviations(p, y):
    S10, S20 = baseline(p)
    d = {name: y[name] for name in SAME}
    d.update({"d" + name: y[name] - 1 for name in ONE})
    d.update({"dS1": y["S1"] - S10, "dS2": y["S2"] - S20})
    return d


def draw_parameters(r, table):
    p = {}
    for name, (value, low, high) in table.items():
        if name in ("b_R", "b_AMPA"):
            p[name] = r.choice([0.0, 0.0, r.uniform(0, 0.8)])  # a fuller block reaches the floor of gain1
        elif name.endswith(("_on", "_off")):
            p[name] = r.choice([value, r.uniform(0, 700)])
        elif name in ("w1", "w2", "w3", "w4", "wP", "w_tol"):
            p[name] = r.choice([0.0, 1.0, r.random()])
        elif low is None:
            p[name] = value
        else:
            p[name] = low + (high - low) * r.random()
    return p


def draw_state(r, p):
    S10, S20 = baseline(p)
    y = {name: 10 ** r.uniform(-1, 2.5) for name in PK}
    y.update({name: math.exp(r.uniform(-0.7, 0.9)) for name in ONE})
    y.update({"S1": S10 * r.uniform(0.6, 1.6), "S2": S20 * r.uniform(0.6, 1.6), "D": r.uniform(-0.3, 0.9),
              "Tol": r.uniform(0, 1)})
    return y


def check_table(model, complain):
    """The oracle's own table of parameters: name, value, low, high."""
    path = os.path.join(ROOT, "tests", "oracle", "ket_pd20.h")
    with open(path, encoding="utf-8") as file:
        rows = re.findall(r"^\s*X\((\w+), ([^,]+), ([^,]+), ([^,]+), \d, \d\)", file.read(), re.M)
    if len(rows) != 93:
        complain(f"{path}: {len(rows)} parameters instead of 93")
    for name, value, low, high in rows:
        entry = model.json["parameters"].get(name)
        if not entry:
            complain(f"parameter {name} is missing")
        elif (entry["value"], *entry["range"]) != (float(value), float(low), float(high)):
            complain(f"parameter {name}: {entry['value']} {entry['range']} instead of {value} [{low}, {high}]")


def main():
    model = Model(os.path.join(ROOT, "configs", "models", "ketamine.json"))
    failures = []
    complain = failures.append
    check_table(model, complain)

    table = {n: (e["value"], *e.get("range", (None, None))) for n, e in model.json["parameters"].items()}
    for name, entry in model.json["parameters"].items():
        missing = [key for key in ("about", "source", "evidence", "group") if not entry.get(key)]
        if missing:
            complain(f"parameter {name} has no {', '.join(missing)}")
    rates = ["rate " + name for name in model.json["states"]]
    if sorted(model.json["states"]) != sorted(SAME + ["dS1", "dS2"] + ["d" + n for n in ONE]):
        complain("the states are not those of KET-PD20 and its additions")
    r = random.Random(1)
    worst = [{}, {}]  # by posp.smooth
    for case in range(N_CASES):
        p = draw_parameters(r, table)
        if case == 0:
            p = {n: v[0] for n, v in table.items()}
        t, y = r.uniform(0, 700), draw_state(r, p)
        if case == 0:
            check_units(model, {**p, **deviations(p, y), "t": t}, complain)
        terms, outputs = original(p, t, y)
        for posp.smooth in (1, 0):
            got = model.evaluate({**p, **deviations(p, y), "t": t}, rates + ["output " + name for name in outputs])
            seen = worst[posp.smooth]
            for name, value in terms.items():
                own = name if name in SAME else "d" + name
                # relative to the terms that a rate is the difference of
                error = abs(got["rate " + own] - math.fsum(value)) / sum(map(abs, value))
                seen[own] = max(seen.get(own, 0), error)
            for name, (value, size) in outputs.items():
                error = abs(got["output " + name] - value) / max(abs(value), size)
                seen[name] = max(seen.get(name, 0), error)

        posp.smooth = 1
        rest = dict.fromkeys(model.json["states"], 0.0)
        still = model.evaluate({**p, "b_R": 0.0, "b_AMPA": 0.0, **rest, "t": t}, rates)
        moving = [key for key in rates if still[key] != 0]
        if moving:
            complain(f"case {case}: untreated, {', '.join(moving)} is not exactly 0")
    for label, seen, tolerance in (("", worst[0], TOLERANCE), (", smoothed", worst[1], TOLERANCE_SMOOTH)):
        for name, error in seen.items():
            if not error <= (TOLERANCE_SMOOTH_TOL if label and name == "Tol" else tolerance):
                complain(f"{name}{label}: relative difference {error:.3g}")
        name = max(seen, key=seen.get)
        print(f"{N_CASES} cases, {len(seen)} rates and outputs{label}: largest relative difference "
              f"{seen[name]:.3g} in {name}")
    for sentence in failures[:20]:
        print(sentence)
    return 1 if failures else 0


sys.exit(main())
