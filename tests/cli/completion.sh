# The completion script, asked as bash asks it; and options written oddly.
. "$2/tests/cli/fixture.bash"

expect 0 "$ketamap" completion bash
# shellcheck disable=SC1091
. "$folder/out"
# offers WORD TYPED...: the last of the typed words can become WORD
offers() {
    local word=$1
    shift
    COMP_WORDS=(ketamap "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _ketamap
    printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -- "$word" || fail "$* does not become $word but: ${COMPREPLY[*]}"
}
complete -p ketamap >/dev/null || fail "nothing is registered for ketamap"
for command in run simulate evaluate check devices info plot bench completion help; do
    offers "$command" "${command:0:1}"
    offers "$command" ""
done
# every option of every command, as its help page has them
for command in run simulate evaluate check devices info plot bench; do
    expect 0 "$ketamap" $command --help
    while read -r option; do
        offers "$option" "$command" "${option:0:4}"
    done < <(grep -oE '^  --[a-z-]+' "$folder/out")
done
touch "$folder/some.json"
offers "$folder/some.json" run "$folder/so"
expect 0 "$ketamap" completion --help
expect 2 "$ketamap" completion fish
expect 0 "$ketamap" help completion
expect 2 "$ketamap" help rum
says 'did you mean "run"'
# short options and values where there are none
touch "$folder/s.json"
expect 2 "$ketamap" run s.json -qv
says "unknown option -q"
expect 2 "$ketamap" run s.json --quiet=3
says "--quiet takes no value"
expect 2 "$ketamap" run s.json --output
says "--output needs a value"
expect 2 "$ketamap" run -- "$folder/s.json"
[ -s "$folder/err" ] || fail "an empty study is fine?"
finish
