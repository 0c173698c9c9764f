#!/usr/bin/env bash
# README and manual as a reader would use them, in a scratch copy, page by page in the order of docs/README.md: every line of
# an sh block is run, has to end with 0 or with the code in its comment "# exit N", and may set nothing in vain; every python
# block is run; JSON examples that are whole files are checked strictly, the others are read as JSON; links and paths lead
# somewhere.
#
# Two things differ from what is printed, and are counted below: the quick start's grid is 16 x 8 x 16 instead of
# 128 x 64 x 128, and of `ketamap bench`, which takes minutes and has a test of its own, the help is asked.
# console blocks (cloning, installing) are not run; the map that they make is made first.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
source=$2
cp -r "$source/configs" "$source/docs" "$source/README.md" "$folder/"
mkdir -p "$folder/results" "$folder/bin"
ln -s "$ketamap" "$folder/bin/ketamap"
export PATH=$folder/bin:$PATH
cd "$folder" || exit 1
python=/usr/bin/python3
[ -x "$python" ] || python=

sed -i 's/"log": \["0.1 mg\/kg", "2 mg\/kg", 128\]/"log": ["0.1 mg\/kg", "2 mg\/kg", 16]/; s/168 h", 64\]/168 h", 8]/; s/\[0.4, 2, 128\]/[0.4, 2, 16]/' \
    configs/studies/quickstart.json
expect 0 ketamap check configs/studies/quickstart.json
grep -q '^points 2048,' "$folder/out" || fail "the quick start's grid is not the one this test knows to shrink"
expect 0 ketamap run configs/studies/quickstart.json

mapfile -t pages < <(grep -o '](\([a-z-]*\.md\))' docs/README.md | sed 's/](\(.*\))/docs\/\1/')
pages=(README.md docs/README.md "${pages[@]}")
for page in docs/*.md; do
    [[ " ${pages[*]} " == *" $page "* ]] || fail "docs/README.md does not lead to $page"
done

# blocks LANGUAGE FILE: the lines of its fenced blocks; with a number N, those of the Nth block
blocks() {
    awk -v fence="\`\`\`$1" -v wanted="${3:-0}" '$0 == fence { on = ++n == wanted || !wanted; next } /^```/ { on = 0 } on' "$2"
}

commands=0 expected_errors=0 replaced=0 scripts=0 examples=0 links=0
if [ -z "$python" ]; then
    no_modules="there is no /usr/bin/python3"
else
    no_modules=$("$python" -c 'import zarr, xarray' 2>&1 | tail -1)
fi

run_commands() {
    local line code got
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        code=0
        [[ $line =~ \#\ exit\ ([0-9]+) ]] && code=${BASH_REMATCH[1]} && expected_errors=$((expected_errors + 1))
        case $line in
        ketamap\ bench*) line="ketamap bench --help" replaced=$((replaced + 1)) ;;
        *quickstart* | *mine.json*) replaced=$((replaced + 1)) ;;
        esac
        commands=$((commands + 1))
        bash -c "$line" >out 2>err </dev/null
        got=$?
        [ $got -eq "$code" ] || fail "$1: exit $got, expected $code: $line -- $(head -c 300 err)"
        grep -q "has no effect" err && fail "$1: does nothing: $line -- $(head -c 300 err)"
        [ "$code" -eq 0 ] || grep -q . err || fail "$1: fails without a word: $line"
    done < <(blocks sh "$1")
}

run_python() {
    local i
    for ((i = 1; i <= $(grep -c '^```python$' "$1"); i++)); do
        if [ -n "$no_modules" ]; then
            echo "skipped: the Python of $1: $no_modules"
            continue
        fi
        scripts=$((scripts + 1))
        blocks python "$1" $i >script.py
        "$python" script.py >out 2>err || fail "$1: its Python fails: $(tail -1 err)"
        [ -s err ] && fail "$1: its Python complains: $(head -c 300 err)"
    done
}

# A block that begins with a brace is a file, beside the models or studies that it names; others are members of one.
check_json() {
    local i kind
    for ((i = 1; i <= $(grep -c '^```json$' "$1"); i++)); do
        examples=$((examples + 1))
        blocks json "$1" $i >example
        if [ "$(head -c 1 example)" = "{" ]; then
            grep -q '"model":' example && kind=studies || kind=models
            cp example "configs/$kind/example.json"
            expect 0 ketamap check "configs/$kind/example.json" --strict
        elif [ -n "$python" ]; then
            { echo "{" && cat example && echo "}"; } >example.json
            "$python" -m json.tool example.json >out 2>err || fail "$1: an example is no JSON: $(cat err)"
        fi
    done
}

# Links, and paths in backticks of what is kept in git.
check_links() {
    local link at
    while IFS= read -r link; do
        links=$((links + 1))
        at=$source/$(dirname "$1")/${link%%#*}
        [ -e "$at" ] || fail "$1: the link $link leads nowhere"
    done < <(grep -o '](\([^)]*\))' "$1" | sed 's/](\(.*\))/\1/' | grep -v '^http')
    while IFS= read -r link; do
        links=$((links + 1))
        [ -e "$source/$link" ] || fail "$1: there is no $link"
    done < <(grep -oE '`(host|kernels|tests|tools|docs|configs/studies|configs/models)/[A-Za-z0-9_./-]+`' "$1" | tr -d '`')
}

for page in "${pages[@]}"; do
    run_commands "$page"
    run_python "$page"
    check_json "$page"
    check_links "$page"
done

# What troubleshooting.md quotes in its first column is what the program says: "..." stands for what changes, and the words
# below for what a format fills in.
if [ -n "$python" ]; then
    "$python" - "$source" docs/troubleshooting.md >quoted 2>&1 <<'PYTHON' || fail "quotations: $(cat quoted)"
import glob, re, sys
text = "".join(open(path, encoding="utf-8").read() for path in glob.glob(sys.argv[1] + "/host/**/*.c", recursive=True))
text = re.sub(r'"\s*\n\s*"', "", text).replace('\\"', '"')
text = re.sub(r"%(l|ll|z)?[sdug]", "%", re.sub(r"%\.\d\w", "%", text))
words = {"more than one": "%", "endpoint": "%"}
n, absent = 0, []
for row in open(sys.argv[2], encoding="utf-8"):
    for quoted in re.findall(r'"([^"`]+)"', row.split("|")[1] if row.startswith("| ") else ""):
        for part in filter(None, re.split(r"\s*\.\.\.\s*", quoted)):
            n += 1
            variants = [part] + [part.replace(a, b) for a, b in words.items() if a in part]
            if not any(v in text for v in variants):
                absent.append(part)
print(absent, n)
sys.exit(bool(absent) or n < 15)
PYTHON
fi

# what a page promises to change has to change
cmp -s configs/models/ketamine.json configs/models/mine.json && fail "the quick start's sed changes no equation"
[ "$commands" -ge 40 ] || fail "only $commands commands were found"
[ "$links" -ge 30 ] || fail "only $links links were found"
[ "$examples" -ge 4 ] || fail "only $examples examples of JSON were found"
[ -n "$no_modules" ] || [ "$scripts" -ge 4 ] || fail "only $scripts Python scripts were found"

echo "$commands commands ($expected_errors that have to fail, $replaced on the smaller grid or as --help), $scripts Python scripts," \
    "$examples JSON examples, $links links"
finish
