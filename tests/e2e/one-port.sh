#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A router with one port and two modems behind a switch: in different ranges, in one, and in one with
# a macvlan device for each. Each link leaves by its own modem and carries traffic.

. "$(dirname "$0")/lib.sh"

# The port is eth0. The lab's fixed neighbours no longer fit.
join_links() {
    for link in a b; do
        at c ip -6 route delete default dev "$link"
        at c ip address flush dev "$link"
    done
    at c ip link add eth0 type bridge
    at c ip link set dev a master eth0
    at c ip link set dev b master eth0
    at c ip link set dev eth0 up
    for place in p1 p2; do
        for family in -4 -6; do
            at "$place" ip $family neighbour flush dev client nud permanent
        done
    done
}

forget_neighbours() {
    at c ip neighbour flush all
    at p1 ip neighbour flush dev client
    at p2 ip neighbour flush dev client
}

# link NAME DEVICE ADDRESS GATEWAY
link() {
    printf '[link %s]\ninterface = %s\naddress = %s\ngateway = %s\n' "$@" >>"$tmp/client.conf"
}

# both_carry WHAT REMOTE...: the server sees these, and a download comes over both
both_carry() {
    setup=$1
    shift
    start client c
    await 12 "$setup: both are up" paths_up client a b
    remotes=$(ask server '[.peers[0].paths[] | select(.state == "up") | .remote
        | sub(":[0-9]*$"; "")] | sort | join(" ")')
    [ "$remotes" = "$*" ] || fail "$setup: the server sees $remotes"
    ok "$setup: the server sees $remotes"
    flow c down 10.77.0.1 1.5
    is client '[.peers[0].paths[].rx_bytes > 300000] | all' >&3 ||
        fail "$setup: $(ask client '.peers[0].paths[] | {link, rx_bytes}')"
    ok "$setup: both carried it"
    end "$(guard_of client)"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
serve s
join_links
config_pair
start server s

for n in 1 2; do
    at c ip address add "10.0.$n.2/24" dev eth0
    at c ip address add "2001:db8:$n::2/64" dev eth0 nodad
    at c ip route add default via "10.0.$n.1" dev eth0 metric "10$n"
    at c ip route add default via "2001:db8:$n::1" dev eth0 metric "10$n"
done
forget_neighbours
link a eth0 10.0.1.2 10.0.1.1
link b eth0 10.0.2.2 10.0.2.1
both_carry "two ranges" 203.0.113.11 203.0.113.12

# Providers of the lab forward every IPv6 source, so they count what is not theirs.
for n in 1 2; do
    count "p$n" forward foreign "iifname client udp dport 4297 ip6 saddr != 2001:db8:$n::/64"
done
endpoint='[2001:db8::1]:4297'
config_pair
link a eth0 2001:db8:1::2 2001:db8:1::1
link b eth0 2001:db8:2::2 2001:db8:2::1
both_carry "two IPv6 ranges" '[2001:db8:1::2]' '[2001:db8:2::2]'
between 0 $(($(counted p1 foreign) + $(counted p2 foreign))) 0 "datagrams by the other's modem"

endpoint=203.0.113.1:4297
config_pair
at c ip address flush dev eth0
at p1 ip address add 10.0.9.1/24 dev client
at p2 ip address add 10.0.9.254/24 dev client
at c ip address add 10.0.9.2/24 dev eth0
at c ip address add 10.0.9.3/24 dev eth0
at c ip route add default via 10.0.9.1 dev eth0 metric 101
at c ip route add default via 10.0.9.254 dev eth0 metric 102
forget_neighbours
link a eth0 10.0.9.2 10.0.9.1
link b eth0 10.0.9.3 10.0.9.254
both_carry "one range" 203.0.113.11 203.0.113.12

config_pair
at c ip address flush dev eth0
for device in m1 m2; do
    at c ip link add link eth0 name "$device" type macvlan mode bridge
    at c ip link set dev "$device" up
done
at c ip address add 10.0.9.2/24 dev m1
at c ip address add 10.0.9.3/24 dev m2
at c ip route add default via 10.0.9.1 dev m1 metric 101
at c ip route add default via 10.0.9.254 dev m2 metric 102
forget_neighbours
link a m1 10.0.9.2 10.0.9.1
link b m2 10.0.9.3 10.0.9.254
both_carry "macvlan" 203.0.113.11 203.0.113.12
