#!/bin/sh
# SPDX-License-Identifier: ISC
#
# With a default route into the tunnel nothing of the router or its LAN leaves by a link unencrypted
# (fallback = block, the default): not before the first session, not while the daemon is dead, not
# while another program removes what keeps it so. SIGTERM and hawserd --clean take that away.
#
# Every kind of packet is sent all the time, and every packet on the links is watched.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/watch.sh"

# All that could hold packets back.
network() {
    at c sh -c 'ip -o link | sed "s/^[0-9]*: //; s/ qlen.*//"
        ip -4 route show table all; ip -6 route show table all; ip -4 rule; ip -6 rule
        nft list ruleset; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding
        grep . /proc/sys/net/ipv4/conf/[ab]/rp_filter' | grep -v ' expires '
}
as_before() {
    network >"$tmp/network.now"
    cmp -s "$tmp/network.before" "$tmp/network.now"
}

# begin: the client's daemon, which has half a second to block the links
begin() {
    start_with_names client c
    sleep 0.5
    look
}
up() {
    await 20 "up over a b" paths_up client a b
}
passes() {
    pings h -c 2 -i 0.05 -W 2 203.0.113.80
    pings c -c 2 -i 0.05 -W 2 203.0.113.80
}

# asked_at LINK-NUMBER: a service of the router is asked from the Internet, by the link's address
asked_at() {
    for kind in udp tcp; do
        at i "$traffic" ask "$kind" "203.0.113.1$1" 7100 3 >&3 2>&1 ||
            fail "link $1, $2: no answers to what came in by $kind"
    done
    ok "link $1, $2: what comes in is answered"
}

# bound_to DEVICE FROM FROM-PORT ADDRESS PORT: one datagram by a socket that is bound to both
bound_to() {
    at c python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[1].encode())
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind((sys.argv[2], int(sys.argv[3])))
try:
    s.sendto(b"x" * 300, (sys.argv[4], int(sys.argv[5])))
except OSError as error:
    print(error)' "$@"
}

kill_client() {
    kill -9 "$(guard_of client)" "$(engine_of client)"
}

# without_nft ARGUMENTS of hawserd: where there is no such program
without_nft() {
    at c unshare --mount sh -c 'for d in /usr/sbin /usr/local/sbin; do
            mount -t tmpfs none $d || exit 0
        done
        [ ! -e /usr/bin/nft ] && exec "$@"' - "$hawserd" "$@" >"$tmp/clean" 2>&1
}

# healed: the routes are back and carry
healed() {
    at c ip route get 203.0.113.80 | grep -q 'dev hawser0' && answered h -c 1 -W 1 203.0.113.80
}
# removed WHAT COMMAND...: by another program, while everything runs
removed() {
    fault=$1
    shift
    look
    at c sh -c "$*" >&3 2>&1 || fail "$fault: cannot be done"
    mark
    await 10 "$fault: carries again" healed
    none_clear "$fault"
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
endpoint=vps.test:4297
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
serve_names i 203.0.113.80
name_server=203.0.113.80
names "127.0.0.1 localhost"
echoes c
for n in 1 2; do
    at "p$n" nft -f - <<END
table ip forwarded {
    chain pre {
        type nat hook prerouting priority -100
        iifname "wan" meta l4proto { tcp, udp } th dport 7100 dnat to 10.0.$n.2:7100
    }
}
END
done
config_pair a b
network >"$tmp/network.before"

watch p1 p2
pester h
pester c
pester c setpriv --reuid 65534 --clear-groups
# That the watchers can see it: from both, each kind.
for kind in '17 10.0.1.2 ' '17 192.168.1.2 ' '6 192.168.1.2 ' '1 10.0.1.2 ' '1 192.168.1.2 ' \
    '17 2001:db8:1::2 ' '17 fd00:1::2 ' '6 2001:db8:1::2 ' '58 fd00:1::2 '; do
    await 5 "without the daemon, in clear: protocol $kind" sees "protocol $kind"
done
await 5 "and a query" sees ' 53 : 123401'

begin
sleep 1
none_clear "before the first session"
asked_at 1 "before the first session"
asked_at 2 "before the first session"
every_ping c -c 2 -i 0.1 -W 1 10.0.1.1 # the modem has a page that people look at
bound_to a 0.0.0.0 68 255.255.255.255 67
bound_to a 10.0.1.2 68 203.0.113.80 67 # a provider's server behind its router
bound_to b 0.0.0.0 5000 203.0.113.80 5000
bound_to b 10.0.2.2 5000 203.0.113.80 5000
none_clear "what is bound to a link"
start server s
up
passes
pings h -c 2 -i 0.05 -W 2 2001:db8::80
asked_at 1 "in session"
asked_at 2 "in session"
none_clear "in session"

kill_client
sleep 1
asked_at 1 "after kill -9"
none_clear "after kill -9 of everything"
start_with_names client c
up
passes
none_clear "at the next start"
kill -9 "$(engine_of client)"
sleep 0.5
up
none_clear "after kill -9 of the engine"

mine='proto 197'
rules="for f in -4 -6; do ip \$f rule | grep '$mine' | cut -d: -f1 | sort -u |
    while read -r p; do while ip \$f rule del priority \$p; do :; done 2>/dev/null; done; done"
routes="for f in -4 -6; do ip \$f route flush table all $mine; done"
removed "rules removed" "$rules"
removed "routes removed" "$routes"
removed "both removed" "$rules; $routes"
removed "nft flush ruleset" nft flush ruleset
removed "the device down" ip link set dev hawser0 down
removed "the device deleted" ip link delete dev hawser0

"$hawserd" --clean -c "$tmp/client.conf" >"$tmp/clean" 2>&1 &&
    fail "--clean does not mind the daemon that runs"
grep -q . "$tmp/clean" || fail "--clean does not say why it refuses"
ok "--clean beside the daemon: $(cat "$tmp/clean")"
# Its control socket is not where --clean looks for that of the interface.
at c "$hawserd" --clean hawser0 >"$tmp/clean" 2>&1 &&
    fail "--clean hawser0 does not mind the daemon that runs"
grep -q 'hawser0 is in use' "$tmp/clean" || fail "--clean hawser0: $(cat "$tmp/clean")"
ok "--clean beside a daemon with another socket: $(cat "$tmp/clean")"
stop client
look
await 3 "SIGTERM: the links are free" more_clear
await 3 "SIGTERM: everything is as before" as_before

begin
kill_client
none_clear "killed before the first session"
without_nft --clean -c "$tmp/client.conf" && fail "--clean without nft does as if the table were gone"
grep -q 'table inet hawser_hawser0 stays' "$tmp/clean" || fail "--clean: $(cat "$tmp/clean")"
at c nft list table inet hawser_hawser0 >&3 || fail "--clean without nft removed the table"
ok "--clean without nft: $(cat "$tmp/clean")"
at c "$hawserd" --clean -c "$tmp/client.conf" || fail "--clean fails"
without_nft --clean -c "$tmp/client.conf" || fail "--clean of nothing: $(cat "$tmp/clean")"
ok "--clean without nft, of nothing"
await 3 "--clean: everything is as before" as_before

# IPv4 alone goes into the tunnel.
server_allowed=0.0.0.0/0
config_pair a b
"$hawserd" --check -c "$tmp/client.conf" >"$tmp/check" 2>&1 || fail "--check: $(cat "$tmp/check")"
grep -qi 'ipv6' "$tmp/check" || fail "--check does not say what becomes of IPv6: $(cat "$tmp/check")"
ok "--check: $(cat "$tmp/check")"
begin
up
passes
none_clear "IPv6 beside a tunnel for IPv4"
stop client

server_allowed="0.0.0.0/0, ::/0"
config_pair a b
sed -i 's/, fd77::2\/64//' "$tmp/client.conf"
"$hawserd" --check -c "$tmp/client.conf" >"$tmp/check" 2>&1 &&
    fail "::/0 without an address inside is accepted"
grep -qi 'address' "$tmp/check" || fail "the remedy is not told: $(cat "$tmp/check")"
ok "--check: $(cat "$tmp/check")"

end_watch
between 1 "$(watched name)" 10000 "look-ups of the server's name"
between 2 "$(watched dhcp)" 2 "DHCP"
between 1 "$(watched answer)" 10000 "answers"
