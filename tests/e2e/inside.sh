# SPDX-License-Identifier: ISC
#
# What has to pass through any tunnel. Sourced by tests whose pair of daemons is up, with the LAN
# behind the client (192.168.1.0/24, fd00:1::/64) among the server's allowed addresses.

# pings_of_all_sizes ADDRESS HEADERS: with DF, from 64 bytes to the tunnel's MTU, both directions
pings_of_all_sizes() {
    for size in 64 65 128 576 1000 1279 1280 $((mtu - 1)) "$mtu"; do
        pings c -c 2 -i 0.02 -W 3 -M do -s $((size - $2)) "$1"
    done
    ok "$1: pings of 64 to $mtu bytes"
}

# too_long_is_told ADDRESS HEADERS: one byte above the MTU
too_long_is_told() {
    too_long=$((mtu + 1 - $2))
    at c ping -c 1 -W 2 -M do -s "$too_long" "$1" >"$tmp/long" 2>&1 &&
        fail "$1 answers $((mtu + 1)) bytes at an MTU of $mtu"
    grep -qi 'message too long' "$tmp/long" || fail "from the client: $(cat "$tmp/long")"
    at h ping -c 1 -W 2 -M do -s "$too_long" "$1" >"$tmp/long" 2>&1 &&
        fail "$1 answers $((mtu + 1)) bytes at an MTU of $mtu"
    grep -qE "(mtu = |mtu=)$mtu" "$tmp/long" || fail "from the LAN: $(cat "$tmp/long")"
    ok "$1: $((mtu + 1)) bytes are too long, and that is told"
}

# udp ADDRESS [-R]: without a loss, once of three times, as pings
udp() {
    for _ in 1 2 3; do
        at c iperf3 -c "$@" -u -b 10M -n 400K -l 1000 -J >"$tmp/udp" || fail "UDP: $(cat "$tmp/udp")"
        lost=$(jq .end.sum.lost_packets "$tmp/udp")
        [ "$lost" != 0 ] || break
    done
    between 0 "$lost" 0 "UDP datagrams lost, $*"
}

check_inside() {
    mtu=$(ask client .mtu)
    mtu_is c "$mtu" || fail "the device's MTU is not $mtu"
    serve s
    background s iperf3 -s
    listens s 5201
    count s input other 'iifname "hawser0" meta l4proto 253'
    count c input other 'iifname "hawser0" meta l4proto 253'

    pings_of_all_sizes 10.77.0.1 28
    pings_of_all_sizes fd77::1 48
    pings s -c 2 -i 0.02 -M do -s $((mtu - 28)) 10.77.0.2
    pings s -c 2 -i 0.02 -M do -s $((mtu - 48)) fd77::2
    pings h -c 2 -i 0.02 10.77.0.1
    pings h -c 2 -i 0.02 fd77::1
    too_long_is_told 10.77.0.1 28
    too_long_is_told fd77::1 48

    for address in 10.77.0.1 fd77::1; do
        udp "$address"
        udp "$address" -R
        flow c up "$address" 0.5
        flow c down "$address" 0.5
    done

    at c "$probe" raw 10.77.0.1 253 5
    at c "$probe" raw fd77::1 253 5
    at s "$probe" raw 10.77.0.2 253 5
    await 3 "another protocol, to the server" sh -c "[ $(counted s other) = 10 ]"
    await 3 "and back" sh -c "[ $(counted c other) = 5 ]"
}
