# SPDX-License-Identifier: ISC
#
# The rows of bench/peers. Sourced, not run.

loader_pid=
far_pid=

# Two plain links; behind each the simulated clients' addresses, 10.91 and 10.92.
make_network() {
    "$lab" up --plain 2 --id "$id" --owner $$
    for link in 1 2; do
        at c ip route add local 10.9$link.0.0/16 dev lo
        at s ip route add 10.9$link.0.0/16 via 10.0.$link.2
    done
}

# start_server COUNT: with so many simulated clients configured, and the real one's tunnel.
start_server() {
    server_peers=/dev/null
    if [ "$1" -gt 0 ]; then
        server_peers=$tmp/peers
        "$loader" --peers "$1" >"$server_peers"
    fi
    start_tunnel 10.0.1.1:4297 plain1 plain2
    engine=$(pgrep -P "$server_pid" | head -n 1)
}

# start_clients COUNT [OPTION...]: simulated ones, and waits until all are up.
start_clients() {
    rm -f "$tmp/commands"
    mkfifo "$tmp/commands"
    clients_key=$("$tool" pubkey <"$tmp/server.key")
    count=$1
    shift
    ip netns exec "hw-$id-c" "$loader" --server 10.0.1.1:4297 --key "$clients_key" \
        --count "$count" --interface plain1 --interface plain2 "$@" \
        <"$tmp/commands" >"$tmp/said" 2>"$tmp/clients.log" &
    loader_pid=$!
    exec 3>"$tmp/commands"
    said_before=0
    wait_said all
    ip netns exec "hw-$id-s" "$far" 10.77.0.1 &
    far_pid=$!
}

stop_clients() {
    exec 3>&-
    for pid in $loader_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    loader_pid=
}

stop_far() {
    for pid in $far_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    far_pid=
}

stop_all() {
    stop_clients
    stop_far
    stop_tunnel
}

# say COMMAND: to the simulated clients; what they answer is the last line of $tmp/said.
say() {
    said_before=$(wc -l <"$tmp/said")
    echo "$1" >&3
}

# wait_said WORD: until a line that begins with it came after the last command; it is in $tmp/line.

wait_said() {
    for _ in $(seq 600); do
        tail -n "+$((said_before + 1))" "$tmp/said" | grep "^$1 " | tail -n 1 >"$tmp/line"
        if [ -s "$tmp/line" ]; then
            return
        fi
        sleep 0.1
    done
    tail -n 5 "$tmp/clients.log" "$tmp/server.log" >&2
    die "no answer \"$1\" from the simulated clients within 60 s"
}

# What is running has used so many ns.
used_ns() {
    cut -d ' ' -f 1 "/proc/$1/schedstat"
}

# count_from, count_to TITLE: a row of what the processes used in between.
count_from() {
    from_engine=$(used_ns "$engine")
    from_clients=$(used_ns "$loader_pid")
    from_far=$(used_ns "$far_pid")
    from_s=$(cut -d ' ' -f 1 /proc/uptime)
}

count_to() {
    engine_ns=$(($(used_ns "$engine") - from_engine))
    span_s=$(awk -v from="$from_s" '{ print $1 - from }' /proc/uptime)
    awk -v title="$1" -v span="$span_s" -v e=$engine_ns \
        -v c=$(($(used_ns "$loader_pid") - from_clients)) \
        -v f=$(($(used_ns "$far_pid") - from_far)) 'BEGIN {
            printf "| %s | %.1f s | %.2f | %.2f | %.2f |\n", title, span, e / 1e9, c / 1e9, f / 1e9
        }' >>"$tmp/used"
}

resident_kb() {
    awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

switches() {
    awk '/ctxt_switches/ { s += $2 } END { print s }' "/proc/$1/status"
}

# row WHAT LIMIT VALUE UNIT [OP]: OP is <= (default) or >=; the value may be "-": not measured.
row() {
    awk -v what="$1" -v limit="$2" -v v="$3" -v unit="$4" -v op="${5:-<=}" 'BEGIN {
        good = v != "-" && (op == "<=" ? v + 0 <= limit + 0 : v + 0 >= limit + 0)
        printf "| %s | %s%s %s | %s %s | %s |\n", what, op == "<=" ? "" : "at least ", limit, unit,
            v, unit, good ? "yes" : "**no**" }'
}

calc() {
    awk "BEGIN { printf \"%.${2:-2}f\", $1 }"
}

# pings COUNT INTERVAL: times of the real client's pings through the tunnel, ms, into $tmp/pings.
pings() {
    at c ping -n -c "$1" -i "$2" 10.77.0.1 | sed -n 's/.*time=\([0-9.]*\).*/\1/p' >"$tmp/pings"
    [ -s "$tmp/pings" ] || die "no ping of the client comes back"
}

goodput_mbit() {
    at c iperf3 -c 10.77.0.1 -R -J -t 3 -C cubic | jq '.end.sum_received.bits_per_second / 1e6'
}

now_s() {
    cut -d ' ' -f 1 /proc/uptime
}

row_sleeping() {
    rm -f "$tmp"/note.*
    others=$((configured - 1)) # the client is one of them
    for _ in 1 2 3; do
        for count in 0 "$others"; do
            start_server "$count"
            resident_kb "$engine" >"$tmp/note.engine.$count"
            resident_kb "$server_pid" >"$tmp/note.guard.$count"
            pings 200 0.01
            quantile 50 <"$tmp/pings" >>"$tmp/note.ping.$count"
            goodput_mbit >>"$tmp/note.goodput.$count"
            stop_tunnel
        done
    done
    kb=$(calc "($(cat "$tmp/note.engine.$others") - $(cat "$tmp/note.engine.0")) / $configured")
    guard_kb=$(calc "($(cat "$tmp/note.guard.$others") - $(cat "$tmp/note.guard.0")) / $configured")
    row "$configured configured, none connected: the engine's memory of each" 2 "$kb" kB
    echo "| the guard's | | $guard_kb kB | |"
    row "start until it answers" 2 "$(start_s "$others")" s
    ping_one=$(quantile 50 <"$tmp/note.ping.0") ping_many=$(quantile 50 <"$tmp/note.ping.$others")
    row "the client's ping, $ping_one ms with no other peer, now $ping_many ms: of that" 1.05 \
        "$(calc "$ping_many / $ping_one")" times
    rate_one=$(quantile 50 <"$tmp/note.goodput.0") rate_many=$(quantile 50 <"$tmp/note.goodput.$others")
    row "its goodput, $(calc "$rate_one" 0) Mbit/s, now $(calc "$rate_many" 0): of that" 0.95 \
        "$(calc "$rate_many / $rate_one")" times ">="
}

# start_s COUNT: from the start of a server with so many more peers until it is set up.
start_s() {
    start_server "$1" >/dev/null
    stop_tunnel
    begin=$(now_s)
    ip netns exec "hw-$id-s" "$daemon" -f -c "$tmp/server.conf" >"$tmp/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq 600); do
        if grep -q "is set up" "$tmp/server.log"; then
            calc "$(now_s) - $begin"
            stop_tunnel
            return
        fi
        sleep 0.02
    done
    echo -
}

row_idle() {
    start_server 0
    sleep 10
    alone_kb=$(resident_kb "$engine")
    before=$(switches "$engine")
    sleep 5
    alone=$((($(switches "$engine") - before) / 5))
    stop_tunnel
    start_server "$clients"
    start_clients "$clients" >/dev/null
    sleep 10 # the searches for the MTU are over
    row "$clients up with two links each, idle: memory of each" 200 \
        "$(calc "($(resident_kb "$engine") - $alone_kb) / $clients" 0)" kB
    count_from
    before=$(switches "$engine")
    sleep 10
    row "wake-ups of the engine a second, $alone with the client alone" 300 \
        $((($(switches "$engine") - before) / 10)) ""
    count_to idle
    "$build/bench/peers-bench" --awake "$clients" >"$tmp/turns"
    row "idle turn of the core, $(cut -d ' ' -f 1 "$tmp/turns") us with one peer: more than that" 1 \
        "$(cut -d ' ' -f 2 "$tmp/turns")" us
    stop_all
}

row_handshakes() {
    start_server "$clients"
    start_clients "$clients" --rekey 0.8 >/dev/null
    sleep 3
    say handshakes
    wait_said handshakes
    before=$(cut -d ' ' -f 2 "$tmp/line")
    count_from
    sleep 10
    say handshakes
    wait_said handshakes
    after=$(cut -d ' ' -f 2 "$tmp/line")
    count_to handshakes
    rate=$(calc "($after - $before) / $span_s" 0)
    row "handshakes of $clients clients that want one each .8 s" "$clients" "$rate" "a second" ">="
    row "for each second of one core" 1000 "$(calc "($after - $before) * 1e9 / $engine_ns" 0)" \
        handshakes ">="
    stop_all
}

row_restart() {
    start_server "$clients"
    start_clients "$clients" >/dev/null
    sleep 5
    kill -9 "$server_pid"
    wait "$server_pid" 2>/dev/null || true
    sleep 2
    begin=$(now_s)
    ip netns exec "hw-$id-s" "$daemon" -f -c "$tmp/server.conf" >"$tmp/server.log" 2>&1 &
    server_pid=$!
    say probe
    wait_said answered
    end=$(cut -d ' ' -f 2 "$tmp/line")
    row "all $clients after a restart of the server, until the last has an answer" 5 \
        "$(calc "$end - $begin")" s
    stop_all
}

row_reload() {
    start_server "$clients"
    start_clients "$clients" >/dev/null
    sleep 5
    pings 1000 0.002
    quiet=$(quantile 100 <"$tmp/pings")
    "$loader" --peers $((clients + 100)) | tail -n 300 >>"$tmp/server.conf"
    (sleep 0.5 && "$tool" reload -i "$tmp/server.sock") &
    reloading=$!
    pings 1500 0.002
    wait "$reloading" || die "the server does not reload"
    row "latest ping of the client while 100 more are configured, $quiet without" 5 \
        "$(quantile 100 <"$tmp/pings")" ms
    stop_all
}

row_status() {
    start_server "$clients"
    start_clients "$clients" >/dev/null
    sleep 5
    pings 1000 0.002
    quiet=$(quantile 100 <"$tmp/pings")
    for _ in 1 2 3 4 5; do
        sleep 0.3
        begin=$(date +%s%N)
        "$tool" status --json -i "$tmp/server.sock" >"$tmp/status.json"
        echo $((($(date +%s%N) - begin) / 1000000))
    done >"$tmp/note.status" &
    asking=$!
    pings 1000 0.002
    wait "$asking" || die "the server gives no status"
    [ "$(jq '.peers | length' "$tmp/status.json")" -gt "$clients" ] || die "the status is not whole"
    row "status of all $((clients + 1))" 150 "$(quantile 50 <"$tmp/note.status")" ms
    row "latest ping meanwhile, $quiet ms without: later by" 1 \
        "$(calc "$(quantile 100 <"$tmp/pings") - $quiet")" ms
    stop_all
}

# send WAY RATE COUNT: loss in percent, and us of the engine for a packet.
send() {
    count_from
    say "$1 $2 1200 4 $3 1"
    wait_said run
    cp "$tmp/line" "$tmp/run"
    count_to "$3 clients with $(calc "$2 / 1e6" 0) Mbit/s each, $1"
    awk -v ns="$engine_ns" '{ printf "%.3f %.2f\n", ($3 - $5) * 100 / $3, ns / $5 / 1000 }' "$tmp/run"
}

row_load() {
    start_server "$clients"
    start_clients "$clients" >/dev/null
    sleep 8
    for way in up down; do
        send $way 1000000 1 >"$tmp/note.one"
        send $way $((clients * 1000000)) 1 >"$tmp/note.fast"
        send $way 1000000 "$clients" >"$tmp/note.all"
        one=$(cut -d ' ' -f 2 "$tmp/note.one") fast=$(cut -d ' ' -f 2 "$tmp/note.fast")
        all=$(cut -d ' ' -f 2 "$tmp/note.all")
        row "$clients clients with 1 Mbit/s each, $way: loss" 0.1 "$(cut -d ' ' -f 1 "$tmp/note.all")" %
        row "CPU time of a packet, $all us, of that of one client with as many, $fast us" 1.5 \
            "$(calc "$all / $fast")" times
        echo "| of that of one client with 1 Mbit/s, $one us | | $(calc "$all / $one") times | |"
    done
    stop_all
}

row_shares() {
    if ! grep -q uplink "$top/docs/hawser.conf.5"; then
        row "Jain's index of 10 peers that want the same (there is no uplink = yet)" 0.95 - "" ">="
        return
    fi
    server_settings="uplink = 50mbit"
    start_server 10
    server_settings=
    start_clients 10 >/dev/null
    sleep 5
    count_from
    say "down 50000000 1200 8 10 64"
    wait_said run
    cp "$tmp/line" "$tmp/run"
    count_to "10 clients at an uplink of 50 Mbit/s"
    row "Jain's index of 10 peers that want the same" 0.95 "$(awk '{ print $11 }' "$tmp/run")" "" ">="
    row "a peer with 64 flows, of what one with one flow gets" 1.05 \
        "$(awk '{ printf "%.3f", $13 / $15 }' "$tmp/run")" times
    stop_all
}

write_results() {
    {
        echo "# Many peers"
        echo
        echo "Written by \`bench/peers --write\`; bench/peers says what each row is. hawser" \
            "$("$daemon" --version | awk '{ print $2 }'), $(LC_ALL=C date '+%-d %B %Y')," \
            "Linux $(uname -r | cut -d. -f1,2), $(nproc) cores, on which the server, the client, the" \
            "simulated clients and the far end run together."
        echo
        cat "$tmp/table"
    } >"$top/docs/peers-results.md"
}
