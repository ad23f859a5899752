# SPDX-License-Identifier: ISC
#
# Faults of a pair in the lab, drawn by a seed, for bench/leaks and bench/soak. Sourced after
# tests/e2e/lib.sh; takes seed, faults (their names), numeric (not empty: the server has no name) and
# server_address.
#
#   cut cut-all carrier link-down no-route address   what happens to links
#   switch                                           hawser link ... down, up
#   rules routes both flush device-down device-gone  what other programs remove
#   kill kill-engine kill-guard                      SIGKILL and a start after a while
#   reload reconfigure                               another configuration and back
#   server-away server-killed renumber               the other side

# draw COUNT: lines of FAULT LINK MS, how long it lasts, mostly short
draw() {
    awk -v seed="$seed" -v faults="$faults" -v lines="$1" 'BEGIN {
        srand(seed)
        count = split(faults, fault, /[ \n]+/)
        while (lines-- > 0)
            print fault[1 + int(rand() * count)], rand() < 0.5 ? "a" : "b", int(50 * 60 ^ rand())
    }'
}

hold() {
    sleep "$(awk -v ms="$1" 'BEGIN { printf "%.3f", ms / 1000 }')"
}

number_of() {
    case $1 in a) echo 1 ;; b) echo 2 ;; esac
}

# What a link loses while it is down, or when its address changes.
set_up_link() {
    n=$(number_of "$1")
    at c ip link set dev "$1" up
    at c ip address replace "10.0.$n.${2:-2}/24" dev "$1"
    at c ip address replace "2001:db8:$n::${2:-2}/64" dev "$1" nodad
    at c ip route replace default via "10.0.$n.1" dev "$1" metric "10$n"
    at c ip -6 route replace default via "2001:db8:$n::1" dev "$1" metric "10$n"
}

kill_if_any() {
    # shellcheck disable=SC2086 # a list of numbers, which may be empty
    [ -z "$1" ] || kill -9 $1
}
# kill_and_start SIDE PLACE MS PIDS
kill_and_start() {
    kill_if_any "$4"
    hold "$3"
    start_side "$1" "$2"
}
start_side() {
    if [ "$1" = client ] && [ -z "$numeric" ]; then
        start_with_names client c
    else
        start "$1" "$2"
    fi
}

mine='proto 197'
remove_rules() {
    at c sh -c "for f in -4 -6; do ip \$f rule | grep '$mine' | cut -d: -f1 | sort -u |
        while read -r p; do while ip \$f rule del priority \$p; do :; done; done; done" 2>&3
}
remove_routes() {
    at c sh -c "ip -4 route flush table all $mine; ip -6 route flush table all $mine" 2>&3 || true
}

# A change that a reload takes, and its return: each time of everything, or nothing.
reconfigure() {
    sed -i 's/^mss-clamp = .*/mss-clamp = no/; s/^interface = b$/&\nrole = standby/' "$tmp/client.conf"
    "$hawser" reload -i "$tmp/client.sock" >&3 2>&1 || true
    hold "$1"
    sed -i 's/^mss-clamp = .*/mss-clamp = yes/; /^role = standby/d' "$tmp/client.conf"
    "$hawser" reload -i "$tmp/client.sock" >&3 2>&1 || true
}

# The server gets another address, which its name then has; with a number, its old one again.
renumber() {
    [ -z "$numeric" ] || return 0
    old=$server_address
    case $old in 203.0.113.1) server_address=203.0.113.2 ;; *) server_address=203.0.113.1 ;; esac
    at s ip address delete "$old/24" dev wan
    at s ip address add "$server_address/24" dev wan
    hold "$1"
    server_moves "$server_address"
}

# fault KIND LINK MS: and its end
fault() {
    case $1 in
    cut) "$lab" cut --id "$id" "$2" && hold "$3" && "$lab" restore --id "$id" "$2" ;;
    cut-all)
        for link in a b; do "$lab" cut --id "$id" "$link"; done
        hold "$3"
        for link in a b; do "$lab" restore --id "$id" "$link"; done
        ;;
    carrier) "$lab" carrier --id "$id" "$2" off && hold "$3" && "$lab" carrier --id "$id" "$2" on &&
        set_up_link "$2" ;;
    link-down) at c ip link set dev "$2" down && hold "$3" && set_up_link "$2" ;;
    no-route)
        at c ip route flush default dev "$2"
        at c ip -6 route flush default dev "$2"
        hold "$3"
        set_up_link "$2"
        ;;
    address)
        at c ip address flush dev "$2" scope global
        set_up_link "$2" 9
        hold "$3"
        at c ip address flush dev "$2" scope global
        set_up_link "$2"
        ;;
    switch)
        "$hawser" link "$2" down -i "$tmp/client.sock" >&3 2>&1 || true
        hold "$3"
        "$hawser" link "$2" up -i "$tmp/client.sock" >&3 2>&1 || true
        ;;
    rules) remove_rules ;;
    routes) remove_routes ;;
    both) remove_rules && remove_routes ;;
    flush) at c nft flush ruleset ;;
    device-down) at c ip link set dev hawser0 down ;;
    device-gone) at c ip link delete dev hawser0 ;;
    kill) kill_and_start client c "$3" "$(guard_of client) $(engine_of client || true)" ;;
    kill-guard) kill_and_start client c "$3" "$(guard_of client)" ;;
    kill-engine) kill_if_any "$(engine_of client || true)" ;;
    reload) "$hawser" reload -i "$tmp/client.sock" >&3 2>&1 || true ;;
    reconfigure) reconfigure "$3" ;;
    server-away) stop server && hold "$3" && start server s ;;
    server-killed) kill_and_start server s "$3" "$(guard_of server) $(engine_of server || true)" ;;
    renumber) renumber "$3" ;;
    *) echo "there is no fault $1" >&2 && exit 2 ;;
    esac
}

carries() {
    at h ping -q -c 1 -W 0.3 203.0.113.80
}

# Both that hold back what must not leave, the routing rules and the packet filter, stand: whoever
# removes the one while the other is not back yet has removed both.
holds() {
    at c ip rule | grep -q 'not from all fwmark' && at c ip -6 rule | grep -q 'not from all fwmark' &&
        at c nft list chain inet hawser_hawser0 leave | grep -q 'goto held'
}

# healed: the time since the mark, in ms; or nothing if it takes more than a minute. An engine that is
# killed again and again within ten seconds is started later each time.
healed() {
    until holds >&3 2>&1 && carries >&3 2>&1; do
        [ $(($(date +%s%N) - marked)) -lt 60000000000 ] || return 1
    done
    echo $((($(date +%s%N) - marked) / 1000000))
}
