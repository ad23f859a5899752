#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The simulator whose constants of tuning can be set decides as the one with the daemon's constants,
# and --tune sets them: another value makes another run, the same value the same one, and what is
# wrong is refused. bench/sweep finds the same.
# Usage: HAWSER_BUILD=BUILD tuning.sh HAWSER-SIM HAWSER-SIM-FIXED SWEEP
set -eu
tunable=$1
fixed=$2
sweep=$3
bad=0

complain() {
    echo "$*"
    bad=1
}

# The digest is the last column.
digest() {
    "$@" 2>&1 | awk '{ print $NF }'
}

compare() {
    mine=$(digest "$tunable" "$@")
    theirs=$(digest "$fixed" "$@")
    if [ -z "$mine" ] || [ "$mine" != "$theirs" ]; then
        complain "hawser-sim $*: $mine, but with the daemon's constants $theirs"
    fi
}

compare --scenario dsllte --seconds 4 --warmup 1
compare --scenario far --cc bbr --seconds 6 --warmup 1
compare --scenario lossy --flows 4 --direction both --seconds 3 --warmup 1
compare --scenario police64 --cc quic --seconds 4 --warmup 1
compare --scenario driving --call --redundant --datagrams 1,1200,3 --seconds 4 --warmup 1
compare --scenario twin --cut a@2:3 --standby b --seconds 6 --warmup 1
compare --faults 3 --seconds 6 --warmup 1

"$tunable" --tunes | awk -F '\t' 'NF != 6 || $1 == "" || $2 == "" || $4 == "" || $5 == ""' |
    grep . && complain "--tunes: a constant without a value, a reason or a source"
usual=$(digest "$tunable" --seconds 3 --warmup 1)
[ "$usual" = "$(digest "$tunable" --seconds 3 --warmup 1 --tune ACKER_DELAY_NS=5ms)" ] ||
    complain "--tune with the same value changes something"
[ "$usual" != "$(digest "$tunable" --seconds 3 --warmup 1 --tune ACKER_DELAY_NS=50ms)" ] ||
    complain "--tune ACKER_DELAY_NS=50ms changes nothing"

# refuse WORDS ARGUMENTS: status 2, and the words on stderr.
refuse() {
    words=$1
    shift
    status=0
    said=$("$@" 2>&1 >/dev/null) || status=$?
    case $status:$said in
    2:*"$words"*) ;;
    *) complain "$*: status $status, \"$said\"; expected \"$words\"" ;;
    esac
}

refuse 'no such constant' "$tunable" --tune NOBODY=1
refuse 'expected NAME=VALUE' "$tunable" --tune ACKER_PACKETS
refuse 'not a number' "$tunable" --tune COPY_SHARE=much
refuse 'must be from 0 to 1' "$tunable" --tune COPY_SHARE=1.5
refuse 'must be from 0 to' "$tunable" --tune ACKER_DELAY_NS=-1ms
refuse 'not a whole number' "$tunable" --tune ACKER_PACKETS=1.5
refuse 'not a time' "$tunable" --tune ACKER_DELAY_NS=5mm
refuse 'are fixed' "$fixed" --tune ACKER_DELAY_NS=5ms

command -v jq >/dev/null || exit $bad
"$sweep" --runs "police bloat" --brief LIMIT_TEST .9 .2 |
    awk -F ' *[|] *' '
        $4 == .9 { same = $5 "" $6 $7 $8 == "0000" }
        $4 == .2 { worse = $5 + 0 < -.01 && $5 ~ /police/ }
        END { exit !(same && worse) }' ||
    complain "bench/sweep: a test of limits at .2 of the rate costs nothing, or the same value does"
exit $bad
