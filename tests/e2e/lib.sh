# SPDX-License-Identifier: ISC
#
# What the end-to-end tests share: a laboratory (docs/lab.md) with an identifier of its own, keys,
# configurations and daemons in it, and that nothing of them is left, however a test ends.
#
# usage of every test: NAME.sh BUILD-DIRECTORY; needs root; exit 77: skipped

set -eu

[ $# = 1 ] || { echo "usage: $0 BUILD-DIRECTORY" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "skipped: network namespaces need root"; exit 77; }
umask 077

build=$1
lab=$build/lab/hawser-lab
hawser=$build/src/cli/hawser
hawserd=$build/src/daemon/hawserd
probe=$build/tests/e2e/hawser-probe
traffic=$build/tests/e2e/hawser-traffic
id=e2e$$
tmp=$(mktemp -d -t hawser-e2e-XXXXXX)
sides=   # the daemons, by the names of their files in $tmp
started= # processes to end
lab_is_up=

# Descriptor 3 takes what a background process says that the test is not interested in.
exec 3>"$tmp/noise"
# What daemons keep over restarts ends with the test.
export STATE_DIRECTORY="$tmp/state"

alive() {
    kill -0 "$1" 2>/dev/null
}

# Ends processes and waits for them, at most 8 s; then they are killed.
end() {
    for pid in "$@"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "$@"; do
        tries=80
        while alive "$pid" && [ "$tries" -gt 0 ]; do
            sleep 0.1
            tries=$((tries - 1))
        done
        ! alive "$pid" || kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

show() {
    for side in $sides; do
        echo "---- status of $side" >&2
        "$hawser" status -i "$tmp/$side.sock" >&2 || true
        echo "---- log of $side" >&2
        tail -n 40 "$tmp/$side.log" >&2 || true
    done
}

clean() {
    status=$?
    trap - EXIT
    trap '' INT TERM HUP
    case $status in 0 | 77) ;; *) show ;; esac
    # shellcheck disable=SC2086 # a list of numbers
    end $started
    [ -z "$lab_is_up" ] || "$lab" down --id "$id"
    rm -rf "$tmp"
    exit "$status"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

ok() {
    echo "ok: $*"
}

# between LOW VALUE HIGH WHAT
between() {
    jq -en --argjson v "$2" "\$v >= $1 and \$v <= $3" >/dev/null ||
        fail "$4: $2 is not within $1 and $3"
    ok "$4: $2"
}

# await SECONDS WHAT COMMAND...: until the command succeeds; its output is dropped
await() {
    deadline=$(($(date +%s) + $1))
    what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -le "$deadline" ] || fail "waited in vain: $what"
        sleep 0.1
    done
    ok "$what"
}

# mark, and then within MS WHAT COMMAND...: as await, but timed from the mark on. It may come true
# later than MS, which then fails with the time that it took.
mark() {
    marked=$(date +%s%N)
}
within() {
    limit=$1
    what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $(($(date +%s%N) - marked)) -lt $(((limit + 10000) * 1000000)) ] ||
            fail "waited in vain: $what"
    done
    between 0 $((($(date +%s%N) - marked) / 1000000)) "$limit" "$what, ms"
}

# lab_up ARGUMENTS of hawser-lab up
lab_up() {
    lab_is_up=yes
    "$lab" up --id "$id" --owner $$ "$@"
}

# at PLACE COMMAND...
at() {
    "$lab" exec --id "$id" "$@"
}

# background PLACE COMMAND...: $! is its process, ended with the test
background() {
    "$lab" exec --id "$id" "$@" >&3 2>&1 &
    started="$started $!"
}

# The keys of a name, made when first asked for.
private_key() {
    [ -e "$tmp/$1.key" ] || "$hawser" genkey >"$tmp/$1.key"
    cat "$tmp/$1.key"
}
public_key() {
    private_key "$1" | "$hawser" pubkey
}

# config SIDE: from standard input; it begins inside [tunnel]
config() {
    {
        echo "[tunnel]"
        echo "private-key = $(private_key "$1")"
        echo "control = $tmp/$1.sock"
        echo "user = nobody"
        cat
    } >"$tmp/$1.conf"
}

# start SIDE PLACE: its daemon; the guard's process is then in $tmp/SIDE.pid
start() {
    case " $sides " in *" $1 "*) ;; *) sides="$sides $1" ;; esac
    "$lab" exec --id "$id" "$2" "$hawserd" -f -c "$tmp/$1.conf" \
        </dev/null >>"$tmp/$1.log" 2>&1 &
    started="$started $!"
    echo $! >"$tmp/$1.pid"
}

# names LINE...: the hosts(5) that daemons of start_with_names go by; their name server, if a test
# does not set another one, refuses at once. The file stays the same one, as it is mounted.
name_server=127.0.0.1
names() {
    printf '%s\n' "$@" >"$tmp/hosts"
    chmod 644 "$tmp/hosts"
}
start_with_names() {
    echo "nameserver $name_server" >"$tmp/resolv.conf"
    echo "hosts: files dns" >"$tmp/nsswitch.conf"
    chmod 644 "$tmp/resolv.conf" "$tmp/nsswitch.conf"
    cat >"$tmp/with-names" <<END
#!/bin/sh
[ "\$1" = inside ] || exec unshare --mount "\$0" inside "\$@"
shift
for file in hosts resolv.conf nsswitch.conf; do
    [ ! -e /etc/\$file ] || mount --bind $tmp/\$file /etc/\$file || exit
done
exec $hawserd "\$@"
END
    chmod 700 "$tmp/with-names"
    hawserd_itself=$hawserd
    hawserd=$tmp/with-names
    start "$@"
    hawserd=$hawserd_itself
}

# serve_names PLACE ADDRESS: a name server that knows vps.test, the lab's server; server_moves to say
# that it is elsewhere now
serve_names() {
    command -v dnsmasq >&3 || { echo "skipped: there is no dnsmasq"; exit 77; }
    echo "203.0.113.1 vps.test" >"$tmp/served"
    background "$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root \
        --no-resolv --no-hosts --local=/test/ --addn-hosts="$tmp/served" --bind-interfaces \
        --listen-address "$2"
    name_server_pid=$!
    listens "$1" 53
}
server_moves() {
    echo "$1 vps.test" >"$tmp/served"
    kill -HUP "$name_server_pid"
}

guard_of() {
    cat "$tmp/$1.pid"
}
engine_of() {
    guard=$(guard_of "$1")
    for pid in $(cat "/proc/$guard/task/$guard/children"); do
        # The other children are hooks and look-ups of names.
        [ "$(readlink "/proc/$pid/root")" = / ] || { echo "$pid"; return; }
    done
    return 1
}

# stop SIDE: as systemd does; the result is the daemon's
stop() {
    stopped=0
    pid=$(guard_of "$1")
    kill "$pid"
    tries=100
    while alive "$pid"; do
        [ "$tries" -gt 0 ] || fail "the daemon of $1 does not end"
        tries=$((tries - 1))
        sleep 0.1
    done
    wait "$pid" || stopped=$?
    [ "$stopped" = 0 ] || fail "the daemon of $1 ended with exit code $stopped"
}

# The command fails while no peer is up, but has told all the same.
status() {
    said=$("$hawser" status --json -i "$tmp/$1.sock" 2>&3) || [ -n "$said" ] || return 1
    printf '%s\n' "$said"
}
# ask SIDE FILTER: a value of the status
ask() {
    answer=$(status "$1") && printf "%s\n" "$answer" | jq -r "$2"
}
# is SIDE CONDITION
is() {
    answer=$(status "$1") && printf "%s\n" "$answer" | jq -e "$2"
}

# paths_up SIDE NAME...: these are all the links that carry traffic
paths_up() {
    side=$1
    shift
    is "$side" "[.peers[0].paths[] | select(.state == \"up\") | .link] | sort | join(\" \") == \"$*\""
}

# A pair: the client with every link that is named, in c, and the server in s. Overridden before
# the call: what each tunnel has besides, the server's address, and what is routed through it.
endpoint=203.0.113.1:4297
client_tunnel=
server_tunnel=
server_allowed="10.77.0.1/32, fd77::1/128"
client_allowed="10.77.0.2/32, fd77::2/128"

config_pair() {
    config client <<END
address = 10.77.0.2/24, fd77::2/64
$client_tunnel
[peer vps]
public-key = $(public_key server)
endpoint = $endpoint
allowed-ips = $server_allowed
END
    for link in "$@"; do
        printf '[link %s]\ninterface = %s\n' "$link" "$link" >>"$tmp/client.conf"
    done
    config server <<END
address = 10.77.0.1/24, fd77::1/64
listen = 4297
$server_tunnel
[peer home]
public-key = $(public_key client)
allowed-ips = $client_allowed
END
}

# many_peers FIRST COUNT: sections of peers that never come, as their keys are nobody's
many_peers() {
    awk -v first="$1" -v count="$2" 'BEGIN {
        digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        srand(first)
        for (i = first; i < first + count; i++) {
            key = ""
            for (k = 0; k < 42; k++) key = key substr(digits, int(rand() * 64) + 1, 1)
            printf "[peer p%d]\npublic-key = %sA=\n", i, key
            printf "allowed-ips = 10.%d.%d.%d/32\n", 100 + i / 65536, i / 256 % 256, i % 256
        }
    }'
}

# start_pair LINK...: and waits until all of them are up at both ends
start_pair() {
    config_pair "$@"
    start server s
    start client c
    await 20 "client up over $*" paths_up client "$@"
    await 10 "server up over $*" paths_up server "$@"
}

# answered PLACE ARGUMENTS of ping: whether each of them was
answered() {
    place=$1
    shift
    at "$place" ping -q "$@" >"$tmp/ping" 2>&1 && grep -q ' 0% packet loss' "$tmp/ping"
}

# every_ping PLACE ARGUMENTS of ping: all of them must be answered
every_ping() {
    answered "$@" || { cat "$tmp/ping" >&2; fail "lost pings: $*"; }
}

# pings: the same where a loss is not in question, but whether they pass. What cannot pass fails each
# time; a machine that is busy elsewhere may lose one to a full queue, or answer the last one after
# ping has left, which waits for two round trips or one interval only. So there are three tries.
pings() {
    answered "$@" || { sleep 1; answered "$@"; } || { sleep 1; every_ping "$@"; }
}

# count PLACE HOOK NAME MATCH: from now on nft counts what matches; counted PLACE NAME tells how many
count() {
    at "$1" nft -f - <<END
add table inet e2e
add counter inet e2e $3
add chain inet e2e $2 { type filter hook $2 priority 0; }
add rule inet e2e $2 $4 counter name $3
END
}
counted() {
    at "$1" nft -j list counter inet e2e "$2" | jq '.nftables[].counter.packets // empty'
}

# narrow PLACE BYTES [INTERFACE]: larger IP packets vanish there without a word, only those that come
# by the interface or all; wide PLACE: no longer. A packet here may be many for one send: the daemons
# of such tests have udp-offload = none.
narrow() {
    at "$1" nft -f - <<END
table inet narrow {
}
delete table inet narrow
table inet narrow {
    chain in {
        type filter hook prerouting priority -300
        ${3:+iifname \"$3\"} meta length > $2 drop
    }
}
END
}
wide() {
    at "$1" nft delete table inet narrow
}

# path_mtu SIDE LINK BYTES: the largest IP packet (IPv4) that its path was found to carry
path_mtu() {
    is "$1" ".peers[0].paths[] | select(.link == \"$2\") | .mtu + 28 == $3"
}

# flow PLACE up|down ADDRESS SECONDS: one checked TCP stream with the probe that serves there
flow() {
    at "$1" "$probe" flow "$2" "$3" 7000 "$4" >"$tmp/flow.$2" 2>&1 ||
        fail "TCP $2 to $3: $(cat "$tmp/flow.$2")"
    ok "TCP $2 to $3: $(cat "$tmp/flow.$2")"
}
serve() {
    background "$1" "$probe" serve 7000
    listens "$1" 7000
}
# echoes PLACE: answers datagrams and connections
echoes() {
    background "$1" "$traffic" echo 7100
    listens "$1" 7100
}
# A server in the background is there when it listens, which a busy machine puts off.
listens() {
    await 10 "port $2 is open at $1" listening "$1" "$2"
}
listening() {
    at "$1" ss -Hltun "sport = :$2" | grep -q .
}

# mtu_of PLACE: of the tunnel's device
mtu_of() {
    at "$1" ip -j link show dev hawser0 | jq '.[0].mtu'
}
mtu_is() {
    [ "$(mtu_of "$1")" = "$2" ]
}
