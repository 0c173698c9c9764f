#!/usr/bin/env python3
"""docs/model.md is what tools/model_page.py writes, and what its text names in backticks exists.

usage: check_model_page.py KETAMAP SOURCE      (KETAMAP is not used)"""
import json
import os
import re
import subprocess
import sys

source = sys.argv[2]
failures = []

done = subprocess.run([sys.executable, os.path.join(source, "tools", "model_page.py"), "--check"], capture_output=True,
                      text=True)
if done.returncode != 0:
    failures.append(f"docs/model.md is out of date; run tools/model_page.py\n{done.stdout}{done.stderr}")

with open(os.path.join(source, "configs", "models", "ketamine.json"), encoding="utf-8") as file:
    model = json.load(file)
with open(os.path.join(source, "docs", "model.md"), encoding="utf-8") as file:
    page = file.read()
known = {"amt"}
for section in ("parameters", "derived", "states", "definitions", "outputs", "routes", "variants"):
    known.update(model[section])
for part in model["parameters"].values():
    if part["source"] not in page.replace("\\|", "|"):
        failures.append(f"the page lacks the source: {part['source']}")
prose = re.sub(r"<!-- \w+[^>]* -->.*?<!-- end -->", "", page, flags=re.S)
named = re.findall(r"`([^`\n]+)`", prose)
for name in named:
    if "/" in name:
        found = os.path.exists(os.path.join(source, name))
    else:
        pattern = re.compile(re.escape(name).replace(r"\*", r"\w+").replace(r"\.\.\.", r"\w+") + "$")
        found = any(pattern.match(word) for word in known)
    if not found:
        failures.append(f"`{name}` is nowhere in the model or the project")

print(f"{len(named)} names in the text, {len(failures)} complaints")
for sentence in failures:
    print(sentence)
sys.exit(1 if failures else 0)
