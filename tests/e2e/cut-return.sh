#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A link is cut without a word under TCP in both directions: the connections are silent for less
# than a second (1.5 s here, as the machine may be busy), and after its return it carries traffic
# again within 5 s. "hawser link" takes a link out and back in.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 10/20,8ms; name=b 10/20,12ms'
serve s
start_pair a b

rx_bytes() {
    ask client ".peers[0].paths[] | select(.link == \"$1\") | .rx_bytes"
}
carries() {
    [ "$(rx_bytes "$1")" -gt $((before + 125000)) ]
}

at c "$probe" flow down 10.77.0.1 7000 13 >"$tmp/down" 2>&1 &
down=$!
at c "$probe" flow up 10.77.0.1 7000 13 >"$tmp/up" 2>&1 &
up=$!
sleep 2

"$lab" cut --id "$id" a
await 2 "the cut is noticed" is client '[.peers[0].paths[] | select(.link == "a") | .state != "up"] | any'
sleep 1
before=$(rx_bytes a)
"$lab" restore --id "$id" a
await 5 "the link carries traffic again" carries a

"$hawser" link b down -i "$tmp/client.sock"
await 2 "taken out" is client '[.peers[0].paths[] | select(.link == "b") | .state != "up"] | any'
sleep 0.5
before=$(rx_bytes b)
sleep 1
between 0 "$(($(rx_bytes b) - before))" 20000 "bytes over a link that is out"
"$hawser" link b up -i "$tmp/client.sock"
before=$(rx_bytes b)
await 5 "taken in again" carries b

wait "$down" || fail "TCP down broke: $(cat "$tmp/down")"
wait "$up" || fail "TCP up broke: $(cat "$tmp/up")"
for way in down up; do
    between 0 "$(jq .silence_ms "$tmp/$way")" 1500 "longest silence of TCP $way, ms"
done
