# Help, versions, and wrong command lines.
. "$2/tests/cli/fixture.bash"
study s 5

for command in run simulate evaluate check devices info plot export verify sensitivity fit bench; do
    expect 0 "$ketamap" $command --help
    grep -q "^usage: ketamap $command" "$folder/out" || fail "no usage of $command"
    grep -q "exit codes" "$folder/out" || fail "no exit codes in the help of $command"
    [ "$(awk 'length > 130' "$folder/out" | wc -l)" -eq 0 ] || fail "a help line of $command is too long"
done
expect 0 "$ketamap" --version
grep -qE '^ketamap [0-9]+\.[0-9]+\.[0-9]+$' "$folder/out" || fail "version: $(cat "$folder/out")"
expect 0 "$ketamap" --help
expect 0 "$ketamap" help run
expect 0 "$ketamap" completion bash
bash -n "$folder/out" || fail "the completion script is not bash"
expect 2 "$ketamap"
expect 2 "$ketamap" rum
says 'did you mean "run"?'
expect 2 "$ketamap" run
says "needs STUDY"
expect 2 "$ketamap" run a b
says "one too many"
expect 2 "$ketamap" run "$folder/s.json" --outptu x
says "did you mean --output?"
expect 2 "$ketamap" run "$folder/s.json" --batch many
says "--batch is a whole number"
expect 2 "$ketamap" run "$folder/s.json" --lanes 3
says "1, 2, 4, 8 or 16"
expect 2 "$ketamap" run "$folder/s.json" --device nosuch
says "nosuch"
# a device is not taken for larger than it is
for command in run bench; do
    file=$folder/s.json
    [ $command != bench ] || file=--quick
    expect 2 "$ketamap" $command "$file" --compute-units 65536
    grep -qE '^ketamap: error: the device .* has [0-9]+ compute units?, got --compute-units 65536$' "$folder/err" || fail "$command: $(cat "$folder/err")"
done
[ ! -e "$folder/s.zarr" ] && [ ! -e "$folder/s.zarr.partial" ] || fail "a map was begun"
expect 2 "$ketamap" run "$folder/s.json" --set kk=1
says 'kk'
expect 3 "$ketamap" run "$folder/missing.json"
says "missing.json"
# a file of another kind is called what it is
expect 2 "$ketamap" run "$folder/decay.json"
says 'decay.json:1:1: this is a model; a study names it'
expect 2 "$ketamap" run "$2/configs/trials/ketamine-iv.json"
says "this is a fit, which ketamap fit reads"
expect 2 "$ketamap" fit "$folder/s.json"
says 's.json:1:1: this is a study; a fit has "trials" and "rows"'
expect 2 "$ketamap" fit "$folder/decay.json"
says "this is a model"
expect 2 "$ketamap" check "$folder/s.json" --emit fortran
expect 0 "$ketamap" check "$folder/s.json"
expect 0 "$ketamap" check "$folder/decay.json"
expect 0 "$ketamap" check "$folder/decay.json" --emit c
grep -q model_jacobian "$folder/out" || fail "no Jacobian in the C code"
cp "$folder/out" "$folder/model.c"
${CC:-cc} -std=c11 -Wall -Wextra -Wno-unused-function -Werror -c "$folder/model.c" -o "$folder/model.o" || fail "the C code does not compile"
expect 0 "$ketamap" check "$folder/s.json" --emit opencl --precision single --lanes 16
expect 0 "$ketamap" devices
expect 2 "$ketamap" evaluate "$folder/s.json"
says "--points"
expect 2 "$ketamap" info "$folder/nothing.zarr"
says "there is no map"
# under --strict a warning is an error: a parameter outside its range
expect 0 "$ketamap" check "$folder/s.json" --set k=5
says "warning"
expect 2 "$ketamap" check "$folder/s.json" --set k=5 --strict
finish
