# SPDX-License-Identifier: ISC
#
# The tunnels that bench/speed runs beside hawser's, over the first plain link: from Debian's
# packages, set up as their manuals do. Sourced after common.sh, not run.

rival_pids=

check_rivals() {
    for program in openvpn fastd openssl; do
        command -v "$program" >/dev/null ||
            die "$program is not installed: apt-get install openvpn fastd openssl, or --no-rivals"
    done
}

# await_address ADDRESS LOG: until it answers.
await_address() {
    for _ in $(seq 100); do
        at c ping -n -c 1 -W 1 "$1" >"$tmp/ping" 2>&1 && return
        sleep 0.1
    done
    cat "$2" >&2
    die "$1 does not answer"
}

# openvpn_end PLACE END PEER ARGUMENT...: ends 1 and 2, each knows the other's certificate.
openvpn_end() {
    openvpn_place=$1
    end=$2
    peer=$3
    shift 3
    fingerprint=$(openssl x509 -in "$tmp/openvpn$peer.crt" -noout -fingerprint -sha256)
    at "$openvpn_place" openvpn --dev tun-ovpn --dev-type tun --proto udp --disable-dco \
        --ifconfig "10.88.0.$end" "10.88.0.$peer" --data-ciphers AES-256-GCM --dh none \
        --cert "$tmp/openvpn$end.crt" --key "$tmp/openvpn$end.key" \
        --peer-fingerprint "${fingerprint#*=}" "$@" >"$tmp/openvpn$end.log" 2>&1 &
    rival_pids="$rival_pids $!"
}

# AES-256-GCM over UDP.
start_openvpn() {
    for end in 1 2; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj "/CN=end$end" -keyout "$tmp/openvpn$end.key" -out "$tmp/openvpn$end.crt" \
            2>"$tmp/openssl.log" || die "$(cat "$tmp/openssl.log")"
    done
    openvpn_end s 1 2 --local 10.0.1.1 --tls-server
    openvpn_end c 2 1 --remote 10.0.1.1 --nobind --tls-client
    await_address 10.88.0.1 "$tmp/openvpn2.log"
}

# fastd_end PLACE END PEER LINE: what only this end has is the line.
fastd_end() {
    {
        echo "mode tun; interface \"tun-fastd\"; mtu 1406; method \"salsa2012+umac\";"
        echo "secret \"$(cat "$tmp/fastd$2.key")\";"
        echo "on up \"ip addr add 10.89.0.$2 peer 10.89.0.$3 dev tun-fastd; ip link set tun-fastd up\";"
        echo "peer \"other\" { key \"$(cat "$tmp/fastd$3.pub")\"; $4 }"
        echo "$5"
    } >"$tmp/fastd$2.conf"
    at "$1" fastd --config "$tmp/fastd$2.conf" >"$tmp/fastd$2.log" 2>&1 &
    rival_pids="$rival_pids $!"
}

start_fastd() {
    for end in 1 2; do
        fastd --generate-key --machine-readable >"$tmp/fastd$end.key" 2>"$tmp/fastd$end.log"
        echo "secret \"$(cat "$tmp/fastd$end.key")\";" |
            fastd --config - --show-key --machine-readable >"$tmp/fastd$end.pub" 2>"$tmp/fastd$end.log"
    done
    fastd_end s 1 2 "" "bind 10.0.1.1:10000;"
    fastd_end c 2 1 "remote 10.0.1.1:10000;" ""
    await_address 10.89.0.1 "$tmp/fastd2.log"
}

stop_rivals() {
    for pid in $rival_pids; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $rival_pids; do
        wait "$pid" 2>/dev/null || true
    done
    rival_pids=
}
