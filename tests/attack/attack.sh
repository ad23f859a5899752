#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What an authenticated peer that means harm costs another one: each attack of attacker.c against a
# live pair, with an innocent client beside it. Prints a table: the innocent one's goodput and ping,
# and the server's processor, memory and hooks, each without and with the attack. Fails where the
# attack takes more than the limits allow; both are measured in the same minute, so that a machine
# that does other work does not decide.
#
# usage: attack.sh BUILD-DIRECTORY
#
# Of the environment, as bench/attack sets them: ATTACKS, SECONDS_EACH (of a measurement), ROUNDS
# (pairs of measurements of an attack, of which the medians count), TRIES (an attack that is over the
# limits is measured so often before it is believed), GOODPUT_LEAST (of what there is without) and
# PING_MOST_MS (that the 99th percentile may grow by).

. "$(dirname "$0")/../e2e/lib.sh"

attacker=$build/tests/attack/hawser-attacker
attacks=${ATTACKS:-slow pieces holes jumps numbers statuses flaps acks challenges epochs calls}
seconds=${SECONDS_EACH:-1}
rounds=${ROUNDS:-1}
tries_most=${TRIES:-3}
goodput_least=${GOODPUT_LEAST:-0.85}
ping_most_ms=${PING_MOST_MS:-10}

# Datagrams a second; of slow, what somebody sends to it.
rate_of() {
    case $1 in
    slow) echo 20000 ;;
    pieces | holes) echo 2000 ;;
    jumps | numbers | statuses | flaps | acks) echo 3000 ;;
    challenges) echo 1000 ;;
    calls) echo 10000 ;;
    epochs) echo 100 ;;
    *) fail "no attack is called $1" ;;
    esac
}

# The processor time of a process in ticks, 0 if there is none; and the engine's memory in MB.
ticks_of() {
    awk '{ print $14 + $15 }' "/proc/$1/stat" 2>&3 || echo 0
}
engine_mb() {
    awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$engine/status"
}
hooks() {
    wc -l <"$tmp/hooked"
}

# measure NAME: pings through an idle tunnel, then a download, into $tmp/NAME as JSON
measure() {
    ticks=$(ticks_of "$engine")
    own_ticks=$(ticks_of "$attacker_pid")
    hooked=$(hooks)
    at c ping -q -c 3 -i 0.1 10.77.0.1 >&3 2>&1 || true
    at c ping -i 0.01 -c $((seconds * 100)) -W 1 10.77.0.1 >"$tmp/pings" 2>&3 || true
    at c "$probe" flow down 10.77.0.1 7000 "$seconds" >"$tmp/flow" 2>&3 ||
        echo '{"bytes":0}' >"$tmp/flow"
    sed -n 's/.* time=\([0-9.]*\) ms/\1/p' "$tmp/pings" | sort -n >"$tmp/times"
    # A ping without an answer took longer than any other.
    sent=$(sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' "$tmp/pings")
    p99=$(awk -v n="${sent:-1}" 'BEGIN { at = int(n * 0.99) } NR == at { print; found = 1 }
        END { if (!found) print 1000 }' "$tmp/times")
    jq -n --slurpfile f "$tmp/flow" --argjson s "$seconds" --argjson p99 "$p99" \
        --argjson ticks $(($(ticks_of "$engine") - ticks)) --argjson hz "$(getconf CLK_TCK)" \
        --argjson own $(($(ticks_of "$attacker_pid") - own_ticks)) \
        --argjson mb "$(engine_mb)" --argjson hooks $(($(hooks) - hooked)) \
        'def percent: 100 * . / $hz / (2 * $s);
         {mbps: ($f[0].bytes * 8 / $s / 1e6), p99: $p99, cpu: ($ticks | percent), mb: $mb,
          hooks: $hooks, attacker: ($own | percent)}' >"$tmp/$1"
}

# pair NAME: a measurement without and one with the attack, as a line of $tmp/pairs
pair() {
    attacker_pid=none
    measure without
    attack "$1"
    measure with
    end "$attacker_pid"
    alive "$engine" || fail "the server's engine ended under $1"
    jq -cn --slurpfile w "$tmp/without" --slurpfile a "$tmp/with" '{w: $w[0], a: $a[0]}' >>"$tmp/pairs"
}

# attack NAME: begins it, and returns when it is under way
attack() {
    : >"$tmp/attack"
    ip netns exec "hw-$id-c2" "$attacker" "$1" "$tmp/evil.key" "$(public_key server)" "$endpoint" \
        $((seconds * 2 + 6)) "$(rate_of "$1")" >"$tmp/attack" 2>&1 &
    attacker_pid=$!
    started="$started $attacker_pid"
    tries=300
    until grep -q up "$tmp/attack"; do
        alive $attacker_pid && [ "$tries" -gt 0 ] || fail "$1 does not begin: $(cat "$tmp/attack")"
        tries=$((tries - 1))
        sleep 0.1
    done
    [ "$1" != slow ] || background s "$attacker" flood 10.77.0.3 $((seconds * 2 + 6)) "$(rate_of slow)"
    sleep 0.5
}

# What is made of the pairs: medians, and of what the attack changes the medians within pairs.
medians='def median: sort | .[length / 2 | floor];
    {ratio: (map(.a.mbps / ([.w.mbps, 0.1] | max)) | median), later: (map(.a.p99 - .w.p99) | median)}
    + {w: (map(.w) | (.[0] | keys) as $k | . as $all | [$k[] as $f | {($f): ($all | map(.[$f]) | median)}] | add),
       a: (map(.a) | (.[0] | keys) as $k | . as $all | [$k[] as $f | {($f): ($all | map(.[$f]) | median)}] | add)}'

row() {
    jq -rs --arg name "$1" "$medians"' | def d: . * 10 | round / 10;
        [$name, .w.mbps, .a.mbps, .ratio * 100, .w.p99, .a.p99, .later, .w.cpu, .a.cpu, .a.attacker,
         .w.mb, .a.mb, .w.hooks, .a.hooks] | map(if type == "number" then d else . end) |
        "| " + (map(tostring) | join(" | ")) + " |"' "$tmp/pairs"
}

within_limits() {
    jq -es --argjson least "$goodput_least" --argjson most "$ping_most_ms" \
        "$medians | .ratio >= \$least and .later <= \$most" "$tmp/pairs" >&3
}

# try_attack NAME: false if it takes more than the limits allow
try_attack() {
    : >"$tmp/pairs"
    for round in $(seq "$rounds"); do
        pair "$1"
    done
    row "$1"
    within_limits
}

cat >"$tmp/hook" <<END
#!/bin/sh
echo "\$*" >>$tmp/hooked
END
chmod 700 "$tmp/hook"
: >"$tmp/hooked"
private_key evil >&3
server_tunnel="hook = $tmp/hook"
lab_up --links 'name=a 100/100,5ms' --clients 2
config_pair a
cat >>"$tmp/server.conf" <<END
[peer evil]
public-key = $(public_key evil)
allowed-ips = 10.77.0.3/32
END
serve s
start server s
start client c
await 20 "client up" paths_up client a
engine=$(engine_of server)
attacker_pid=none
measure without # the first download finds the rate

failed=
echo "| attack | Mbit/s without | with | kept % | ping p99 ms without | with | more | server CPU % without | with | attacker CPU % | MB without | with | hooks without | with |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
for name in $attacks; do
    left=$tries_most
    until try_attack "$name"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { failed="$failed $name"; break; }
    done
done
[ -z "$failed" ] || fail "more than the limits allow:$failed"
ok "another peer keeps $goodput_least of its goodput, and ping p99 grows by less than $ping_most_ms ms"
