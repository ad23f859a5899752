#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two clients of a server, one behind a path of 1280 bytes, the smallest that IPv6 allows. The other
# keeps full packets. The narrow one works in both directions, from it and from a host in its LAN to
# the server and to a host behind that, over IPv4 and IPv6: with TCP that is clamped, with TCP that
# finds the MTU by itself, and with datagrams that may be fragmented and that may not. So it does
# where the routes are not ours: there the tunnel itself tells who sends too large packets.
#
#     h (192.168.1.2) -- c (10.77.0.2) ==a (1280)== s (203.0.113.1) -- i (203.0.113.80)
#                       c2 (10.77.0.3) ==wan (1500)==/

. "$(dirname "$0")/lib.sh"

# header_of ADDRESS: bytes of IP and ICMP
header_of() {
    case $1 in *:*) echo 48 ;; *) echo 28 ;; esac
}
# too_big PLACE ADDRESS: who sends packets of 1436 bytes that must not be fragmented is told 1280
too_big() {
    at "$1" ping -c 3 -i 0.2 -W 1 -M do -s $((1436 - $(header_of "$2"))) "$2" >"$tmp/ping" 2>&1 ||
        true
    grep -qE 'mtu ?[=:] ?1280\b' "$tmp/ping" || fail "$1 is not told the MTU: $(cat "$tmp/ping")"
    ok "$1 is told the MTU to $2"
}
# fits PLACE BYTES ADDRESS
fits() {
    pings "$1" -c 5 -i 0.05 -M do -s $(($2 - $(header_of "$3"))) "$3"
    ok "$2 bytes pass from $1 to $3"
}
# fragments PLACE ADDRESS: what is larger arrives, too, where it may be cut, or is sent smaller
fragments() {
    pings "$1" -c 5 -i 0.05 -M dont -s 1380 "$2"
    pings "$1" -c 5 -i 0.05 -M want -s 1380 "$2"
    ok "what may be fragmented passes from $1 to $2"
}
forget() {
    for place in h c s i; do
        at "$place" ip route flush cache
        at "$place" ip -6 route flush cache
    done
}

begin() {
    config_pair a
    cat >>"$tmp/server.conf" <<END
[peer office]
public-key = $(public_key office)
allowed-ips = 10.77.0.3/32, fd77::3/128
END
    config office <<END
address = 10.77.0.3/24, fd77::3/64
$client_tunnel
[peer vps]
public-key = $(public_key server)
endpoint = $endpoint
allowed-ips = $server_allowed
[link wan]
interface = wan
END
    start server s
    start client c
    start office c2
    await 20 "the narrow client is up" paths_up client a
    await 20 "the wide one is up" paths_up office wan
    await 12 "the server knows the MTU of each" is server '[.peers[].mtu] == [1280, 1436]'
    await 8 "the server's device has the largest" mtu_is s 1436
    await 8 "the narrow client's device has its own" mtu_is c 1280
    await 8 "the wide one's, too" mtu_is c2 1436
    forget
}
end_all() {
    stop client
    stop office
    stop server
}

# full NUMBER: downloads of the wide client have full packets. Its device takes each by itself.
full() {
    count c2 prerouting "full$1" 'iifname "hawser0" meta l4proto tcp meta length 1436'
    flow c2 down 203.0.113.80 1
    flow c2 down fd77::1 1
    between 100 "$(counted c2 "full$1")" 10000000 "full packets of the wide client's downloads"
}
# large NUMBER: from now on, packets of TCP that are larger than the narrow client's MTU
large() {
    count c prerouting "large$1" 'iifname "hawser0" meta l4proto tcp meta length > 1280'
}
# both_ways: TCP of a host in the LAN of the narrow client
both_ways() {
    for address in 203.0.113.80 2001:db8::80; do
        flow h down $address 1
        flow h up $address 1
    done
}

lan="192.168.1.2 fd00:1::2"
server_allowed="10.77.0.1/32, fd77::1/128, 203.0.113.80/32, 2001:db8::80/128"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
lab_up --links 'name=a 20/20,5ms,mtu=1280' --clients 2
for prefix in 10.77.0.0/24 192.168.1.0/24; do
    at i ip route add $prefix via 203.0.113.1
done
for prefix in fd77::/64 fd00:1::/64; do
    at i ip -6 route add $prefix via 2001:db8::1
done
at s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for place in h s i; do
    serve "$place"
done

client_tunnel="offload = none"
begin
full 1
large 1
for address in $lan; do
    too_big i $address
    fits i 1280 $address
    fits s 1280 $address
    fragments i $address
    fragments s $address
    flow i up $address 1
done
for address in 203.0.113.80 2001:db8::80; do
    too_big h $address
    fits h 1280 $address
    fragments h $address
    fits c 1280 $address
    fragments c $address
done
both_ways
between 0 "$(counted c large1)" 0 "packets of TCP above the narrow client's MTU"
fits i 1436 10.77.0.3
fits i 1436 fd77::3
end_all

# Nobody clamps: TCP goes by what it is told.
server_tunnel="mss-clamp = no"
client_tunnel="mss-clamp = no
offload = none"
begin
large 2
both_ways
between 0 "$(counted c large2)" 0 "packets of TCP above the narrow client's MTU"
end_all

# The administrator's routes know of no MTU: nothing is lost, and senders are told.
own_routes() {
    for address in 10.77.0.3 192.168.1.0/24; do
        at s ip route replace $address dev hawser0
    done
    for address in fd77::3 fd00:1::/64; do
        at s ip -6 route replace $address dev hawser0
    done
}
server_tunnel="routes = no
mss-clamp = no"
begin
own_routes
for address in $lan; do
    for place in i s; do
        too_big $place $address
        fits $place 1280 $address
        fragments $place $address
    done
done
forget
large 3
both_ways
# Until the sender has been told: these arrive in pieces.
between 1 "$(counted c large3)" 400 "packets of TCP above the narrow client's MTU"
full 3

sed -i 's/^routes = no/&\nmtu = 1436/' "$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
forget
for address in $lan; do
    fits i 1436 $address
    fits s 1436 $address
done
ok "with mtu = 1436 nobody is told, and all of it arrives"
