#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Without [link] sections every interface with a default route is a link and comes and goes with
# it; a lost carrier takes a link out; a standby link steps in when no other is up, and back. A
# reload changes what a peer may send, without a new handshake.

. "$(dirname "$0")/lib.sh"

states() {
    is client "[.peers[0].paths[] | {(.link): .state}] | add | contains($1)"
}

server_tunnel="nat = yes"
server_allowed=0.0.0.0/0
client_allowed=10.77.0.2/32
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms; name=d 20/20,8ms'
at c ip route delete default dev b
at c ip -6 route delete default dev b
config_pair
start server s
start client c
await 20 "every interface with a default route" paths_up client a d
at c ip route add default via 10.0.2.1 dev b metric 102
await 5 "one more" paths_up client a b d
at c ip route delete default dev a
at c ip -6 route delete default dev a
await 5 "one less" paths_up client b d
"$lab" carrier --id "$id" b off
await 5 "one without carrier" paths_up client d
"$lab" carrier --id "$id" b on
await 10 "with carrier again" paths_up client b d

"$hawser" link d standby -i "$tmp/client.sock"
await 5 "one on standby" states '{b: "up", d: "standby"}'
"$lab" cut --id "$id" b
await 5 "it steps in" states '{b: "down", d: "up"}'
pings c -c 5 -i 0.05 203.0.113.80
"$lab" restore --id "$id" b
await 10 "and back" states '{b: "up", d: "standby"}'
"$hawser" link d down -i "$tmp/client.sock"
await 5 "one switched off" states '{b: "up", d: "down"}'
await 5 "which the server is told" is server \
    '.peers[0].paths[] | select(.link == "d") | .state == "down" and .why == "switched off"'
"$hawser" link d standby -i "$tmp/client.sock"
await 10 "and on standby again" states '{b: "up", d: "standby"}'

handshakes=$(ask client '.peers[0].handshakes')
cp "$tmp/server.conf" "$tmp/good.conf"
sed 's,10.77.0.2/32$,10.77.0.9/32,' "$tmp/good.conf" >"$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
at s ip route show | grep -q '^10.77.0.2 .*hawser0' && fail "the route is still there"
at c ping -q -c 3 -i 0.05 -W 1 203.0.113.80 >&3 2>&1 && fail "a withdrawn address is accepted"
cp "$tmp/good.conf" "$tmp/server.conf"
kill -HUP "$(guard_of server)"
await 5 "allowed again" at c ping -q -c 1 -W 1 203.0.113.80
[ "$(ask client '.peers[0].handshakes')" = "$handshakes" ] || fail "a reload cost a handshake"
