#!/bin/sh
# SPDX-License-Identifier: ISC
#
# More small flows, more small packets and more uploads than the links carry: what the links' own
# queues drop, what arrives, and whether a ping beside them lives. The figures are those of a bond
# that works at all; the simulator's mixes (tests/sim/test_mix.c) have the real ones.

. "$(dirname "$0")/lib.sh"

# frames KEY: of all links upwards
frames() {
    "$lab" stats --id "$id" | jq "[.links[].up.$1] | add"
}

# beside WHAT SECONDS: pings meanwhile; then what the links dropped since the last time, in percent
sent=0
dropped=0
beside() {
    at c ping -q -i 0.2 -w "$2" 10.77.0.1 >"$tmp/ping" || true
    lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$tmp/ping")
    between 0 "$lost" 40 "$1: percent of the pings lost"
    middle=$(sed -n 's|^rtt .* = [^/]*/\([0-9.]*\)/.*|\1|p' "$tmp/ping")
    between 20 "$middle" 500 "$1: mean of the pings, ms"
    now_sent=$(frames sent_frames)
    now_dropped=$(frames dropped_queue)
    between 0 "$(jq -n "100 * ($now_dropped - $dropped) / ($now_sent - $sent)")" 5 \
        "$1: percent of the frames that the links' queues dropped"
    sent=$now_sent
    dropped=$now_dropped
    paths_up client a b >&3 || fail "$1: a link is down at the client"
    paths_up server a b >&3 || fail "$1: a link is down at the server"
}

# Bytes of the flood; of packets that come as one only the first one's headers.
came() {
    at s nft -j list counter inet e2e flood | jq '.nftables[].counter.bytes // empty'
}

# flood WHAT FLOWS BYTES PACKETS LEAST: the share of the links that arrives
flood() {
    before=$(came)
    at c "$traffic" flood 10.77.0.1 "$2" "$3" "$4" 6 &
    started="$started $!"
    beside "$1" 5
    wait $!
    after=$(came)
    between "$5" "$(jq -n "($after - $before) * 8 / 6 / 4e6")" 1.5 "$1: arrives"
}

# Queues of a second: a queue that stands there shows in every ping, also on a machine that is busy.
lab_up --links 'name=a 2/20,15ms,queue=1000; name=b 2/20,15ms,queue=1000'
start_pair a b
count s input flood 'udp dport 9999'
flood "24 flows of 250 kbit/s" 24 972 750 0.3
flood "300 flows of 30 kbit/s" 300 200 4900 0.3
flood "packets of 68 bytes" 1 40 15000 0.2

serve s
for _ in $(seq 30); do
    background c "$probe" flow up 10.77.0.1 7000 7
done
beside "30 uploads" 5
