# SPDX-License-Identifier: ISC
#
# What the benchmarks share: a lab with a client and a server daemon. Sourced, not run.
#
# HAWSER_BUILD names the build directory (default: build beside this directory).

top=$(cd "$(dirname "$0")/.." && pwd)
build=${HAWSER_BUILD:-$top/build}
lab=$build/lab/hawser-lab
daemon=$build/src/daemon/hawserd
tool=$build/src/cli/hawser
id=b$(($$ % 1000000))
tmp=
client_pid=
server_pid=
iperf_pid=

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

check_programs() {
    [ "$(id -u)" = 0 ] || die "needs root, for network namespaces"
    for program in "$lab" "$daemon" "$tool"; do
        [ -x "$program" ] || die "$program is missing: build first, or set HAWSER_BUILD"
    done
    for program in iperf3 jq ip nft; do
        command -v "$program" >/dev/null || die "$program is not installed"
    done
    tmp=$(mktemp -d)
    trap clean EXIT
    trap 'exit 1' INT TERM HUP
}

# What a benchmark started outside the lab's namespaces ends here, the rest with the lab.
clean() {
    jobs -p >"$tmp/jobs"
    while read -r pid; do
        kill "$pid" 2>/dev/null || true
    done <"$tmp/jobs"
    "$lab" down --id "$id"
    rm -rf "$tmp"
}

at() {
    place=$1
    shift
    ip netns exec "hw-$id-$place" "$@"
}

status() {
    "$tool" status --json -i "$tmp/client.sock"
}

# set_link NAME up|down, at the client.
set_link() {
    "$tool" link "$1" "$2" -i "$tmp/client.sock"
}

# start_tunnel ENDPOINT LINK...: configurations with fresh keys, both daemons, all links up. Lines in
# tunnel_settings go into both [tunnel] sections, those in client_settings and
# server_settings into the one's; server_peers is a file with more of the server's peers.
tunnel_settings=
client_settings=
server_settings=
server_peers=/dev/null
start_tunnel() {
    endpoint=$1
    shift
    (
        umask 077
        "$tool" genkey >"$tmp/client.key"
        "$tool" genkey >"$tmp/server.key"
        {
            printf '[tunnel]\nprivate-key = %s\naddress = 10.77.0.2/24\n' "$(cat "$tmp/client.key")"
            printf 'control = %s\nuser = nobody\n%s\n%s\n' "$tmp/client.sock" "$tunnel_settings" \
                "$client_settings"
            printf '[peer vps]\npublic-key = %s\n' "$("$tool" pubkey <"$tmp/server.key")"
            printf 'endpoint = %s\nallowed-ips = 0.0.0.0/0\n' "$endpoint"
            for link; do
                printf '[link %s]\ninterface = %s\n' "$link" "$link"
            done
        } >"$tmp/client.conf"
        {
            printf '[tunnel]\nprivate-key = %s\naddress = 10.77.0.1/24\n' "$(cat "$tmp/server.key")"
            printf 'listen = 4297\ncontrol = %s\nuser = nobody\n%s\n%s\n' "$tmp/server.sock" \
                "$tunnel_settings" "$server_settings"
            printf '[peer home]\npublic-key = %s\n' "$("$tool" pubkey <"$tmp/client.key")"
            printf 'allowed-ips = 10.77.0.2/32\n'
            cat "$server_peers"
        } >"$tmp/server.conf"
    )
    ip netns exec "hw-$id-s" "$daemon" -f -c "$tmp/server.conf" >"$tmp/server.log" 2>&1 &
    server_pid=$!
    ip netns exec "hw-$id-c" "$daemon" -f -c "$tmp/client.conf" >"$tmp/client.log" 2>&1 &
    client_pid=$!
    wait_links $#
    ip netns exec "hw-$id-s" iperf3 -s -B 10.77.0.1 >"$tmp/iperf.log" 2>&1 &
    iperf_pid=$!
    for _ in $(seq 50); do
        at s ss -Hltn 'sport = :5201' | grep -q . && return
        sleep 0.1
    done
    die "iperf3 does not start: $(cat "$tmp/iperf.log")"
}

# wait_links COUNT: until so many paths are up.
wait_links() {
    for _ in $(seq 150); do
        up=$(status 2>"$tmp/status.error" |
            jq '[.peers[0].paths[] | select(.state == "up")] | length') || up=0
        [ "${up:-0}" = "$1" ] && return
        sleep 0.1
    done
    cat "$tmp/client.log" "$tmp/server.log" >&2
    die "$1 links expected, ${up:-0} came up"
}

stop_tunnel() {
    for pid in $client_pid $server_pid $iperf_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    client_pid=
    server_pid=
    iperf_pid=
}

. "$top/bench/usage.sh"
# quantile and the targets
. "$top/bench/targets.sh"
