#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Under a running TCP connection one link gets another address, and the other link's NAT another
# mapping and address, again and again: the connection goes on, and both links carry it again.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
serve s
start_pair a b
at c "$probe" flow down 10.77.0.1 7000 16 >"$tmp/flow" 2>&1 &
running=$!
sleep 1

# carries LINK: it has received a megabit since the test last looked
carries() {
    [ "$(ask client ".peers[0].paths[] | select(.link == \"$1\") | .rx_bytes")" -gt \
        $((before + 125000)) ]
}
look() {
    before=$(ask client ".peers[0].paths[] | select(.link == \"$1\") | .rx_bytes")
}

at p1 ip neighbour add 10.0.1.3 lladdr 02:00:00:00:01:02 nud permanent dev client
at c ip address add 10.0.1.3/24 dev a
at c ip address delete 10.0.1.2/24 dev a
at c ip address add 10.0.1.3/24 dev a 2>&3 || true # it went with the first of its range
at c ip route replace default via 10.0.1.1 dev a metric 101
await 5 "the link's new address is used" is client '[.peers[0].paths[].local == "10.0.1.3"] | any'
look a
await 5 "and carries traffic" carries a

last=12
for host in 112 113 114; do
    at p2 ip address delete "203.0.113.$last/24" dev wan
    at p2 ip address add "203.0.113.$host/24" dev wan
    at p2 ip -6 route replace 2001:db8::/64 dev wan
    last=$host
    await 6 "the server follows the other link to $host" \
        is server "[.peers[0].paths[].remote | startswith(\"203.0.113.$host:\")] | any"
    look b
    await 5 "and it carries traffic" carries b
done

wait "$running" || fail "the connection broke: $(cat "$tmp/flow")"
between 0 "$(jq .silence_ms "$tmp/flow")" 1500 "longest silence of TCP, ms"
paths_up client a b >&3 || fail "not both are up"
