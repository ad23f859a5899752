#!/bin/sh
# The modules of src/, sim/ and lab/ use one another as docs/architecture.md says. A module is a .c
# with its .h, or a header alone; it uses another one by an include or by a symbol. Its room is its
# directory.
# - A module uses its own room, and what the table of rooms permits; nothing permitted is unused.
# - There is no circle of modules. Whether one would be found is tried first.
# - The core has no system calls: its undefined symbols are all on a short list.
# usage: rooms.sh SOURCE-ROOT BUILD-ROOT CORE-LIBRARY
set -eu
root=$1
build=$2
library=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0
cd "$root"

# uses: "MODULE USED", by includes; they are found as the compiler finds them.
find src sim lab -name '*.[ch]' | sort >"$tmp/files"
# shellcheck disable=SC2046 # no file has a space in its name
awk -v list="$tmp/files" '
    function name(file) { sub(/\.[ch]$/, "", file); sub(/^src\//, "", file); return file }
    BEGIN { while ((getline file < list) > 0) have[file] = 1 }
    /^#include "/ {
        split($0, part, "\"")
        dir = FILENAME
        sub(/[^\/]*$/, "", dir)
        used = part[2]
        if (("src/" used) in have) used = "src/" used
        else if (!(used in have)) used = dir used
        if (!(used in have)) print FILENAME ": nothing is known of " part[2] >"/dev/stderr"
        else if (name(used) != name(FILENAME)) print name(FILENAME), name(used)
    }' $(cat "$tmp/files") >"$tmp/uses" 2>"$tmp/unknown"
if [ -s "$tmp/unknown" ]; then
    cat "$tmp/unknown"
    status=1
fi

# The same by symbols, of one object of each source file.
up=$(realpath --relative-to="$build" "$root")
sed -n 's/^build \([^ :|]*\.o\): c_[A-Za-z_]* \([^ ]*\.c\).*/\2 \1/p' "$build/build.ninja" |
    sed "s|^$up/||" | sort -u -k1,1 >"$tmp/objects"
grep '\.c$' "$tmp/files" | join - "$tmp/objects" >"$tmp/compiled"
# shellcheck disable=SC2046 # as above
(cd "$build" && nm -A $(sed 's/.* //' "$tmp/compiled")) >"$tmp/symbols"
awk -v list="$tmp/compiled" '
    BEGIN {
        while ((getline < list) > 0) {
            sub(/\.c$/, "", $1)
            sub(/^src\//, "", $1)
            module[$2] = $1
        }
    }
    { object = $1; sub(/:.*/, "", object) }
    NF >= 2 && $(NF - 1) == "U" { print $NF, module[object] >wanted }
    NF == 3 && $2 ~ /^[A-TV-Z]$/ && $3 != "main" { print $3, module[object] >defined }
    ' wanted="$tmp/wanted" defined="$tmp/defined" "$tmp/symbols"
sort -u -o "$tmp/wanted" "$tmp/wanted"
sort -u -o "$tmp/defined" "$tmp/defined"
join "$tmp/wanted" "$tmp/defined" | awk '$2 != $3 { print $2, $3 }' >>"$tmp/uses"
sort -u -o "$tmp/uses" "$tmp/uses"
if [ "$(wc -l <"$tmp/compiled")" -lt 100 ] || [ "$(wc -l <"$tmp/uses")" -lt 500 ]; then
    echo "too few objects or uses were found in $build: is it built?"
    exit 1
fi

# Rooms: the rows of the table are "| `ROOM` | ROOM OR MODULE, ... | ... |".
# shellcheck disable=SC2016 # the backquotes are the document's
sed -n '/^## Rooms/,/^## /s/^| `\([a-z/]*\)` | \([^|]*\) |.*/\1 \2/p' docs/architecture.md |
    tr -d '`,' >"$tmp/table"
if ! awk -v table="$tmp/table" '
    function room(module) { sub(/\/[^\/]*$/, "", module); return module }
    BEGIN {
        while ((getline < table) > 0) {
            known[$1] = 1
            for (i = 2; i <= NF; i++)
                if ($i != "–") permitted[$1, $i] = 1
        }
    }
    {
        from = room($1)
        to = room($2)
        if (!(from in known) && !told[from]++) {
            print "the table of rooms in docs/architecture.md has no room " from
            bad = 1
        }
        if (from == to || !(from in known)) next
        if ((from, $2) in permitted) needed[from, $2] = 1
        else if ((from, to) in permitted) needed[from, to] = 1
        else {
            print $1 " uses " $2 ", but the room " from " may not use " to
            bad = 1
        }
    }
    END {
        for (pair in permitted) {
            split(pair, part, SUBSEP)
            if (pair in needed) continue
            print "the room " part[1] " does not use " part[2] ": take it out of the table of rooms"
            bad = 1
        }
        exit bad
    }' "$tmp/uses"; then
    status=1
fi

# circles: of the uses "MODULE USED" on its input those that are in a circle, a line for each
# (strongly connected modules, Tarjan 1972).
circles() {
    awk '
    function visit(v,   i, n, parts, w, members) {
        number[v] = low[v] = ++count
        stack[++height] = v
        is_open[v] = 1
        n = split(users[v], parts, " ")
        for (i = 1; i <= n; i++) {
            w = parts[i]
            if (!(w in number)) {
                visit(w)
                if (low[w] < low[v]) low[v] = low[w]
            } else if (is_open[w] && number[w] < low[v]) low[v] = number[w]
        }
        if (low[v] != number[v]) return
        members = ""
        do {
            w = stack[height--]
            is_open[w] = 0
            members = members " " w
        } while (w != v)
        if (members != " " v) print "a circle of modules:" members
    }
    { users[$1] = users[$1] " " $2 }
    END { for (v in users) if (!(v in number)) visit(v) }'
}
for uses in 'a b|b a' 'a b|b c|c d|d b' 'x a|a b|b c|c a|c y|y z'; do
    if [ "$(echo "$uses" | tr '|' '\n' | circles | wc -l)" != 1 ]; then
        echo "the circle in $uses is not found"
        status=1
    fi
done
if [ -n "$(printf 'a b\nb c\na c\nd b\n' | circles)" ]; then
    echo "a circle is found where there is none"
    status=1
fi
circles <"$tmp/uses" >"$tmp/circles"
if [ -s "$tmp/circles" ]; then
    cat "$tmp/circles"
    status=1
fi

symbols=$(nm -u "$library" | sed -n 's/^ *U //p' | sed 's/@.*//' | sort -u)
defined=$(nm --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u)
for symbol in $symbols; do
    case $symbol in
    # memory and strings
    mem*|str*|__mem*_chk|__str*_chk|calloc|malloc|free|realloc|aligned_alloc|bcmp) ;;
    snprintf|__snprintf_chk|vsnprintf|__vsnprintf_chk|sscanf|__isoc99_sscanf|__isoc23_*) ;;
    inet_ntop|inet_pton|getauxval|__cpu_*|abort|exit|__assert_fail|__stack_chk_fail|__errno_location) ;;
    # the packet pool reserves its memory, the log writes a line
    mmap|munmap|mmap64|write) ;;
    # mathematics
    sqrt|cbrt|exp|pow|log|floor|ceil|fmin|fmax|fabs|round|lround|llround) ;;
    # the crypto library, and the tools of compilers
    EVP_*|OPENSSL_*|OSSL_*|CRYPTO_*|RAND_*|ERR_*|BIO_*|alloc_mb_mgr|free_mb_mgr|init_mb_mgr_*|imb_*) ;;
    __asan_*|__ubsan_*|__sanitizer_*|__gcov_*|_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__udivti3|__aeabi_*) ;;
    *)
        if ! printf '%s\n' "$defined" | grep -qx -- "$symbol"; then
            echo "the core uses $symbol, which is not on the list"
            status=1
        fi
        ;;
    esac
done
exit $status
