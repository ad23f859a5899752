#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What can become of an interface while the tunnel runs: it vanishes, comes back under another
# index (a modem pulled and plugged in, PPP dialled again), gets another name or address (DHCP),
# loses its default route or gets another one. Within a second of the kernel's knowing (2 s here, as
# the machine may be busy), the bond uses it, or no longer does, and the other link carries TCP
# throughout. First with named links, then without [link] sections between two modems that both
# hand out 192.168.8.100.

. "$(dirname "$0")/lib.sh"

# b_is STATE [NAME]: of the link b, or the one of that name
b_is() {
    is client "[.peers[0].paths[] | select(.link == \"${2:-b}\").state] == [\"$1\"]"
}
b_is_out() {
    is client "[.peers[0].paths[] | select(.link == \"${1:-b}\" and .state == \"up\")] == []"
}
b_is_at() {
    is client "[.peers[0].paths[] | select(.link == \"b\") | .state, .local] == [\"up\", \"$1\"]"
}

# carries [NAME]: that link has received a megabit since it was looked at
look() {
    before=$(rx_bytes "$1")
}
rx_bytes() {
    ask client ".peers[0].paths[] | select(.link == \"$1\") | .rx_bytes"
}
carries() {
    [ "$(rx_bytes "$1")" -gt $((before + 125000)) ]
}

# events NET OLD NEW: the addresses NET.OLD, then NET.NEW behind NET.1
events() {
    net=$1
    at c ip link set dev b netns "hw-$id-h"
    mark
    within 2000 "$mode: vanished" b_is_out
    # The kernel gives another index, as the old one is taken.
    index=$(at h ip -j link show dev b | jq '.[0].ifindex')
    at c ip link add hold index "$index" type bridge
    at h ip link set dev b netns "hw-$id-c"
    at c ip address add "$net.$2/24" dev b
    at c ip link set dev b up
    at c ip route add default via "$net.1" dev b metric 102
    mark
    within 2000 "$mode: back under another index" b_is_at "$net.$2"
    look b
    await 5 "$mode: and carries traffic" carries b
    at c ip link delete hold

    at c ip address delete "$net.$2/24" dev b
    mark
    within 2000 "$mode: without address" b_is_out
    sleep 2
    at c ip address add "$net.$3/24" dev b
    at c ip route add default via "$net.1" dev b metric 102
    mark
    within 2000 "$mode: with another address" b_is_at "$net.$3"
    look b
    await 5 "$mode: and carries traffic" carries b

    at c ip route delete default via "$net.1" dev b
    mark
    within 2000 "$mode: without default route" b_is_out
    sleep 4
    at c ip route add default via "$net.1" dev b metric 102
    mark
    within 2000 "$mode: with a default route" b_is up
    at c ip route replace default via "$net.77" dev b metric 102
    mark
    within 3000 "$mode: with a router that is not there" b_is_out # the neighbour's look-up fails
    sleep 4
    at c ip route replace default via "$net.1" dev b metric 102
    mark
    within 2000 "$mode: with another router" b_is up

    at c ip link set dev b down
    at c ip link set dev b name x
    mark
    within 2000 "$mode: renamed" b_is_out
    at c ip link set dev x up
    at c ip route add default via "$net.1" dev x metric 102
    mark
    case $mode in
        named) sleep 1 ;;
        auto) within 2000 "$mode: it is the link x" b_is up x ;;
    esac
    b_is_out >&3 || fail "$mode: b is up under another name"
    at c ip link set dev x down
    at c ip link set dev x name b
    at c ip link set dev b up
    at c ip route add default via "$net.1" dev b metric 102
    mark
    within 2000 "$mode: renamed back" b_is up
}

# run MODE ARGUMENTS of events: under a TCP connection
run() {
    mode=$1
    shift
    at c "$probe" flow down 10.77.0.1 7000 40 >"$tmp/flow" 2>&1 &
    flow=$!
    handshakes=$(ask client '.peers[0].handshakes')
    events "$@"
    [ "$(ask client '.peers[0].handshakes')" = "$handshakes" ] || fail "$mode: another handshake"
    wait "$flow" || fail "$mode: the connection broke: $(cat "$tmp/flow")"
    between 0 "$(jq .silence_ms "$tmp/flow")" 1500 "$mode: longest silence of TCP, ms"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
serve s
start_pair a b
run named 10.0.2 2 3
"$lab" down --id "$id"

end "$(guard_of client)" "$(guard_of server)"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms' --same-range
serve s
config_pair
start server s
start client c
await 20 "both modems" paths_up client a b
run auto 192.168.8 100 101
