#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Links with the smallest MTU that IPv6 allows, and a little more, over IPv6 and IPv4: small packets
# that share datagrams all arrive, TCP fills the link, and no socket refuses anything.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 20/20,15ms,mtu=1280; name=b 20/20,15ms,mtu=1300'
serve s
for endpoint in '[2001:db8::1]:4297' 203.0.113.1:4297; do
    for link in a b; do
        [ "$endpoint" != 203.0.113.1:4297 ] || [ "$link" = a ] || continue
        start_pair "$link"
        await 8 "the MTU is found" is server '.peers[0].mtu != null'
        at s nft add table inet e2e
        at s nft delete table inet e2e
        count s prerouting small 'iifname "hawser0" udp dport 9'
        at s nft add rule inet e2e prerouting udp dport 9 drop
        at c "$probe" burst 10.77.0.1 9 2000
        sleep 0.5
        between 1995 "$(counted s small)" 2000 "small packets over $endpoint, $link"
        # Of 7500000 at most 0.83, as 1280 bytes are cut in two.
        flow c down 10.77.0.1 3
        between 5000000 "$(jq .bytes "$tmp/flow.down")" 7500000 "bytes of TCP in 3 s"
        between 0 "$(ask client '.drops["send-refused"]')" 0 "refused by a socket"
        stop client
        stop server
    done
done
