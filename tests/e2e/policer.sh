#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A provider drops what comes faster than RATE Mbit/s after BUCKET kB, without any queue, on one of
# two links: one TCP download gets a good part of the sum, and little is dropped. The
# real figures are measured by `bench/sim-bond --scenarios odd dropped`. BUCKET=250, RATE=20 and so
# on try others.

. "$(dirname "$0")/lib.sh"

rate=${RATE:-10}
bucket=${BUCKET:-64}
lab_up --links "name=a 100/100,10ms,queue=200,police=$rate:$bucket; name=b 20/20,15ms"
serve s
start_pair a b
flow c down 10.77.0.1 12
bits=$(jq '.bytes * 8 / 12 | floor' "$tmp/flow.down")
between 0.5 "$(jq -n "$bits / (($rate + 20) * 1e6 * 1448 / 1514)")" 1.05 "of the sum"
"$lab" stats --id "$id" >"$tmp/stats"
dropped=$(jq '[.. | objects | .dropped_police // empty] | add' "$tmp/stats")
passed=$(jq '[.. | objects | select(.dropped_police > 0) | .delivered_frames] | add // 1' "$tmp/stats")
between 0 "$(jq -n "100 * $dropped / ($dropped + $passed)")" 10 "% dropped"
