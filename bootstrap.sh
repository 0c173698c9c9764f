#!/bin/sh
# From a bare Debian 12 to a response map: looks for what is needed, asks apt for what is missing, builds.
set -eu
cd "$(dirname "$0")"

usage() {
    cat <<'TEXT'
usage: ./bootstrap.sh COMMAND

  demo    build, compute the map of configs/studies/quickstart.json, draw it
  test    build (also with sanitizers) and run every test
  build   build only: leaves build/ketamap
  help    this text

Missing Debian packages are installed with apt as root or through sudo; where neither is
possible the line to type is printed (exit code 3). Nothing is installed if nothing is missing.
TEXT
}

say() { printf 'bootstrap: %s\n' "$*"; }

# ---- what is missing ----

have() { command -v "$1" >/dev/null 2>&1; }

# Does a program with these lines compile and link? Usage: links 'LINES' -lFLAGS...
links() {
    lines=$1
    shift
    printf '%s\n' "$lines" | cc -x c - -o /dev/null "$@" >/dev/null 2>&1
}

has_header() { links "#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <$1>
int main(void) { return 0; }" "${2:--lc}"; }

# A device that can compute, by any vendor: a platform alone is not enough.
has_device() {
    probe=$(mktemp) || return 1
    printf '%s\n' '#define CL_TARGET_OPENCL_VERSION 120' '#include <CL/cl.h>' 'int main(void) {' \
        'cl_platform_id p[16]; cl_uint n = 0, i, devices;' \
        'if (clGetPlatformIDs(16, p, &n) != CL_SUCCESS) return 1;' \
        'for (i = 0; i < n && i < 16; i++) { devices = 0;' \
        'if (clGetDeviceIDs(p[i], CL_DEVICE_TYPE_ALL, 0, NULL, &devices) == CL_SUCCESS && devices > 0)' \
        'return 0; } return 1; }' | cc -x c - -o "$probe" -lOpenCL >/dev/null 2>&1 &&
        "$probe" >/dev/null 2>&1
    found=$?
    rm -f "$probe"
    return "$found"
}

# Prints the Debian packages that are missing. Usage: missing_packages build|demo|test
missing_packages() {
    { have cc && links 'int main(void) { return 0; }'; } || echo build-essential
    have cmake || echo cmake
    have ninja || echo ninja-build
    has_header cjson/cJSON.h -lcjson || echo libcjson-dev
    has_header zlib.h -lz || echo zlib1g-dev
    has_header CL/cl.h -lOpenCL || echo opencl-headers ocl-icd-opencl-dev
    [ "$1" != build ] || return 0
    has_device || echo pocl-opencl-icd
    have gnuplot || echo gnuplot-nox
    [ "$1" = test ] || return 0
    has_header cmocka.h -lcmocka || echo libcmocka-dev
    has_header cvode/cvode.h -lsundials_cvode || echo libsundials-dev
    has_header blosc.h -lblosc || echo libblosc-dev
    have clang || have clang-14 || echo clang
    have oclgrind || echo oclgrind
    have spirv-val || echo spirv-tools
    have llvm-spirv-14 || have llvm-spirv-15 || echo llvm-spirv-14
    [ -e /usr/lib/clc/nvptx64--nvidiacl.bc ] || echo libclc-15
    [ -x /usr/bin/python3 ] || echo python3
    for module in numpy zarr xarray; do
        /usr/bin/python3 -c "import importlib.util, sys
sys.exit(importlib.util.find_spec('$module') is None)" >/dev/null 2>&1 || echo "python3-$module"
    done
}

# ---- installing ----

# apt-get without questions, waiting for another apt to finish; $as_root is how to become root, or empty.
apt() {
    # shellcheck disable=SC2086 # "sudo -n" is two words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"
}

# Usage: install_missing build|demo|test
install_missing() {
    missing=$(missing_packages "$1" | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    line="apt-get install -y --no-install-recommends $missing"
    if ! have apt-get; then
        say "missing: $missing (Debian's names); install them with your system's package manager" >&2
        exit 3
    fi
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif have sudo && sudo -n true >/dev/null 2>&1; then
        as_root="sudo -n"
    elif have sudo && [ -t 0 ] && [ -t 2 ]; then
        as_root=sudo
    else
        say "missing packages; as root, type:" >&2
        printf '  %s\n' "$line" >&2
        exit 3
    fi
    say "installing $missing"
    # The package lists have a lock of their own that apt does not wait for.
    tries=0
    until apt update -q; do
        tries=$((tries + 1))
        if [ "$tries" -ge 6 ]; then
            say "apt-get update failed; trying with the package lists that are here" >&2
            break
        fi
        sleep 10
    done
    # shellcheck disable=SC2086 # a list of packages
    if ! apt install -q -y --no-install-recommends $missing; then
        say "apt-get failed; as root, type:" >&2
        printf '  %s\n' "$line" >&2
        exit 3
    fi
    missing=$(missing_packages "$1" | tr '\n' ' ')
    if [ -n "$missing" ]; then
        say "still not usable after installing: $missing" >&2
        exit 3
    fi
}

# ---- building ----

jobs=$(nproc 2>/dev/null || echo 2)

# Usage: build PRESET FOLDER [TARGET]
build() {
    # A folder configured by hand keeps its generator.
    if [ -f "$2/CMakeCache.txt" ]; then
        cmake --preset "$1" >/dev/null
    else
        cmake --preset "$1" -G Ninja >/dev/null
    fi
    cmake --build "$2" -j "$jobs" --target "${3:-all}"
}

demo() {
    map=results/quickstart.zarr
    install_missing demo
    build release build ketamap
    if [ -d "$map" ]; then
        say "$map is there already; it is used as it is (delete it to compute it again)"
    else
        build/ketamap run configs/studies/quickstart.json
    fi
    before=$(mktemp)
    build/ketamap plot "$map" --endpoint duration --x dose --y density
    say "map:     $PWD/$map"
    find results -type f -newer "$before" \( -name '*.svg' -o -name '*.png' -o -name '*.pdf' -o -name '*.html' \) |
        sort | while read -r picture; do
        say "picture: $PWD/$picture"
    done
    rm -f "$before"
}

# One ctest run over both build folders, so that one summary closes the output.
run_tests() {
    install_missing test
    build release build
    build asan build/asan
    mkdir -p build/all
    printf 'subdirs("%s" "%s")\n' "$PWD/build" "$PWD/build/asan" >build/all/CTestTestfile.cmake
    ctest --test-dir build/all -j "$jobs" --output-on-failure
}

case "${1:-help}" in
demo) demo ;;
test) run_tests ;;
build)
    install_missing build
    build release build ketamap
    say "built $PWD/build/ketamap"
    ;;
help | -h | --help) usage ;;
*)
    printf 'bootstrap: unknown command "%s"\n' "$1" >&2
    usage >&2
    exit 2
    ;;
esac
