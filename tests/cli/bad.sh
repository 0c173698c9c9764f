#!/usr/bin/env bash
# Broken models and studies: `check` must name the mistake and its place in one line.
#
# bad/NAME.json is the file; bad/NAME.expect has the exit code on its first line, and on each further line a
# text that the message must contain. Files without .expect are right, and `check` must accept them.
# usage: bad.sh KETAMAP SOURCE_DIR
set -u
ketamap=$1
folder=$2/tests/cli/bad
failed=0
n=0

if [ ! -x "$ketamap" ]; then
    echo "$ketamap is not built"
    exit 77
fi

complain() {
    echo "$name: $1"
    sed 's/^/    /' <<<"$errors"
    failed=$((failed + 1))
}

for file in "$folder"/*.json; do
    name=$(basename "$file" .json)
    n=$((n + 1))
    errors=$("$ketamap" check "$file" 2>&1 >/dev/null)
    code=$?
    if [ ! -e "$folder/$name.expect" ]; then
        [ "$code" = 0 ] || complain "a file that is right was refused (exit code $code)"
        continue
    fi
    mapfile -t expected <"$folder/$name.expect"
    errors=$(grep -v -E '^(ketamap: )?warning: ' <<<"$errors")
    [ "$code" = "${expected[0]}" ] || complain "exit code $code, expected ${expected[0]}"
    [ "$(wc -l <<<"$errors")" = 1 ] || complain "the error is not one line"
    [[ "$errors" == *"/bad/"*".json"* ]] || complain "the message does not name the file"
    for text in "${expected[@]:1}"; do
        [[ "$errors" == *"$text"* ]] || complain "the message does not contain: $text"
    done
done

echo "$n files, $failed complaints"
[ "$n" -gt 40 ] && [ "$failed" = 0 ]
