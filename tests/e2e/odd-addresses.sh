#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses that are not as usual: the only one of a link is deprecated (a lease past its preferred
# time, keepalived), or the link names the last of twenty. IPv4 and IPv6.

. "$(dirname "$0")/lib.sh"

# comes_up WHAT
comes_up() {
    start client c
    await 10 "$1: both are up" paths_up client a b
    pings c -c 2 -i 0.05 10.77.0.1
    end "$(guard_of client)"
}
# named ADDRESS: of the link a
named() {
    config_pair a b
    sed -i "s/^interface = a\$/&\naddress = $1/" "$tmp/client.conf"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
config_pair a b
start server s
for n in $(seq 100 119); do
    at c ip address add "10.0.1.$n/24" dev a
    at c ip address add "2001:db8:1::$n/64" dev a nodad
done
# The provider does not know them as neighbours yet.
named 10.0.1.119
comes_up "the last of twenty"
endpoint='[2001:db8::1]:4297'
named 2001:db8:1::119
comes_up "the last of twenty, IPv6"

at c ip -4 address flush dev a
at c ip -6 address flush dev a scope global
at c ip address add 10.0.1.2/24 dev a valid_lft 3600 preferred_lft 0
at c ip address add 2001:db8:1::2/64 dev a nodad valid_lft 3600 preferred_lft 0
at c ip route add default via 10.0.1.1 dev a metric 101
at c ip route replace default via 2001:db8:1::1 dev a metric 101
config_pair a b
comes_up "deprecated, IPv6"
endpoint=203.0.113.1:4297
config_pair a b
comes_up "deprecated"
