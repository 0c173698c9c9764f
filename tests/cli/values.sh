# What `evaluate` says of random cells of a map is what the map holds, bit for bit: values, margins, states, status, steps.
. "$2/tests/cli/fixture.bash"
python=/usr/bin/python3
[ -x "$python" ] || { echo "no $python"; exit 77; }
study s 900
seed=$$
echo "seed $seed"

# Reads a map with the standard library alone: Blosc frames of one block around zlib.
cat >"$folder/cells.py" <<'PY'
import json, math, random, struct, sys, zlib

task, folder, table, seed = sys.argv[1:5]

class Array:
    def __init__(self, name):
        self.path = f"{folder}/{name}/"
        meta = json.load(open(self.path + ".zarray"))
        self.shape, self.chunk, self.code = meta["shape"], meta["chunks"], {"<f4": "f", "<f8": "d", "<i4": "i", "|i1": "b"}[meta["dtype"]]
        self.cache = {}
        about = json.load(open(self.path + ".zattrs"))
        self.words = dict(zip(about.get("flag_meanings", "").split(), about.get("flag_values", [])))

    def whole(self, name):
        frame = open(self.path + name, "rb").read()
        size, = struct.unpack_from("<I", frame, 4)
        flags, width = frame[2], frame[3]
        if flags & 2:
            data = frame[16:16 + size]
        else:
            start, = struct.unpack_from("<I", frame, 16)
            length, = struct.unpack_from("<i", frame, start)
            data = zlib.decompress(frame[start + 4:start + 4 + length])
            if flags & 1:
                n = size // width
                data = bytes(data[b * n + i] for i in range(n) for b in range(width))
        return struct.unpack(f"<{size // struct.calcsize(self.code)}{self.code}", data)

    def at(self, index):
        name = ".".join(str(i // c) for i, c in zip(index, self.chunk))
        if name not in self.cache:
            self.cache[name] = self.whole(name)
        offset = 0
        for i, c in zip(index, self.chunk):
            offset = offset * c + i % c
        return self.cache[name][offset]

axes = json.load(open(f"{folder}/status/.zattrs"))["_ARRAY_DIMENSIONS"]
coordinate = [Array(a) for a in axes]
shape = Array("status").shape
random.seed(int(seed))
corners = [tuple(n - 1 if k >> a & 1 else 0 for a, n in enumerate(shape)) for k in range(2 ** len(shape))]
cells = corners + [tuple(random.randrange(n) for n in shape) for _ in range(300)]
if task == "ask":
    print(*axes, sep="\t")
    for cell in cells:
        print(*("%.17g" % c.at((i,)) for c, i in zip(coordinate, cell)), sep="\t")
else:
    rows = [line.rstrip("\n").split("\t") for line in open(table)]
    names, wrong = rows[0][len(axes):], 0
    arrays = [Array(n) for n in names]
    for cell, row in zip(cells, rows[1:], strict=True):
        for name, array, text in zip(names, arrays, row[len(axes):], strict=True):
            have, want = array.at(cell), array.words[text] if array.words else float(text)
            if not (have == want or math.isnan(have) and math.isnan(want)):
                wrong += 1
                print(f"cell {cell} {name}: the map has {have!r}, evaluate says {text}")
    print(f"{len(cells)} cells, {len(names)} columns, {wrong} differences")
    sys.exit(wrong > 0 or "onset_margin" not in names or "steps" not in names)
PY

for precision in single double; do
    exact='"keep": 23'
    [ $precision = double ] && exact='"type": "float64"'
    sed "s/\"precision\": \"single\"/\"precision\": \"$precision\"/; s/\"output\": {/&$exact, /" "$folder/s.json" >"$folder/$precision.json"
    expect 0 "$ketamap" run "$folder/$precision.json" --output "$folder/$precision.zarr" --quiet
    "$python" "$folder/cells.py" ask "$folder/$precision.zarr" - $seed >"$folder/p.tsv" || fail "the map cannot be read"
    expect 0 "$ketamap" evaluate "$folder/$precision.json" --points "$folder/p.tsv" --output "$folder/answer.tsv" --quiet
    "$python" "$folder/cells.py" compare "$folder/$precision.zarr" "$folder/answer.tsv" $seed || fail "map and evaluate differ in $precision precision"
done
finish
