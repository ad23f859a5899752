#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A link that delays each packet by 10 to 10 + JITTER ms beside one that keeps order: one TCP download
# gets clearly more than one link could give it, and hardly anything is sent twice. The real figures
# are measured by `bench/bond reorder5 reorder20`. JITTER=20, RATE=50 and so on try others.

. "$(dirname "$0")/lib.sh"

jitter=${JITTER:-5}
rate=${RATE:-20}
lab_up --links "name=a $rate/$rate,10ms,jitter=$jitter,reorder; name=b $rate/$rate,15ms"
serve s
start_pair a b
flow c down 10.77.0.1 8
bits=$(jq '.bytes * 8 / 8 | floor' "$tmp/flow.down")
between 1.3 "$(jq -n "$bits / ($rate * 1e6 * 1448 / 1514)")" 2 "times one link"
repeated=$(ask server '[.peers[0].paths[] | .resent] | add')
sent=$(ask server '[.peers[0].paths[] | .tx_bytes] | add / 1400')
between 0 "$(jq -n "100 * $repeated / $sent")" 2 "% sent again"
