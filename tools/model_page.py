#!/usr/bin/env python3
"""Writes the equations and tables of docs/model.md from configs/models/ketamine.json, so that the page cannot drift.

    python3 tools/model_page.py            rewrites the page
    python3 tools/model_page.py --check    exit code 1, and what differs, if it is not up to date

What is written stands between <!-- KIND NAMES --> and <!-- end -->; the text around it is written by hand. Kinds: equations
(of the names listed), functions, outputs, parameters, routes, variants. Every state, derived value and definition must be in one of
the lists of equations.
"""
import difflib
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PAGE = os.path.join(ROOT, "docs", "model.md")
BLOCK = re.compile(r"(<!-- (functions|equations|outputs|parameters|routes|variants)((?: \w+)*) -->\n).*?(<!-- end -->)", re.S)


def number(x):
    return f"{x:g}"


def cell(text):
    return str(text).replace("|", "\\|")


def table(head, rows):
    lines = [head, ["---"] * len(head)] + rows
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)


def equations(model, names):
    lines = []
    for name in names:
        for section in ("states", "derived", "definitions"):
            entry = model[section].get(name)
            if entry is not None:
                break
        else:
            sys.exit(f"docs/model.md: the model has no equation for {name}")
        left = name + ("'" if section == "states" else "")
        about = ", ".join(text for text in (entry.get("about"), entry.get("unit")) if text and text != "-")
        lines.append(f"{left} = {entry['rate' if section == 'states' else 'value']}" + (f"    ({about})" if about else ""))
    return "```\n" + "\n".join(lines) + "\n```\n"


def functions(model, _):
    return "```\n" + "".join(f"{head} = {body}\n" for head, body in model["functions"].items()) + "```\n"


def outputs(model, _):
    return table(["output", "is", "unit", "value"], [[f"`{name}`", entry.get("about", ""), entry["unit"], f"`{entry['value']}`"]
                                                     for name, entry in model["outputs"].items()])


def law(entry):
    kind = entry.get("uncertainty")
    return kind["law"] if isinstance(kind, dict) else kind or ""


def parameters(model, _):
    groups = {}
    for name, entry in model["parameters"].items():
        span = " to ".join(map(number, entry["range"])) if "range" in entry else ""
        groups.setdefault(entry["group"], []).append(
            [f"`{name}`", entry["about"], number(entry["value"]), entry["unit"], span, law(entry), entry["evidence"],
             entry["source"]])
    head = ["name", "meaning", "value", "unit", "range", "law", "evidence", "source"]
    return "\n".join(f"**{group}**\n\n" + table(head, rows) for group, rows in groups.items())


def routes(model, _):
    return table(["route", "goes into"],
                 [[f"`{name}`", ", ".join(f"`{part['fraction']}` of it into `{part['into']}`" for part in parts)]
                  for name, parts in model["routes"].items()])


def variants(model, _):
    return table(["variant", "sets", "is"],
                 [[f"`{name}`", ", ".join(f"`{key}` {number(value)}" for key, value in entry.items() if key != "about"),
                   entry["about"]] for name, entry in model["variants"].items()])


WRITERS = {"functions": functions, "equations": equations, "outputs": outputs, "parameters": parameters, "routes": routes,
           "variants": variants}


def main():
    with open(os.path.join(ROOT, "configs", "models", "ketamine.json"), encoding="utf-8") as file:
        model = json.load(file)
    with open(PAGE, encoding="utf-8") as file:
        before = file.read()
    listed = [name for _, kind, names, _ in BLOCK.findall(before) if kind == "equations" for name in names.split()]
    missing = [name for section in ("states", "derived", "definitions") for name in model[section] if name not in listed]
    if missing or len(set(listed)) != len(listed):
        sys.exit("docs/model.md: equations in no list: " + (", ".join(missing) or "none; a name is listed twice"))
    after = BLOCK.sub(lambda m: m[1] + WRITERS[m[2]](model, m[3].split()) + m[4], before)
    if "--check" in sys.argv[1:]:
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "docs/model.md",
                                                   "as tools/model_page.py writes it"))
        return int(before != after)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(after)
    return 0


sys.exit(main())
