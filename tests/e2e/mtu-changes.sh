#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Paths become narrow under TCP, and nobody tells: it goes on with smaller packets, hosts at both
# ends of the tunnel that still send what fitted before are told by ICMP and ICMPv6, and TCP that
# begins then is clamped to it. With "mtu = 1500" the tunnel carries 1500 bytes whatever the paths
# do.
#
#     h (192.168.1.2) -- c ==(2 links)== p1, p2 -- s (203.0.113.1) -- i (203.0.113.80)

. "$(dirname "$0")/lib.sh"

narrow() {
    for place in p1 p2; do
        at "$place" nft -f - <<END
add table inet silence
add chain inet silence output { type filter hook output priority 0; }
add rule inet silence output meta l4proto { icmp, icmpv6 } drop
END
        at "$place" ip link set dev wan mtu 1400
    done
}

# told PLACE ADDRESS: who sends 1436 bytes there with DF hears from the tunnel that 1336 would pass
told() {
    bytes=1408 # of payload
    case $2 in *:*) bytes=1388 ;; esac
    at "$1" ping -c 2 -i 0.3 -W 1 -M do -s "$bytes" "$2" >"$tmp/ping" 2>&1 &&
        fail "1436 bytes from $1 to $2 pass"
    grep -q 'mtu *= *1336' "$tmp/ping" || fail "$1 is not told: $(cat "$tmp/ping")"
    ok "$1 is told that 1336 bytes pass to $2"
    pings "$1" -c 3 -i 0.05 -M do -s $((bytes - 100)) "$2"
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes
lan = wan"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
at i ip route add 192.168.1.0/24 via 203.0.113.1
at i ip -6 route add fd00:1::/64 via 2001:db8::1
serve i
start_pair a b
await 10 "MTU" mtu_is c 1436
await 10 "MTU of the server" mtu_is s 1436
for way in down up; do
    at h "$probe" flow "$way" 203.0.113.80 7000 12 >"$tmp/$way" 2>&1 &
    echo $! >"$tmp/$way.pid"
done
sleep 2
mark
narrow
within 8000 "the client's MTU sinks" mtu_is c 1336
within 10000 "the server's MTU sinks" mtu_is s 1336
for way in down up; do
    wait "$(cat "$tmp/$way.pid")" || fail "TCP $way broke: $(cat "$tmp/$way")"
    between 0 "$(jq .silence_ms "$tmp/$way")" 6000 "longest silence of TCP $way, ms"
done

at h "$probe" flow up 203.0.113.80 7000 6 >"$tmp/flow" 2>&1 &
flow=$!
sleep 1
at c ip link set dev a mtu 1380
mark
within 1500 "a link's interface becomes narrow" mtu_is c 1316
at c ip link set dev a mtu 1500
mark
within 3000 "and wide again" mtu_is c 1336
wait "$flow" || fail "TCP broke: $(cat "$tmp/flow")"
between 0 "$(jq .silence_ms "$tmp/flow")" 1500 "longest silence of TCP, ms"
for place in h i; do # they remember
    at "$place" ip route flush cache
done

told h 203.0.113.80
told h 2001:db8::80
told i 192.168.1.2
told i fd00:1::2
count s prerouting clamped \
    'iifname "hawser0" tcp flags & (syn|ack) == syn tcp option maxseg size 1296'
count s prerouting clamped6 \
    'iifname "hawser0" tcp flags & (syn|ack) == syn tcp option maxseg size 1276'
flow h down 203.0.113.80 1
flow h down 2001:db8::80 1
[ "$(counted s clamped) $(counted s clamped6)" = "1 1" ] || fail "MSS not clamped"
ok "MSS clamped"

stop client
stop server
for place in h i; do # they remember
    at "$place" ip route flush cache
    at "$place" ip -6 route flush cache
done
client_tunnel="mtu = 1500"
server_tunnel="nat = yes
mtu = 1500"
at p1 ip link set dev wan mtu 1500
start_pair a b
await 10 "one wide, one narrow link" is client \
    '[.peers[0].paths[] | {(.link): .mtu}] | add == {a: 1472, b: 1372}'
for out in none b a; do
    [ "$out" = none ] || "$hawser" link "$out" down -i "$tmp/client.sock"
    [ "$out" != a ] || "$hawser" link b up -i "$tmp/client.sock"
    await 5 "without $out" is client "[.peers[0].paths[] | select(.state == \"up\") | .link] |
                                      . != [] and index(\"$out\") == null"
    [ "$(mtu_of c) $(mtu_of s)" = "1500 1500" ] || fail "MTU: $(mtu_of c), $(mtu_of s)"
    pings c -c 20 -i 0.02 -M do -s 1472 10.77.0.1
    pings s -c 20 -i 0.02 -M do -s 1452 fd77::2
    pings h -c 20 -i 0.02 -M do -s 1472 203.0.113.80
    flow h down 203.0.113.80 2
    flow h up 203.0.113.80 2
done
