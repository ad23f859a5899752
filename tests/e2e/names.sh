#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The server's name is found over any link: with a dead main line, of two and of three links, by an
# IPv4 and an IPv6 name server beyond the links; without any name server by the addresses that are
# kept; under a changed address. And the server is found on another port where the first is blocked.

. "$(dirname "$0")/lib.sh"
command -v dnsmasq >&3 || { echo "skipped: needs dnsmasq"; exit 77; }

# name_server ARGUMENTS of dnsmasq: from now on; none: there is none
name_server() {
    [ -z "${dns:-}" ] || end "$dns"
    dns=
    [ $# -gt 0 ] || return 0
    background i dnsmasq -k --no-resolv --no-hosts --conf-file=/dev/null --pid-file= --user=root \
        --bind-interfaces --listen-address=203.0.113.80 --listen-address=2001:db8::80 "$@"
    dns=$!
    listens i 53
}
# name_server_says ADDRESS...: of vps.test
name_server_says() {
    # shellcheck disable=SC2046 # one argument for each address
    name_server $(printf -- '--address=/vps.test/%s ' "$@")
}

# up_over WHAT MS LINK...: a client that starts now is up within that time
up_over() {
    what=$1
    limit=$2
    shift 2
    start_with_names client c
    mark
    within "$limit" "$what" paths_up client "$@"
}

stop_client() {
    end "$(guard_of client)"
}

kept="$tmp/state/hawser0.addresses"
forget() {
    rm -f "$kept"
}

endpoint=vps.test:4297
name_server=203.0.113.80
server_allowed="0.0.0.0/0, ::/0" # the machine's own way to the name server leads into the tunnel
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,20ms; name=d 20/20,30ms'
names "127.0.0.1 localhost"
config_pair a b d
start server s
name_server_says 203.0.113.1
up_over "all links" 5000 a b d
[ "$(cat "$kept")" = "vps.test 203.0.113.1" ] || fail "not kept: $(cat "$kept")"
ok "its address is kept"
stop_client

"$lab" cut --id "$id" a
forget
up_over "a dead main line" 5000 b d
stop_client
"$lab" cut --id "$id" b
forget
up_over "two dead lines of three" 5000 d
stop_client
forget
name_server=2001:db8::80
up_over "by an IPv6 name server" 5000 d
stop_client

# Aliases that take more than the 512 bytes of an answer over UDP (RFC 1035, 4.2.1).
label() {
    printf '%s' "$(printf "%s" "$1" | sed 's/./&&&&&&&&&&/g; s/.*/&&&&&&.&&&&&&.&&&&&&.test/')"
}
forget
name_server --host-record="$(label d),203.0.113.1" --cname="$(label c),$(label d)" \
    --cname="$(label b),$(label c)" --cname="vps.test,$(label b)"
up_over "by an answer that takes TCP" 5000 d
stop_client

# A forwarder on the router, which knows of no link.
at c ip link set dev lo up
background c dnsmasq -k --no-resolv --no-hosts --conf-file=/dev/null --pid-file= --user=root \
    --cache-size=0 --bind-interfaces --listen-address=127.0.0.1 --server=203.0.113.80
forwarder=$!
listens c 53
name_server_says 203.0.113.1
name_server=127.0.0.1
for lines in a "a b" "" "b d"; do
    for link in a b d; do
        "$lab" restore --id "$id" "$link"
    done
    for link in $lines; do
        "$lab" cut --id "$id" "$link"
    done
    forget
    case $lines in
        a) up_over "by a forwarder over the second line" 5000 b d ;;
        "a b") up_over "by a forwarder over the third line" 5000 d ;;
        "b d") up_over "by a forwarder over the first line" 5000 a ;;
        "") up_over "by a forwarder over any line" 5000 a b d ;;
    esac
    stop_client
done
end "$forwarder"
for link in a b d; do
    "$lab" restore --id "$id" "$link"
done
"$lab" cut --id "$id" a
"$lab" cut --id "$id" b
name_server=203.0.113.80
forget
up_over "two dead lines again" 5000 d
stop_client

name_server
up_over "no name server, but a kept address" 3000 d
stop_client
at s ip address delete 203.0.113.1/24 dev wan
at s ip address add 203.0.113.2/24 dev wan
name_server_says 203.0.113.2
up_over "a changed address" 5000 d
stop_client
grep -q 203.0.113.2 "$kept" || fail "not kept: $(cat "$kept")"
! grep -q 203.0.113.1 "$kept" || fail "kept for no use: $(cat "$kept")"
ok "the changed address is kept, and the old one is not"

# A network that lets UDP out to port 443 alone; the server listens there, too.
forget
"$lab" restore --id "$id" b
sed -i 's/^listen = .*/listen = 4297, 443/' "$tmp/server.conf"
end "$(guard_of server)"
start server s
at s nft -f - <<END
add table inet e2e
add chain inet e2e in { type filter hook input priority 0; }
add rule inet e2e in udp dport 4297 drop
END
for endpoint in "vps.test:4297, vps.test:443/udp" "203.0.113.2:4297, 203.0.113.2:443" \
    "[2001:db8::1]:4297, [2001:db8::1]:443/udp"; do
    sed -i "s|^endpoint = .*|endpoint = $endpoint|" "$tmp/client.conf"
    up_over "443 of $endpoint" 5000 b d
    pings c -c 3 -i 0.05 10.77.0.1
    stop_client
done

# What is not found is said once, with the links; when it is there it is found soon.
sed -i "s,^endpoint = .*,endpoint = vps.test:443," "$tmp/client.conf"
forget
name_server
start_with_names client c
await 20 "the failure is said with its links" \
    grep -q 'peer vps: vps.test cannot be looked up (.* over b, d; no answer over a' "$tmp/client.log"
sleep 6
between 1 "$(grep -c 'vps.test cannot be looked up' "$tmp/client.log")" 2 "lines about it"
name_server_says 203.0.113.2
mark
within 12000 "found when there is a name server" paths_up client b d
