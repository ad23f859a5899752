# SPDX-License-Identifier: ISC
#
# What the bond is to reach, for bench/bond and bench/sim-bond. Sourced, not run.

# Scenarios in the order of the tables.
all_scenarios="twin dsllte wide lossy far tenone fiblte quad bloat thin satellite stepping varying"

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
    *) echo 0 1000 1000 ;;
    esac
}

# Bytes that the links lose at random, percent of the packets: what may be repeated is that and 3 %.
# In wide one of three links loses 0.3 %.
line_loss() {
    case $1 in
    lossy) echo 1 ;;
    wide) echo 0.3 ;;
    *) echo 0 ;;
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
