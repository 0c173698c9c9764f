#!/usr/bin/env python3
"""A map of ketamap opens elsewhere: zarr 2 and xarray find its dimensions, coordinates and units, numcodecs decodes
its chunks, and its values are those of `ketamap evaluate`, bit for bit at 23 bits and after the same rounding at 16.

usage: test_map_opens.py KETAMAP [SOURCE_FOLDER]     (or the environment: KETAMAP or KM_BINARY, KM_SOURCE_DIR)"""
import json
import os
import random
import subprocess
import sys
import tempfile
import zlib

try:
    import numcodecs
    import numpy as np
    import xarray
    import zarr
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

KETAMAP = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KETAMAP") or os.environ.get("KM_BINARY", "ketamap")
N_CELLS = 200
SEED = 7
failures = []

MODEL = {
    "name": "opens", "time_unit": "h",
    "parameters": {"CL": {"value": 80, "unit": "L/h"}, "V": {"value": 100, "unit": "L"},
                   "mm": {"value": 250, "unit": "g/mol"}},
    "states": {"K": {"initial": "0", "rate": "-CL/V*K", "unit": "umol"}},
    "outputs": {"plasma": {"value": "K/V*mm", "unit": "ng/mL"}},
    "routes": {"iv": [{"into": "K"}]},
    "dose": {"amount": "amt/mm", "unit": "umol"},
    "variants": {"slow": {"CL": 40}, "fast": {"CL": 160}},
}
STUDY = {
    "model": "model.json", "name": "opens",
    "regimen": [{"id": "push", "route": "iv", "amt": "30 mg", "ii": "12 h", "addl": 1}],
    "horizon": "2 d",
    "design": {"axes": [
        {"name": "dose", "of": "regimen.push.amt", "log": ["1 mg", "100 mg", 41], "about": "amount of a push"},
        {"name": "speed", "of": "variant", "values": ["slow", "fast"]},
        {"name": "interval", "of": "regimen.push.ii", "linear": ["6 h", "24 h", 7]},
        {"name": "volume", "of": "V", "linear": ["60 L", "200 L", 131]}]},
    "endpoints": [
        {"name": "top", "of": "plasma", "kind": "max"},
        {"name": "onset", "of": "plasma", "kind": "first_time", "when": ">= 300 ng/mL", "margin": True},
        {"name": "awake", "of": "plasma", "kind": "last_time", "when": ">= 100 ng/mL"},
        {"name": "exposure", "of": "plasma", "kind": "integral"}],
    "solver": {"rtol": 1e-4},
}


def check(right, what):
    if not right:
        failures.append(what)
        print("FAILED:", what)


def run(*arguments):
    done = subprocess.run([KETAMAP, *arguments], capture_output=True, text=True)
    if done.returncode == 4:
        print("skipped, no device:", done.stderr.strip())
        sys.exit(77)
    if done.returncode != 0:
        print(done.stderr)
        sys.exit(f"ketamap {' '.join(arguments)}: exit code {done.returncode}")
    return done


def write(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        json.dump(value, file)
    return path


def rounded(values, keep):
    """float32 to `keep` mantissa bits, nearest, ties to even."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    drop = 23 - keep
    if drop:
        bits = (bits + (1 << (drop - 1)) - 1 + (bits >> drop & 1)) & ~np.uint64((1 << drop) - 1)
    out = bits.astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values), out, np.asarray(values, np.float32))


def same_bits(a, b):
    a, b = np.float32(a), np.float32(b)
    return (np.isnan(a) and np.isnan(b)) or a.tobytes() == b.tobytes()


def check_structure(path):
    group = zarr.open_group(path, mode="r")
    attributes = group.attrs.asdict()
    check(attributes["ketamap_map"] == "1", "ketamap_map is 1")
    check(json.loads(attributes["study"]) is not None and json.loads(attributes["model"])["name"] == "opens",
          "study and model texts are JSON")
    shape = (41, 2, 7, 131)
    names = {"dose", "speed", "interval", "volume", "status", "steps", "onset_margin"}
    for endpoint in STUDY["endpoints"]:
        names |= {endpoint["name"], endpoint["name"] + "_state"}
    check(set(group.array_keys()) == names, f"arrays {sorted(group.array_keys())}")
    for name in names - {"dose", "speed", "interval", "volume"}:
        array = group[name]
        check(array.shape == shape, f"{name} has shape {array.shape}")
        check(array.dtype == {"status": "i1", "steps": "<i4"}.get(name, "i1" if name.endswith("_state") else "<f4"),
              f"{name} is {array.dtype}")
    check((group["status"][:] == 0).all(), "every point is done")
    check((group["steps"][:] > 0).all(), "every point took steps")

    data = xarray.open_zarr(path, consolidated=False)
    check(data["top"].dims == ("dose", "speed", "interval", "volume"), f"xarray dims {data['top'].dims}")
    check(data["dose"].attrs.get("units") == "mg" and data["dose"].attrs.get("long_name") == "amount of a push",
          f"dose is described: {data['dose'].attrs}")
    check(data["volume"].attrs.get("units") == "L", "volume has units")
    check(data["top"].attrs.get("units") == "ng/mL", "top has units")
    check(data["onset"].attrs.get("units") == "h" and data["onset"].dtype == np.float32, "onset stays a float in h")
    check(np.allclose(data["dose"], np.geomspace(1, 100, 41), rtol=1e-12), "dose is a log axis")
    check(np.allclose(data["interval"], np.linspace(6, 24, 7), rtol=1e-14), "interval is a linear axis")
    check(data["speed"].attrs.get("flag_meanings") == "slow fast" and list(data["speed"].values) == [0, 1]
          and data["speed"].dtype == np.int8, "speed is a category")
    check(data["onset_state"].dtype == np.int8, f"states stay int8, got {data['onset_state'].dtype}")
    check(data["onset_state"].attrs["flag_meanings"].split()[:3] == ["exact", "never", "censored"], "state flags")
    check(data["status"].attrs["flag_values"][1] == 0, "status flags")
    never = data["onset_state"].values == 1
    check(0.05 < never.mean() < 0.95, f"some points never reach the threshold ({never.mean():.2f})")
    check((np.isnan(data["onset"].values) == never).all(), "never is NaN, the rest is not")
    margin = data["onset_margin"].values
    check(((margin < 0) == never).all(), "the margin is negative where the threshold is never reached")
    near = data["top"].sel(dose=30, volume=100, method="nearest")
    check(near.shape == (2, 7), "selection by coordinate")


def check_files(path):
    with open(os.path.join(path, "manifest.tsv")) as file:
        lines = file.read().splitlines()
    check(lines[0] == "path\tbytes\tcrc32" and lines[1:] == sorted(lines[1:]), "the manifest is sorted")
    listed = set()
    for line in lines[1:]:
        name, size, crc = line.split("\t")
        with open(os.path.join(path, name), "rb") as file:
            frame = file.read()
        listed.add(name)
        check(len(frame) == int(size) and zlib.crc32(frame) == int(crc, 16), f"{name} is as the manifest says")
        with open(os.path.join(path, os.path.dirname(name), ".zarray")) as file:
            meta = json.load(file)
        codec = numcodecs.get_codec(meta["compressor"])
        expected = int(np.prod(meta["chunks"])) * np.dtype(meta["dtype"]).itemsize
        check(len(codec.decode(frame)) == expected, f"numcodecs decodes {name}")
    found = {os.path.join(array, name) for array in os.listdir(path) if os.path.isdir(os.path.join(path, array))
             for name in os.listdir(os.path.join(path, array)) if not name.startswith(".")}
    check(found - listed == {"dose/0", "speed/0", "interval/0", "volume/0"}, "the manifest lists every chunk")
    check({n for n in os.listdir(path) if not os.path.isdir(os.path.join(path, n))}
          == {".zgroup", ".zattrs", "manifest.tsv", "run.json"}, "no files are left over")


def check_values(folder, study, path, keep):
    group = zarr.open_group(path, mode="r")
    axes = ["dose", "interval", "volume"]
    draw = random.Random(SEED)
    for speed, word in enumerate(["slow", "fast"]):
        cells = [[draw.randrange(len(group[a])) for a in axes] for _ in range(N_CELLS // 2)]
        points = os.path.join(folder, "points.tsv")
        with open(points, "w") as file:
            file.write("\t".join(axes + ["CL"]) + "\n")
            for cell in cells:
                row = [repr(float(group[a][i])) for a, i in zip(axes, cell)]
                file.write("\t".join(row + [str(MODEL["variants"][word]["CL"])]) + "\n")
        rows = [line.split("\t") for line in run("evaluate", study, "--points", points).stdout.splitlines()]
        column = {name: i for i, name in enumerate(rows[0])}
        check(len(rows) == len(cells) + 1, "evaluate answers every point")
        for cell, row in zip(cells, rows[1:]):
            at = (cell[0], speed, cell[1], cell[2])
            for name in group.array_keys():
                if name not in column or name in axes:
                    continue
                stored, value = group[name][at], row[column[name]]
                if group[name].dtype.kind == "f":
                    value = rounded(np.array([float(value)]), keep)[0]
                    check(same_bits(stored, value), f"keep {keep}, {name}{at}: map {stored!r}, evaluate {value!r}")
                else:
                    words = dict(zip(group[name].attrs.get("flag_meanings", "").split(), group[name].attrs.get("flag_values", [])))
                    check(stored == words.get(value, value if words else int(value)), f"keep {keep}, {name}{at}: map {stored}, evaluate {value}")


def check_again(study, path):
    done = run("run", study, "--output", path)
    check("complete" in done.stderr, "a second run says that the map is complete")


def main():
    print("seed", SEED)
    with tempfile.TemporaryDirectory(prefix="ketamap-test-") as folder:
        write(folder, "model.json", MODEL)
        for keep in (16, 23):
            name, path = f"keep{keep}", os.path.join(folder, f"keep{keep}.zarr")
            study = write(folder, name + ".json", dict(STUDY, output={"map": path, "keep": keep}))
            run("run", study, "--output", path)
            check_structure(path)
            check_files(path)
            check_values(folder, study, path, keep)
        check_again(study, path)
        run("info", path)
    print("failures:", len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
