"""The emitted C model for the peers: inlined, and what depends on parameters only computed once a point.

usage: hoist.py < model.c > model.h. A line "const double nK = EXPRESSION;" whose operands are parameters, numbers or
such lines moves to model_point(p, c); nK is the same expression in every function of the file."""
import re
import sys

text = sys.stdin.read()
hoisted = {}
for name, value in re.findall(r"^    const double (n\d+) = (.*);$", text, re.M):
    operands = re.findall(r"\bn\d+\b", value)
    if name not in hoisted and not re.search(r"\by\[|\bt\b|\bamt\b", value) and all(o in hoisted for o in operands):
        hoisted[name] = value
text = re.sub(r"^    const double (n\d+) = .*;\n", lambda m: "" if m[1] in hoisted else m[0], text, flags=re.M)
# Only what the remaining lines use is kept in c.
used = sorted(set(re.findall(r"\bn\d+\b", text)) & set(hoisted), key=lambda n: int(n[1:]))
index = {name: i for i, name in enumerate(used)}
text = re.sub(r"\bn\d+\b", lambda m: f"c[{index[m[0]]}]" if m[0] in index else m[0], text)
text = re.sub(r"^void (model_\w+)\(double t, const double \*y, const double \*p, double \*(\w+)\)",
              r"static inline void \1(double t, const double *__restrict y, const double *__restrict p,"
              r" const double *__restrict c, double *__restrict \2)", text, flags=re.M)
text = text.replace("(void)t, (void)y, (void)p;", "(void)t, (void)y, (void)p, (void)c;")
print(text)
print(f"enum {{ MODEL_CONSTANTS = {max(1, len(used))} }};\n")
print("static inline void model_point(const double *p, double *c)\n{")
for name, value in hoisted.items():
    print(f"    const double {name} = {value};")
for name in used:
    print(f"    c[{index[name]}] = {name};")
for name in hoisted:
    print(f"    (void){name};")
print("}")
