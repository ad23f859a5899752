#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What ./demo runs: it finds the programs that were built, its table says that all links together
# carry more than the best alone, and nothing stays.
# usage: demo.sh PATH-OF-HAWSER-DEMO

set -eu
demo=$1
out=$(mktemp)
trap 'rm -f "$out"' EXIT
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

fail() {
    cat "$out"
    echo "FAIL: $*" >&2
    exit 1
}

ls -d /tmp/hawser-demo-* >/dev/null 2>&1 && before=1 || before=0
"$demo" --seconds 10 >"$out" 2>&1 || fail "it ended with $?"
times=$(sed -n 's/^ *bond against best link *\([0-9.]*\) times$/\1/p' "$out")
[ -n "$times" ] || fail "there is no table"
awk -v times="$times" 'BEGIN { exit !(times > 1.2) }' || fail "the bond has $times times the best link"
if [ "$before" = 0 ]; then
    ls -d /tmp/hawser-demo-* >/dev/null 2>&1 && fail "its directory stays"
fi
echo "ok: $times times the best link"
