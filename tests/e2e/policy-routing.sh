#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The default routes of the links stand in tables of their own, none in main, as systemd-networkd with
# RouteTable=, mwan3 and many guides have it: found by rules for the address ("from"), for the
# interface as well ("both"); the links are named with and without their address. Reverse path
# filters are strict. The tunnel has the default route.

. "$(dirname "$0")/lib.sh"

server_allowed="0.0.0.0/0, ::/0"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
for key in all default a b; do
    at c sh -c "echo 1 >/proc/sys/net/ipv4/conf/$key/rp_filter"
done

# device NUMBER
device() {
    case $1 in 1) echo a ;; 2) echo b ;; esac
}

for n in 1 2; do
    for family in -4 -6; do
        at c ip $family route delete default dev "$(device $n)"
    done
    at c ip route add default via "10.0.$n.1" dev "$(device $n)" table "10$n"
    at c ip route add default via "2001:db8:$n::1" dev "$(device $n)" table "10$n"
    at c ip rule add from "10.0.$n.2" table "10$n" priority 20001
    at c ip -6 rule add from "2001:db8:$n::2" table "10$n" priority 20001
done

# comes_up WHAT
comes_up() {
    start client c
    await 10 "$1: both are up" paths_up client a b
    remotes=$(ask server '[.peers[0].paths[] | select(.state == "up") | .remote
        | sub(":[0-9]*$"; "")] | sort | join(" ")')
    [ "$remotes" = "203.0.113.11 203.0.113.12" ] ||
        [ "$remotes" = "[2001:db8:1::2] [2001:db8:2::2]" ] || fail "$1: the server sees $remotes"
    ok "$1: the server sees $remotes"
    pings c -c 2 -i 0.05 203.0.113.80
    end "$(guard_of client)"
}

# variants RULES
variants() {
    config_pair a b
    comes_up "$1, without addresses"
    sed -i 's/^interface = a$/&\naddress = 10.0.1.2/; s/^interface = b$/&\naddress = 10.0.2.2/' \
        "$tmp/client.conf"
    comes_up "$1, with addresses"
}

config_pair a b
start server s
variants from
endpoint='[2001:db8::1]:4297'
config_pair a b
comes_up "from, IPv6"
endpoint=203.0.113.1:4297
for n in 1 2; do
    for family in -4 -6; do
        at c ip $family rule add oif "$(device $n)" table "10$n" priority 20002
    done
done
variants "from and oif"
