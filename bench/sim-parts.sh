# SPDX-License-Identifier: ISC
#
# The parts of bench/sim-bond: head_PART prints the head of a table, part_PART a row for $scenario,
# $direction and $cc. Sourced, not run.

all_parts="flow single many quic call fair late step shared"

# run ARGUMENTS: the simulator's JSON, one line a seed; $links instead of the scenario if not empty.
links=
run() {
    if [ -n "$links" ]; then set -- --links "$links" "$@"; else set -- --scenario "$scenario" "$@"; fi
    for seed in $(seq "$runs"); do
        "$sim" --json --seed "$seed" "$@" || exit 1
    done
}

# median EXPRESSION, least EXPRESSION: of the lines of JSON on stdin, with three digits.
median() {
    jq -r "$1" | quantile 50 | awk '{ print $1 == "null" ? "-" : sprintf("%.4g", $1) }'
}
least() {
    jq -r "$1" | sort -g | awk 'NR == 1 { printf "%.4g\n", $1 }'
}

# ratio A B
ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", (b > 0 ? a / b : 0) }'
}

# Long round trips need longer to begin, and steps have to happen.
lengths() {
    case $scenario in
    satellite) seconds=30 warm_up=14 ;;
    stepping) seconds=42 warm_up=6 ;;
    varying | driving | swinging) seconds=60 warm_up=4 ;;
    *) seconds=14 warm_up=4 ;;
    esac
}

row() {
    printf '| %s %s %s | %s | %s |\n' "$scenario" "$direction" "$cc" "$1" "$(verdict "$1")"
}

extra='100 * (.resent + .duplicate)'
head_flow() {
    echo "| flow | share (least) | target | added ping p50 / p99 ms | target | TCP repeats % | sent twice % | |"
    echo "|---|---|---|---|---|---|---|---|"
}
part_flow() {
    lengths
    target=$(target "$scenario")
    # shellcheck disable=SC2086 # three words
    set -- $target
    json=$(run --direction "$direction" --cc "$cc" --seconds $seconds --warmup $warm_up)
    value() { echo "$json" | median "$1"; }
    row "$(mark "$(value .share)" '>=' "$1") ($(echo "$json" | least .share)) | $1 \
| $(mark "$(value .ping_p50_ms)" '<=' "$2") / $(mark "$(value .ping_p99_ms)" '<=' "$3") | $2 / $3 \
| $(mark "$(value '100 * .repeats / .segments')" '<=' 0.1) \
| $(mark "$(value "$extra")" '<=' "$(twice_most "$scenario")")"
}

link_names() {
    "$sim" --scenario "$scenario" --json --seconds 1 --warmup 0 | jq -r '.links[].name'
}

# The best of all links alone: largest of EXPRESSION with >=, smallest with <=.
best_alone() {
    order=$1
    expression=$2
    shift 2
    for only in $(link_names); do
        run --direction "$direction" --cc "$cc" --only "$only" "$@" | median "$expression"
    done | grep -v '^-$' | sort -g | { if [ "$order" = '>=' ]; then tail -n 1; else head -n 1; fi; }
}

# The figure, that of the best link alone, and the mark.
against_best() {
    order=$1
    expression=$2
    shift 2
    mine=$(run --direction "$direction" --cc "$cc" "$@" | median "$expression")
    best=$(best_alone "$order" "$expression" "$@")
    limit=$(awk -v b="$best" -v o="$order" 'BEGIN { print o == ">=" ? b * .98 : b * 1.02 }')
    echo "$(mark "$mine" "$order" "$limit") : $best"
}

head_dropped() {
    echo "| one flow | share (least) | target | dropped by the links % | target | sent twice % | |"
    echo "|---|---|---|---|---|---|---|"
}
part_dropped() {
    lengths
    least=$(target "$scenario")
    least=${least%% *}
    json=$(run --direction "$direction" --cc "$cc" --seconds $seconds --warmup $warm_up)
    value() { echo "$json" | median "$1"; }
    row "$(mark "$(value .share)" '>=' "$least") ($(echo "$json" | least .share)) | $least \
| $(mark "$(value '100 * .dropped')" '<=' "$(dropped_most "$scenario")") | $(dropped_most "$scenario") \
| $(mark "$(value "$extra")" '<=' "$(twice_most "$scenario")")"
}

head_single() {
    echo "| bond : best link alone | Mbit/s | first 5 s, Mbit/s | 100 kB, ms | 1 MB, ms | 10 MB, ms | |"
    echo "|---|---|---|---|---|---|---|"
}
part_single() {
    lengths
    row "$(against_best '>=' .mbps --seconds $seconds --warmup $warm_up) \
| $(against_best '>=' .mbps --seconds 5 --warmup 0) \
| $(against_best '<=' .transfer_ms --seconds 60 --transfer 100) \
| $(against_best '<=' .transfer_ms --seconds 60 --transfer 1000) \
| $(against_best '<=' .transfer_ms --seconds 60 --transfer 10000)"
}

head_many() {
    echo "| flows down and up at once | 1: share, ping p50 / p99 | 4: share, Jain, ping | 16: share, Jain, ping | |"
    echo "|---|---|---|---|---|"
}
# "At least the single flow's share" is meant as the target of the single flow.
many_cell() {
    json=$(run --direction both --cc "$cc" --flows "$1" --seconds $seconds --warmup $warm_up)
    share=$(echo "$json" | least .share)
    jain=$(echo "$json" | least .jain)
    p50=$(echo "$json" | median .ping_p50_ms)
    p99=$(echo "$json" | median .ping_p99_ms)
    shift
    echo "$(mark "$share" '>=' "$1"), $(mark "$jain" '>=' .9)," \
        "$(mark "$p50" '<=' "$2") / $(mark "$p99" '<=' "$3")"
}
part_many() {
    lengths
    target=$(target "$scenario")
    direction=both
    # shellcheck disable=SC2086 # three words
    row "$(many_cell 1 $target) | $(many_cell 4 $target) | $(many_cell 16 $target)"
}

head_quic() {
    echo "| QUIC-like flow | share | TCP's | part of it, at least .8 | |"
    echo "|---|---|---|---|---|"
}
part_quic() {
    lengths
    set -- --direction "$direction" --seconds $seconds --warmup $warm_up
    quic=$(run "$@" --cc quic | median .share)
    tcp=$(run "$@" --cc cubic | median .share)
    row "$quic | $tcp | $(mark "$(ratio "$quic" "$tcp")" '>=' .8)"
}

head_call() {
    echo "| call beside a flow | in time, % | target | |"
    echo "|---|---|---|---|"
}
part_call() {
    lengths
    limit=99.5
    [ "$scenario" != lossy ] || limit=99
    in_time=$(run --call --direction "$direction" --cc "$cc" --seconds $seconds --warmup $warm_up |
        least '100 * .call_in_time')
    row "$(mark "$in_time" '>=' $limit) | $limit"
}

head_fair() {
    echo "| foreign TCP on the best link | its share of it, at least .35 | the bond's, at least .35 | |"
    echo "|---|---|---|---|"
}
part_fair() {
    json=$(run --foreign best --direction "$direction" --cc "$cc" --seconds 40 --warmup 10)
    row "$(mark "$(echo "$json" | median .foreign_share)" '>=' .35) \
| $(mark "$(echo "$json" | median .beside_share)" '>=' .35)"
}

head_late() {
    echo "| second flow | its part of half of what both get, at least .8 | |"
    echo "|---|---|---|"
}
part_late() {
    json=$(run --flows 2 --late 4 --warmup 7 --seconds 10 --direction "$direction" --cc "$cc")
    row "$(mark "$(echo "$json" | least '.flows_mbps[1] / ((.flows_mbps | add) / 2)')" '>=' .8)"
}

head_step() {
    echo "| rate of the best link | halved: share | doubled: share | ping p50 / p99 ms after half | |"
    echo "|---|---|---|---|---|"
}
# The best link's name and rate in Mbit/s.
best_link() {
    "$sim" --scenario "$scenario" --only best --direction "$direction" --json --seconds 2 --warmup 1 |
        jq -r '"\(.links[0].name) \(.offered_mbps)"'
}
part_step() {
    case $scenario in varying | driving | swinging) return ;; esac
    target=$(target "$scenario")
    best=$(best_link)
    set -- --direction "$direction" --cc "$cc" --warmup 10 --seconds 14 --set
    step="${best% *}@8:rate-$direction"
    half=$(run "$@" "$step=$(awk -v r="${best#* }" 'BEGIN { print r / 2 }')")
    double=$(run "$@" "$step=$(awk -v r="${best#* }" 'BEGIN { print r * 2 }')")
    p50=$(echo "$half" | median .ping_p50_ms)
    p99=$(echo "$half" | median .ping_p99_ms)
    # shellcheck disable=SC2086 # three words
    set -- $target
    row "$(mark "$(echo "$half" | median .share)" '>=' "$(ratio "$1" 1.0555)") \
| $(mark "$(echo "$double" | median .share)" '>=' "$(ratio "$1" 1.0555)") \
| $(mark "$p50" '<=' "$2") / $(mark "$p99" '<=' "$3")"
}

head_shared() {
    echo "| two links behind one bottleneck | share | queue p50 / p95, ms | of one link | at most twice | |"
    echo "|---|---|---|---|---|---|"
}
part_shared() {
    scenario=10/20
    set -- --direction "$direction" --cc "$cc" --seconds 14 --warmup 4
    links="name=a 10/20,12ms"
    one=$(run "$@")
    links="name=a 10/20,12ms; name=b behind=a,20ms"
    two=$(run "$@")
    queue() { echo "$1" | median ".links[0].queue_$2_ms"; }
    row "$(mark "$(echo "$two" | median .share)" '>=' .93) | $(queue "$two" p50) / $(queue "$two" p95) \
| $(queue "$one" p50) / $(queue "$one" p95) \
| $(mark "$(ratio "$(queue "$two" p50)" "$(queue "$one" p50)")" '<=' 2)"
}
