# SPDX-License-Identifier: ISC
#
# The rows of bench/failover: what happens to a link, and what the download and the pings tell of it.
# Sourced after common.sh, not run. $fault happens to $failing, whose provider is $provider.

meter=$build/lab/hawser-meter
link_bps=40000000 # down, of each

# load SECONDS: the download, the pings and what comes on the failing link, in the background.
load() {
    "$meter" stream --from "hw-$id-s" --to "hw-$id-c" --address 10.77.0.2 --cc cubic \
        --seconds "$1" >"$tmp/stream" 2>"$tmp/stream.error" &
    stream_pid=$!
    ip netns exec "hw-$id-c" ping -n -D -i 0.02 -w "$1" 10.77.0.1 >"$tmp/ping" 2>&1 &
    ping_pid=$!
}
load_end() {
    if wait "$stream_pid"; then note kept 1; else note kept 0; fi
    wait "$ping_pid" || true
}

clock() {
    date +%s.%N
}

# The failing link's bytes every 20 ms or so: "TIME BYTES".
watch_link() {
    # shellcheck disable=SC2016 # for the inner shell
    ip netns exec "hw-$id-c" sh -c 'while read -r bytes 2>/dev/null <"$0"; do
        echo "$(date +%s.%N) $bytes"; sleep 0.02; done' \
        "/sys/class/net/$failing/statistics/rx_bytes" >"$tmp/link" &
    watch_pid=$!
}
watch_end() {
    kill "$watch_pid" 2>/dev/null || true
    wait "$watch_pid" 2>/dev/null || true
}

# The provider's NAT with ports of another range, and nothing known of what went on.
renumber_ports() {
    at "$provider" ip route save table main >"$tmp/routes"
    at "$provider" nft flush chain ip provider out
    at "$provider" nft add rule ip provider out oifname wan meta l4proto udp masquerade to :20000-29999 random
    at "$provider" ip link set wan down
    at "$provider" ip link set wan up
    at "$provider" ip route restore <"$tmp/routes" 2>/dev/null || true
}

begin_fault() {
    case $fault in
    cut) "$lab" cut --id "$id" "$failing" ;;
    down | up) "$lab" cut --id "$id" "$failing" "$fault" ;;
    carrier) "$lab" carrier --id "$id" "$failing" off ;;
    delete) at c ip link del dev "$failing" ;;
    address) at c ip addr flush dev "$failing" scope global ;;
    trickle) "$lab" set --id "$id" "$failing" rate-up=0.1,rate-down=0.1 ;;
    loss) "$lab" set --id "$id" "$failing" loss=30 ;;
    delay) "$lab" set --id "$id" "$failing" delay=2000 ;;
    nat) renumber_ports ;;
    esac
}

# False: it does not come back.
end_fault() {
    case $fault in
    cut) "$lab" restore --id "$id" "$failing" ;;
    down | up) "$lab" restore --id "$id" "$failing" "$fault" ;;
    carrier) "$lab" carrier --id "$id" "$failing" on ;;
    address)
        n=${provider#p}
        at c ip addr add "10.0.$n.2/24" dev "$failing"
        at c ip route add default via "10.0.$n.1" dev "$failing" metric $((100 + n))
        ;;
    trickle) "$lab" set --id "$id" "$failing" rate-up=20,rate-down=40 ;;
    loss) "$lab" set --id "$id" "$failing" loss=0 ;;
    delay) "$lab" set --id "$id" "$failing" "delay=$([ "$failing" = a ] && echo 15 || echo 20)" ;;
    delete | nat) return 1 ;;
    esac
}

# silence FROM TO: the longest gap of the stream that ends after FROM and begins before TO, ms.
silence() {
    awk -v from="$1" -v to="$2" '
        NF == 0 { next }
        $1 > from && last > 0 && last < to && $1 - last > most { most = $1 - last }
        { last = $1 }
        END { if (last < to && to - last > most) most = to - last; printf "%.0f\n", most * 1000 }' \
        "$tmp/stream"
}

# lost FROM TO: pings without an answer that were sent in that time, by the answers around them.
lost() {
    awk -v from="$1" -v to="$2" '
        match($0, /icmp_seq=[0-9]+/) { seq = substr($0, RSTART + 9, RLENGTH - 9) + 0
            split($0, part, /[][]/); match($0, /time=[0-9.]+/)
            sent[seq] = part[2] - substr($0, RSTART + 5, RLENGTH - 5) / 1000; if (seq > most) most = seq }
        END { for (i = 1; i < most; i++)
                  if (i in sent) at = sent[i]
                  else if ((at += 0.02) >= from && at < to) n++
              print n + 0 }' "$tmp/ping"
}

# reached FROM TO BITS: ms from FROM until the stream carries so many bit/s, both in the half second
# that follows and until TO; "-" if never.
reached() {
    awk -v from="$1" -v to="$2" -v bps="$3" '
        NF == 2 && $1 >= from && $1 < to { got[int(($1 - from) / 0.02)] += $2 * 8 }
        END { n = int((to - from) / 0.02); for (i = 0; i < n; i++) sum[i + 1] = sum[i] + got[i]
              for (i = 0; i + 25 <= n; i++)
                  if (sum[i + 25] - sum[i] >= bps * 0.5 && sum[n] - sum[i] >= bps * (n - i) * 0.02) {
                      print i * 20; exit }
              print "-" }' "$tmp/stream"
}

# goodput FROM TO, bit/s
goodput() {
    awk -v from="$1" -v to="$2" \
        'NF == 2 && $1 >= from && $1 < to { n += $2 * 8 } END { printf "%.0f\n", n / (to - from) }' \
        "$tmp/stream"
}

# plus TIME SECONDS
plus() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.6f\n", a + b }'
}

# arrived FROM: ms from then until 30 kB came on the failing link.
arrived() {
    awk -v from="$1" '$1 >= from { if (first == "") first = $2
        if ($2 - first > 30000) { printf "%.0f\n", ($1 - from) * 1000; found = 1; exit } }
        END { if (!found) print "-" }' "$tmp/link"
}

# share OF-BITS: of what TCP gets out of a rate.
share() {
    awk -v s="$1" -v b="$2" 'BEGIN { printf "%.0f\n", s * b * 1448 / 1514 }'
}

# What the link held back for 2 s leaves it in order: so long it is still in the way of the rest.
usable_after() {
    case $fault in delay) echo 2 ;; *) echo 0 ;; esac
}

run_fault() {
    load $((13 + $(usable_after)))
    sleep 4
    began=$(clock)
    begin_fault
    sleep 4
    watch_link
    sleep 0.2
    ended=$(clock)
    returns=yes
    end_fault || returns=no
    load_end
    watch_end
    later=$(plus "$began" 4)
    note silence "$(silence "$began" "$later")"
    note lost "$(lost "$began" "$later")"
    note full "$(reached "$began" "$later" "$(share .92 "$link_bps")")"
    [ $returns = yes ] || return 0
    ended=$(plus "$ended" "$(usable_after)")
    note traffic "$(arrived "$ended")"
    note sum "$(reached "$ended" "$(plus "$ended" 4.5)" "$(share .9 $((2 * link_bps)))")"
}

run_flap() {
    load 78
    sleep 4
    "$lab" cut --id "$id" "$failing"
    began=$(clock)
    sleep 6
    "$lab" restore --id "$id" "$failing"
    sleep 5
    flaps=$(clock)
    for _ in $(seq 15); do
        "$lab" cut --id "$id" "$failing"
        sleep 2
        "$lab" restore --id "$id" "$failing"
        sleep 2
    done
    load_end
    alone=$(goodput "$(plus "$began" 2)" "$(plus "$began" 6)")
    note silence "$(silence "$flaps" "$(plus "$flaps" 60)")"
    for i in $(seq 0 29); do
        goodput "$(plus "$flaps" $((2 * i)))" "$(plus "$flaps" $((2 * i + 2)))"
    done | sort -n | awk -v alone="$alone" 'NR == 1 { printf "%.2f\n", $1 / alone }' >"$tmp/lowest"
    note lowest "$(cat "$tmp/lowest")"
}

# The engine is a child of the guard: both die.
run_restart() {
    load 14
    sleep 3
    for pid in $(pgrep -P "$server_pid") "$server_pid"; do
        kill -9 "$pid"
    done
    wait "$server_pid" 2>/dev/null || true
    sleep 3
    began=$(clock)
    ip netns exec "hw-$id-s" "$daemon" -f -c "$tmp/server.conf" >"$tmp/server.log" 2>&1 &
    server_pid=$!
    load_end
    note traffic "$(awk -v from="$began" '/icmp_seq=/ { split($0, part, /[][]/)
        if (part[2] > from) { printf "%.0f\n", (part[2] - from) * 1000; found = 1; exit } }
        END { if (!found) print "-" }' "$tmp/ping")"
}

note() {
    echo "$2" >>"$tmp/note.$1"
}

# The worst of the runs; one without a figure is worst.
worst() {
    grep -qsx -e - "$tmp/note.$1" && echo - && return
    sort -g "$tmp/note.$1" 2>/dev/null | if [ "$1" = lowest ]; then head -n 1; else tail -n 1; fi
}

# cell KEY OP LIMIT: figure and target, empty if it was not measured.
cell() {
    [ -e "$tmp/note.$1" ] || return 0
    echo "$(mark "$(worst "$1")" "$2" "$3") / $3"
}

line() {
    silence=250 pings=8
    case $fault in carrier | delete | address) silence=100 pings=3 ;; esac
    [ $fault != flap ] || silence=1000
    traffic=1000
    [ $fault != restart ] || traffic=2000
    text="$(cell silence '<=' $silence) | $(cell lost '<=' $pings) | $(cell full '<=' 1000) \
| $(cell traffic '<=' $traffic) | $(cell sum '<=' 3000) | $(cell lowest '>=' .85)"
    grep -qx 0 "$tmp/note.kept" && text="connection lost **miss** $text"
    printf '| %s | %s | %s |\n' "$row" "$text" "$(verdict "$text")"
}
