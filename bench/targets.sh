# SPDX-License-Identifier: ISC
#
# What the bond is to reach, for bench/bond and bench/sim-bond. Sourced, not run.

# Scenarios in the order of the tables.
all_scenarios="twin dsllte wide lossy far tenone fiblte quad bloat thin satellite stepping varying driving swinging"

# What only some links do, each for itself; see docs/lab.md.
odd_scenarios="reorder5 reorder20 police15 police64 police250 shallow noisy burst"

# target SCENARIO: least share, most added ping (median and 99th percentile, ms).
target() {
    case $1 in
    twin) echo .94 6 20 ;;
    dsllte) echo .93 8 30 ;;
    wide) echo .94 8 25 ;;
    lossy) echo .93 8 30 ;;
    far) echo .94 6 30 ;;
    tenone) echo .94 6 20 ;;
    fiblte) echo .94 6 20 ;;
    quad) echo .93 6 25 ;;
    bloat) echo .93 6 20 ;;
    thin) echo .90 8 40 ;;
    satellite) echo .85 8 40 ;;
    stepping) echo .85 20 100 ;;
    varying) echo .80 40 200 ;;
    reorder5) echo .90 20 60 ;;
    reorder20 | police*) echo .85 20 60 ;;
    shallow | noisy | burst) echo .90 20 60 ;;
    driving) echo .82 10 150 ;;
    swinging) echo .60 10 40 ;;
    *) echo 0 1000 1000 ;;
    esac
}

# Bytes that the links lose at random, percent of the packets. In wide one of three links loses
# 0.3 %, in noisy and burst one of two 3 and 2 %.
line_loss() {
    case $1 in
    lossy) echo 1 ;;
    wide) echo 0.3 ;;
    noisy) echo 1.5 ;;
    burst) echo 1 ;;
    *) echo 0 ;;
    esac
}

# What the tunnel may send twice, percent of the packets.
twice_most() {
    case $1 in
    reorder*) echo 2 ;;
    shallow) echo 1.5 ;;
    *) awk -v l="$(line_loss "$1")" 'BEGIN { print l + 3 }' ;;
    esac
}

# What the links' queues and policers may drop after start-up, percent of the frames.
dropped_most() {
    case $1 in
    police* | shallow) echo 2 ;;
    *) echo 1 ;;
    esac
}

# mark VALUE OP LIMIT: the value, and "miss" behind it unless VALUE OP LIMIT; OP is >= or <=.
mark() {
    case $1 in
    '' | - | null)
        echo "- **miss**"
        return
        ;;
    esac
    awk -v v="$1" -v op="$2" -v l="$3" \
        'BEGIN { good = op == ">=" ? v >= l : v <= l; print good ? v : v " **miss**" }'
}

# verdict TEXT: whether a row has no miss.
verdict() {
    case $1 in
    *miss*) echo "**miss**" ;;
    *) echo pass ;;
    esac
}

# quantile P: of numbers on stdin, one a line; P in 0..100.
quantile() {
    sort -n | awk -v p="$1" '{ v[NR] = $1 }
        END { if (NR == 0) { print "-"; exit } i = int(NR * p / 100 + 0.5)
              if (i < 1) i = 1; if (i > NR) i = NR; print v[i] }'
}
