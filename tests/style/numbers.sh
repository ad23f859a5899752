#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Every constant of tuning of the bond stands in src/bond/tuning.h, and is used. Elsewhere in
# src/bond a number is 0, 1 or 2, a conversion (bits, nanoseconds, percent), hexadecimal, the size of
# a table, or stands beside a name that the file numbers beside this one lists with its reason.
# Usage: numbers.sh SOURCE-ROOT
set -eu
list=$(realpath "$(dirname "$0")/numbers")
cd "$1"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0
files=$(find src/bond -name '*.[ch]' ! -name 'tuning.[ch]' | sort)

# shellcheck disable=SC2086 # no file has a space in its name
awk -v list="$list" '
    BEGIN {
        while ((getline line < list) > 0) {
            split(line, part, " ")
            if (part[1] !~ /^#/ && part[1] != "") named[part[1]] = 1
        }
        count = split("0 1 2 8 64 100 1.0 1e3 1e6 1e9 8e9", part, " ")
        for (i = 1; i <= count; i++) plain[part[i]] = 1
    }
    FNR == 1 { comment = 0 }
    {
        line = " " $0 " "
        gsub(/"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/, " ", line)
        if (comment && !sub(/^.*\*\//, " ", line)) next
        comment = 0
        while (match(line, /\/\*/)) {
            rest = substr(line, RSTART + 2)
            line = substr(line, 1, RSTART - 1)
            if (sub(/^[^*]*\*+([^*\/][^*]*\*+)*\//, " ", rest)) line = line rest
            else comment = 1
        }
        bare = line
        while (match(bare, /[A-Za-z_][A-Za-z0-9_]*/)) {
            word = substr(bare, RSTART, RLENGTH)
            bare = substr(bare, RSTART + RLENGTH)
            if (word in named) { found[word] = 1; next }
        }
        gsub(/TABLE_SIZE\([0-9]+, [0-9]+\)/, " ", line)
        if (line ~ /[0-9] *\* *NS_PER_|NS_PER_[A-Z]+ *[*\/] *[0-9]|#define .*NS_PER_/) {
            print FILENAME ":" FNR ": a time that is not in tuning.h:" $0
            bad = 1
        }
        while (match(line, /[^A-Za-z0-9_.](\.?[0-9][0-9A-Za-z.]*)/)) {
            number = substr(line, RSTART + 1, RLENGTH - 1)
            line = substr(line, RSTART + RLENGTH)
            if (number ~ /^0x/ || number in plain || number ~ /^[012][uU]$/) continue
            print FILENAME ":" FNR ": " number " is not in tuning.h, and has no name in " list ":" $0
            bad = 1
        }
    }
    END {
        for (word in named)
            if (!(word in found)) {
                print list ": " word " is no longer there: take it out"
                bad = 1
            }
        exit bad
    }' $files || status=1

# shellcheck disable=SC2086 # as above
cat $files | tr -cs 'A-Za-z0-9_' '\n' | sort -u >"$tmp/words"
sed -n 's/^TUNE(\([A-Z0-9_]*\),.*/\1/p' src/bond/tuning.h | sort >"$tmp/names"
if comm -23 "$tmp/names" "$tmp/words" | grep .; then
    echo "src/bond/tuning.h: nobody uses these"
    status=1
fi
grep -v '^#' bench/parts | grep -oE '\b[A-Z][A-Z0-9]*_[A-Z0-9_]+=' | tr -d = | sort -u >"$tmp/switched"
if [ "$(wc -l <"$tmp/switched")" -lt 20 ] || comm -13 "$tmp/names" "$tmp/switched" | grep .; then
    echo "bench/parts: these are not in src/bond/tuning.h"
    status=1
fi
if [ "$(wc -l <"$tmp/names")" -lt 100 ]; then
    echo "src/bond/tuning.h: too few constants were found"
    status=1
fi
exit $status
