#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two links with one and the same address, each behind its own NAT, and everything routed through
# the tunnel: a host in the client's LAN reaches one behind the server, which sees the server's
# address, while the links keep their own way out. TCP's segments are made to fit. Whoever is beside
# the server gets nothing into the tunnel but answers, and what is sent to a forwarded port.
#
#     h (192.168.1.2) -- c ==(2 x 192.168.8.100)== p1, p2 -- s (203.0.113.1) -- i (203.0.113.80)

. "$(dirname "$0")/lib.sh"

server_allowed=0.0.0.0/0
client_allowed="10.77.0.2/32, 192.168.1.0/24"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms' --same-range
count i input from-server 'ip saddr 203.0.113.1 icmp type echo-request'
count i input fitting 'ip saddr 203.0.113.1 tcp flags & (syn|ack) == syn tcp option maxseg size < 1400'
serve i
start_pair a b
await 10 "MTU" is client '.mtu == 1436'

is client '[.peers[0].paths[].local == "192.168.8.100"] | all' >&3 || fail "not one address"
remotes=$(ask server '[.peers[0].paths[].remote | sub(":.*"; "")] | sort | join(" ")')
[ "$remotes" = "203.0.113.11 203.0.113.12" ] || fail "not through two providers: $remotes"
ok "each link comes through its own provider"

at c ip route get 203.0.113.80 | grep -q 'dev hawser0' || fail "the default route is not the tunnel"
pings h -c 10 -i 0.05 203.0.113.80
between 10 "$(counted i from-server)" 30 "pings from the server's address"
flow h down 203.0.113.80 2
flow h up 203.0.113.80 1
[ "$(counted i fitting)" = 2 ] || fail "MSS not clamped"
ok "MSS clamped"

is client '[.peers[0].paths[] | .state == "up" and .rx_bytes > 300000] | all' >&3 ||
    fail "the links do not share the load: $(ask client '.peers[0].paths[] | {link, state, rx_bytes}')"
ok "both links carried it"

# i is a neighbour of the server's, and knows where the client and its LAN are.
for net in 10.77.0.0/24 192.168.1.0/24; do
    at i ip route add "$net" via 203.0.113.1
done
count c prerouting from-neighbour 'iifname hawser0 ip saddr 203.0.113.80 meta l4proto { tcp, udp }'
for to in 10.77.0.2 192.168.1.2; do
    ! answered i -c 3 -i 0.05 -W 1 "$to" || fail "a neighbour of the server reaches $to"
done
! at i timeout 2 "$probe" flow up 192.168.1.2 7000 1 >&3 2>&1 ||
    fail "a neighbour of the server reaches a service of the client's LAN"
[ "$(counted c from-neighbour)" = 0 ] || fail "packets of a neighbour get into the tunnel"
ok "a neighbour of the server gets nothing into the tunnel"
pings s -c 5 -i 0.05 10.77.0.2
pings s -c 5 -i 0.05 192.168.1.2
pings h -c 5 -i 0.05 203.0.113.80
ok "the server, and answers, do"

serve h
at s nft -f - <<END
table ip forward-port {
    chain in {
        type nat hook prerouting priority dstnat
        iifname != hawser0 ip daddr 203.0.113.1 tcp dport 7000 dnat to 192.168.1.2
    }
}
END
flow i up 203.0.113.1 1
ok "a forwarded port is open"
