#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two clients with keys of their own on one port of one server, also towards each other. A key that
# the server does not know gets not one packet back; a wrong preshared key brings no peer up; an
# inner source address that is not the peer's is dropped.

. "$(dirname "$0")/lib.sh"

# office PLACE-KEY PRESHARED-KEY: a client on the network device wan
config_office() {
    config "$1" <<END
address = 10.77.0.3/24
[peer vps]
public-key = $(public_key server)
preshared-key = $2
endpoint = $endpoint
allowed-ips = 10.77.0.0/24
[link wan]
interface = wan
END
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms' --clients 3
server_allowed=10.77.0.0/24
psk=$("$hawser" genpsk)
config_pair a b
cat >>"$tmp/server.conf" <<END
[peer office]
public-key = $(public_key office)
preshared-key = $psk
allowed-ips = 10.77.0.3/32
END
config_office office "$("$hawser" genpsk)"
config_office stranger "$psk"

count c3 output calls 'udp dport 4297'
count c3 input answers 'ip saddr 203.0.113.1'
start server s
start client c
start stranger c3
start office c2
await 20 "the client is up" paths_up client a b

await 15 "the wrong preshared key was tried" is office '[.drops[]] | add > 1'
is office '.peers[0].state == "down"' >&3 || fail "up with a wrong preshared key"
is server '[.peers[] | select(.name == "office") | .state] == ["down"]' >&3 ||
    fail "the server took a wrong preshared key"
ok "a wrong preshared key brings no peer up"
stop office
config_office office "$psk"
start office c2
await 20 "the second client is up" paths_up office wan

pings c -c 5 -i 0.05 10.77.0.1
pings c2 -c 5 -i 0.05 10.77.0.1
pings c -c 5 -i 0.05 10.77.0.3
serve c
flow c2 down 10.77.0.2 1

at c2 ip address add 10.77.0.99/32 dev hawser0
at c2 ping -q -c 3 -i 0.05 -W 1 -I 10.77.0.99 10.77.0.1 >&3 2>&1 && fail "a foreign source passes"
await 3 "a foreign source is dropped" is server '.drops["source-not-allowed"] == 3'

await 10 "the stranger called" sh -c "[ $(counted c3 calls) -ge 2 ]"
await 3 "and was noticed" is server '.drops["unknown-key"] >= 2'
between 0 "$(counted c3 answers)" 0 "answers to the stranger"
is stranger '.peers[0].state == "down"' >&3 || fail "the stranger is up"
