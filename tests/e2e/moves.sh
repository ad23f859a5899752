#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The server moves while TCP runs through the tunnel. Its name is looked up as soon as there is a
# network, and again when it has moved; it is killed and started anew; of IPv4 and IPv6 the one that
# dies on a link is replaced by the other.

. "$(dirname "$0")/lib.sh"

vps() {
    names "$1 vps.test" "$2 vps.test"
}
server_up() {
    at c ping -q -c 1 -W 0.2 10.77.0.1
}
# carries_over LINK FAMILY: the link is up over 4 or 6
carries_over() {
    is client ".peers[0].paths[] | select(.link == \"$1\" and .state == \"up\") |
               .remote | startswith(\"[\") == ($2 == 6)"
}

endpoint=vps.test:4297
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
serve s
config_pair a b
at c ip link set dev a down
at c ip link set dev b down
names "127.0.0.1 localhost"
start server s
start_with_names client c
sleep 9 # by now it waits for 8 s until it asks again
vps 203.0.113.1 2001:db8::1
for link in a:1 b:2; do
    name=${link%:*}
    number=${link#*:}
    at c ip link set dev "$name" up
    at c ip address add "2001:db8:$number::2/64" dev "$name" nodad
    at c ip -6 route add default via "2001:db8:$number::1" dev "$name" metric "10$number"
    at c ip route add default via "10.0.$number.1" dev "$name" metric "10$number"
done
mark
within 2500 "the name is looked up when links come" is client '.peers[0].state == "up"'
await 5 "both links" paths_up client a b

at c "$probe" flow down 10.77.0.1 7000 45 >"$tmp/flow" 2>&1 &
flow=$!
sleep 1
for try in 1 2 3; do
    kill -9 "$(guard_of server)"
    sleep 1
    mark
    start server s
    within 3000 "server killed and started, time $try" server_up
done
await 5 "both links" paths_up client a b

at s ip address add 203.0.113.7/24 dev wan
at s ip -4 address delete 203.0.113.1/24 dev wan
at s ip address add 203.0.113.7/24 dev wan 2>&3 || true # it went with the first of its range
at s ip -6 address add 2001:db8::7/64 dev wan nodad
at s ip -6 address delete 2001:db8::1/64 dev wan
for place in p1 p2; do # they know the server's hardware already
    at "$place" ip neighbour flush dev wan
done
mark
vps 203.0.113.7 2001:db8::7
within 15000 "the server under its name's new addresses" server_up
await 5 "both links" paths_up client a b

family=4
carries_over b 4 >&3 || family=6
other=$((10 - family))
ip=ip$([ "$family" = 4 ] || echo 6)
at p2 nft -f - <<END
add table $ip e2e
add chain $ip e2e forward { type filter hook forward priority 0; }
add rule $ip e2e forward udp sport 4297 drop
add rule $ip e2e forward udp dport 4297 drop
END
mark
within 5000 "IPv$family dies on a link: it goes on over IPv$other" carries_over b "$other"

wait "$flow" || fail "the connection broke: $(cat "$tmp/flow")"
ok "the TCP connection lived through it: $(cat "$tmp/flow")"
