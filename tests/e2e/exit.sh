#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A stopped daemon, in the foreground or not, leaves no device, route, rule, packet filter table,
# kernel setting or control socket behind, and one that was killed leaves nothing beyond the next
# start. A killed engine is started anew by its guard; a killed guard takes its engine with it.

. "$(dirname "$0")/lib.sh"

# All that a tunnel could have changed in the network of a place.
network() {
    at "$1" sh -c 'ip -o link | sed "s/ qlen.*//"
        ip -o -4 address; ip -o -6 address
        ip -4 route show table all; ip -6 route show table all
        ip -4 rule; ip -6 rule
        nft list ruleset
        cd /proc/sys/net
        grep . ipv4/ip_forward ipv4/conf/*/rp_filter ipv4/conf/*/forwarding ipv6/conf/*/forwarding'
}

unchanged() {
    for place in c s; do
        network "$place" >"$tmp/$place.now"
        cmp -s "$tmp/$place.before" "$tmp/$place.now" || return 1
    done
}

# The result, with the first difference.
left_nothing() {
    unchanged || fail "$1: something is left: $(diff "$tmp/c.before" "$tmp/c.now" ||
        diff "$tmp/s.before" "$tmp/s.now")"
    for side in client server; do
        [ -z "$(find "$tmp" -name "$side.sock*")" ] || fail "$1: the control socket is left"
        [ ! -e "/proc/$(cat "$tmp/$side.engine")" ] || fail "$1: an engine is left"
    done
    ok "$1: nothing is left"
}

note_engines() {
    for side in client server; do
        engine_of "$side" >"$tmp/$side.engine"
    done
}

server_allowed="0.0.0.0/0, ::/0"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
at s sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
for place in c s; do
    network "$place" >"$tmp/$place.before"
done

start_pair a b
note_engines
pings c -c 3 -i 0.05 203.0.113.80
[ "$(at s cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || fail "the server does not forward"
unchanged && fail "the comparison sees nothing"
stop client
await 3 "the server hears of it at once" is server '.peers[0].state == "down"'
stop server
left_nothing "SIGTERM"

# Without -f it returns when the tunnel is set up, and lets go of what it was started with: else
# cat would see no end.
for side in client:c server:s; do
    at "${side#*:}" "$hawserd" -c "$tmp/${side%:*}.conf" 2>&1 | timeout 20 cat >"$tmp/out" ||
        fail "${side%:*} in the background: $(cat "$tmp/out")"
done
await 20 "both are up in the background" paths_up client a b
for pid in $(ip netns pids "hw-$id-c") $(ip netns pids "hw-$id-s"); do
    [ "$(readlink "/proc/$pid/root")" != / ] || kill "$pid" # a guard: engines have a root of their own
done
await 10 "both have ended" sh -c "[ -z \"\$(ip netns pids hw-$id-c; ip netns pids hw-$id-s)\" ]"
left_nothing "SIGTERM in the background"

start server s
start client c
await 20 "both are up" paths_up client a b
for side in client server; do
    engine=$(engine_of "$side")
    kill -9 "$engine"
    await 10 "another engine of the $side" sh -c \
        "for p in \$(cat /proc/$(guard_of "$side")/task/*/children); do
             [ \$p != $engine ] && [ \"\$(readlink /proc/\$p/root)\" != / ] && exit; done; exit 1"
    await 20 "which brings the links up" paths_up "$side" a b
    await 20 "at both ends" paths_up client a b
    pings c -c 3 -i 0.05 -W 3 203.0.113.80
done

note_engines
for side in client server; do
    kill -9 "$(guard_of "$side")"
    await 5 "the engine of the $side ends with its guard" \
        sh -c "! kill -0 $(cat "$tmp/$side.engine")"
done
start server s
start client c
await 20 "both are up after SIGKILL" paths_up client a b
note_engines
for side in client server; do
    kill -9 "$(guard_of "$side")" "$(cat "$tmp/$side.engine")"
done
sleep 0.5
start server s
start client c
await 20 "both are up after SIGKILL of everything" paths_up client a b
note_engines
stop client
stop server
left_nothing "SIGKILL, start, SIGTERM"

# The engine of a guard that was killed may end after the next start has begun.
start_pair a b
engine=$(engine_of client)
kill -STOP "$engine"
kill -9 "$(guard_of client)"
(sleep 1; kill -CONT "$engine") &
started="$started $!"
start client c
await 20 "up after a start beside an engine that is about to end" paths_up client a b
note_engines
stop client
stop server
left_nothing "a start beside an engine"
