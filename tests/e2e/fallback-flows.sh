#!/bin/sh
# SPDX-License-Identifier: ISC
#
# fallback = direct: flows that run while the tunnel goes or comes. UDP goes on within 2 s of it, by
# the other way and as one from there; TCP is told by the other side's reset, and does not hang. The server takes the
# LAN's addresses as they are, so nothing translates them in the tunnel, but all by a link. Not one
# packet leaves by a link with an address of the LAN or of the tunnel.

. "$(dirname "$0")/lib.sh"

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
client_tunnel="fallback = direct
lan = lan"

# begin PLACE: a chat (UDP) and a talk (TCP) with the Internet's host by each family
begin() {
    for address in 203.0.113.80 2001:db8::80; do
        for kind in chat talk; do
            "$lab" exec --id "$id" "$1" "$traffic" "$kind" "$address" 7100 \
                >"$tmp/$kind.$1.$address" 2>&1 &
            started="$started $!"
            echo $! >"$tmp/$kind.$1.$address.pid"
        done
    done
}
pid_of() {
    cat "$tmp/$1.pid"
}
is_over() {
    ! alive "$(pid_of "$1")"
}
# go_on WHAT MS FLOW...: each was silent for so long at most, and is ended now
go_on() {
    what=$1
    limit=$2
    shift 2
    for flow in "$@"; do
        kill "$(pid_of "$flow")" || fail "$what: $flow has ended: $(cat "$tmp/$flow")"
        wait "$(pid_of "$flow")" || fail "$what: $flow broke: $(cat "$tmp/$flow")"
        between 10 "$(jq .answered "$tmp/$flow")" 100000 "$what: answers to $flow"
        between 0 "$(jq ".silence_ms // .worst_ms" "$tmp/$flow")" "$limit" "$what: silence of $flow, ms"
    done
}
# are_told WHAT FLOW...: each connection ends, as the other side knows nothing of it
are_told() {
    told=$1
    shift
    for flow in "$@"; do
        await 5 "$told: $flow is told" is_over "$flow"
        grep -q "reset" "$tmp/$flow" || fail "$told: $flow: $(cat "$tmp/$flow")"
    done
}
is_down() {
    is client '.peers[0].state != "up"'
}
in_clear() {
    for n in 1 2; do
        between 0 $(($(counted "p$n" raw) + $(counted "p$n" raw6))) 0 "$1: packets in clear, p$n"
    done
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
for n in 1 2; do
    count "p$n" prerouting raw \
        "iifname client ip saddr { 192.168.0.0/16, 10.77.0.0/16 }"
    count "p$n" prerouting raw6 "iifname client ip6 saddr fc00::/7"
done
echoes i
start_pair a b
# The server is stopped, or while the daemon that it served is dead, which is then started anew.
for how in stopped killed; do
    begin h
    begin c
    sleep 1
    mark
    [ "$how" = stopped ] || kill -9 "$(guard_of client)" "$(engine_of client)"
    stop server
    [ "$how" = stopped ] || start client c
    await 20 "$how" is_down
    limit_ms=$((2000 + ($(date +%s%N) - marked) / 1000000))
    sleep 2.5
    for place in h c; do
        go_on "$how, $place" "$limit_ms" "chat.$place.203.0.113.80" "chat.$place.2001:db8::80"
        are_told "$how, $place" "talk.$place.203.0.113.80" "talk.$place.2001:db8::80"
    done
    in_clear "$how"

    begin h
    begin c
    sleep 1
    start server s
    await 20 "up again" paths_up client a b
    sleep 2.5
    go_on "back, h" 2000 chat.h.203.0.113.80 chat.h.2001:db8::80
    are_told "back, h" talk.h.203.0.113.80 talk.h.2001:db8::80
    # The router's own have a link's address, and stay there.
    go_on "back, c" 2000 chat.c.203.0.113.80 chat.c.2001:db8::80 talk.c.203.0.113.80 \
        talk.c.2001:db8::80
    in_clear "back"
done
