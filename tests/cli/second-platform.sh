# Other drivers than PoCL: a platform without devices is stepped over; where a second platform has a device (Mesa's
# llvmpipe, if its rusticl is installed), it gives PoCL's numbers within tolerance, on one lane and on four.
. "$2/tests/cli/fixture.bash"
study s 3
printf 'k\tdose\n0.02\t0.5\n0.1\t2\n0.9\t4\n0.3\t1\n0.05\t3\n' >"$folder/p.tsv"

# ---- an empty platform, before the others and alone ----
cat >"$folder/empty.c" <<'C'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>
#include <string.h>

static cl_icd_dispatch table;
static struct platform { cl_icd_dispatch *dispatch; } here = {&table};

static cl_int info(cl_platform_id p, cl_platform_info what, size_t size, void *value, size_t *needed)
{
    const char *text = what == CL_PLATFORM_EXTENSIONS ? "cl_khr_icd" : what == CL_PLATFORM_VERSION ? "OpenCL 1.2" : "empty";
    (void)p;
    if (needed) *needed = strlen(text) + 1;
    if (value && size > strlen(text)) strcpy(value, text);
    return value && size <= strlen(text) ? CL_INVALID_VALUE : CL_SUCCESS;
}
static cl_int devices(cl_platform_id p, cl_device_type type, cl_uint n, cl_device_id *id, cl_uint *found)
{
    (void)p, (void)type, (void)n, (void)id;
    if (found) *found = 0;
    return CL_DEVICE_NOT_FOUND;
}
static cl_int platforms(cl_uint n, cl_platform_id *id, cl_uint *found)
{
    table.clGetPlatformInfo = info;
    table.clGetDeviceIDs = devices;
    if (found) *found = 1;
    if (id && n) *id = (cl_platform_id)&here;
    return CL_SUCCESS;
}
void *clGetExtensionFunctionAddress(const char *name)
{
    return !strcmp(name, "clIcdGetPlatformIDsKHR") ? (void *)platforms : !strcmp(name, "clGetPlatformInfo") ? (void *)info : NULL;
}
C
cc -shared -fPIC -w -o "$folder/empty.so" "$folder/empty.c" || fail "the empty platform does not compile"
vendors=${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}
mkdir "$folder/both" "$folder/alone"
cp "$vendors"/*.icd "$folder/both/"
echo "$folder/empty.so" | tee "$folder/both/0.icd" >"$folder/alone/0.icd"
OCL_ICD_VENDORS=$folder/alone expect 4 "$ketamap" devices
says "offers no device"
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --quiet
cp "$folder/out" "$folder/first"
OCL_ICD_VENDORS=$folder/both expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --quiet
cmp -s "$folder/out" "$folder/first" || fail "an empty platform changes the numbers"

# ---- a driver that computes nothing ----
cp -r "$2/kernels" "$folder/kernels"
sed -i 's/^    km_reducers_clear(&reducers);/    return;\n&/' "$folder/kernels/integrate.cl"
expect 4 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --kernel-dir "$folder/kernels"
says "without computing 5 of 5 points"

# ---- a second platform ----
[ "$failures" -eq 0 ] || finish
[ -z "$(nm -D "$ketamap" 2>/dev/null | grep __asan)" ] || { echo "skipped: no second driver with address sanitizer"; exit 77; }
export RUSTICL_ENABLE=llvmpipe
expect 0 "$ketamap" devices
pocl=$(awk '/Portable Computing Language/ {print $2; exit}' "$folder/out")
second=$(awk '$1 ~ /^[0-9]+$/ && !/Portable Computing Language/ {print $2; exit}' "$folder/out")
[ -n "$pocl" ] && [ -n "$second" ] || { echo "skipped: one platform with a device (Debian: mesa-opencl-icd has another)"; exit 77; }
device=$(awk -v second="$second" '$2 == second' "$folder/out")
echo "$device"

# close WHAT: $folder/out agrees with $folder/first; states and statuses (whole numbers) as well, steps within a tenth
close() {
    paste "$folder/first" "$folder/out" | awk -F'\t' '
        NR == 1 {n = NF / 2; for (i = 1; i <= n; i++) if ($i == "steps") steps = i; next}
        {for (i = 1; i <= n; i++) {
            a = $i; b = $(i + n); d = a > b ? a - b : b - a
            if (!(a == b || d <= (i == steps ? 0.1 : 1e-4) * (a < 0 ? -a : a) + (i == steps ? 2 : 1e-6))) exit bad = 1
        }}
        END {exit bad || NR != 6 || n < 5}' || fail "$1: $(cat "$folder/first" "$folder/out")"
}
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --device "$pocl" --quiet
cp "$folder/out" "$folder/first"
for lanes in 1 4; do
    expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --device "$second" --lanes $lanes --quiet
    close "$lanes lanes"
done
case $device in
*llvmpipe*)
    expect 2 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --device "$second" --compute-units 1
    says "cannot be divided"
    ;;
esac
finish
