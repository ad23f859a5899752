#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A client behind a narrow path beside one that is not: the routes to it have an MTU of their own,
# which hosts behind the server are told and TCP is clamped to; the other's packets stay large. So
# it is after a reload and after the engine's end, and it grows again. With "mtu" nothing of that.

. "$(dirname "$0")/lib.sh"

# route_mtu ADDRESS MTU: of the server's route; null: the device's
route_mtu() {
    at s ip -j route show "$1" | jq -e ".[0] | .dev == \"hawser0\" and .metrics[0].mtu == $2"
}
route6_mtu() {
    at s ip -6 -j route show "$1" | jq -e ".[0] | .dev == \"hawser0\" and .metrics[0].mtu == $2"
}

each_its_own() {
    await 8 "the server's device has the largest MTU" mtu_is s 1436
    await 8 "the routes to the narrow client have theirs" route_mtu 10.77.0.3 1336
    await 8 "over IPv6, too" route6_mtu fd77::3 1336
    route_mtu 10.77.0.2 null >&3 || fail "the other's routes have one: $(at s ip route)"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms' --clients 2
at i ip route add 10.77.0.0/24 via 203.0.113.1
config_pair a b
cat >>"$tmp/server.conf" <<END
[peer office]
public-key = $(public_key office)
allowed-ips = 10.77.0.3/32, fd77::3/128
END
config office <<END
address = 10.77.0.3/24, fd77::3/64
[peer vps]
public-key = $(public_key server)
endpoint = $endpoint
allowed-ips = 10.77.0.1/32, fd77::1/128, 203.0.113.80/32
[link wan]
interface = wan
END
sed -i 's|^allowed-ips = 10.77.0.1/32|&, 203.0.113.80/32|' "$tmp/client.conf"
at s sysctl -qw net.ipv4.ip_forward=1
at c2 ip link set wan mtu 1400
start server s
start client c
start office c2
await 20 "the client is up" paths_up client a b
await 20 "the second client is up" paths_up office wan
each_its_own
mtu_is c 1436 || fail "the client's MTU is $(mtu_of c)"
mtu_is c2 1336 || fail "the second client's MTU is $(mtu_of c2)"
is server '[.peers[].mtu] == [1436, 1336]' >&3 || fail "MTU of the peers: $(ask server '.peers[].mtu')"

at i ping -c 2 -i 0.3 -W 1 -M do -s 1408 10.77.0.3 >"$tmp/ping" 2>&1 && fail "1436 bytes pass"
grep -q 'mtu *= *1336' "$tmp/ping" || fail "the host is not told: $(cat "$tmp/ping")"
pings i -c 5 -i 0.05 -M do -s 1308 10.77.0.3
pings i -c 5 -i 0.05 -M do -s 1408 10.77.0.2
ok "a host behind the server is told the MTU of each"
at i ip route flush cache
count c2 prerouting clamped 'iifname "hawser0" tcp flags & (syn|ack) == syn tcp option maxseg size 1296'
count c prerouting clamped 'iifname "hawser0" tcp flags & (syn|ack) == syn tcp option maxseg size 1396'
serve c
serve c2
flow i down 10.77.0.2 1
flow i down 10.77.0.3 1
[ "$(counted c clamped) $(counted c2 clamped)" = "1 1" ] || fail "MSS not clamped to each"
ok "TCP is clamped to each"

sed -i 's|^allowed-ips = 10.77.0.3/32|&, 10.88.0.0/16|' "$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
each_its_own
await 3 "a route that is new has it, too" route_mtu 10.88.0.0/16 1336
kill -9 "$(engine_of server)"
route_mtu 10.77.0.3 1336 >&3 || fail "the engine took the MTU with it"
await 20 "the engine is back" is server '[.peers[].mtu] == [1436, 1336]'
each_its_own

at c2 ip link set wan mtu 1500
await 3 "the second client's MTU grows" mtu_is c2 1436
await 16 "the routes to it have the device's MTU again" route_mtu 10.77.0.3 null
await 1 "over IPv6, too" route6_mtu fd77::3 null

at c2 ip link set wan mtu 1400
stop server
sed -i 's/^listen = 4297/&\nmtu = 1500/' "$tmp/server.conf"
start server s
await 20 "the server measures" is server '[.peers[].mtu] == [1436, 1336]'
mtu_is s 1500 || fail "the device's MTU is $(mtu_of s)"
route_mtu 10.77.0.3 null >&3 || fail "a route has an MTU beside mtu = 1500"
ok "with mtu = 1500 nothing changes by itself"
