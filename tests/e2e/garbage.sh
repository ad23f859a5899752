#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A flood of garbage on the UDP port and on the control socket: counted, never answered, not logged
# packet by packet, and traffic goes on. A peer whose link comes and goes all the time fills nobody's
# log either.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 20/20,5ms'
start_pair a
lines=$(wc -l <"$tmp/server.log")
before=$(ask server '[.drops[]] | add')

at c ping -q -c 100 -i 0.02 10.77.0.1 >"$tmp/ping" 2>&1 &
ping=$!
at i "$probe" noise 203.0.113.1 4297 20000 >"$tmp/noise.json"
between 0 "$(jq .answers "$tmp/noise.json")" 0 "answers to 20000 datagrams of garbage"
between 15000 "$(($(ask server '[.drops[]] | add') - before))" 20100 "counted"

"$probe" babble "$tmp/server.sock" 600
await 10 "garbage on the control socket counted" is server '.drops["control-garbage"] > 300'
wait "$ping" || true
between 95 "$(awk '/received/ { print $4 }' "$tmp/ping")" 100 "of 100 pings answered meanwhile"
between 0 "$(($(wc -l <"$tmp/server.log") - lines))" 10 "lines logged"
paths_up server a >&3 || fail "the link is not up"

changes() {
    grep -c 'link a is' "$tmp/server.log"
}
flap() {
    for use in standby down; do
        "$hawser" link a $use -i "$tmp/client.sock"
        sleep 0.02
    done
    grep -q 'home: [0-9]* changes were not logged' "$tmp/server.log"
}
before=$(changes)
began=$(date +%s)
await 60 "some changes of a link that comes and goes are not logged, and that is told" flap
between 50 $(($(changes) - before)) $((105 + ($(date +%s) - began) / 2)) "changes logged"
"$hawser" link a up -i "$tmp/client.sock"
await 10 "up again" paths_up server a
