#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Every program and script tells on standard output how it is used, and refuses what it does not
# know with exit code 2 and a few lines on standard error, the first of which names it.
#
# usage: usage.sh SOURCE-ROOT PROGRAM...

set -eu
root=$1
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

wrong() {
    echo "FAIL: $*: $(cat "$tmp/out" "$tmp/err")" >&2
    failed=1
}

# call COMMAND...: its exit code in $code
call() {
    code=0
    "$@" </dev/null >"$tmp/out" 2>"$tmp/err" || code=$?
}

# helps COMMAND...
helps() {
    call "$@" --help
    [ "$code" = 0 ] && [ ! -s "$tmp/err" ] && head -n 1 "$tmp/out" | grep -q '^usage: ' ||
        wrong "$* --help: exit code $code"
    # What follows the usage in the head of a script is no part of it.
    ! grep -q shellcheck "$tmp/out" || wrong "$* --help"
}

# refuses WORD COMMAND...: and WORD is in what it says
refuses() {
    word=$1
    shift
    call "$@"
    [ "$code" = 2 ] && [ ! -s "$tmp/out" ] && grep -q -e "$word" "$tmp/err" ||
        wrong "$*: exit code $code"
    [ "$(wc -l <"$tmp/err")" -le 8 ] || wrong "$*: too many lines"
}

for program; do
    helps "$program"
    refuses '--nonsense' "$program" --nonsense
    case $program in
    *hawser-lab) lab=$program ;;
    *hawser-meter) meter=$program ;;
    *hawser-demo) demo=$program ;;
    *hawser-sim) sim=$program ;;
    esac
done
for script in bond failover faults idle memory sim-bond speed aead-arm core-instructions; do
    helps "$root/bench/$script"
    refuses 'usage: bench/' "$root/bench/$script" --nonsense
done

refuses '../x' "$lab" up twin --id ../x
refuses 'seed.*"x"' "$lab" up twin --seed x
refuses 'clients.*"100000"' "$lab" up twin --clients 100000
refuses 'owner.*"-1"' "$lab" up twin --owner -1
refuses 'nonsense' "$lab" up nonsense
refuses 'seconds.*"soon"' "$demo" --seconds soon
refuses 'seconds.*"1"' "$demo" --seconds 1
refuses 'seconds.*"1e9"' "$demo" --seconds 1e9
refuses 'links.*12xs' "$demo" --links '10/20,12xs'
refuses 'bytes.*"many"' "$meter" transfer --from a --to b --address 10.0.0.1 --bytes many
refuses 'address.*"here"' "$meter" call --from a --to b --address here --seconds 1 --limit 1
refuses 'nonsense' "$sim" --scenario nonsense
refuses '12xs' "$sim" --links '10/20,12xs'
exit $failed
