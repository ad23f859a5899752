#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The programs that look names up and that read packet filters, while each of them waits: what they
# may do, and that there is no key in their memory, which the guard's and the engine's have.

. "$(dirname "$0")/lib.sh"

secrets=$build/tests/e2e/hawser-secrets
nft=$(command -v nft)

# helper_of SIDE OPTION: the guard's child that runs with it
helper_of() {
    guard=$(guard_of "$1")
    for pid in $(cat "/proc/$guard/task/$guard/children"); do
        ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qx -e "$2" || { echo "$pid"; return; }
    done
    return 1
}
# has_line PROCESS NAME VALUE of its status
has_line() {
    awk -v name="$2:" -v value="$3" '$1 == name && $2 == value { found = 1 } END { exit !found }' \
        "/proc/$1/status"
}
confined() {
    pid=$(helper_of "$1" "$2") && has_line "$pid" NoNewPrivs 1 && has_line "$pid" Seccomp 2
}
# runs_nft: the program that reads packet filters waits for it
runs_nft() {
    pid=$(helper_of server --firewall) && [ -n "$(cat "/proc/$pid/task/$pid/children")" ]
}
# sets PROCESS VALUE WHAT: what it may do, and can ever
sets() {
    for set in CapPrm CapEff CapBnd; do
        has_line "$1" "$set" "$2" || fail "$3: not $2: $(grep "^$set" "/proc/$1/status")"
    done
    has_line "$1" CapAmb 0000000000000000 || fail "$3: its programs inherit capabilities"
    has_line "$1" NoNewPrivs 1 || fail "$3: may gain privileges"
}
# keeps_no_key PROCESS WHAT
keeps_no_key() {
    result=0
    "$secrets" "$1" "$tmp/client.key" "$tmp/server.key" >"$tmp/found" 2>&1 || result=$?
    [ "$result" = 1 ] || fail "$2 has a key in its memory: $(cat "$tmp/found")"
    ok "$2 has no key in its memory"
}
# keeps_key PROCESS FILE: else nothing is said by not finding one
keeps_key() {
    result=0
    "$secrets" "$1" "$2" >"$tmp/found" 2>&1 || result=$?
    [ "$result" != 2 ] || { echo "skipped: $(cat "$tmp/found")"; exit 77; }
    [ "$result" = 0 ] || fail "no key in a memory that has one"
}

# From now on lists of rules take long.
cp "$nft" "$tmp/nft-itself"
cat >"$tmp/nft" <<END
#!/bin/sh
case "\$*" in *list*ruleset*) sleep 9 ;; esac
exec $tmp/nft-itself "\$@"
END
cat >"$tmp/with-nft" <<END
#!/bin/sh
[ "\$1" = inside ] || exec unshare --mount "\$0" inside "\$@"
shift
mount --bind $tmp/nft $nft
exec $hawserd "\$@"
END
chmod 700 "$tmp/nft" "$tmp/with-nft"

endpoint=vps.test:4297
name_server=203.0.113.80
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms'
at i nft -f - <<END
table inet silent {
    chain in { type filter hook input priority 0; udp dport 53 drop; }
}
END
names "127.0.0.1 localhost"
config_pair a
start_with_names client c
hawserd_itself=$hawserd
hawserd=$tmp/with-nft
start server s
hawserd=$hawserd_itself

await 15 "a look-up waits" confined client --resolve
looking=$(helper_of client --resolve)
await 15 "rules are being read" runs_nft
reading=$(helper_of server --firewall)

keeps_key "$(guard_of client)" "$tmp/client.key"
keeps_key "$(engine_of server)" "$tmp/server.key"
sets "$looking" 0000000000000000 "what looks names up"
keeps_no_key "$looking" "what looks names up"
sets "$reading" 0000000000003000 "what reads packet filters" # CAP_NET_ADMIN, CAP_NET_RAW
keeps_no_key "$reading" "what reads packet filters"
