#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Links of different MTU in one bond: each one's is found, also where only the provider's network
# is narrow, the tunnel's is the least less the overhead, and full-size packets with DF and TCP
# pass. A link of 1280 bytes does not bring the tunnel below IPv6's minimum: the bond cuts.

. "$(dirname "$0")/lib.sh"

full_size() {
    mtu=$1
    await 8 "the device's MTU is $mtu" mtu_is c "$mtu"
    await 8 "the server's MTU is $mtu" mtu_is s "$mtu"
    pings c -c 20 -i 0.02 -M do -s $((mtu - 28)) 10.77.0.1
    pings s -c 20 -i 0.02 -M do -s $((mtu - 48)) fd77::2
    at c ping -q -c 1 -W 1 -M do -s $((mtu - 27)) 10.77.0.1 >&3 2>&1 && fail "more than the MTU passes"
    flow c down 10.77.0.1 1
    flow c up fd77::1 1
}

mtus() {
    is client "[.peers[0].paths[] | {(.link): .mtu}] | add == $1"
}

lab_up --links 'name=full 20/20,4ms; name=hidden 20/20,4ms; name=pppoe 20/20,4ms,mtu=1492;
                name=least 20/20,4ms,mtu=1280'
# Wide at home, narrow further on.
at p2 ip link set wan mtu 1400
serve s
start_pair full hidden pppoe
await 20 "MTUs of the links, less 28" mtus '{full: 1472, hidden: 1372, pppoe: 1464}'
full_size 1336

printf '[link least]\ninterface = least\n' >>"$tmp/client.conf"
"$hawser" reload -i "$tmp/client.sock"
await 10 "the fourth link is up" paths_up client full hidden least pppoe
await 20 "its MTU, too" mtus '{full: 1472, hidden: 1372, pppoe: 1464, least: 1252}'
full_size 1280
for link in full hidden pppoe; do
    "$hawser" link "$link" down -i "$tmp/client.sock"
done
await 5 "the narrow link alone" paths_up client least
full_size 1280

# Jumbo frames, and devices that would take more than the protocol does: 9216 bytes of UDP payload.
stop client
stop server
"$lab" down --id "$id"
for mtu in 9064 9500 65535; do
    lab_up --plain 1
    for place in c s; do
        at "$place" ip link set plain1 mtu "$mtu"
    done
    endpoint=10.0.1.1:4297
    start_pair plain1
    inner=$((mtu - 64))
    [ "$inner" -le 9180 ] || inner=9180
    await 8 "the device's MTU is $inner" mtu_is c "$inner"
    await 8 "the server's MTU is $inner" mtu_is s "$inner"
    pings c -c 20 -i 0.02 -M do -s $((inner - 28)) 10.77.0.1
    pings s -c 20 -i 0.02 -M do -s $((inner - 48)) fd77::2
    stop client
    stop server
    "$lab" down --id "$id"
done
