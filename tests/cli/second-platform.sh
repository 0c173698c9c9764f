#!/usr/bin/env bash
# A second OpenCL platform, where there is one (Mesa's rusticl on llvmpipe has no double precision): it computes the same, or says
# that it cannot; a platform without devices is stepped over.
# shellcheck source=tests/cli/fixture.bash
. "$(dirname "$0")/fixture.bash"
cd "$folder" || exit 1
export RUSTICL_ENABLE=llvmpipe
expect 0 "$ketamap" devices
if ! grep -q '^1 ' out; then
    echo "skipped: there is one OpenCL device only (apt-get install mesa-opencl-icd libllvmspirvlib15 for another)"
    exit 77
fi
second=$(awk '$1 == 1 { print $2 }' out)
study s 4
expect 0 "$ketamap" run s.json --output first.zarr --device 0 --no-audit --quiet
expect 0 "$ketamap" export first.zarr --output first.tsv
"$ketamap" run s.json --output second.zarr --device "$second" --no-audit --quiet 2>err
case $? in
0)
    expect 0 "$ketamap" export second.zarr --output second.tsv
    paste first.tsv second.tsv | awk -F'\t' 'NR > 1 { n = NF / 2
        for (i = 4; i < n - 1; i++) { x = $i; y = $(i + n)
            if (x + 0 != x) { if (x != y) bad++ } else if ((x - y) ^ 2 > (1e-3 * (x < 0 ? -x : x) + 1e-4) ^ 2) bad++ } }
        END { exit bad > 0 }' || fail "the platforms differ by more than the tolerance"
    ;;
4) says "its driver does not run this program" ;;
*) fail "neither computed nor refused: $(cat err)" ;;
esac
unset RUSTICL_ENABLE
expect 0 "$ketamap" devices
finish
