#!/bin/sh
# Every C file is as clang-format leaves it, short enough, and without marks of unfinished work.
# Usage: format.sh SOURCE-ROOT
set -eu
cd "$1"
command -v clang-format >/dev/null || exit 77
status=0
files=$(find src sim lab tests fuzz bench -name '*.[ch]')
# shellcheck disable=SC2086 # a list of names without blanks
clang-format --dry-run --Werror $files || status=1
for file in $files; do
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 900 ]; then
        echo "$file: $lines lines; split what has grown past 900"
        status=1
    fi
    head -n 1 "$file" | grep -q 'SPDX-License-Identifier: ISC' || {
        echo "$file: the first line does not name the licence"
        status=1
    }
done
# shellcheck disable=SC2086
if grep -nE 'TODO|FIXME|(^|[^X])XXX([^X]|$)' $files; then
    status=1
fi
exit $status
