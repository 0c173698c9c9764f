#!/usr/bin/env bash
# Corners of generated code: blocks of `if` that need each other, a dose that is a bolus only at the base point, and extremes
# that several steps reach alike.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
cd "$folder" || exit 1

# Two conditions used crosswise: each block needs a value of the other. With many powers, too, where blocks are put in order.
for extra in "" "+0.001*(1+x)^k+0.001*(1+y)^k+0.001*(2+x)^k+0.001*(2+y)^k+0.001*(3+x)^k+0.001*(3+y)^k+0.001*(4+x)^k+0.001*(4+y)^k+0.001*(5+x)^k"; do
    cat >cross.json <<JSON
{"name": "cross", "about": "crosswise conditions", "time_unit": "h",
 "parameters": {"k": {"value": 1, "unit": "-", "range": [0.2, 5], "uncertainty": "log-uniform", "about": "k", "source": "chosen", "evidence": "assumed"}},
 "states": {
  "x": {"initial": "1", "rate": "k*(if(x>1, exp(-(if(y>1, exp(-y*u), 1))*u), 2)-x)$extra", "unit": "-", "about": "x"},
  "y": {"initial": "1", "rate": "k*(if(y>1, exp(-(if(x>1, exp(-x*x), 1))*u), 3)-y)", "unit": "-", "about": "y"},
  "u": {"initial": "1", "rate": "k*(if(x>1, exp(-x*x), 1)+if(y>1, exp(-y*u), 1)-u)", "unit": "-", "about": "u"}},
 "outputs": {"sum": {"value": "x+y+u", "unit": "-", "about": "sum"}}}
JSON
    cat >cross-study.json <<'JSON'
{"model": "cross.json", "name": "cross", "about": "crosswise", "horizon": "1 h",
 "design": {"axes": [{"name": "k", "of": "k", "log": [0.2, 5, 4], "about": "k"}]},
 "endpoints": [{"name": "most", "of": "sum", "kind": "max", "about": "largest sum"}],
 "solver": {"precision": "single"}, "output": {"map": "cross.zarr"}}
JSON
    for precision in single double; do
        expect 0 timeout 20 "$ketamap" check cross-study.json --emit opencl --precision $precision
    done
done

# Infusions along an axis, and a bolus at the base: the course of the base point has the dose.
cp "$2/configs/models/decay.json" .
cat >bolus.json <<'JSON'
{"model": "decay.json", "name": "bolus", "about": "infusions of two lengths", "horizon": "24 h",
 "regimen": [{"id": "d", "route": "iv", "amt": "100 mg", "tinf": "0 h", "time": "1 h"}],
 "design": {"axes": [{"name": "length", "of": "regimen.d.tinf", "linear": ["1 h", "2 h", 2], "about": "length of the infusion"}]},
 "endpoints": [{"name": "most", "of": "amount", "kind": "max", "about": "largest amount"}], "output": {"map": "bolus.zarr"}}
JSON
expect 0 "$ketamap" simulate bolus.json --times 0:2:1 --quiet
awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) if ($i ~ /^amount/) at = i} NR == 4 {exit !($at > 80 && $at < 83)}' out ||
    fail "100 mg at 1 h should leave 81.9 mg at 2 h: $(cat out)"

# A clamped sine reaches its largest value every turn: the first one counts, whatever lanes do beside it.
cat >sine.json <<'JSON'
{"name": "sine", "about": "a clamped sine", "time_unit": "-",
 "parameters": {"omega": {"value": 1, "unit": "-", "range": [0.5, 4], "uncertainty": "log-uniform", "about": "omega", "source": "chosen", "evidence": "assumed"}},
 "states": {"s": {"initial": "0", "rate": "omega*c", "unit": "-", "about": "sine"}, "c": {"initial": "1", "rate": "-omega*s", "unit": "-", "about": "cosine"}},
 "outputs": {"clamped": {"value": "min(s, 0.97)", "unit": "-", "about": "at most 0.97"}}}
JSON
cat >sine-study.json <<'JSON'
{"model": "sine.json", "name": "sine", "about": "a clamped sine", "horizon": 40,
 "design": {"sobol": {"n": 512, "seed": "1", "factors": [{"of": "omega"}]}},
 "endpoints": [{"name": "when", "of": "clamped", "kind": "time_of_max", "about": "when it is largest first"}],
 "solver": {"rtol": 1e-3, "precision": "single"}, "output": {"map": "sine.zarr", "type": "float64"}}
JSON
for lanes in 1 16; do
    rm -rf sine.zarr*
    expect 0 "$ketamap" run sine-study.json --lanes $lanes --no-audit --quiet
    expect 0 "$ketamap" export sine.zarr --output "$lanes.tsv"
    awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) {if ($i ~ /^omega/) o = i; if ($i == "when" || $i ~ /^when \[/) w = i}}
                NR > 1 && !($o * $w > 1.2 && $o * $w < 1.95) {bad++} END {exit !(NR == 513 && bad == 0 && o && w)}' "$lanes.tsv" ||
        fail "$lanes lanes: the first turn is not the time of the maximum: $(head -2 "$lanes.tsv")"
done

# Doses at 0.1 + 3.3 k hours, windows that begin and end there: rounding of these times decides nothing, and both sides of
# a jump count in every window; a value at such a time is the one before the dose.
for precision in single double; do
    {
        echo '{"model": "decay.json", "name": "bounds", "about": "windows that begin at a dose", "horizon": "60 h",'
        echo '"regimen": [{"id": "d", "route": "iv", "amt": "100 mg", "time": "0.1 h", "ii": "3.3 h", "addl": 15}], "endpoints": ['
        for ((i = 1; i <= 15; i++)); do
            at=$((i * 33 + 1))
            printf '%s{"name": "low%d", "of": "amount", "kind": "min", "after": "%d.%d h", "before": "%d.%d h", "about": "least"},\n' \
                "$([ $i -gt 1 ] && echo ,)" $i $((at / 10)) $((at % 10)) $((at / 10 + 1)) $((at % 10))
            printf '{"name": "high%d", "of": "amount", "kind": "max", "before": "%d.%d h", "about": "most"},\n' $i $((at / 10)) $((at % 10))
            printf '{"name": "at%d", "of": "amount", "kind": "value", "at": "%d.%d h", "about": "before the dose"}\n' $i $((at / 10)) $((at % 10))
        done
        echo "], \"solver\": {\"precision\": \"$precision\"}, \"output\": {\"map\": \"bounds.zarr\"}}"
    } >bounds.json
    printf 'CL\n5\n' >bounds.tsv
    expect 0 "$ketamap" evaluate bounds.json --points bounds.tsv --quiet
    awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i}
                NR == 2 {for (i = 1; i <= 15; i++) {d = $column["high" i] - $column["low" i]; e = $column["at" i] / $column["low" i] - 1; if (!(d > 99.9 && d < 100.1 && e > -0.001 && e < 0.001)) bad++}}
                END {exit !(NR == 2 && bad == 0)}' out ||
        fail "$precision: between both sides of a dose of 100 mg there are 100 mg, and a value there is that before it: $(cat out)"
done

# A lag that is no number, or leads to before time 0, loses no dose in silence; nor does an infusion too short for the clock.
cat >lag.json <<'JSON'
{"name": "lag", "about": "a lag that can be wrong", "time_unit": "h",
 "parameters": {"x": {"value": 1, "unit": "h", "about": "lag"}},
 "states": {"A": {"initial": "0", "rate": "0", "unit": "mg", "about": "amount"}}, "outputs": {"amount": {"value": "A", "unit": "mg", "about": "amount"}},
 "routes": {"oral": [{"into": "A", "lag": "sqrt(x*x*x)"}], "back": [{"into": "A", "lag": "x"}], "iv": [{"into": "A"}]},
 "dose": {"amount": "amt", "unit": "mg"}}
JSON
for route in oral back iv; do
    cat >lag-study.json <<JSON
{"model": "lag.json", "name": "lag", "about": "a lag", "horizon": "24 h", "regimen": [{"id": "d", "route": "$route", "amt": "10 mg", "time": "1 h", "tinf": "1 h"}],
 "endpoints": [{"name": "most", "of": "amount", "kind": "max", "about": "most"}], "output": {"map": "lag.zarr"}}
JSON
    column=x
    [ $route = iv ] && column=regimen.d.tinf
    printf '%s\n2\n%s\n' $column "$([ $route = iv ] && echo 1e-17 || echo -3)" >lag.tsv
    expect 0 "$ketamap" evaluate lag-study.json --points lag.tsv --quiet
    awk -F'\t' -v route=$route 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i}
        NR == 2 && !($column["most"] > 9.99 && $column["status"] == "done") {bad++}
        NR == 3 && route == "iv" && !($column["most"] > 9.99 && $column["status"] == "done") {bad++}
        NR == 3 && route != "iv" && $column["status"] != "bad_parameter" {bad++} END {exit !(NR == 3 && bad == 0)}' out ||
        fail "$route: 10 mg, or a bad parameter: $(cat out)"
done

# A route's own duration: an infusion, a bolus at 0, a bad parameter below; where the regimen says how long, it is not asked.
cat >own.json <<'JSON'
{"name": "own", "time_unit": "h", "parameters": {"long": {"value": 2, "unit": "h"}},
 "states": {"A": {"initial": "0", "rate": "0", "unit": "mg"}}, "outputs": {"amount": {"value": "A", "unit": "mg"}},
 "routes": {"depot": [{"into": "A", "duration": "long"}]}, "dose": {"amount": "amt", "unit": "mg"}}
JSON
printf 'long\n2\n0\n-1\n' >own.tsv
for tinf in '"tinf": "2 h", ' ''; do
    cat >own-study.json <<JSON
{"model": "own.json", "horizon": "24 h", "regimen": [{"route": "depot", "amt": "10 mg", $tinf"time": "1 h"}],
 "endpoints": [{"name": "at", "of": "amount", "kind": "value", "at": "2 h"}], "output": {"map": "own.zarr"}}
JSON
    expect 0 "$ketamap" evaluate own-study.json --points own.tsv --quiet
    got=$(awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i; next} {printf "%.6s:%s ", $column["at"], $column["status"]}' out)
    [ "$got" = "$([ -n "$tinf" ] && echo "5.0000:done 5.0000:done 5.0000:done " || echo "5.0000:done 10:done NaN:bad_parameter ")" ] || fail "$tinf own duration of 2 h, 0 and -1 h: $got"
done
expect 5 "$ketamap" simulate own-study.json --set long=-1
says "of its doses"

# Fractions of a route that a point's parameters give: below 0, or above 1 together, is a bad parameter, also where a part goes into a
# state that is not integrated; what rounding makes of a sum of 1 is none.
cat >share.json <<'JSON'
{"name": "share", "time_unit": "h", "parameters": {"a": {"value": 0.4, "unit": "-"}, "b": {"value": 0.6, "unit": "-"}},
 "states": {"A": {"initial": "0", "rate": "0", "unit": "mg"}, "B": {"initial": "0", "rate": "0", "unit": "mg"}},
 "outputs": {"amount": {"value": "A", "unit": "mg"}, "other": {"value": "B", "unit": "mg"}},
 "routes": {"two": [{"into": "A", "fraction": "a"}, {"into": "B", "fraction": "b"}],
            "rest": [{"into": "A", "fraction": "a"}, {"into": "B", "fraction": "b"}, {"into": "B", "fraction": "1-a-b"}]},
 "dose": {"amount": "amt", "unit": "mg"}}
JSON
printf 'a\tb\n0.4\t0.6\n0.1\t0.9\n0.3333333333333333\t0.6666666666666667\n1\t0\n0.7\t0.4\n-0.1\t0.5\n1.2\t0\n0.5\t-0.2\n' >share.tsv
for route in two rest; do
    for precision in single double; do
        cat >share-study.json <<JSON
{"model": "share.json", "horizon": "4 h", "regimen": [{"route": "$route", "amt": "10 mg", "time": "1 h"}], "solver": {"precision": "$precision"},
 "endpoints": [{"name": "most", "of": "amount", "kind": "max"}], "output": {"map": "share.zarr"}}
JSON
        expect 0 "$ketamap" evaluate share-study.json --points share.tsv --quiet
        awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i; next}
            {got = got ($column["status"] == "done"); d = $column["most"] - 10 * $column["a"]}
            $column["status"] == "done" ? !(d < 1e-5 && d > -1e-5) : $column["status"] != "bad_parameter" {bad++}
            END {exit !(got == "11110000" && bad == 0)}' out ||
            fail "$route, $precision: four points of which the dose is all there, and four bad parameters: $(cat out)"
    done
done
# A parameter that decides nothing but whether the fractions hold has an effect.
expect 0 "$ketamap" check share-study.json --set b=0.7
grep -q "has no effect" err && fail "b has no effect: $(cat err)"

# An output that jumps at a state's value, and rests at 0 and 1: whatever threshold and comparison, x = 0.5 is where it jumps.
cat >jump.json <<'JSON'
{"name": "jump", "about": "an output that jumps", "time_unit": "h", "parameters": {"k": {"value": 0.3, "unit": "1/h", "about": "k"}},
 "states": {"x": {"initial": "1", "rate": "-k*x", "unit": "-", "about": "x"}},
 "outputs": {"there": {"value": "if(x > 0.5, 1, 0)", "unit": "-", "about": "whether x is above a half"}}}
JSON
for precision in single double; do
    for method in rodas4k rodas4 tsit5; do
        {
            echo '{"model": "jump.json", "name": "jump", "about": "an output that jumps", "horizon": "24 h", "endpoints": ['
            printf '{"name": "%s", "of": "there", "kind": "%s", "when": "%s", "about": "log(2)/k"}%s\n' a last_time '>= 1' , b last_time '> 0' , \
                c last_time '>= 0.5' , d first_time '< 1' , e first_time '<= 0' , f time_in '>= 0.001' , g time_in '>= 1' ''
            echo "], \"solver\": {\"precision\": \"$precision\", \"method\": \"$method\", \"rtol\": 1e-5}, \"output\": {\"map\": \"jump.zarr\"}}"
        } >jump-study.json
        printf 'k\n0.3\n0.02\n0.1\n' >jump.tsv
        expect 0 "$ketamap" evaluate jump-study.json --points jump.tsv --quiet
        awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i}
            NR > 1 {for (i = 1; i <= 7; i++) {want = log(2) / $1; off = $column[substr("abcdefg", i, 1)] / want - 1; if ($1 > 0.05 && !(off > -1e-4 && off < 1e-4)) bad++}}
            END {exit !(NR == 4 && bad == 0)}' out || fail "$precision, $method: a jump at log(2)/k: $(cat out)"
    done
done

# An output that jumps at a break: what is there is what was before it, in maps and in courses.
cat >break.json <<'JSON'
{"name": "break", "about": "an output that jumps at a break", "time_unit": "h", "breaks": ["tb"],
 "parameters": {"k": {"value": 0.3, "unit": "1/h", "about": "k"}, "tb": {"value": 4.1, "unit": "h", "about": "break"}},
 "states": {"x": {"initial": "1", "rate": "if(t >= tb, 50/24, 0)-k*x", "unit": "-", "about": "x"}},
 "outputs": {"step": {"value": "x+if(t >= tb, 10, 0)", "unit": "-", "about": "more from the break on"},
             "after": {"value": "if(t > tb, 5, 0)", "unit": "-", "about": "something after it"}, "later": {"value": "if(t-3 >= tb-3, 5, 0)", "unit": "-", "about": "the same"}}}
JSON
for precision in single double; do
    cat >break-study.json <<JSON
{"model": "break.json", "name": "break", "about": "a value at a break", "horizon": "24 h",
 "endpoints": [{"name": "at", "of": "step", "kind": "value", "at": "4.1 h", "about": "before the break"},
               {"name": "all", "of": "after", "kind": "integral", "about": "of what is so after it"}, {"name": "same", "of": "later", "kind": "integral", "about": "of the same"}],
 "solver": {"precision": "$precision"}, "output": {"map": "break.zarr"}}
JSON
    printf 'k\n0.3\n' >break.tsv
    expect 0 "$ketamap" evaluate break-study.json --points break.tsv --quiet
    awk 'NR == 2 {exit !($2 > 0.2922 && $2 < 0.2924)}' out || fail "$precision: exp(-1.23) before the break: $(cat out)"
    awk 'NR == 2 {exit !($4 > 99.4999 && $4 < 99.5001 && $6 > 99.4999 && $6 < 99.5001)}' out || fail "$precision: 5 from the break on are 99.5: $(cat out)"
done
expect 0 "$ketamap" simulate break-study.json --times 0:8.2:4.1 --quiet
awk -F'\t' 'NR == 3 {exit !($2 > 0.2922 && $2 < 0.2924)}' out || fail "exp(-1.23) before the break: $(cat out)"

# Windows between times that endpoints found at doses, and what was so from a window's start: rounding decides neither.
for precision in single double; do
    {
        echo '{"model": "decay.json", "name": "found", "about": "windows at doses", "horizon": "24 h",'
        echo '"regimen": [{"id": "d", "route": "iv", "amt": "1 mg", "time": "0.1 h", "ii": "3.3 h", "addl": 4}], "endpoints": ['
        echo '{"name": "first", "of": "amount", "kind": "first_time", "when": ">= 1.05 mg", "about": "second dose"},'
        echo '{"name": "most", "of": "amount", "kind": "max", "before": "first", "about": "right after it"}'
        for i in 4.74 5.86 7.12 9.31 10.77 13.01 14.23 17.78 18.91 20.03; do
            printf ',{"name": "from%s", "of": "amount", "kind": "first_time", "when": ">= 0.001 mg", "after": "%s h", "about": "always so"}\n' ${i/./_} $i
        done
        echo "], \"solver\": {\"precision\": \"$precision\"}, \"output\": {\"map\": \"found.zarr\"}}"
    } >found.json
    {
        printf 'CL\tregimen.d.time\tregimen.d.ii\n'
        awk 'BEGIN {for (i = 0; i < 200; i++) printf "15\t%.2f\t%.2f\n", 0.05 + (i * 37 % 200) * 0.01, 1.01 + (i * 71 % 200) * 0.01}'
    } >found.tsv
    expect 0 "$ketamap" evaluate found.json --points found.tsv --quiet
    awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i}
        NR > 1 {off = $column["most"] - 1 - exp(-0.3 * $3); if (!(off > -1e-3 && off < 1e-3)) bad++
                for (name in column) if (name ~ /^from.*_state$/ && $column[name] != "true_from_start") bad++}
        END {exit !(NR == 201 && bad == 0)}' out || fail "$precision: $(awk -F'\t' '$6 < 1.05' out | head -3)"
done

finish
