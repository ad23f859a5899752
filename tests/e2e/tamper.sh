#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Links that alter and repeat packets, and an attacker who sends recorded ones once more: all of
# that is dropped and counted, and TCP's data arrive as they were sent.

. "$(dirname "$0")/lib.sh"

dropped() {
    ask "$1" ".drops[\"$2\"] + ([.peers[].drops[\"$2\"]] | add)"
}

lab_up --links 'name=a 20/20,5ms,corrupt=1,duplicate=2; name=b 20/20,10ms,corrupt=1,duplicate=2'
serve s
start_pair a b
flow c up 10.77.0.1 2
flow c down 10.77.0.1 2
for side in client server; do
    between 5 "$(dropped "$side" not-authentic)" 100000 "altered packets dropped by the $side"
    between 5 "$(dropped "$side" replay)" 100000 "repeated packets dropped by the $side"
done

"$lab" set --id "$id" a corrupt=0,duplicate=0
"$lab" set --id "$id" b corrupt=0,duplicate=0
remotes=$(ask server '[.peers[0].paths[].remote] | join(" ")')
sleep 0.5
before=$(dropped server replay)
at p1 "$probe" replay wan 4297 200 >"$tmp/replay" 2>&1 &
replay=$!
flow c up 10.77.0.1 3
wait "$replay" || fail "replay: $(cat "$tmp/replay")"
between 195 "$(($(dropped server replay) - before))" 205 "of 200 recorded packets dropped"
[ "$(ask server '[.peers[0].paths[].remote] | join(" ")')" = "$remotes" ] || fail "a path moved"
pings c -c 5 -i 0.05 10.77.0.1
