# SPDX-License-Identifier: ISC
#
# The parts of bench/bond. run_PART measures in the lab that is up and notes figures; head_PART and
# row_PART, which gets the scenario's targets, print the table. Sourced, not run.

all_parts="flow single many quic call fair late step shared"

is_part() {
    case " $all_parts " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
    esac
}

run_flow() {
    for d in down up; do
        before=$(tunnel_counters)
        pings_start $((warm_up + seconds))
        offered_start $warm_up "$seconds"
        tcp flow $d -t "$seconds" -O $warm_up
        pings_end $warm_up
        offered_end
        note $d.share "$(share "$(figure flow $received)" "$(offered $d)")"
        note $d.p50 "$(added 50)"
        note $d.p99 "$(added 99)"
        note $d.repeats "$(figure flow '100 * .end.sum_sent.retransmits / (.end.sum_sent.bytes / 1384)')"
        note $d.twice "$(sent_twice "$before" "$(tunnel_counters)" $d)"
    done
}
head_flow() {
    echo "| flow | share (least) | target | added ping p50 / p99, ms | target | TCP repeats % | sent twice % | |"
    echo "|---|---|---|---|---|---|---|---|"
}
row_flow() {
    d=$direction
    row "$(mark "$(median $d.share)" '>=' "$1") ($(mark "$(least $d.share)" '>=' "$(less "$1" .05)")) | $1 \
| $(mark "$(median $d.p50)" '<=' "$2") / $(mark "$(median $d.p99)" '<=' "$3") | $2 / $3 \
| $(mark "$(median $d.repeats)" '<=' 0.1) | $(mark "$(median $d.twice)" '<=' "$(twice_most "$scenario")")"
}

less() {
    awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'
}

# one_single PREFIX down|up
one_single() {
    tcp flow "$2" -t "$seconds" -O $warm_up
    note "$1.steady" "$(figure flow "$received / 1e6")"
    sleep 1
    tcp flow "$2" -t 5
    note "$1.first" "$(figure flow "$received / 1e6")"
    sleep 1
    for bytes in 100000 1000000 10000000; do
        note "$1.$bytes" "$(transfer "$2" $bytes)"
    done
}
run_single() {
    for d in down up; do
        one_single $d.bond $d
        best=$(best $d) nearest=$(nearest $d)
        alone "$best" one_single $d.best $d
        [ "$nearest" = "$best" ] || alone "$nearest" one_single $d.nearest $d
    done
}
head_single() {
    echo "| bond : best link alone | Mbit/s | first 5 s, Mbit/s | 100 kB, ms | 1 MB, ms | 10 MB, ms | |"
    echo "|---|---|---|---|---|---|---|"
}
# cell_single FIGURE OP: the better of the two links is the limit.
cell_single() {
    limit=$(for which in best nearest; do median "$direction.$which.$1"; done | grep -v '^-$' |
        sort -g | { if [ "$2" = '>=' ]; then tail -n 1; else head -n 1; fi; })
    allowed=$(awk -v l="$limit" -v o="$2" 'BEGIN { print o == ">=" ? l * .98 : l * 1.02 }')
    echo "$(mark "$(median "$direction.bond.$1")" "$2" "$allowed") : $limit"
}
row_single() {
    row "$(cell_single steady '>=') | $(cell_single first '>=') | $(cell_single 100000 '<=') \
| $(cell_single 1000000 '<=') | $(cell_single 10000000 '<=')"
}

# Jain's index of what the streams received; sender says which way.
jain='[.end.streams[] | select(.sender.sender == $sender) | .receiver.bits_per_second] |
    ((add * add) / (length * (map(. * .) | add)))'
run_many() {
    for n in 1 4 16; do
        pings_start $((warm_up + seconds))
        offered_start $warm_up "$seconds"
        tcp many up -P $n --bidir -t "$seconds" -O $warm_up
        pings_end $warm_up
        offered_end
        down=$(share "$(figure many .end.sum_received_bidir_reverse.bits_per_second)" "$(offered down)")
        up=$(share "$(figure many $received)" "$(offered up)")
        note $n.down "$down"
        note $n.up "$up"
        note $n.jain "$(for s in true false; do
            figure many "$s as \$sender | $jain"
        done | sort -g | head -n 1)"
        note $n.p50 "$(added 50)"
        note $n.p99 "$(added 99)"
        sleep 1
    done
}
head_many() {
    echo "| down and up at once: shares, Jain, added ping p50 / p99 | 1 | 4 | 16 | |"
    echo "|---|---|---|---|---|"
}
cell_many() {
    echo "$(mark "$(median "$1.down")" '>=' "$2") $(mark "$(median "$1.up")" '>=' "$2")," \
        "$(mark "$(median "$1.jain")" '>=' .9)," \
        "$(mark "$(median "$1.p50")" '<=' "$3") / $(mark "$(median "$1.p99")" '<=' "$4")"
}
row_many() {
    [ "$direction" = down ] || return 0
    direction=both
    row "$(cell_many 1 "$@") | $(cell_many 4 "$@") | $(cell_many 16 "$@")"
}

# quic down|up BYTES: the time that ngtcp2 takes for it, ms. Its own certificate, nothing on disk but
# a file without blocks.
quic() {
    mkdir -p "$tmp/www"
    truncate -s "$2" "$tmp/www/data"
    [ -e "$tmp/quic.key" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hawser \
        -keyout "$tmp/quic.key" -out "$tmp/quic.crt" 2>"$tmp/openssl.log"
    ip netns exec "hw-$id-s" gtlsserver -q --cc "$cc" -d "$tmp/www" --max-dyn-length=1G 10.77.0.1 4433 \
        "$tmp/quic.key" "$tmp/quic.crt" >"$tmp/quic.server.log" 2>&1 &
    servers="$servers $!"
    sleep 0.5
    set -- "$1"
    [ "$1" = down ] || set -- "$1" --data "$tmp/www/data"
    shift
    begin=$(date +%s%N)
    at c timeout 120 gtlsclient -q --cc "$cc" --exit-on-all-streams-close \
        --max-data=16M --max-stream-data-bidi-local=16M --max-window=24M --max-stream-window=24M \
        "$@" 10.77.0.1 4433 "https://hawser/${1:+x}data" >"$tmp/quic.client.log" 2>&1 ||
        die "gtlsclient: $(tail -n 3 "$tmp/quic.client.log")"
    echo $((($(date +%s%N) - begin) / 1000000))
    stop_servers
}
run_quic() {
    command -v gtlsserver >/dev/null && command -v gtlsclient >/dev/null || return 0
    for d in down up; do
        [ $d = up ] && sum=$sum_up || sum=$sum_down
        bytes=$(awk -v s="$sum" -v t="$seconds" 'BEGIN { printf "%d\n", s / 8 * t }')
        note $d.quic "$(awk -v b="$bytes" -v t="$(quic $d "$bytes")" 'BEGIN { print b * 8 / t / 1e3 }')"
        note $d.tcp "$(awk -v b="$bytes" -v t="$(transfer $d "$bytes")" 'BEGIN { print b * 8 / t / 1e3 }')"
    done
}
head_quic() {
    echo "| one QUIC connection | Mbit/s | TCP's for as many bytes | part of it, at least .8 | |"
    echo "|---|---|---|---|---|"
}
row_quic() {
    quic=$(median $direction.quic) tcp=$(median $direction.tcp)
    row "$quic | $tcp | $(mark "$(ratio "$quic" "$tcp")" '>=' .8)"
}

run_call() {
    for d in down up; do
        from=hw-$id-s to=hw-$id-c address=10.77.0.2
        [ $d = down ] || from=hw-$id-c to=hw-$id-s address=10.77.0.1
        tcp flow $d -t $((warm_up + seconds)) &
        load_pid=$!
        sleep $warm_up
        "$meter" call --from "$from" --to "$to" --address $address --seconds $((seconds - 1)) \
            --limit "$(awk -v d="$(shortest $d)" 'BEGIN { print d + 15 }')" >"$tmp/call.json"
        wait "$load_pid"
        note $d.in_time "$(figure call '100 * .in_time / .sent')"
        note $d.p99 "$(figure call .p99_ms)"
    done
}
head_call() {
    echo "| call beside a flow | in time, % (least) | target | delay p99, ms | |"
    echo "|---|---|---|---|---|"
}
row_call() {
    limit=99.5
    [ "$scenario" != lossy ] || limit=99
    row "$(mark "$(median $direction.in_time)" '>=' $limit) ($(least $direction.in_time)) | $limit \
| $(median $direction.p99)"
}

# What a link delivered so far, bytes.
delivered() {
    lab_stats | jq --arg n "$1" --arg d "$2" '.links[] | select(.name == $n)[$d].delivered_bytes'
}
run_fair() {
    serve s "$server" 5301
    for d in down up; do
        best=$(best $d)
        way=
        [ $d = up ] || way=-R
        tcp flow $d -t 32 &
        load_pid=$!
        sleep 2
        at c iperf3 -c "$server" -p 5301 --bind-dev "$best" -J -C cubic $way -t 20 -O 8 \
            >"$tmp/foreign.json" &
        foreign_pid=$!
        sleep 8
        before=$(delivered "$best" $d)
        sleep 20
        after=$(delivered "$best" $d)
        wait "$foreign_pid" || die "iperf3: $(jq -r '.error // "failed"' "$tmp/foreign.json")"
        wait "$load_pid"
        rate=$(rate_of "$best" $d)
        foreign=$(share "$(figure foreign $received)" "$rate")
        note $d.foreign "$foreign"
        note $d.bond "$(awk -v b="$((after - before))" -v r="$rate" -v f="$foreign" \
            'BEGIN { printf "%.3f\n", b * 8 / 20 / r - f }')"
    done
}
head_fair() {
    echo "| foreign TCP on the best link | its share of it, at least .35 | the bond's, at least .35 | |"
    echo "|---|---|---|---|"
}
row_fair() {
    row "$(mark "$(median $direction.foreign)" '>=' .35) | $(mark "$(median $direction.bond)" '>=' .35)"
}

# between FILE FROM TO: mean bit/s of iperf3's intervals within those seconds of it.
between() {
    figure "$1" "[.intervals[].sum | select(.start >= $2 - 0.01 and .end <= $3 + 0.01)] |
        (map(.bytes) | add) * 8 / (map(.seconds) | add)"
}
run_late() {
    serve s 10.77.0.1 5302
    for d in down up; do
        tcp first $d -t 10 -i 0.5 &
        load_pid=$!
        sleep 4
        tcp second $d -p 5302 -t 5 -i 0.5
        wait "$load_pid"
        second=$(between second 3 5)
        note $d.part "$(awk -v a="$(between first 7 9)" -v b="$second" 'BEGIN { print 2 * b / (a + b) }')"
    done
}
head_late() {
    echo "| second flow | its part of half of what both get, at least .8 | |"
    echo "|---|---|---|"
}
row_late() {
    row "$(mark "$(median $direction.part)" '>=' .8)"
}

run_step() {
    for d in down up; do
        best=$(best $d)
        rate=$(rate_of "$best" $d)
        [ $d = up ] && sum=$sum_up || sum=$sum_down
        pings_start 12
        tcp flow $d -t 18 -i 0.5 &
        load_pid=$!
        sleep 8
        "$lab" set --id "$id" "$best" "rate-$d=$(awk -v r="$rate" 'BEGIN { print r / 2e6 }')"
        sleep 4
        pings_end 10
        "$lab" set --id "$id" "$best" "rate-$d=$(awk -v r="$rate" 'BEGIN { print r / 1e6 }')"
        wait "$load_pid"
        note $d.half "$(share "$(between flow 10 12)" $((sum - rate / 2)))"
        note $d.double "$(share "$(between flow 14.5 17)" "$sum")"
        note $d.p50 "$(added 50)"
        note $d.p99 "$(added 99)"
    done
}
head_step() {
    echo "| rate of the best link | halved: share 2 s later | doubled again: share 2 s later | ping p50 / p99, ms, 2 s after the first | |"
    echo "|---|---|---|---|---|"
}
row_step() {
    least_share=$(less "$1" .05)
    row "$(mark "$(median $direction.half)" '>=' "$least_share") \
| $(mark "$(median $direction.double)" '>=' "$least_share") \
| $(mark "$(median $direction.p50)" '<=' "$2") / $(mark "$(median $direction.p99)" '<=' "$3")"
}

# one_queue PREFIX down|up: the queue of the bottleneck under load.
one_queue() {
    tcp flow "$2" -t 10 -O $warm_up &
    load_pid=$!
    sleep $((warm_up + 1))
    for _ in $(seq 80); do
        lab_stats | jq --arg d "$2" '.links[0][$d].queue_ms'
        sleep 0.1
    done >"$tmp/queues"
    wait "$load_pid"
    note "$1.p50" "$(quantile 50 <"$tmp/queues")"
    note "$1.p95" "$(quantile 95 <"$tmp/queues")"
    note "$1.mbps" "$(figure flow "$received / 1e6")"
}
run_shared() {
    for d in down up; do
        one_queue $d.two $d
        alone a one_queue $d.one $d
    done
}
head_shared() {
    echo "| two links behind one bottleneck | Mbit/s | of one link | queue p50 / p95, ms | of one link | at most twice | |"
    echo "|---|---|---|---|---|---|---|"
}
row_shared() {
    d=$direction
    row "$(mark "$(median $d.two.mbps)" '>=' "$(awk -v m="$(median $d.one.mbps)" 'BEGIN { print .98 * m }')") \
| $(median $d.one.mbps) | $(median $d.two.p50) / $(median $d.two.p95) \
| $(median $d.one.p50) / $(median $d.one.p95) \
| $(mark "$(ratio "$(median $d.two.p50)" "$(median $d.one.p50)")" '<=' 2)"
}
