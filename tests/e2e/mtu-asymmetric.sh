#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The MTU shrinks in one direction only, and nobody tells: under load and without, with one link and
# with two. It is found within seconds, no link is given up, and it grows again.

. "$(dirname "$0")/lib.sh"

# under_load WAY SIDE DEVICE LINK...: a flow goes on while the MTU shrinks in its direction
under_load() {
    way=$1 side=$2 device=$3
    shift 3
    at c "$probe" flow "$way" 10.77.0.1 7000 6 >"$tmp/flow" 2>&1 &
    flow=$!
    sleep 1
    mark
    for place in p1 p2; do
        narrow "$place" 1200 "$device"
    done
    for link in "$@"; do
        within 4000 "$side finds the MTU of $link" path_mtu "$side" "$link" 1200
    done
    wait "$flow" || fail "TCP $way broke: $(cat "$tmp/flow")"
    between 0 "$(jq .silence_ms "$tmp/flow")" 4000 "longest silence of TCP $way, ms"
    await 3 "all links are in use" paths_up "$side" "$@"
}

grows() {
    side=$1
    shift
    for place in p1 p2; do
        wide "$place"
    done
    for link in "$@"; do
        await 16 "$side finds that $link has grown" path_mtu "$side" "$link" 1500
    done
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
client_tunnel="udp-offload = none"
server_tunnel="udp-offload = none"
serve s
start_pair a b
for link in a b; do
    await 8 "MTU of $link" path_mtu client "$link" 1500
    await 8 "MTU of $link, back" path_mtu server "$link" 1500
done

under_load down server wan a b
path_mtu client a 1500 >&3 || fail "the other direction shrank, too"
pings s -c 20 -i 0.02 -s 1300 10.77.0.2
grows server a b
under_load up client client a b
path_mtu server a 1500 >&3 || fail "the other direction shrank, too"
pings c -c 20 -i 0.02 -s 1300 10.77.0.1
grows client a b

"$hawser" link b down -i "$tmp/client.sock"
await 5 "one link" paths_up client a
under_load down server wan a
grows server a
# At rest: the first large packets find it.
narrow p1 1000 wan
mark
within 4000 "large packets pass again" answered s -c 5 -i 0.05 -W 1 -s 1300 10.77.0.2
path_mtu server a 960 >&3 || fail "not found: $(ask server '.peers[0].paths[0].mtu')"
"$hawser" link a down -i "$tmp/client.sock"
sleep 0.5
wide p1
"$hawser" link a up -i "$tmp/client.sock"
grows_after=$(date +%s)
await 12 "switched off and on it grows again" path_mtu server a 1500
ok "after $(($(date +%s) - grows_after)) s"
