# SPDX-License-Identifier: ISC
#
# The loads and meters of bench/bond's parts. Sourced after common.sh, not run.

meter=$build/lab/hawser-meter
servers=

# How long to wait before measuring, and to measure: long round trips need longer to begin, and steps
# have to happen.
lengths() {
    case $scenario in
    satellite) warm_up=14 seconds=16 ;;
    stepping) warm_up=6 seconds=36 ;;
    varying | driving | swinging) warm_up=4 seconds=40 ;;
    *) warm_up=4 seconds=8 ;;
    esac
    seconds=${measured:-$seconds}
}

# serve PLACE ADDRESS PORT: one more iperf3 server; ends with stop_servers.
serve() {
    ip netns exec "hw-$id-$1" iperf3 -s -B "$2" -p "$3" >"$tmp/iperf.$3.log" 2>&1 &
    servers="$servers $!"
    for _ in $(seq 50); do
        at "$1" ss -Hltn "sport = :$3" | grep -q . && return
        sleep 0.1
    done
    die "iperf3 does not start: $(cat "$tmp/iperf.$3.log")"
}

stop_servers() {
    for pid in $servers; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    servers=
}

# tcp FILE down|up ARGUMENTS: iperf3 through the tunnel into $tmp/FILE.json.
tcp() {
    into=$tmp/$1.json
    way=
    [ "$2" = up ] || way=-R
    shift 2
    if ! at c iperf3 -c 10.77.0.1 -J -C "$cc" $way "$@" >"$into" ||
        [ "$(jq 'has("error")' "$into")" = true ]; then
        die "iperf3: $(jq -r '.error // "failed"' "$into")"
    fi
}

# figure FILE EXPRESSION: of iperf3's JSON.
figure() {
    jq -r "$2" "$tmp/$1.json"
}
received=.end.sum_received.bits_per_second

# Pings through the tunnel in the background, from now on for so many seconds; pings_end SKIP puts
# the times but those of the first SKIP seconds into $tmp/pings.
pings_start() {
    ip netns exec "hw-$id-c" ping -n -i 0.02 -w "$1" 10.77.0.1 >"$tmp/ping" 2>&1 &
    ping_pid=$!
}
pings_end() {
    wait "$ping_pid" || true
    awk -v from=$(($1 * 50)) -F'[= ]' \
        '/icmp_seq=/ { for (i = 1; i < NF; i++) { if ($i == "icmp_seq") seq = $(i + 1)
             if ($i == "time") t = $(i + 1) } if (seq > from) print t }' "$tmp/ping" >"$tmp/pings"
}

# added P: that percentile of the pings, less the idle ping.
added() {
    awk -v p="$(quantile "$1" <"$tmp/pings")" -v i="$idle" 'BEGIN { printf "%.1f\n", p - i }'
}

# The median ping of the best link while nothing else is sent, into idle.
find_idle() {
    rm -f "$tmp/idle"
    for link in $link_names; do
        at c ping -n -c 15 -i 0.02 -I "$link" "$server" >"$tmp/ping" || die "no answer over $link"
        sed -n 's/.*time=\([0-9.]*\).*/\1/p' "$tmp/ping" | quantile 50 >>"$tmp/idle"
    done
    idle=$(sort -n "$tmp/idle" | head -n 1)
}

lab_stats() {
    "$lab" stats --id "$id"
}

# Links whose rate changes are counted by what they offered: offered_start AFTER FOR reads it in the
# background, offered_end waits for that, offered down|up gives bit/s.
offered_start() {
    [ $changing = yes ] || return 0
    { sleep "$1" && lab_stats >"$tmp/offered.a" && sleep "$2" && lab_stats >"$tmp/offered.b"; } &
    offered_pid=$!
    offered_seconds=$2
}
offered_end() {
    [ $changing = no ] || wait "$offered_pid" || die "hawser-lab stats"
}
offered() {
    if [ $changing = no ]; then
        if [ "$1" = down ]; then echo "$sum_down"; else echo "$sum_up"; fi
        return
    fi
    jq -n --slurpfile a "$tmp/offered.a" --slurpfile b "$tmp/offered.b" --arg d "$1" \
        --argjson s "$offered_seconds" \
        '([$b[0].links[][$d].offered_bytes] | add) - ([$a[0].links[][$d].offered_bytes] | add) |
         . * 8 / $s'
}

# share BITS_PER_SECOND OFFERED
share() {
    awk -v b="$1" -v s="$2" 'BEGIN { printf "%.3f\n", (s > 0 ? b / (s * 1448 / 1514) : 0) }'
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", (b > 0 ? a / b : 0) }'
}

# The tunnel's packets so far, sent by the client (up) and by the server (down): in all, repeated, and
# received twice by the other end.
tunnel_counters() {
    for side in client server; do
        "$tool" status --json -i "$tmp/$side.sock" || : # 1 while no peer is up
    done | jq -cs 'map(.peers[0]) | map({ tx: ([.paths[].tx_packets] | add),
            resent: ([.paths[].resent] | add), duplicate: .drops.duplicate }) |
        { up: { tx: .[0].tx, twice: (.[0].resent + .[1].duplicate) },
          down: { tx: .[1].tx, twice: (.[1].resent + .[0].duplicate) } }'
}

# sent_twice BEFORE AFTER down|up: percent of the packets.
sent_twice() {
    jq -n --argjson a "$1" --argjson b "$2" --arg d "$3" \
        '100 * ($b[$d].twice - $a[$d].twice) / ($b[$d].tx - $a[$d].tx)'
}

# transfer down|up BYTES: the time, ms; the median of three where it is short.
transfer() {
    from=hw-$id-s to=hw-$id-c address=10.77.0.2
    [ "$1" = down ] || from=hw-$id-c to=hw-$id-s address=10.77.0.1
    times="1 2 3"
    [ "$2" -lt 5000000 ] || times=1
    for _ in $times; do
        "$meter" transfer --from "$from" --to "$to" --address $address --bytes "$2" --cc "$cc" |
            jq '.ms // 60000'
        sleep 0.3
    done | quantile 50
}

# best down|up: the link with the highest rate; nearest down|up: with the smallest delay.
best() {
    if [ "$1" = down ]; then set -- 3 5; else set -- 2 4; fi
    sort -k "$1,$1rn" -k "$2,$2n" "$tmp/links" | awk 'NR == 1 { print $1 }'
}
nearest() {
    if [ "$1" = down ]; then set -- 3 5; else set -- 2 4; fi
    sort -k "$2,$2n" -k "$1,$1rn" "$tmp/links" | awk 'NR == 1 { print $1 }'
}

# rate_of LINK down|up, bit/s; shortest down|up: the smallest delay, ms.
rate_of() {
    awk -v n="$1" -v f="$([ "$2" = down ] && echo 3 || echo 2)" '$1 == n { print $f }' "$tmp/links"
}
shortest() {
    awk -v f="$([ "$1" = down ] && echo 5 || echo 4)" \
        'NR == 1 || $f < d { d = $f } END { print d }' "$tmp/links"
}

# alone LINK COMMAND...: with that link only.
alone() {
    only=$1
    shift
    for link in $link_names; do
        [ "$link" = "$only" ] || set_link "$link" down
    done
    sleep 1
    "$@"
    for link in $link_names; do
        [ "$link" = "$only" ] || set_link "$link" up
    done
    wait_links "$link_count"
}

# A warning where the emulator, not the bond, may have set the result.
check_emulator() {
    lab_stats | jq -r --arg name "$1" '.lateness |
        if .frames > 0 and .over_1ms / .frames > 0.02
        then "\($name): \(100 * .over_1ms / .frames | round) % of frames left the emulator late"
        else empty end' >&2
}

# note KEY VALUE keeps a figure of this run; median and least of what was kept.
note() {
    echo "$2" >>"$tmp/note.$1"
}
median() {
    if [ -e "$tmp/note.$1" ]; then quantile 50 <"$tmp/note.$1" | digits; else echo "-"; fi
}
least() {
    if [ -e "$tmp/note.$1" ]; then sort -g "$tmp/note.$1" | head -n 1 | digits; else echo "-"; fi
}
digits() {
    awk '{ print ($1 ~ /^[-0-9.e+]+$/ && $1 != "-" ? sprintf("%.4g", $1) : "-") }'
}

# row CELLS: with the verdict behind.
row() {
    printf '| %s %s %s | %s | %s |\n' "$scenario" "$direction" "$cc" "$1" "$(verdict "$1")"
}
