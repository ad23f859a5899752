#!/bin/sh
# SPDX-License-Identifier: ISC
#
# New keys every 3 s under traffic in both directions, and not one packet is lost over three of them.

. "$(dirname "$0")/lib.sh"

client_tunnel="rekey-seconds = 3"
server_tunnel="rekey-seconds = 3"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
start_pair a b
before=$(ask client '.peers[0].handshakes')

at s ping -q -c 1500 -i 0.007 -W 3 -s 1000 10.77.0.2 >"$tmp/down" 2>&1 &
down=$!
at c ping -q -c 1500 -i 0.007 -W 3 -s 1000 10.77.0.1 >"$tmp/up" 2>&1 || true
wait "$down" || true
for way in up down; do
    grep -q '1500 received, 0% packet loss' "$tmp/$way" || fail "lost: $(cat "$tmp/$way")"
    ok "$(grep transmitted "$tmp/$way")"
done
between 3 "$(($(ask client '.peers[0].handshakes') - before))" 8 "rekeys meanwhile"
