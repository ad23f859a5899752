#!/bin/sh
# SPDX-License-Identifier: ISC
#
# From the start of the daemon to the first packet of the LAN it takes less than 5 s, whichever link is
# the only one alive, of two and of three, with the server's address and with its name; and so where
# the engine is restarted then. The dead links are silent: their interfaces know nothing of it.

. "$(dirname "$0")/lib.sh"

# alone LINK OTHER...: only the first one is alive
alone() {
    "$lab" restore --id "$id" "$1"
    alive_link=$1
    shift
    for link; do
        "$lab" cut --id "$id" "$link"
    done
}
carries() {
    at h ping -q -c 1 -W 0.2 203.0.113.80
}
# boots WHAT: a client that starts now
boots() {
    start_with_names client c
    mark
    within 5000 "$1, $alive_link alone: the first packet" carries
}
stop_client() {
    end "$(guard_of client)"
    rm -f "$tmp/state/hawser0.addresses" # no help from last time
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,20ms; name=d 20/20,30ms'
serve_names i 203.0.113.80
name_server=203.0.113.80
names "127.0.0.1 localhost"
config_pair a b d
start server s

for endpoint in 203.0.113.1:4297 vps.test:4297; do
    config_pair a b
    alone a b d
    boots "2 links, $endpoint"
    stop_client
    alone b a
    boots "2 links, $endpoint"
    stop_client
    config_pair a b d
    for link in "a b d" "b a d" "d a b"; do
        # shellcheck disable=SC2086 # a list of words
        alone $link
        boots "3 links, $endpoint"
        stop_client
    done
done

alone b a d
boots "before the engine dies"
kill -9 "$(engine_of client)"
mark
within 2500 "another engine: the first packet" carries
