#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two clients of one server, one with max-down and max-up. Both directions keep to them, and the
# status of either side says so; a reload changes them. Then the line of the server has a rate, and a
# download of one client by eight flows leaves the other one's half alone.

. "$(dirname "$0")/lib.sh"

rates() {
    sed "/^allowed-ips = 10.77.0.2/a $1" "$tmp/plain.conf" >"$tmp/server.conf"
}
reload() {
    "$hawser" reload -i "$tmp/server.sock" >&3 || fail "the rates are not taken"
}
# download PLACE SECONDS [FILE]: bit/s, of a client from the server
download() {
    at "$1" "$probe" flow down 10.77.0.1 7000 "$2" >"$tmp/${3:-flow}" || fail "a download to $1"
}
bits() {
    jq -s "map(.bytes) | add * 8 / $1 | floor" "$2"
}

lab_up --links 'name=a 40/40,5ms; name=b 40/40,10ms' --clients 2
server_allowed=10.77.0.0/24
client_allowed=10.77.0.2/32
config_pair a b
cat >>"$tmp/server.conf" <<END
[peer office]
public-key = $(public_key office)
allowed-ips = 10.77.0.3/32
END
config office <<END
address = 10.77.0.3/24
[peer vps]
public-key = $(public_key server)
endpoint = $endpoint
allowed-ips = 10.77.0.0/24
[link wan]
interface = wan
END
cp -p "$tmp/server.conf" "$tmp/plain.conf"
rates 'max-down = 4mbit\nmax-up = 2mbit'
start server s
start client c
start office c2
await 20 "the client is up" paths_up client a b
await 20 "the other client is up" paths_up office wan
serve s

background c "$probe" flow down 10.77.0.1 7000 6
down_pid=$!
await 5 "the server tells what limits the download" is server \
    '.peers[] | select(.name == "home") | .limit_code == "peer-rate"'
"$hawser" status -i "$tmp/server.sock" home | grep -q 'the rate configured for the peer: 4.0 Mbit/s' ||
    fail "not in the text"
wait "$down_pid" || fail "the download"
download c 4
between 2400000 "$(bits 4 "$tmp/flow")" 4200000 "a download with max-down of 4 Mbit/s, bit/s"

background c "$probe" flow up 10.77.0.1 7000 6
up_pid=$!
await 5 "the client tells what limits the upload" is client '.peers[0].limit_code == "peer-rate"'
wait "$up_pid" || fail "the upload"
before=$(ask server '[.peers[] | select(.name == "home") | .rx_bytes] | add')
flow c up 10.77.0.1 4
after=$(ask server '[.peers[] | select(.name == "home") | .rx_bytes] | add')
between 1100000 $(((after - before) * 8 / 4)) 2300000 "an upload with max-up of 2 Mbit/s, bit/s"
is server '.drops["over-rate-limit"] == 0' >&3 || fail "the server dropped: $(ask server .drops)"

download c2 1
between 5000000 "$(bits 1 "$tmp/flow")" 100000000000 "a download without a limit"

rates 'max-down = 8mbit'
reload
download c 5
between 4300000 "$(bits 5 "$tmp/flow")" 8400000 "after a reload with 8 Mbit/s"

sed 's/^listen = 4297$/&\nuplink = 10mbit/' "$tmp/plain.conf" >"$tmp/server.conf"
reload
flows=
for i in 1 2 3 4 5 6 7 8; do
    download c2 6 "many.$i" &
    flows="$flows $!"
done
download c 6 one
wait $flows
one=$(bits 6 "$tmp/one")
cat "$tmp"/many.? >"$tmp/many"
many=$(bits 6 "$tmp/many")
between 5000000 $((one + many)) 10500000 "a line of 10 Mbit/s for two, bit/s"
between 35 $((100 * one / (one + many))) 65 "one flow beside eight of another client, %"
