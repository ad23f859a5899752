#!/bin/sh
# SPDX-License-Identifier: ISC
#
# docs/security.md has the test of each claim: every test that it names is one that meson runs, and
# every function that it names behind one is in the sources of the tests, and runs.
# Usage: claims.sh SOURCE-ROOT LIST, where LIST is meson's description of the tests
set -eu
cd "$1"
list=$2
page=docs/security.md
bad=0

complain() {
    echo "$page: $*"
    bad=1
}

runs=$(mktemp)
functions=$(mktemp)
trap 'rm -f "$runs" "$functions"' EXIT
tr ',' '\n' <"$list" | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p' | sort -u >"$runs"
[ "$(wc -l <"$runs")" -gt 50 ] || { echo "$list: has no tests"; exit 1; }

# What stands in quotes is a test, unless it is a setting, a command, or a path, which must exist.
named=0
while read -r quoted; do
    case $quoted in
    'e2e NAME' | 'meson test' | 'hawser '* | *' = '*) continue ;;
    */*) [ -e "$quoted" ] || complain "there is no $quoted"; continue ;;
    esac
    named=$((named + 1))
    # Some are run in parts, each with the seeds of its own behind the name.
    grep -qxE -e "$quoted( [0-9-]+)?" "$runs" || complain "no test is called $quoted"
done <<END
$(grep -o '`[^`]*`' "$page" | tr -d '`' | sort -u)
END

# Words with underscores that do not stand in quotes are functions of the test before them.
grep -oE '`[^`]*`|\b[a-z0-9]+(_[a-z0-9]+)+\b' "$page" | awk '/^`/ { test = $0; next }
    { gsub("`", "", test); print test, $0 }' >"$functions"
while read -r test function; do
    named=$((named + 1))
    file=$(grep -rlE "^static void $function\(void \*\*state\)" "tests/${test%%-*}" --include='*.c') ||
        { complain "$test has no function $function"; continue; }
    # Once where it is written, and once where it is run.
    [ "$(grep -owF "$function" "$file" | wc -l)" -ge 2 ] || complain "$function does not run"
done <"$functions"
[ "$named" -gt 50 ] || complain "only $named tests were found in it"
exit "$bad"
