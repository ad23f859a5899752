#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two tunnels on one machine: what one sends by the links is neither held back by the other one, which
# takes the default route (fallback = block), nor led into it. The second one has a route of its own,
# or the default route, too; it starts last or first, and goes on alone when the first is stopped or
# killed.

. "$(dirname "$0")/lib.sh"

# far_end NAME INTERFACE PORT NET
far_end() {
    config "$1" <<END
interface = $2
address = 10.$4.0.1/24
listen = $3
nat = yes
[peer router]
public-key = $(public_key "near-$1")
allowed-ips = 10.$4.0.2/32
END
    start "$1" s
}
# near_end NAME INTERFACE PORT NET ALLOWED [LINE]
near_end() {
    config "near-$1" <<END
interface = $2
address = 10.$4.0.2/24
${6-}
[peer $1]
public-key = $(public_key "$1")
endpoint = 203.0.113.1:$3
allowed-ips = $5
END
}
up() {
    await 10 "$1 is up" paths_up "near-$1" a b
}
carries() {
    pings c -c 3 -i 0.05 -W 1 "$1"
}
both_carry() {
    up one
    up two
    carries 10.77.0.1
    carries 10.88.0.1
    carries 203.0.113.80
    ok "$1: both carry"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
far_end one hawser0 4297 77
far_end two hawser1 4298 88
near_end one hawser0 4297 77 0.0.0.0/0

for allowed in 10.88.0.0/24 0.0.0.0/0; do
    for line in "" "mark = 0x1000"; do
        near_end two hawser1 4298 88 "$allowed" "$line"
        for order in "one two" "two one"; do
            for name in $order; do
                start "near-$name" c
                up "$name"
            done
            both_carry "$allowed ${line:+$line }$order"
            stop near-one
            sleep 0.3
            carries 10.88.0.1
            stop near-two
        done
    done
done

# One is killed: it holds back what is its own, and the other one goes on.
for allowed in 10.88.0.0/24 0.0.0.0/0; do
    near_end two hawser1 4298 88 "$allowed"
    start near-one c
    start near-two c
    both_carry "$allowed"
    kill -9 "$(guard_of near-one)" "$(engine_of near-one)"
    sleep 2
    carries 10.88.0.1
    end "$(guard_of near-two)"
    start near-two c
    up two
    carries 10.88.0.1
    ok "$allowed: two goes on, and starts, beside one that was killed"
    start near-one c
    both_carry "$allowed, one is back"
    stop near-two
    up one
    carries 203.0.113.80
    stop near-one
done
[ -z "$(at c nft list ruleset)" ] || fail "rules are left: $(at c nft list ruleset)"
! at c ip rule | grep 'proto 197' || fail "routing rules are left"
ok "nothing is left"
