#!/usr/bin/env bash
# Builds the peers of `ketamap bench --peers`: tests/bench/peers.sh KETAMAP FOLDER leaves FOLDER/peers.
#
# Third-party code is fetched, checked and kept in FOLDER (which git ignores), never in the tree: SUNDIALS from Debian's
# source package (apt checks its signature), compiled here with -O3 -march=native because Debian's binary is three times
# slower; the C++ LSODA that PyPI's numbalsoda carries; Boost.odeint from the system (libboost-dev).
set -euo pipefail
ketamap=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
mkdir -p "$2"
cd "$2"
fast="-O3 -march=native -DNDEBUG"

if [ ! -e /usr/include/boost/numeric/odeint.hpp ]; then
    echo "peers.sh: Boost.odeint is missing (Debian: libboost-dev)" >&2
    exit 3
fi

sundials=6.4.1
if [ ! -e sundials/lib/libsundials_cvode.a ]; then
    archive=sundials_$sundials+dfsg1.orig.tar.xz
    if [ ! -e "$archive" ]; then
        mkdir -p apt/lists/partial apt/cache/archives/partial
        echo "deb-src http://deb.debian.org/debian bookworm main" >apt/sources.list
        options=(-o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
            -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache")
        apt-get "${options[@]}" -q update
        apt-get "${options[@]}" -q source --download-only "sundials=$sundials+dfsg1-3"
        rm -rf apt
    fi
    echo "c61157f1d4be06c704bea40cb131eb63ba2dada161989071604d0a0959cdf04a  $archive" | sha256sum -c -
    tar xJf "$archive"
    cmake -S "sundials-$sundials" -B sundials-build -DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_FLAGS_RELEASE=$fast" \
        -DBUILD_SHARED_LIBS=OFF -DEXAMPLES_ENABLE_C=OFF -DEXAMPLES_INSTALL=OFF -DBUILD_ARKODE=OFF -DBUILD_IDA=OFF \
        -DBUILD_IDAS=OFF -DBUILD_KINSOL=OFF -DBUILD_CVODES=OFF -DCMAKE_INSTALL_PREFIX="$PWD/sundials" \
        -DCMAKE_INSTALL_LIBDIR=lib >sundials.log
    cmake --build sundials-build -j "$(nproc)" --target install >>sundials.log
fi

numbalsoda=0.3.4
if [ ! -e lsoda/LSODA.cpp ]; then
    archive=numbalsoda-$numbalsoda.tar.gz
    hash=35fa4179dec38384188a0c18a841d7e209b29cf1f67082aa52ff050bcc6f087d
    # pip asks the package for its metadata, for which it fetches the build tools the package names
    [ -e "$archive" ] || python3 -m pip download -q --no-deps --no-binary numbalsoda "numbalsoda==$numbalsoda"
    echo "$hash  $archive" | sha256sum -c -
    tar xzf "$archive"
    mkdir -p lsoda
    # The numerical Jacobian gets another name: peers.cpp supplies the analytic one.
    sed 's/^    void prja(const size_t neq, vector<double> &y, LSODA_ODE_SYSTEM_TYPE f,/    void prja_differences(const size_t neq, vector<double> \&y, LSODA_ODE_SYSTEM_TYPE f, void *_data);\n&/' \
        "numbalsoda-$numbalsoda/src/LSODA.h" >lsoda/LSODA.h
    cp "numbalsoda-$numbalsoda/src/helper.h" lsoda/
    sed 's/^void LSODA::prja(/void LSODA::prja_differences(/' "numbalsoda-$numbalsoda/src/LSODA.cpp" >lsoda/LSODA.cpp.new
    mv lsoda/LSODA.cpp.new lsoda/LSODA.cpp
fi

"$ketamap" check "$source/configs/models/ketamine.json" --emit c >model.c
python3 "$here/hoist.py" <model.c >model.h
# shellcheck disable=SC2086 # flags are words
c++ -std=c++17 $fast -fno-math-errno -fno-trapping-math -w -I. -Ilsoda -Isundials/include "$here/peers.cpp" lsoda/LSODA.cpp \
    -Lsundials/lib -lsundials_cvode -lsundials_nvecserial -lsundials_sunmatrixdense -lsundials_sunlinsoldense \
    -lsundials_generic -lm -o peers.new
mv peers.new peers
echo "peers: $PWD/peers"
