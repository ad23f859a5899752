#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The server's machine drops what the tunnel needs, as Docker, ufw and a plain nftables.conf do, or
# does not forward at all, and the client's drops what its LAN sends: log and status say so with the
# command that opens it, which does, and then the problem goes. Nothing is told of a filter that lets
# everything pass.

. "$(dirname "$0")/lib.sh"
rules=$(dirname "$0")/../guard/firewall

# problem CODE WORDS: the status of $side has it, and so has the log
side=server
problem() {
    is $side "[.problems[] | select(.code == \"$1\" and (.text | contains(\"$2\")))] | length == 1" &&
        "$hawser" status -i "$tmp/$side.sock" | grep -q "problem: .*$2" &&
        grep -q "warn: .*$2" "$tmp/$side.log"
}
no_problem() {
    is $side '.problems == []'
}
# run_remedy CODE [PLACE]: what is told behind "to open it" or "to turn it on"
run_remedy() {
    remedy=$(ask $side "[.problems[] | select(.code == \"$1\")][0].text | sub(\".*; to [a-z ]*: \"; \"\")")
    [ -n "$remedy" ] || fail "no command for $1"
    at "${2:-s}" sh -ec "$remedy" >&3 2>&1 || fail "it fails: $remedy"
    ok "ran: $remedy"
}
passes() {
    at c ping -q -c 1 -W 1 203.0.113.80
}
blocked() {
    ! passes >&3 2>&1 || fail "$1 does not block"
}
# mended: the server is told to look again, so that nobody waits for its next look
mended() {
    kill -HUP "$(guard_of server)"
    await 15 "nothing is left to tell" no_problem
}
# connects: a TCP connection from the client's side to the Internet
connects() {
    at c timeout 4 "$probe" flow down 203.0.113.80 7000 1
}
# restart_server: the rules there now are the first that it sees
restart_server() {
    stop server
    : >"$tmp/server.log"
    start server s
    await 20 "server up again" paths_up server a b
}

server_allowed="0.0.0.0/0, ::/0"
server_tunnel="nat = yes"
client_tunnel="lan = lan"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
serve i
start_pair a b
no_problem >&3 || fail "a problem without a reason: $(ask server .problems)"
grep -q 'warn: .*dropped' "$tmp/server.log" && fail "told without a reason"
ok "nothing is told where nothing is dropped"

# The administrator's own, beside which a chain that accepts is of no use; also the port
at s nft -f - <<END
table inet filter {
    chain early { type filter hook forward priority -10; accept; }
    chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established accept; icmpv6 type {
 nd-neighbor-solicit, nd-neighbor-advert } accept; }
    chain forward { type filter hook forward priority 0; policy drop; }
}
END
await 15 "a policy that drops" problem forward-dropped 'by nftables (table inet filter, chain forward)'
await 15 "and the port" problem port-dropped 'to UDP port 4297 (listen) is dropped by nftables'
blocked "the policy"
run_remedy forward-dropped
await 5 "it passes" passes
connects >&3 2>&1 || fail "no TCP"
run_remedy port-dropped
await 15 "nothing is left to tell" no_problem
grep -q 'no longer: .*chain forward' "$tmp/server.log" || fail "its end is not logged"
at s nft delete table inet filter

# Docker's, from the start on
at s iptables-nft-restore <"$rules/docker.save"
at s iptables-nft -F INPUT
restart_server
await 15 "Docker's" problem forward-dropped 'by Docker (table ip filter, chain FORWARD)'
blocked Docker
run_remedy forward-dropped
await 5 "it passes" passes
mended
at s nft delete table ip filter

# ufw's: what a program of theirs would do, as it would do it
at s iptables-nft-restore <"$rules/ufw.save"
restart_server
await 15 "ufw's" problem forward-dropped 'ufw route allow in on hawser0'
await 15 "and for the port" problem port-dropped 'ufw allow 4297/udp'
connects >&3 2>&1 && fail "ufw does not block"
at s iptables-nft -A ufw-user-forward -i hawser0 -j ACCEPT
at s iptables-nft -A ufw-user-input -p udp --dport 4297 -j ACCEPT
mended
connects >&3 2>&1 || fail "no TCP"
at s nft delete table ip filter

# The older kind of tables, where this kernel has it
if at s iptables-legacy -P FORWARD DROP 2>&3; then
    restart_server
    await 15 "the older kind" problem forward-dropped 'iptables-legacy -I FORWARD -i hawser0 -j ACCEPT'
    blocked "the older kind"
    run_remedy forward-dropped
    await 5 "it passes" passes
    mended
else
    ok "this kernel has no older tables"
fi

# The kernel's own setting for one interface; that for all is put back
at s sysctl -q -w net.ipv4.conf.hawser0.forwarding=0
await 15 "forwarding off" problem forwarding-off 'net/ipv4/conf/hawser0/forwarding is 0'
run_remedy forwarding-off
await 15 "nothing is left to tell" no_problem
at s sysctl -q -w net.ipv4.ip_forward=0
await 15 "forwarding back" passes
no_problem >&3 || fail "told, though it was put back"

# A LAN, whose replies alone pass
side=client
no_problem >&3 || fail "a problem without a reason: $(ask client .problems)"
await 5 "the LAN passes" at h ping -q -c 1 -W 1 203.0.113.80
at c nft -f - <<END
table inet guarded { chain forward { type filter hook forward priority 5; policy drop; ct state established,related accept; }; }
END
await 15 "a LAN that is dropped" problem forward-dropped 'forwarded from lan to hawser0 is dropped by nftables'
at h ping -q -c 1 -W 1 203.0.113.80 >&3 2>&1 && fail "the policy does not block the LAN"
run_remedy forward-dropped c
await 5 "the LAN passes" at h ping -q -c 1 -W 1 203.0.113.80
await 15 "nothing is left to tell" no_problem
