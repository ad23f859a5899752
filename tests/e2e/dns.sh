#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The server's name must be found although the default route goes into a tunnel that is not up: by
# the links, also where the router asks a forwarder of its own that runs as another user. With
# 0.0.0.0/0 and with the two halves of it that OpenVPN's configurations have.

. "$(dirname "$0")/lib.sh"

# forwarder USER: on the router, asks the name server in the Internet; it keeps nothing
forwarder() {
    background c dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user="$1" \
        --group=nogroup --no-resolv --no-hosts --cache-size=0 --bind-interfaces \
        --listen-address 127.0.0.1 --server 203.0.113.80
    forwarder=$!
    listens c 53
}

# found WHAT: up, and the Internet through the tunnel
found() {
    config_pair a b
    start_with_names client c
    mark
    within 5000 "$1: up" paths_up client a b
    at c ip route get 203.0.113.80 | grep -q 'dev hawser0' || fail "$1: not into the tunnel"
    pings c -c 2 -i 0.05 203.0.113.80
    end "$(guard_of client)"
}

# forget: what an earlier process kept is of no help
forget() {
    rm -f "$tmp/state/hawser0.addresses"
}

server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
serve_names i 203.0.113.80
names "127.0.0.1 localhost"
config_pair a b
start server s

halves="0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1"
server_allowed=$halves
found "halves"

endpoint=vps.test:4297
name_server=203.0.113.80
forget
found "halves, with a name"
server_allowed="0.0.0.0/0, ::/0"
forget
found "with a name"

name_server=127.0.0.1
for user in daemon root nobody; do
    forwarder "$user"
    forget
    found "by a forwarder of $user"
    server_allowed=$halves
    forget
    found "halves, by a forwarder of $user"
    server_allowed="0.0.0.0/0, ::/0"
    end "$forwarder"
done
