#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Links with the smallest MTU that IPv6 allows, and a little more, over IPv6 and IPv4: small packets
# that share datagrams all arrive, TCP's segments fit one datagram and fill the link, that of a host
# in the client's LAN, too, and no socket refuses anything. With "mtu" the MSS is left alone.
#
#     h (192.168.1.2) -- c ==(a or b)== p1, p2 -- s (203.0.113.1) -- i (203.0.113.80)

. "$(dirname "$0")/lib.sh"

# route_mss PLACE PREFIX MSS: what TCP asks for there
route_mss() {
    at "$1" ip -j route show "$2" | jq -e ".[0] | .dev == \"hawser0\" and .metrics[0].advmss == $3"
}

# carried PLACE INTERFACE: bytes that arrived
carried() {
    at "$1" ip -j -s link show dev "$2" | jq '.[0].stats64.rx.bytes'
}

# fills TO ADDRESS PLACE INTERFACE LEAST: a download of TO from ADDRESS, which comes to the tunnel's
# end in PLACE by INTERFACE. Of what arrives there, Ethernet headers and all, 0.884 are TCP's at best
# (IPv6: 0.869), and 0.832 (0.818) where 1280 bytes are cut in two: whoever has more than LEAST has
# 16.8 of 20 Mbit/s of a full link, and more. What fills it depends on what else the machine does:
# there are three tries.
fills() {
    tries=3
    while :; do
        before=$(carried "$3" "$4")
        flow "$1" down "$2" 4
        arrived=$(($(carried "$3" "$4") - before))
        bytes=$(jq .bytes "$tmp/flow.down")
        part=$(jq -n "$bytes / $arrived")
        tries=$((tries - 1))
        jq -en "$part > $5 and $bytes > 5500000" >&3 && break
        [ "$tries" -gt 0 ] || fail "TCP has $part of what arrives, $bytes bytes in 4 s"
    done
    ok "TCP has $part of what arrives, $bytes bytes in 4 s"
}

server_allowed="10.77.0.1/32, fd77::1/128, 203.0.113.80/32, 2001:db8::80/128"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,15ms,mtu=1280; name=b 20/20,15ms,mtu=1300'
for place in c s i; do
    serve "$place"
done
# The client knows that b carries 1300 bytes; the server finds 1280, and its segments must fit, too.
while read -r link endpoint mss; do
    start_pair "$link"
    await 8 "the MTU is found" is server '.peers[0].mtu != null'
    await 8 "the client's TCP fits" route_mss c 10.77.0.1 "$mss"
    await 8 "the server's TCP fits" route_mss s 10.77.0.2 "$mss"
    at s nft add table inet e2e
    at s nft delete table inet e2e
    count s prerouting small 'iifname "hawser0" udp dport 9'
    at s nft add rule inet e2e prerouting udp dport 9 drop
    at c "$probe" burst 10.77.0.1 9 2000
    sleep 0.5
    between 1995 "$(counted s small)" 2000 "small packets over $endpoint, $link"
    fills c 10.77.0.1 c "$link" 0.85
    fills s fd77::2 s wan 0.83
    fills h 203.0.113.80 c "$link" 0.85
    fills h 2001:db8::80 c "$link" 0.83
    between 0 "$(ask client '.drops["send-refused"]')" 0 "refused by a socket"
    stop client
    stop server
done <<END
a [2001:db8::1]:4297 1156
b [2001:db8::1]:4297 1156
a 203.0.113.1:4297 1176
END

client_tunnel="mtu = 1280"
server_tunnel="nat = yes
mtu = 1280"
endpoint='[2001:db8::1]:4297'
start_pair a
await 8 "the MTU is found" is server '.peers[0].mtu != null'
sleep 1
route_mss c 10.77.0.1 null >&3 || fail "with mtu the route has an MSS"
at c nft list ruleset | grep -q 'maxseg size set rt mtu' || fail "there is no mss-clamp"
at c nft list ruleset | grep -q 'maxseg size >' && fail "with mtu the MSS follows the paths"
ok "with mtu = 1280 nothing changes by itself"
