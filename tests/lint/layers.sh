#!/usr/bin/env bash
# host/LAYERS and the firewalls, read off the #include lines. Arguments: PROGRAM SOURCE_FOLDER.
set -euo pipefail
shopt -s lastpipe # report runs in this shell, not in a copy
cd "${2:-.}"
failed=0

report() { # MESSAGE, matching lines on standard input
    local lines
    lines=$(cat)
    if [ -n "$lines" ]; then
        printf '%s\n%s\n' "$1" "$lines"
        failed=1
    fi
}

# Lines of C below host/ that match a pattern, comment lines left out.
lines() {
    grep -rnE --include='*.c' --include='*.h' "$1" host |
        grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*|//)' || true
}

except() { grep -vE "^($1)" || true; }

for folder in host/*/; do
    name=$(basename "$folder")
    rule=$(sed -n "s/^$name:[[:space:]]*//p" host/LAYERS)
    if ! grep -q "^$name:" host/LAYERS; then
        echo "$folder" | report "folder missing from host/LAYERS:"
        continue
    fi
    allowed="$name ${rule:-}"
    lines '^[[:space:]]*#[[:space:]]*include "' | { grep "^$folder" || true; } |
        { grep -vE "\"(abi|points)\\.h\"|\"(${allowed// /|})/[a-z0-9_]+\\.h\"" || true; } |
        { grep -vE '^host/engine/host_kernels\.h:[0-9]+:#include "[a-z0-9_]+\.(h|cl)"$' || true; } |
        report "host/LAYERS lets $name include only: $allowed"
done

lines '#[[:space:]]*include <CL/' | except 'host/engine/' | report "CL/ headers only in host/engine/:"
lines 'cJSON\.h' | except 'host/base/json\.c:' | report "cJSON.h only in host/base/json.c:"
lines '#[[:space:]]*include <zlib\.h>' | except 'host/store/' | report "zlib.h only in host/store/:"
lines '#[[:space:]]*include <mpi\.h>' | except 'host/engine/dispatch\.' | report "mpi.h only in host/engine/dispatch:"
lines '(^|[^a-z_])(stdout|stderr)([^a-z_]|$)|(^|[^a-z_])(v?printf|puts|putchar|perror)[[:space:]]*\(' |
    except 'host/(view|cli)/|host/base/memory\.c:' | report "printing only in host/view/ and host/cli/:"
lines '(^|[^a-z_])(_?exit|_Exit|abort|quick_exit)[[:space:]]*\(' |
    except 'host/cli/|host/base/memory\.c:' | report "only host/cli/ ends the program:"

find host -name '*.[ch]' -printf '%f\n' | sort | uniq -d | report "file names are unique in the tree:"
grep -rnP '[^\x00-\x7F]' host kernels bootstrap.sh | report "source is plain ASCII:" || true

exit "$failed"
