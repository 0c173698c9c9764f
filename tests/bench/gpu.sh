#!/usr/bin/env bash
# ketamap on a machine with a GPU, which may be bare and offline: builds, tests, measures, and writes one report.
#
#   tests/bench/gpu.sh [--debs FOLDER] [--program KETAMAP] [--device SEL] [--work FOLDER] [--output REPORT]
#                      [--quick] [--no-tests] [--jobs N]
#
# --debs FOLDER   .deb files (compilers, cmake, headers, libraries) unpacked into the work folder, not installed
# --program FILE  use this program instead of building one (tests written as scripts are run then)
# --device SEL    what to measure; by default the first GPU, else what ketamap takes by itself
# --work FOLDER   where everything goes (build-gpu in the working folder)
# --output FILE   the report (FOLDER/report.md): the machine, the tests, the benchmark and its JSON, the goal, registers
# --quick         ketamap bench --quick
#
# NVIDIA's OpenCL driver needs no registration on the machine: where libnvidia-opencl.so.1 is found (by ldconfig, in
# LD_LIBRARY_PATH or below /usr/local/nvidia) an .icd for it is put into a folder of ours, beside those of the machine and
# of the packages; drivers in OCL_ICD_VENDORS are taken as well.
# Exit code: 0, 1 when tests failed or the benchmark did not end, 2 usage, 3 what is missing to build with.
set -uo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
debs='' program='' device='' work=$PWD/build-gpu report='' quick='' tests=yes jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
    --debs) debs=${2:?} && shift ;;
    --program) program=$(realpath "${2:?}") && shift ;;
    --device) device=${2:?} && shift ;;
    --work) work=${2:?} && shift ;;
    --output) report=${2:?} && shift ;;
    --jobs) jobs=${2:?} && shift ;;
    --quick) quick=--quick ;;
    --no-tests) tests='' ;;
    *) sed -n '2,19s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done
mkdir -p "$work" && work=$(cd "$work" && pwd) || exit 3
report=${report:-$work/report.md}
bad=0
say() { printf '%s\n' "$*" >&2; }
missing() { say "gpu.sh: $*"; exit 3; }

# ---- packages ----
prefix=$work/prefix
unpack() { # a .deb is an ar archive around a tar archive
    if command -v dpkg >/dev/null; then
        dpkg -x "$1" "$prefix"
    else
        (cd "$work" && ar x "$1" && tar -C "$prefix" -xf data.tar.* && rm -f data.tar.* control.tar.* debian-binary)
    fi
}
if [ -n "$debs" ]; then
    debs=$(cd "$debs" && pwd) || missing "there is no folder $debs"
    ls "$debs"/*.deb >/dev/null 2>&1 || missing "no .deb in $debs"
    mkdir -p "$prefix"
    for deb in "$debs"/*.deb; do
        unpack "$deb" || missing "cannot unpack $deb"
    done
    machine=$(uname -m)-linux-gnu
    export PATH=$prefix/usr/bin:$prefix/usr/local/bin:$PATH
    export LD_LIBRARY_PATH=$prefix/usr/lib/$machine:$prefix/usr/lib:$prefix/lib/$machine:$prefix/usr/lib/llvm-15/lib:${LD_LIBRARY_PATH:-}
    export LIBRARY_PATH=$prefix/usr/lib/$machine:$prefix/usr/lib:${LIBRARY_PATH:-}
    export C_INCLUDE_PATH=$prefix/usr/include:$prefix/usr/include/$machine:${C_INCLUDE_PATH:-}
    export CMAKE_PREFIX_PATH=$prefix/usr:${CMAKE_PREFIX_PATH:-}
    export CMAKE_ROOT=${CMAKE_ROOT:-$(ls -d "$prefix"/usr/share/cmake-* 2>/dev/null | head -1)}
    [ -n "$CMAKE_ROOT" ] || unset CMAKE_ROOT
fi

# ---- drivers ----
vendors=$work/vendors
rm -rf "$vendors" && mkdir -p "$vendors"
for folder in "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}" "$prefix/etc/OpenCL/vendors"; do
    [ -d "$folder" ] && cp "$folder"/*.icd "$vendors/" 2>/dev/null
done
nvidia=$(ldconfig -p 2>/dev/null | awk '/libnvidia-opencl\.so\.1/ {print $NF; exit}')
if [ -z "$nvidia" ]; then
    IFS=: read -ra places <<<"${LD_LIBRARY_PATH:-}:/usr/local/nvidia/lib64:/usr/local/nvidia/lib:/usr/lib/x86_64-linux-gnu:/usr/lib64"
    for place in "${places[@]}"; do
        [ -n "$place" ] && [ -e "$place/libnvidia-opencl.so.1" ] && nvidia=$place/libnvidia-opencl.so.1 && break
    done
fi
if [ -n "$nvidia" ]; then
    grep -ls nvidia "$vendors"/*.icd 2>/dev/null | xargs -r rm -f
    echo "$nvidia" >"$vendors/nvidia.icd"
    LD_LIBRARY_PATH=$(dirname "$nvidia"):${LD_LIBRARY_PATH:-} # it loads others of the driver's libraries
    export LD_LIBRARY_PATH
fi
ls "$vendors"/*.icd >/dev/null 2>&1 || say "gpu.sh: no OpenCL driver is registered, and libnvidia-opencl.so.1 is not found"
export OCL_ICD_VENDORS=$vendors
export XDG_CACHE_HOME=$work/cache
mkdir -p "$XDG_CACHE_HOME"

# ---- building ----
build=$work/build
if [ -z "$program" ]; then
    command -v cmake >/dev/null || missing "cmake is missing; --debs FOLDER may hold it, or --program a ketamap that is built"
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        missing "a C compiler is missing; --debs FOLDER may hold one, or --program a ketamap that is built"
    generator=()
    command -v ninja >/dev/null && generator=(-G Ninja)
    cmake -S "$source" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release "-DKM_TEST_LABELS=unit;device;golden;cli;interop;fuzz" \
        >"$work/build.log" 2>&1 && cmake --build "$build" -j "$jobs" >>"$work/build.log" 2>&1 ||
        { tail -n 20 "$work/build.log" >&2; missing "the build failed: $work/build.log"; }
    program=$build/ketamap
fi

# ---- the device ----
"$program" devices >"$work/devices" 2>&1 || { cat "$work/devices" >&2; missing "no OpenCL device"; }
if [ -z "$device" ]; then
    device=$(awk '$1 ~ /^[0-9]+$/ && $3 == "GPU" {print $2; exit}' "$work/devices")
    [ -n "$device" ] || say "gpu.sh: no GPU among the devices; measuring what ketamap takes by itself"
fi
if [ -n "$device" ]; then
    chosen=$(awk -v device="$device" '$1 == device || $2 == device' "$work/devices")
else
    chosen=$(awk '$1 ~ /^[0-9]+$/' "$work/devices" | head -n 1)
fi
select=()
[ -z "$device" ] || select=(--device "$device")

# ---- tests ----
run_tests() {
    if [ -e "$build/CTestTestfile.cmake" ] && command -v ctest >/dev/null; then
        (cd "$build" && ctest --timeout 600 2>&1) | tee "$work/tests.log" | tail -n 40
        return "${PIPESTATUS[0]}"
    fi
    local test failed=0 passed=0 skipped=0 # a program from elsewhere: the scripts
    for test in "$source"/tests/cli/*.sh; do
        timeout 600 bash "$test" "$program" "$source" >"$work/test.log" 2>&1
        case $? in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) && echo "FAILED: $(basename "$test"): $(grep -m 1 FAIL "$work/test.log")" ;;
        esac
    done
    echo "$passed passed, $skipped skipped, $failed failed (scripts of tests/cli)"
    [ $failed -eq 0 ]
}

# ---- the report ----
# value FILE EXPRESSION: of the benchmark's JSON (a line a case)
case_rate() { grep '"regime": "a", "precision": "single", "rtol": 0.0001' -A 1 "$1" | grep -o '"models_per_second": [0-9.e+]*' | awk '{print $2}'; }
grid_rate() { grep -o "\"models_per_second_$2\": [0-9.e+]*" "$1" | awk '{print $2}'; }
{
    echo "# ketamap on $(echo "$chosen" | sed 's/^[^(]* \(yes\|no\) *//; s/^[0-9]* *\/ *[0-9]* *//')"
    echo
    echo "$(date -u +%Y-%m-%dT%H:%MZ), \`tests/bench/gpu.sh\`, $("$program" --version), $(git -C "$source" rev-parse --short HEAD 2>/dev/null || echo 'no git')."
    echo
    echo "## Machine"
    echo '```'
    uname -srm
    command -v lscpu >/dev/null && lscpu | grep -E '^(Model name|CPU\(s\)|Thread|Core)'
    grep MemTotal /proc/meminfo
    command -v nvidia-smi >/dev/null &&
        nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit,mig.mode.current --format=csv
    cat "$work/devices"
    echo "measured: ${device:-by itself}; drivers: $(cat "$vendors"/*.icd 2>/dev/null | tr '\n' ' ')"
    echo '```'
    echo "## Tests"
    echo '```'
    if [ -n "$tests" ]; then
        run_tests || bad=1
    else
        echo "left out (--no-tests)"
    fi
    echo '```'
    echo "## Benchmark"
    echo '```'
    # shellcheck disable=SC2086 # --quick or nothing
    if "$program" bench $quick --quiet --model "$source/configs/models/ketamine.json" "${select[@]}" --output "$work/bench.json" 2>&1; then
        echo '```'
        rate=$(case_rate "$work/bench.json")
        grid=$(grid_rate "$work/bench.json" without)
        map=$(grid_rate "$work/bench.json" with)
        echo
        echo "Goal on an H100-class card: 10 million KET-PD20 models a second, single precision, rtol 1e-4 (regime a)."
        awk -v rate="${rate:-0}" -v grid="${grid:-0}" -v map="${map:-0}" 'BEGIN {
            line = "%s: %.3f million a second, %.1f %% of it.\n"
            printf line, "A grid made on the device, endpoints read back", grid / 1e6, grid / 1e5
            printf line, "The same, its map compressed and written", map / 1e6, map / 1e5
            printf line, "Rows sent from the host", rate / 1e6, rate / 1e5}'
        echo
        echo '```json'
        cat "$work/bench.json"
    else
        bad=1
        echo "the benchmark did not end"
    fi
    echo '```'
    echo "## A run, start to finished map"
    echo '```'
    # A device named twice has two engines: one computes while the other's results are read.
    chosen=${device:-0}
    for devices in "$chosen" "$chosen,$chosen"; do
        echo "ketamap run quickstart --device $devices"
        "$program" run "$source/configs/studies/quickstart.json" --device "$devices" --output "$work/quickstart.zarr" --force 2>&1 |
            grep -E ' models in |computed|warning|error' || bad=1
        rm -rf "$work/quickstart.zarr" "$work/quickstart.zarr.partial"
    done
    echo '```'
    echo "## Registers and spills"
    echo '```'
    "$source/tools/nvptx.sh" "$program" "$source/configs/studies/quickstart.json" 2>&1 || true
    echo '```'
    echo "## Sizes"
    echo '```'
    command -v python3 >/dev/null && python3 "$source/tests/bench/scaling.py" "$program" --largest 1e7 "${select[@]}" 2>&1 ||
        echo "a goal of tests/bench/scaling.py is missed, or there is no python3"
    echo '```'
} >"$report"
say "gpu.sh: $report"
exit "$bad"
