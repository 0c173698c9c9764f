# A run on several devices: the map's bytes are those of one device, whoever computed what; a device that fails hands its
# chunk to the others; wrong lists of devices.
. "$2/tests/cli/fixture.bash"
study s 900 # 72,000 points: two chunks at least
study t 5

# ---- names ----
for wrong in 0,9 0,nosuch 9 , 0.0,0.9; do
    expect 2 "$ketamap" run "$folder/t.json" --device "$wrong"
    says "--device"
done
expect 2 "$ketamap" simulate "$folder/t.json" --device 0,0
says "this command uses one"
expect 0 "$ketamap" devices
pocl=$(awk '/Portable Computing Language/ {print $2; exit}' "$folder/out")
units=$(awk '/Portable Computing Language/ {print $4; exit}' "$folder/out")
[ -n "$pocl" ] || { echo "skipped: PoCL is not here"; exit 77; }

# ---- one engine, two on one device, two halves of a device ----
run() { expect 0 "$ketamap" run "$folder/s.json" --output "$folder/$1.zarr" --device "$2" --no-audit --quiet "${@:3}"; }
run one "$pocl"
chunks=$(find "$folder/one.zarr/status" -name '[0-9]*' | wc -l)
[ "$chunks" -ge 2 ] || fail "$chunks chunks are too few for this test"
run twice "$pocl,$pocl"
same "$folder/one.zarr" "$folder/twice.zarr"
run four "$pocl,$pocl,$pocl,$pocl" --batch 1024
same "$folder/one.zarr" "$folder/four.zarr"
# What each did stands in run.json, and adds up.
python3 - "$folder/four.zarr/run.json" "$chunks" 72000 <<'P' || fail "run.json: $(cat "$folder/four.zarr/run.json")"
import json, sys
run = json.load(open(sys.argv[1]))
devices = run["devices"]
assert len(devices) == 4 and not any(d["failed"] for d in devices)
assert sum(d["chunks"] for d in devices) == int(sys.argv[2])
assert sum(d["models"] for d in devices) == int(sys.argv[3]) == run["models_this_run"]
P
if [ "$units" -ge 2 ]; then
    run halves "$pocl,$pocl" --compute-units 1
    same "$folder/one.zarr" "$folder/halves.zarr"
    expect 2 "$ketamap" run "$folder/t.json" --device "$pocl,$pocl" --compute-units "$units"
    says "compute units, not 2 times"
fi
run all all # every driver that is here: with one kind of device, the same bytes
[ "$(grep -c program_sha256 "$folder/all.zarr/run.json")" -ne 1 ] || same "$folder/one.zarr" "$folder/all.zarr"

# ---- several chunks a launch ----
study grid 6100
study points 1
sed -i 's/"design": .*/"design": {"latin_hypercube": {"n": 300000, "seed": "7", "factors": [{"name": "k", "of": "k", "range": [0.02, 0.9]}]}},/; /^ *{"name": "dose", "of"/d; /^ *{"name": "gap", "of"/d' "$folder/points.json"
for which in grid points; do
    expect 0 "$ketamap" run "$folder/$which.json" --output "$folder/$which-small.zarr" --device "$pocl" --no-audit --quiet
    expect 0 "$ketamap" run "$folder/$which.json" --output "$folder/$which-large.zarr" --device "$pocl" --no-audit --quiet --batch 200000
    same "$folder/$which-small.zarr" "$folder/$which-large.zarr"
    [ "$(find "$folder/$which-large.zarr/status" -name '[0-9]*' | wc -l)" -ge 5 ] || fail "too few chunks to put several into a launch"
done

# ---- devices of two kinds ----
[ "$failures" -eq 0 ] || finish
[ -z "$(nm -D "$ketamap" 2>/dev/null | grep __asan)" ] || { echo "skipped: no second driver, and nothing put before OpenCL, with address sanitizer"; exit 77; }
RUSTICL_ENABLE=llvmpipe expect 0 "$ketamap" devices
second=$(awk '$1 ~ /^[0-9]+$/ && !/Portable Computing Language/ {print $2; exit}' "$folder/out")
if [ -n "$second" ]; then
    export RUSTICL_ENABLE=llvmpipe
    for devices in "$pocl,$second" "$second,$pocl"; do
        run two "$devices"
        python3 - "$folder/two.zarr" 2 <<'P' || fail "$devices: $(cat "$folder/two.zarr/run.json")"
import json, sys
run, attributes = json.load(open(sys.argv[1] + "/run.json")), json.load(open(sys.argv[1] + "/.zattrs"))
assert len(run["devices"]) == 2 and len({d["program_sha256"] for d in run["devices"]}) == 2
assert all(d["program_sha256"] in attributes["programs"] and d["models"] > 0 for d in run["devices"])
P
        for map in one two; do
            expect 0 "$ketamap" export "$folder/$map.zarr"
            cp "$folder/out" "$folder/$map.tsv"
        done
        # A point near a threshold may be above it on one of them, and not on the other.
        paste "$folder/one.tsv" "$folder/two.tsv" | awk -F'\t' '
            NR == 1 {n = NF / 2 - 1; next} # all but the steps, the last
            {bad = 0; for (i = 1; i <= n; i++) {
                a = $i; b = $(i + n + 1); d = a > b ? a - b : b - a
                if (!(a == b || d <= 2e-3 * (a < 0 ? -a : a) + 1e-2)) bad = 1
            } off += bad}
            END {print NR, off + 0 >"/dev/stderr"; exit NR != 72001 || off > 72}' 2>"$folder/off" ||
            fail "$devices: lines, and those that differ: $(cat "$folder/off")"
        # Not begun with the same kinds: not resumed.
        mv "$folder/two.zarr" "$folder/two.zarr.partial"
        expect 2 "$ketamap" run "$folder/s.json" --output "$folder/two.zarr" --device "$pocl" --no-audit --quiet
        rm -rf "$folder/two.zarr.partial"
    done
    # Double precision: the device that has none is left out.
    sed 's/"single"/"double"/' "$folder/t.json" >"$folder/double.json"
    expect 0 "$ketamap" run "$folder/double.json" --output "$folder/double.zarr" --device "$pocl,$second" --no-audit
    says "has no double precision"
else
    echo "one platform with a device: devices of two kinds are left out (Debian: mesa-opencl-icd has another)"
fi

# ---- a device that fails ----
[ "$failures" -eq 0 ] || finish
cat >"$folder/fails.c" <<'C'
/* Before the OpenCL library: launches of the FAIL_QUEUE-th queue fail from its FAIL_AFTER-th on. */
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#define _GNU_SOURCE
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdlib.h>

static cl_command_queue made[64];
static int n_made, launches[64];

cl_command_queue clCreateCommandQueue(cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *e)
{
    cl_command_queue (*real)(cl_context, cl_device_id, cl_command_queue_properties, cl_int *) = dlsym(RTLD_NEXT, "clCreateCommandQueue");
    return made[n_made++] = real(c, d, p, e);
}
cl_int clEnqueueNDRangeKernel(cl_command_queue q, cl_kernel k, cl_uint n, const size_t *o, const size_t *g, const size_t *l, cl_uint w,
                              const cl_event *list, cl_event *event)
{
    cl_int (*real)(cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *, const size_t *, cl_uint, const cl_event *,
                   cl_event *) = dlsym(RTLD_NEXT, "clEnqueueNDRangeKernel");
    for (int i = 0; i < n_made; i++)
        if (made[i] == q && (i == atoi(getenv("FAIL_QUEUE")) || atoi(getenv("FAIL_QUEUE")) < 0) &&
            launches[i]++ >= atoi(getenv("FAIL_AFTER")))
            return CL_OUT_OF_RESOURCES;
    return real(q, k, n, o, g, l, w, list, event);
}
C
cc -shared -fPIC -w -o "$folder/fails.so" "$folder/fails.c" || fail "the failing library does not compile"
broken() { FAIL_QUEUE=$1 FAIL_AFTER=$2 LD_PRELOAD=$folder/fails.so "${@:3}"; }

for queue in 0 1; do # fails in the middle of its first chunk: probe, empty launch, then two launches a batch
    expect 0 broken $queue 7 "$ketamap" run "$folder/s.json" --output "$folder/broken$queue.zarr" --device "$pocl,$pocl" --no-audit --batch 4096
    says "failed, the others go on with its chunks"
    says "CL_OUT_OF_RESOURCES"
    same "$folder/one.zarr" "$folder/broken$queue.zarr"
    [ "$(grep -c '"failed": true' "$folder/broken$queue.zarr/run.json")" -eq 1 ] || fail "run.json does not tell of the device that failed"
done
# One that cannot even be set up is left out.
expect 0 broken 1 0 "$ketamap" run "$folder/s.json" --output "$folder/out1.zarr" --device "$pocl,$pocl" --no-audit
says "a device is left out"
same "$folder/one.zarr" "$folder/out1.zarr"
# All fail: an error, and what is there stays.
expect 4 broken -1 60 "$ketamap" run "$folder/s.json" --output "$folder/none.zarr" --device "$pocl,$pocl" --no-audit --batch 1024
says "CL_OUT_OF_RESOURCES"
[ -e "$folder/none.zarr.partial" ] || fail "no partial map is left"
expect 4 broken 0 7 "$ketamap" run "$folder/s.json" --output "$folder/none1.zarr" --device "$pocl" --no-audit --batch 4096
expect 0 "$ketamap" run "$folder/s.json" --output "$folder/none.zarr" --device "$pocl" --no-audit
same "$folder/one.zarr" "$folder/none.zarr"
finish
