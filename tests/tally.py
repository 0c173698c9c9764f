"""What checks in Python share: a line for each, counted; files in a folder that goes away; the exit code at the end."""
import importlib
import json
import os
import sys
import tempfile

folder = tempfile.TemporaryDirectory()
_failures = 0


def check(what, good, detail=""):
    global _failures
    _failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what} {detail}")


def at_most(what, value, limit):
    check(f"{what}:", value <= limit, f"{value:.3g} (limit {limit:.3g})")


def near(what, got, expected, tolerance):
    check(f"{what}:", abs(got - expected) <= tolerance, f"{got:.6g}, expected {expected:.6g} within {tolerance:.2g}")


def write(name, content):
    """Text as it is, anything else as JSON."""
    path = os.path.join(folder.name, name)
    with open(path, "w") as f:
        f.write(content if isinstance(content, str) else json.dumps(content))
    return path


def cell(text):
    """A number of a table, or the word of a state or status."""
    try:
        return float(text)
    except ValueError:
        return text


def need(module):
    """A module that not every machine has; without it the check is skipped."""
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"skipped: {module} is missing")
        sys.exit(77)


def end():
    sys.exit(1 if _failures else 0)
