# Programs kept between runs: the same bits from a binary as from the source; damaged, foreign and useless entries; several
# processes at once; a folder that cannot be; off; a bound. Each run has an empty cache of the driver's own, so that a
# binary is what it says it is.
. "$2/tests/cli/fixture.bash"
study s 3
printf 'k\tdose\n0.02\t0.5\n0.1\t2\n0.9\t4\n0.3\t1\n0.05\t3\n' >"$folder/p.tsv"
export CUDA_CACHE_DISABLE=1 MESA_SHADER_CACHE_DISABLE=1
cache=$folder/cache

n=0
evaluate() { # [COMMAND...]: into $folder/out, under a driver that keeps nothing
    n=$((n + 1))
    mkdir "$folder/driver$n"
    POCL_CACHE_DIR=$folder/driver$n expect 0 "$@" "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --quiet
    [ ! -s "$folder/err" ] || fail "it speaks: $(cat "$folder/err")"
}
entries() { find "$cache/programs" -type f 2>/dev/null | wc -l; }
same_numbers() { cmp -s "$folder/out" "$folder/first" || fail "$1: other numbers"; }

KETAMAP_CACHE=off evaluate
cp "$folder/out" "$folder/first"
[ "$(wc -l <"$folder/first")" -eq 6 ] || fail "no numbers"
export KETAMAP_CACHE=$cache
evaluate
same_numbers "the run that fills the cache"
[ "$(entries)" -eq 1 ] || fail "$(entries) entries instead of 1"
entry=$(find "$cache/programs" -type f)
evaluate
same_numbers "from the binary"

# From the binary means: no source is built.
if [ -z "$(nm -D "$ketamap" 2>/dev/null | grep __asan)" ]; then
    cat >"$folder/count.c" <<'C'
#define CL_TARGET_OPENCL_VERSION 120
#define _GNU_SOURCE
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdio.h>
cl_program clCreateProgramWithSource(cl_context c, cl_uint n, const char **text, const size_t *size, cl_int *e)
{
    cl_program (*real)(cl_context, cl_uint, const char **, const size_t *, cl_int *) = dlsym(RTLD_NEXT, "clCreateProgramWithSource");
    fprintf(stderr, "source built\n");
    return real(c, n, text, size, e);
}
C
    cc -shared -fPIC -w -o "$folder/count.so" "$folder/count.c" || fail "the counting library does not compile"
    for warm in cache none; do
        n=$((n + 1)) && mkdir "$folder/driver$n"
        [ $warm = cache ] || KETAMAP_CACHE=off
        POCL_CACHE_DIR=$folder/driver$n expect 0 env LD_PRELOAD="$folder/count.so" "$ketamap" evaluate "$folder/s.json" \
            --points "$folder/p.tsv" --quiet
        same_numbers "counted"
        [ "$(grep -c 'source built' "$folder/err")" -eq "$([ $warm = cache ] && echo 0 || echo 1)" ] ||
            fail "$warm: $(cat "$folder/err")"
    done
    KETAMAP_CACHE=$cache
fi

# Entries that are not what they say: as if absent, and replaced.
cp "$entry" "$folder/good"
damage() {
    case $1 in
    empty) : >"$entry" ;;
    torn) head -c 5000 "$folder/good" >"$entry" ;;
    flipped) cp "$folder/good" "$entry" && printf 'X' | dd of="$entry" bs=1 seek=20000 conv=notrunc 2>/dev/null ;;
    foreign) head -c 20000 /dev/urandom >"$entry" ;;
    other) sed '2s/./0/g' "$folder/good" >"$entry" ;; # another program's key
    useless) # whole by its checksum, and no binary of any driver
        head -c 20000 /dev/urandom >"$folder/noise"
        { printf 'ketamap cache 1\n%s\n%s\n' "$(basename "$entry")" "$(sha256sum <"$folder/noise" | cut -c 1-64)" && cat "$folder/noise"; } >"$entry"
        ;;
    esac
}
for way in empty torn flipped foreign other useless; do
    damage $way
    before=$(cksum <"$entry")
    evaluate
    same_numbers "$way"
    [ "$before" != "$(cksum <"$entry")" ] || fail "$way: the entry stays as it is"
    [ "$(entries)" -eq 1 ] || fail "$way: $(entries) entries"
    evaluate
    same_numbers "$way, then once more"
done

# Another option, another program: its own entry.
expect 0 "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --quiet --lanes 1
[ "$(entries)" -eq 2 ] || fail "$(entries) entries instead of 2"

# Several at once, on nothing.
rm -rf "$cache"
runs=()
for i in 1 2 3 4; do
    mkdir "$folder/at-once$i"
    POCL_CACHE_DIR=$folder/at-once$i "$ketamap" evaluate "$folder/s.json" --points "$folder/p.tsv" --quiet >"$folder/out$i" 2>&1 &
    runs+=($!)
done
for i in 1 2 3 4; do
    wait "${runs[$((i - 1))]}" || fail "process $i fails"
    cmp -s "$folder/out$i" "$folder/first" || fail "process $i has other numbers"
done
[ "$(entries)" -eq 1 ] || fail "$(entries) entries after four processes: $(ls "$cache/programs")"
evaluate
same_numbers "after four processes"

# A folder that cannot be: silently without.
: >"$folder/file"
KETAMAP_CACHE=$folder/file/cache evaluate
same_numbers "no folder"
KETAMAP_CACHE=/proc/nothing evaluate
same_numbers "no folder in /proc"

# A bound: what was longest not used goes, and what a killed process left.
old=$(printf '%064d' 1) newer=$(printf '%064d' 2)
truncate -s 200M "$cache/programs/$old" "$cache/programs/$newer"
touch -d '3 days ago' "$cache/programs/$old"
touch -d '2 days ago' "$cache/programs/$newer"
touch -d '2 hours ago' "$cache/programs/$newer.tmp-abcdef"
rm -f "$cache/programs/$(basename "$entry")"
evaluate
[ ! -e "$cache/programs/$old" ] || fail "the oldest entry stays above the bound"
[ -e "$cache/programs/$newer" ] || fail "more is removed than has to be"
[ ! -e "$cache/programs/$newer.tmp-abcdef" ] || fail "a stale temporary file stays"
[ -e "$entry" ] || fail "the newest entry is gone"
finish
