# Maps of virtual patients: statistics against closed forms, the same bytes on any batch, failed patients counted.
. "$2/tests/cli/fixture.bash"

# A bolus of 100 mg, CL lognormal with a median on the axis and cv 0.4: amounts, and the time to half, in closed form.
write() {
    cat >"$folder/$1.json" <<JSON
{"model": "$source/configs/models/decay.json", "horizon": "24 h",
 "regimen": [{"route": "iv", "amt": "100 mg", "time": "0 h"}],
 "design": {"axes": [{"name": "CL", "of": "CL", "linear": $2}]},
 "population": {"n": $3, "seed": "5", "of": {"CL": {"cv": 0.4}}, "quantiles": [0.05, 0.5, 0.95]},
 "endpoints": [{"name": "left", "of": "amount", "kind": "value", "at": "10 h"},
               {"name": "half", "of": "amount", "kind": "first_time", "when": "<= 50 mg"},
               {"name": "above", "of": "amount", "kind": "time_in", "when": ">= 50 mg"}],
 "solver": {"rtol": 1e-6, "precision": "double"${4:-}}, "output": {"type": "float64", "map": "$folder/$1.zarr"}}
JSON
}
source=$2

write many "[1, 4, 7]" 4096
expect 0 "$ketamap" run "$folder/many.json"
says "7 points of 4096 patients; 0 patients failed"
says "28672 models"
expect 0 "$ketamap" export "$folder/many.zarr"
# V = 50 L; s = sqrt(log 1.16); the share that is at or below half by 24 h is Phi(log(CL 24/(50 log 2))/s)
awk -F'\t' '
    function phi(x,  t, y) { # to 1e-7: Abramowitz and Stegun 26.2.17
        t = 1/(1 + 0.2316419*(x < 0 ? -x : x))
        y = exp(-x*x/2)/2.50662827463*t*(0.319381530 + t*(-0.356563782 + t*(1.781477937 + t*(-1.821255978 + t*1.330274429))))
        return x < 0 ? y : 1 - y
    }
    function near(name, got, want, bound) {
        n++
        if (got - want > bound || want - got > bound) { printf "CL %s: %s is %s, and %.8g in closed form\n", $1, name, got, want; bad = 1 }
    }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    {
        cl = $at["CL"]; s = sqrt(log(1.16))
        for (q = -1; q <= 1; q++) {
            left[q] = 100*exp(-cl*exp(s*1.644853627*q)/50*10)
            half[q] = log(2)*50/(cl*exp(-s*1.644853627*q))
        }
        near("left_q05", $at["left_q05"], left[1], 0.05)
        near("left_q50", $at["left_q50"], left[0], 0.02)
        near("left_q95", $at["left_q95"], left[-1], 0.05)
        near("half_fraction", $at["half_fraction"], phi(log(cl*24/(50*log(2)))/s), 1e-3)
        near("above_fraction", $at["above_fraction"], 1, 0)
        if (half[0] < 24) near("half_q50", $at["half_q50"], half[0], 0.02); else if ($at["half_q50"] != "inf") { print "a median that never came: " $at["half_q50"]; bad = 1 }
        if (half[1] < 24) near("half_q95", $at["half_q95"], half[1], 0.1); else if ($at["half_q95"] != "inf") { print "q95: " $at["half_q95"]; bad = 1 }
        m = half[-1] < 24 ? half[-1] : 24
        near("above_q05", $at["above_q05"], m, 0.03)
    }
    END { if (n < 40) { print n " comparisons"; bad = 1 } exit bad }' "$folder/out" || fail "not the closed forms"

# over random points: pictures of statistics, without the dots of medians that never came
sed 's/"axes": .*/"sobol": {"n": 64, "factors": [{"name": "CL", "of": "CL", "linear": [0.5, 4]}]}},/; s/many.zarr/dots.zarr/' "$folder/many.json" >"$folder/dots.json"
expect 0 "$ketamap" run "$folder/dots.json" --quiet
expect 0 "$ketamap" plot "$folder/dots.zarr" --endpoint half_q50 --output "$folder/dots"
awk -F'\t' '!/^#/ && !($1 > 1.4 && $1 <= 4 && $2 < 24.1 && $2 > 8) {bad = 1} !/^#/ {n++} END {exit bad || n < 40 || n > 60}' "$folder/dots.tsv" ||
    fail "dots of the median: $(head -5 "$folder/dots.tsv")"
grep -q "not shown: never" "$folder/dots.gp" || fail "dots that are left out are not counted"
expect 0 "$ketamap" plot "$folder/dots.zarr" --output "$folder/dots"

# bytes: whatever the batch, whatever stands beside a point
expect 0 "$ketamap" run "$folder/many.json" --output "$folder/again.zarr" --batch 333 --quiet
same "$folder/many.zarr" "$folder/again.zarr"
write one "[4, 7, 4]" 4096
expect 0 "$ketamap" run "$folder/one.json" --quiet
expect 0 "$ketamap" export "$folder/one.zarr"
cut -f2- "$folder/out" | sed -n '2p' >"$folder/first"
expect 0 "$ketamap" export "$folder/many.zarr"
cut -f2- "$folder/out" | sed -n '8p' | cmp -s - "$folder/first" || fail "a point depends on its neighbours"
expect 0 "$ketamap" verify "$folder/many.zarr"
expect 0 "$ketamap" info "$folder/many.zarr"
grep -q "half_q95" "$folder/out" || fail "info does not list the quantiles"

# patients that fail are counted, and the point says so
write hard "[4, 7, 3]" 64 ', "max_steps": 12'
expect 5 "$ketamap" run "$folder/hard.json" --strict --no-audit
write hard "[0.01, 7, 3]" 64 ', "max_steps": 36'
expect 0 "$ketamap" run "$folder/hard.json" --no-audit --force
expect 0 "$ketamap" export "$folder/hard.zarr"
awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["status"] != "done" { failed++ } $at["left_mean"] != "NaN" { known++ }
    END { if (!failed || !known) { print "failed " failed + 0 ", known " known + 0; exit 1 } }' "$folder/out" || fail "failures are not told"

# an analysis of single models refuses patients; evaluate says that it does not draw them
expect 2 "$ketamap" sensitivity "$folder/many.json"
says "a sensitivity analysis varies single models"
printf 'CL\n5\n' >"$folder/points.tsv"
expect 0 "$ketamap" evaluate "$folder/many.json" --points "$folder/points.tsv"
says "the study's population is not drawn"
expect 0 "$ketamap" check "$folder/many.json"
grep -q "population 4096 patients at each point" "$folder/out" || fail "check does not tell of the population"
finish
