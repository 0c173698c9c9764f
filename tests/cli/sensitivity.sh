# Sensitivity analysis: closed forms, the same bytes whatever the batch, the compute units or a kill, failing points,
# "never", groups, choices, times, when to stop.
. "$2/tests/cli/fixture.bash"
models=$2/configs/models
out=$folder/r

# analysis NAME BLOCK [MODEL]: Ishigami's function
analysis() {
    cat >"$folder/$1.json" <<JSON
{"model": "${3:-$models/ishigami.json}", "endpoints": [{"name": "y", "of": "y", "kind": "value", "at": 0}],
 "sensitivity": $2, "solver": {"precision": "double"}}
JSON
}

# column TSV NAME ROW...: a cell; ROW: the first words of its line
column() {
    awk -F'\t' -v name="$2" -v want="${*:3}" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i}
        NR > 1 {n = split(want, w, " "); ok = 1; for (i = 1; i <= n; i++) ok = ok && $i == w[i]; if (ok) print $c}' "$1"
}

# near VALUE TRUTH TOLERANCE
near() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN {exit !(a != "" && a - b <= t && b - a <= t)}' || fail "$1 is not within $3 of $2"; }

run() { expect 0 "$ketamap" sensitivity "$@" --quiet; }

# closed forms: Saltelli 2008, a = 7, b = 0.1; ten times the usual error of this size
analysis small '{"n": 16384, "seed": "3", "second_order": true}'
run "$folder/small.json" --output "$out.zarr"
for line in "first x1 0.313905" "first x2 0.442411" "first x3 0" "total x1 0.557589" "total x2 0.442411" "total x3 0.243684"; do
    set -- $line "$1" "$2"
    near "$(column "$out.tsv" "$1" y "$2")" "$3" 0.01
    awk -v l="$(column "$out.tsv" "$1_low" y "$2")" -v h="$(column "$out.tsv" "$1_high" y "$2")" 'BEGIN {exit !(h > l && h - l < 0.02)}' ||
        fail "the interval of $line"
done
near "$(column "$out-pairs.tsv" second y x1 x3)" 0.243684 0.01
near "$(column "$out-pairs.tsv" second y x1 x2)" 0 0.01
expect 0 "$ketamap" sensitivity "$folder/small.json" --output "$out.zarr"
says "complete already"
analysis other '{"n": 8192}'
expect 2 "$ketamap" sensitivity "$folder/other.json" --output "$out.zarr"
says "--force"

# batches, compute units, lanes the same program: the same bytes
for options in "--batch 256" "--batch 5000" "--compute-units 1" "--device 0,0 --compute-units 1" "--device 0,0,0 --batch 300"; do
    run "$folder/small.json" --output "$folder/b.zarr" --force $options
    same "$out.zarr" "$folder/b.zarr"
    cmp -s "$out.tsv" "$folder/b.tsv" || fail "$options changes the table"
done

# killed and interrupted: the same bytes
analysis big '{"n": 1048576, "second_order": true}'
expect 2 "$ketamap" sensitivity "$folder/big.json" --output "$folder/k.zarr" --resume
says "to resume"
run "$folder/big.json" --output "$folder/whole.zarr"
# begin: starts it and waits for its first state, which it writes once it can be interrupted
begin() {
    local before=$(stat -c %y "$folder/k.zarr.state" 2>/dev/null) i
    "$ketamap" sensitivity "$folder/big.json" --output "$folder/k.zarr" --batch 4096 "$@" >"$folder/out" 2>"$folder/err" &
    run=$!
    for ((i = 0; i < 3000; i++)); do
        [ "$(stat -c %y "$folder/k.zarr.state" 2>/dev/null)" != "$before" ] && return
        kill -0 $run 2>/dev/null || return
        sleep 0.01
    done
}
for signal in KILL INT; do
    begin
    kill -$signal $run 2>/dev/null
    wait $run 2>/dev/null
    code=$?
    [ -e "$folder/k.zarr.state" ] || fail "$signal: nothing to go on from (exit $code): $(cat "$folder/err")"
    [ "$signal" = KILL ] || [ "$code" -eq 6 ] || fail "Ctrl-C gave exit $code"
    [ "$signal" = KILL ] || says "the same command goes on from there"
done
expect 0 "$ketamap" sensitivity "$folder/big.json" --output "$folder/k.zarr" --resume
says "resuming"
same "$folder/whole.zarr" "$folder/k.zarr"
cmp -s "$folder/whole.tsv" "$folder/k.tsv" || fail "a resumed analysis has another table"
[ ! -e "$folder/k.zarr.state" ] || fail "the state is still there"

# a state of another analysis, and a damaged one
begin --force
kill -KILL $run 2>/dev/null
wait $run 2>/dev/null
[ -e "$folder/k.zarr.state" ] || fail "no state was written"
analysis big '{"n": 1048576, "second_order": true, "seed": "2"}'
expect 2 "$ketamap" sensitivity "$folder/big.json" --output "$folder/k.zarr"
says "another analysis"
analysis big '{"n": 1048576, "second_order": true}'
printf 'x' | dd of="$folder/k.zarr.state" bs=1 seek=2000 conv=notrunc 2>/dev/null
expect 2 "$ketamap" sensitivity "$folder/big.json" --output "$folder/k.zarr"
says "checksum"

# stop when narrow enough
analysis until '{"n": 1048576, "until": "ci=0.02"}'
expect 0 "$ketamap" sensitivity "$folder/until.json" --output "$folder/u.zarr"
says "as narrow as wanted"
rows=$(column "$folder/u.tsv" n_used y x1)
[ "$rows" -lt 65536 ] || fail "it went on to $rows rows"
expect 0 "$ketamap" sensitivity "$folder/small.json" --output "$folder/u2.zarr" --until ci=0.0001
says "wider than wanted"

# a finished analysis goes on with a larger n, or a narrower interval, and ends with the bytes of one from scratch
for method in '"second_order": true' '"method": "morris", "design": "radial"' '"method": "dgsm"'; do
    analysis later "{$method, \"n\": 1024}"
    run "$folder/later.json" --output "$folder/l1.zarr" --force
    analysis later "{$method, \"n\": 16384}"
    run "$folder/later.json" --output "$folder/l2.zarr" --force
    expect 0 "$ketamap" sensitivity "$folder/later.json" --output "$folder/l1.zarr" --batch 700
    says "resuming $folder/l1.zarr/state"
    same "$folder/l1.zarr" "$folder/l2.zarr"
    cmp -s "$folder/l1.tsv" "$folder/l2.tsv" || fail "going on changes the table"
    [ ! -e "$folder/l1.zarr.state" ] || fail "a state is left over"
    expect 0 "$ketamap" sensitivity "$folder/later.json" --output "$folder/l1.zarr"
    says "complete already"
    analysis later "{$method, \"n\": 4096}"
    expect 2 "$ketamap" sensitivity "$folder/later.json" --output "$folder/l1.zarr"
    says 'its "n" was 16384 and is 4096'
done
analysis later '{"method": "dgsm", "n": 32768}'
expect 2 "$ketamap" sensitivity "$folder/later.json" --output "$folder/l1.zarr" --sample "$folder/s.tsv"
says "--sample writes all models, and $folder/l1.zarr/state goes on"
analysis until '{"seed": "2"}'
run "$folder/until.json" --output "$folder/l1.zarr" --force --until ci=0.1
run "$folder/until.json" --output "$folder/l2.zarr" --force --until ci=0.01
run "$folder/until.json" --output "$folder/l1.zarr" --until ci=0.01 --resume
same "$folder/l1.zarr" "$folder/l2.zarr"
expect 2 "$ketamap" sensitivity "$folder/until.json" --output "$folder/l1.zarr" --until ci=0.1
says "as narrow as wanted after"
analysis later '{"n": 1008}'
run "$folder/later.json" --output "$folder/l1.zarr" --force
analysis later '{"n": 2048}'
expect 2 "$ketamap" sensitivity "$folder/later.json" --output "$folder/l1.zarr"
says "was doubled a number of times"
analysis later '{"n": 2048, "seed": "2"}'
expect 2 "$ketamap" sensitivity "$folder/later.json" --output "$folder/l1.zarr"
says "of another analysis"
analysis later '{"method": "morris", "n": 16, "candidates": 50}'
run "$folder/later.json" --output "$folder/l1.zarr" --force
[ ! -e "$folder/l1.zarr/state" ] || fail "what another n chooses otherwise has a state to go on from"

# a group explains what its members explain together: x1 and x3 all but x2's share
analysis group '{"n": 16384, "groups": {"pair": ["x1", "x3"]}}'
run "$folder/group.json" --output "$folder/g.zarr"
near "$(column "$folder/g.tsv" first y pair)" 0.557589 0.01
near "$(column "$folder/g.tsv" total y pair)" 0.557589 0.01
[ "$(wc -l <"$folder/g.tsv")" -eq 3 ] || fail "a group is one line"

# points that fail for a reason of their own: what is dropped is said, and no index moves
cat >"$folder/failing.json" <<'JSON'
{"name": "failing", "time_unit": "-",
 "parameters": {"x1": {"value": 0, "unit": "-", "range": [-3.141592653589793, 3.141592653589793]},
                "x2": {"value": 0, "unit": "-", "range": [-3.141592653589793, 3.141592653589793]},
                "x3": {"value": 0, "unit": "-", "range": [-3.141592653589793, 3.141592653589793]},
                "z": {"value": 0.5, "unit": "-", "range": [0, 1]}},
 "require": ["z > 0.02"], "states": {},
 "outputs": {"y": {"value": "sin(x1)+7*sin(x2)^2+0.1*x3^4*sin(x1)"}}}
JSON
sed "s|$models/ishigami.json|failing.json|" "$folder/small.json" >"$folder/fail.json"
expect 0 "$ketamap" sensitivity "$folder/fail.json" --output "$folder/f.zarr"
says "break a condition"
for line in "first x1 0.313905" "first x2 0.442411" "first x3 0" "first z 0" "total x1 0.557589" "total x2 0.442411" "total x3 0.243684" "total z 0"; do
    set -- $line "$1" "$2"
    near "$(column "$folder/f.tsv" "$1" y "$2")" "$3" 0.02
done
near "$(column "$folder/f.tsv" n_dropped y x1)" 649 40 # 1 - 0.98^2 of 16384
used=$(column "$folder/f.tsv" n_used y x1) dropped=$(column "$folder/f.tsv" n_dropped y x1)
[ $((used + dropped)) -eq 16384 ] || fail "$used used and $dropped dropped are not all"
expect 5 "$ketamap" sensitivity "$folder/fail.json" --output "$folder/f.zarr" --force --strict

# "never": C = amt/V exp(-k t) reaches 5 mg/L at once or never; the dose alone decides, and more often than not
cat >"$folder/never.json" <<'JSON'
{"model": "decay.json", "horizon": "24 h", "regimen": [{"route": "iv", "amt": "60 mg", "time": "1 h"}],
 "endpoints": [{"name": "onset", "of": "C", "kind": "first_time", "when": ">= 5"}, {"name": "top", "of": "C", "kind": "max"}],
 "sensitivity": {"n": 4096, "factors": ["k", {"of": "regimen[0].amt", "linear": ["20 mg", "100 mg"]}],
                 "times": {"of": "C", "at": ["2 h", "6 h", "24 h"]}},
 "solver": {"rtol": 1e-6, "precision": "double"}}
JSON
run "$folder/never.json" --output "$folder/n.zarr"
near "$(column "$folder/n.tsv" first onset_happened regimen_0_amt)" 1 0.001
near "$(column "$folder/n.tsv" total onset_happened k)" 0 0.001
near "$(column "$folder/n.tsv" first onset_censored regimen_0_amt)" 1 0.001
near "$(column "$folder/n.tsv" n_dropped onset_happened k)" 0 0
used=$(column "$folder/n.tsv" n_used onset k) # A and B both above 50 mg: (50/80)^2
near "$used" 1600 60
[ "$(column "$folder/n.tsv" first onset k)" = NaN ] || fail "what does not vary has an index"
awk -v a="$(column "$folder/n.tsv" total C_2_h k)" -v b="$(column "$folder/n.tsv" total C_24_h k)" 'BEGIN {exit !(a < b)}' ||
    fail "elimination matters later"

# in the terminal: an output over time is one table, the model's evidence stands beside the factor, and whose interval is the widest is said
expect 0 "$ketamap" sensitivity "$folder/never.json" --output "$folder/n.zarr" --force
says "the widest interval is "
grep -Eq 'widest interval is [0-9.e-]+ \((first|total) of (k|regimen_0_amt) for [A-Za-z_0-9]+\) after 4096' "$folder/err" || fail "whose interval is the widest?"
for line in '^C over time: total' '^  2 h  ' '^  24 h  .* 0\.' '^  first orders add up to 1.00;'; do
    grep -q "$line" "$folder/out" || fail "no line \"$line\" in the tables"
done
! grep -q '^C_2_h:' "$folder/out" || fail "moments of a course have tables of their own"
! grep -q ' $' "$folder/out" || fail "a line of the table ends with blanks"

# choices: top = amt/V, a choice of two doses and one of variants that do not matter
sed 's|"factors": .*,$|"factors": [{"of": "regimen[0].amt", "values": ["30 mg", "90 mg"]}, {"of": "variant", "values": ["slow", "fast"]}]},|; /"times"/d' \
    "$folder/never.json" >"$folder/choice.json"
run "$folder/choice.json" --output "$folder/c.zarr"
near "$(column "$folder/c.tsv" total top regimen_0_amt)" 1 0.001
near "$(column "$folder/c.tsv" total top variant)" 0 0.001

# the other methods: batches, a kill and a resume change no byte
for method in efast morris dgsm regression pawn delta given_data; do
    analysis other "{\"method\": \"$method\", \"n\": 512, \"seed\": \"4\"}"
    run "$folder/other.json" --output "$folder/o.zarr" --force
    run "$folder/other.json" --output "$folder/o2.zarr" --force --batch 64 --device 0,0
    same "$folder/o.zarr" "$folder/o2.zarr"
    cmp -s "$folder/o.tsv" "$folder/o2.tsv" || fail "--batch changes the table of $method"
done
analysis m '{"method": "morris", "n": 200000, "resamples": 3}'
run "$folder/m.json" --output "$folder/m1.zarr"
"$ketamap" sensitivity "$folder/m.json" --output "$folder/m2.zarr" --batch 256 >/dev/null 2>&1 &
run=$!
for ((i = 0; i < 3000; i++)); do
    [ -e "$folder/m2.zarr.state" ] && break
    sleep 0.01
done
kill -KILL $run 2>/dev/null
wait $run 2>/dev/null
[ -e "$folder/m2.zarr.state" ] || fail "morris left no state"
run "$folder/m.json" --output "$folder/m2.zarr" --resume
same "$folder/m1.zarr" "$folder/m2.zarr"
analysis until '{"method": "morris", "n": 100000, "until": "ci=0.9"}'
expect 0 "$ketamap" sensitivity "$folder/until.json" --output "$folder/u.zarr" --force
says "as narrow as wanted"

# groups move together: mu* of a sum is the sum where nothing interacts, and has no sign
cat >"$folder/sum.json" <<'JSON'
{"name": "sum", "time_unit": "-", "states": {},
 "parameters": {"a": {"value": 0, "unit": "-", "range": [0, 1], "evidence": "fitted"},
                "b": {"value": 0, "unit": "-", "range": [0, 1], "evidence": "assumed"},
                "c": {"value": 0, "unit": "-", "range": [0, 1]}},
 "outputs": {"y": {"value": "2*a+3*b+5*c"}}}
JSON
analysis line '{"method": "morris", "n": 4000, "groups": {"both": ["a", "b"]}}' sum.json
run "$folder/line.json" --output "$folder/l.zarr"
near "$(column "$folder/l.tsv" mu_star y c)" 5 0.000001
expect 0 "$ketamap" sensitivity "$folder/line.json" --output "$folder/l.zarr" --force
grep -q '^  both *fitted, assumed ' "$folder/out" || fail "no evidence beside the factor"
near "$(column "$folder/l.tsv" mu_star y both)" 3 0.15 # |2 + 3| or |2 - 3|, as chance has it
[ "$(column "$folder/l.tsv" mu y both)" = NaN ] || fail "a group has no direction"
analysis line '{"method": "regression", "n": 64}' sum.json
run "$folder/line.json" --output "$folder/l.zarr" --force
near "$(column "$folder/l.tsv" r2 y c)" 1 0.000000001
near "$(column "$folder/l.tsv" pcc y a)" 1 0.000000001

# what happens in one of 400 models: at this size about five times, and two factors that are both needed have a first order of
# 0.0476 (b^2 a (1 - a)/(p (1 - p)), a = b = 0.05, p = a b); replicates that all lack the pair of rows that shows it are no proof of 0
cat >"$folder/rare.json" <<'JSON'
{"name": "rare", "time_unit": "-", "states": {},
 "parameters": {"x1": {"value": 0.5, "unit": "-", "range": [0, 1]}, "x2": {"value": 0.5, "unit": "-", "range": [0, 1]},
                "x3": {"value": 0.5, "unit": "-", "range": [0, 1]}},
 "outputs": {"y": {"value": "if(x1 < 0.05 && x2 < 0.05, 1, 0)"}}}
JSON
hits=0
for seed in 1 2 3 4 5 6 7 8 9 10; do
    analysis once "{\"n\": 1024, \"seed\": \"$seed\"}" rare.json
    expect 0 "$ketamap" sensitivity "$folder/once.json" --output "$folder/once.zarr" --force
    low=$(column "$folder/once.tsv" first_low y x1) high=$(column "$folder/once.tsv" first_high y x1)
    hits=$((hits + $(awk -v l="$low" -v h="$high" 'BEGIN {print (l != "NaN" && l <= 0.0476 && h >= 0.0476)}')))
done
[ "$hits" -ge 9 ] || fail "of 10 intervals of a rare event's index $hits hold it"
grep -q "rests on about [0-9]* models" "$folder/out" || fail "that few models decide is not said"

# correlated factors: of normal a, b, c (r of a and b 0.6) y = a + 2 b + c has the variance 1 + 4 + 2.4 + 1; a and b as a group explain
# 7.4/8.4 of it; b as it
# comes (2 + 0.6)^2/8.4, a (1 + 1.2)^2/8.4
cat >"$folder/normal.json" <<'JSON'
{"name": "normal", "time_unit": "-", "states": {},
 "parameters": {"a": {"value": 0, "unit": "-", "range": [-9, 9], "uncertainty": {"law": "normal", "sd": 1}},
                "b": {"value": 0, "unit": "-", "range": [-9, 9], "uncertainty": {"law": "normal", "sd": 1}},
                "c": {"value": 0, "unit": "-", "range": [-9, 9], "uncertainty": {"law": "normal", "sd": 1}}},
 "outputs": {"y": {"value": "a+2*b+c"}}}
JSON
correlated='"correlation": [["a", "b", 0.6]]'
analysis tied "{\"n\": 16384, \"groups\": {\"ab\": [\"b\", \"a\"]}, $correlated}" normal.json
run "$folder/tied.json" --output "$folder/h.zarr"
near "$(column "$folder/h.tsv" first y ab)" 0.880952 0.003
near "$(column "$folder/h.tsv" total y ab)" 0.880952 0.003
near "$(column "$folder/h.tsv" total y c)" 0.119048 0.003
run "$folder/tied.json" --output "$folder/h2.zarr" --batch 500 --device 0,0
same "$folder/h.zarr" "$folder/h2.zarr"
analysis tied "{\"n\": 64, \"groups\": {\"ab\": [\"b\", \"a\"]}, $correlated}" normal.json
run "$folder/tied.json" --output "$folder/h.zarr" --force --sample "$folder/h-sample.tsv"
awk -F'\t' 'NR > 1 && ($1 + 2 * $2 + $3 - $4)^2 > 1e-20 {exit 1}' "$folder/h-sample.tsv" || fail "the device's correlated rows are not the host's"
analysis tied "{\"method\": \"given_data\", \"n\": 32768, $correlated}" normal.json
run "$folder/tied.json" --output "$folder/h.zarr" --force
near "$(column "$folder/h.tsv" first y b)" 0.804762 0.02
near "$(column "$folder/h.tsv" first y a)" 0.576190 0.02
near "$(column "$folder/h.tsv" first y c)" 0.119048 0.02
analysis tied "{\"method\": \"regression\", \"n\": 4096, $correlated}" normal.json
run "$folder/tied.json" --output "$folder/h.zarr" --force
near "$(column "$folder/h.tsv" src y b)" 0.690 0.02 # 2/sqrt(8.4), whatever the correlation
near "$(column "$folder/h.tsv" src y a)" 0.345 0.02

# chosen trajectories prefer corners: no intervals for what is no random sample
analysis spread '{"method": "morris", "n": 10, "candidates": 50}'
expect 0 "$ketamap" sensitivity "$folder/spread.json" --output "$folder/l.zarr" --force
[ "$(column "$folder/l.tsv" mu_star_low y x1)" = NaN ] || fail "chosen trajectories have intervals"
! grep -qi nan "$folder/out" || fail "the table shows intervals that are not there"

# failing models drop what they are part of, and are counted
analysis f2 '{"method": "morris", "n": 512, "design": "radial"}' failing.json
run "$folder/f2.json" --output "$folder/f2.zarr"
near "$(column "$folder/f2.tsv" n_dropped y x1)" 20 16 # 2 % at the base point, and 2 % when z is moved
[ "$(($(column "$folder/f2.tsv" n_used y x1) + $(column "$folder/f2.tsv" n_dropped y x1)))" -eq 512 ] || fail "trajectories are lost"
near "$(column "$folder/f2.tsv" mu_star y z)" 0 0.000001

# a sample as a table; a map's own points
run "$folder/f2.json" --output "$folder/f2.zarr" --force --sample "$folder/sample.tsv"
[ "$(wc -l <"$folder/sample.tsv")" -eq $((512 * 5 + 1)) ] || fail "--sample has not a line for each model"
expect 2 "$ketamap" sensitivity "$folder/f2.json" --output "$folder/f2.zarr" --sample "$folder/sample.tsv"
says "add --force"
expect 2 "$ketamap" sensitivity "$folder/big.json" --output "$folder/no.zarr" --sample "$folder/sample.tsv"
says "at most 1000000"
sed 's|"sensitivity": .*|"design": {"axes": [{"name": "rate", "of": "k", "linear": [0.1, 0.5, 30]}, {"name": "dose", "of": "regimen[0].amt", "linear": ["20 mg", "100 mg", 40]}]},|; /"times"/d' \
    "$folder/never.json" >"$folder/grid.json"
expect 0 "$ketamap" run "$folder/grid.json" --output "$folder/grid.zarr" --quiet
run "$folder/grid.zarr" --output "$folder/given.zarr"
near "$(column "$folder/given.tsv" first onset_happened dose)" 1 0.000000001
near "$(column "$folder/given.tsv" first onset_censored rate)" 0 0.000000001
near "$(column "$folder/given.tsv" first top dose)" 1 0.000000001
near "$(column "$folder/given.tsv" n_dropped top rate)" 0 0
expect 0 "$ketamap" sensitivity "$folder/grid.zarr" --output "$folder/given.zarr"
says "complete already"
expect 2 "$ketamap" sensitivity "$folder/grid.zarr" --output "$folder/given.zarr" --method pawn
says "--force"
expect 2 "$ketamap" sensitivity "$folder/grid.zarr" --output "$folder/given2.zarr" --method sobol
says "needs a sample of its own"
expect 2 "$ketamap" sensitivity "$folder/grid.zarr" --output "$folder/given2.zarr" --batch 64
says "no model is run again"
expect 2 "$ketamap" sensitivity "$folder/grid.zarr" --output "$folder/given2.zarr" --resamples 9
says "not drawn"
expect 2 "$ketamap" sensitivity "$folder/given.zarr" --output "$folder/given2.zarr"

# mistakes
while IFS='|' read -r block words; do
    analysis odd "$block"
    expect 2 "$ketamap" sensitivity "$folder/odd.json" --output "$folder/odd.zarr"
    says "$words"
    says "odd.json:2:"
done <<'CASES'
{"method": "moris"}|did you mean "morris"
{"method": "pawn", "levels": 4}|"levels" is a setting of method "morris", and this is "pawn"
{"method": "pawn", "second_order": true}|"second_order" is a setting of method "sobol"
{"method": "pawn", "sead": "1"}|did you mean "seed"
{"method": "delta", "groups": {"g": ["x1", "x2"]}}|method "delta" has no groups
{"method": "efast", "until": "ci=0.01"}|does not grow
{"method": "dgsm", "factors": [{"of": "x1", "values": [1, 2]}]}|there is none of the choice x1
{"method": "dgsm", "step": 0.5}|expected a step of 1e-06 to 0.25
{"method": "morris", "levels": 5}|even
{"method": "morris", "design": "star"}|"trajectory" or "radial"
{"method": "morris", "design": "radial", "levels": 4}|no levels
{"method": "morris", "n": 20, "candidates": 10}|more candidates than the 20
{"method": "morris", "n": 20, "candidates": 100, "until": "ci=0.5"}|no random sample
{"method": "morris", "n": 20, "candidates": 100, "resamples": 9}|no random sample
{"method": "efast", "n": 60}|65 to 32768 points, got 60
{"method": "regression", "n": 3}|16 to 1048576 rows, got 3
{"method": "pawn", "resamples": -1}|the number of resamples
{"correlation": [["x1", "x2", 0.5]]}|"x1" and "x2" hang together
{"groups": {"g": ["x1", "x2"]}, "correlation": [["x1", "x2", 0.5], ["x2", "x3", 0.1]]}|"x2" and "x3" hang together
{"method": "morris", "groups": {"g": ["x1", "x2"]}, "correlation": [["x1", "x2", 0.5]]}|changes one factor and leaves the others
{"method": "pawn", "correlation": [["x1", "x2", 1.5]]}|between -1 and 1, got 1.5
{"method": "pawn", "correlation": [["x1", "x2", 0.9], ["x2", "x3", 0.9], ["x1", "x3", -0.9]]}|cannot hold together
{"method": "pawn", "correlation": [["x1", "x2", 0.9], ["x2", "x1", 0.9]]}|stands twice
{"method": "pawn", "correlation": [["x1", "y2", 0.9]]}|no factor is named "y2"
{"method": "pawn", "correlation": [["x1", "x2"]]}|expected ["CL", "V1", 0.5]
CASES
expect 2 "$ketamap" sensitivity "$folder/small.json" --method sobl
says '--method: there is no method "sobl" of sensitivity analysis; did you mean "sobol"?'
expect 2 "$ketamap" sensitivity "$folder/small.json" --method given_data --resamples 3
says '"resamples"'
analysis odd '{"n": 1000}'
expect 2 "$ketamap" sensitivity "$folder/odd.json"
says "not a multiple of that; 1008 are"
expect 2 "$ketamap" sensitivity "$folder/small.json" --until 0.01
says "ci=0.01"
expect 2 "$ketamap" sensitivity "$folder/small.json" --resume --force
finish
