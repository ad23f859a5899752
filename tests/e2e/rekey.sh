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

# A round of pings both ways takes some seconds; rounds go on until there were three rekeys.
rounds=0
while [ "$(($(ask client '.peers[0].handshakes') - before))" -lt 3 ]; do
    rounds=$((rounds + 1))
    [ "$rounds" -le 20 ] || fail "no new keys"
    at s ping -q -c 300 -i 0.005 -W 3 -s 1000 10.77.0.2 >"$tmp/back" 2>&1 &
    back=$!
    every_ping c -c 300 -i 0.005 -W 3 -s 1000 10.77.0.1
    wait "$back" || true
    grep -q '300 received, 0% packet loss' "$tmp/back" || fail "lost: $(cat "$tmp/back")"
done
ok "not one of $((rounds * 600)) pings lost over three rekeys"
