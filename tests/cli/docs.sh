#!/usr/bin/env bash
# Every command and every Python line of README and manual runs as it stands, in the order of the pages; JSON examples that are
# whole files are read; links lead somewhere. A scratch copy of the folders is used, with the quick start's grid made
# 16 x 8 x 16 so that it takes a second.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
source=$2
cp -r "$source/configs" "$source/docs" "$source/README.md" "$folder/"
mkdir -p "$folder/results" "$folder/bin"
ln -s "$ketamap" "$folder/bin/ketamap"
export PATH=$folder/bin:$PATH
cd "$folder" || exit 1
sed -i 's/"log": \["0.1 mg\/kg", "2 mg\/kg", 128\]/"log": ["0.1 mg\/kg", "2 mg\/kg", 16]/; s/168 h", 64\]/168 h", 8]/; s/\[0.4, 2, 128\]/[0.4, 2, 16]/' \
    configs/studies/quickstart.json
python=/usr/bin/python3
"$python" -c 'import zarr, xarray' 2>/dev/null || python=

# blocks LANGUAGE FILE: the lines of its fenced blocks
blocks() { awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' "$2"; }

n=0
for page in README.md docs/quickstart.md docs/models.md docs/studies.md docs/designs.md docs/map-format.md docs/numerics.md docs/troubleshooting.md; do
    while IFS= read -r line; do
        line=${line%%  #*}
        case $line in
        '' | ketamap\ bench*) continue ;; # bench has a test of its own
        esac
        n=$((n + 1))
        bash -c "$line" >out 2>err </dev/null || fail "$page: exit $?: $line -- $(head -c 300 err)"
    done < <(blocks sh "$page")
    if [ -n "$python" ] && [ "$page" != README.md ] && [ -n "$(blocks python "$page")" ]; then
        n=$((n + 1))
        blocks python "$page" >script.py
        "$python" script.py >out 2>err || fail "$page: its Python fails: $(tail -1 err)"
    fi
    while IFS= read -r link; do
        [ -e "$(dirname "$page")/$link" ] || [ -e "$source/$(dirname "$page")/$link" ] || fail "$page: the link $link leads nowhere"
    done < <(grep -o '](\([^)#]*\))' "$page" | sed 's/](\(.*\))/\1/' | grep -v '^http')
done
[ "$n" -ge 25 ] || fail "only $n commands were found"

# the examples of a whole model and a whole study are right
blocks json docs/models.md >configs/models/example.json
expect 0 "$ketamap" check configs/models/example.json --strict
blocks json docs/studies.md >configs/studies/example.json
expect 0 "$ketamap" check configs/studies/example.json --strict

for page in docs/*.md; do
    [ "$page" = docs/README.md ] || grep -q "($(basename "$page"))" docs/README.md || fail "docs/README.md does not lead to $page"
done
echo "$n commands"
finish
