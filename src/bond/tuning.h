/* SPDX-License-Identifier: ISC */
/*
 * Every constant of tuning of the bond, in one list:
 *
 *     TUNE(name, unit, value, why, source, effect)
 *
 * source: an RFC or a paper, "tuned" by runs of bench/sim-bond and bench/mix, "measured" elsewhere,
 * or "guess": nobody has compared it with another. effect: the most that half and twice the value
 * change in the runs of bench/sweep, or "" where that was not run.
 *
 * In the library they are constants of the compiler. The simulator has a build of its own of the
 * bond (HAWSER_TUNABLE) in which they are variables: hawser-sim --tune NAME=VALUE, --tunes. Both
 * decide the same.
 *
 * What is not here: sizes of tables, which stay with their tables, and numbers that a standard or
 * the wire sets. A constant that follows from others is written where it is used.
 */
#if !defined HAWSER_BOND_TUNING_H || defined TUNE
#ifndef HAWSER_BOND_TUNING_H
#define HAWSER_BOND_TUNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"

enum tuning_type { TUNING_INT, TUNING_INT64, TUNING_DOUBLE };

/* UNIT(unit, word, type, least, most); times are of either type, as their formulas are. */
#define TUNING_UNITS(UNIT)                                                                         \
    UNIT(ns, "ns", TUNING_INT64, 0, 1e15)                                                          \
    UNIT(ns_real, "ns", TUNING_DOUBLE, 0, 1e15)                                                    \
    UNIT(us, "us", TUNING_INT, 0, 1e9)                                                             \
    UNIT(s, "s", TUNING_DOUBLE, 0, 1e6)                                                            \
    UNIT(bps, "bit/s", TUNING_DOUBLE, 1, 1e12)                                                     \
    UNIT(share, "", TUNING_DOUBLE, 0, 1)                                                           \
    UNIT(times, "times", TUNING_DOUBLE, 0, 1e6)                                                    \
    UNIT(bytes, "bytes", TUNING_INT, 0, 1 << 30)                                                   \
    UNIT(packets, "packets", TUNING_INT, 0, 1 << 20)                                               \
    UNIT(count, "", TUNING_INT, 0, 1 << 20)                                                        \
    UNIT(divisor, "th part", TUNING_INT, 1, 1 << 20)

#define TUNING_NAME(unit, word, type, least, most) TUNING_##unit,
enum tuning_unit { TUNING_UNITS(TUNING_NAME) };
#undef TUNING_NAME

struct tuning {
    const char *name;
    enum tuning_unit unit;
    double value;
    void *place; /* of the variable; NULL: it is a constant in this build */
    const char *why;
    const char *source;
    const char *effect;
};

struct tuning_range {
    const char *word;
    enum tuning_type type;
    double least, most;
};

extern const struct tuning tunings[];
extern const size_t tuning_count;
extern const struct tuning_range tuning_ranges[]; /* by unit */

/* Before the first bond is made. False: it is out of range, or a constant. */
bool tuning_set(const struct tuning *t, double value);

#ifdef HAWSER_TUNABLE
#define TUNE_INT(name, value) extern int name;
#define TUNE_INT64(name, value) extern int64_t name;
#define TUNE_DOUBLE(name, value) extern double name;
#else
#define TUNE_INT(name, value) enum { name = (value) };
#define TUNE_INT64(name, value) static const int64_t name = (value);
#define TUNE_DOUBLE(name, value) static const double name = (value);
#endif
#endif

#ifndef TUNE
#define TUNE_ns TUNE_INT64
#define TUNE_ns_real TUNE_DOUBLE
#define TUNE_us TUNE_INT
#define TUNE_s TUNE_DOUBLE
#define TUNE_bps TUNE_DOUBLE
#define TUNE_share TUNE_DOUBLE
#define TUNE_times TUNE_DOUBLE
#define TUNE_bytes TUNE_INT
#define TUNE_packets TUNE_INT
#define TUNE_count TUNE_INT
#define TUNE_divisor TUNE_INT
#define TUNE(name, unit, value, why, source, effect) TUNE_##unit(name, value)
#endif

/* ---- paths: delays and jitter ---- */

TUNE(JITTER_PARTS, divisor, 16, "of each difference of delays goes into the jitter",
     "RFC 3550, 6.4.1", "")

/* ---- paths: probes ---- */

TUNE(BRISK_BYTES, bytes, 4000,
     "inner bytes a second beside which probes do not count: 10 GB a month", "guess", "")
TUNE(BRISK_LINGER_NS, ns, 2 * NS_PER_S, "without them, and the bond is quiet", "guess", "")

/* ---- sending: flow queues ---- */

TUNE(QUEUE_BYTES, bytes, 16 << 20, "may wait where nothing else is configured", "guess", "")
TUNE(QUEUE_FATTEST_PACKETS, packets, 64, "dropped before the fattest flow is looked for again",
     "measured: instructions", "")
TUNE(QUEUE_FAT_PARTS, divisor, 2,
     "who holds this part of what the fattest does may be the one to lose", "guess", "")
TUNE(QUEUE_LEAST_BYTES, bytes, 256, "of a flow's turn where many wait: a full packet takes six",
     "guess", "")
TUNE(QUEUE_ROUND_NS, ns_real, 1e9, "a round of full packets that takes longer has shorter turns",
     "tuned", "")
TUNE(QUEUE_RETRY_PACKETS, packets, 64,
     "that a flow put off for its sparse ones: with more it is bulk", "guess", "")
TUNE(NO_PATH_NS, ns, 3 * NS_PER_S, "packets wait for a path, and are then dropped", "guess", "")
TUNE(NO_PATH_LOOK_NS, ns, 100 * NS_PER_MS, "between looks for those", "guess", "")
TUNE(SMALL_FRAME_BYTES, bytes, 256, "packets up to this share a datagram", "guess", "")
TUNE(CODEL_TARGET_LEAST_NS, ns, 5 * NS_PER_MS, "CoDel's target, at least and at first",
     "RFC 8289, 4.4", "")
TUNE(CODEL_TARGET_PACKETS, times, 1.5, "or so many packets", "RFC 8290: one MTU", "")
TUNE(CODEL_INTERVAL_LEAST_NS, ns, 100 * NS_PER_MS, "its interval, at least and at first",
     "RFC 8289, 4.2", "")
TUNE(CODEL_INTERVAL_RTTS, times, 3, "or so many round trips", "tuned: 2 has .01 less of lossy", "")
TUNE(CODEL_DROP_RTTS, times, 1.5,
     "of round trip and target between two drops: the sender must hear of the last", "tuned", "")
TUNE(CODEL_REPAIRS, times, 2,
     "the round trip is longer by so many repairs of what is always missing",
     "tuned: 1.2 has .01 less", "")
TUNE(CODEL_MISSING, times, 2, "something is always missing from 1 / this of loss a flight", "guess",
     "")
TUNE(CODEL_LEFT_PACKETS, packets, 2, "of a flow are left alone: to lose one of fewer stops a TCP",
     "tuned: 4 fills the queue with repeats", "")
TUNE(CODEL_KEEP_RTTS, times, .5, "of queue left by a drop that shortens it after a fall", "guess",
     "")
TUNE(CODEL_SHORTEN, count, 2, "a queue is shortened when it is so many times as long as that",
     "guess", "")
TUNE(CODEL_AGE_NS, ns, NS_PER_S / 2, "what heeds no drop goes when it is older", "tuned", "")
TUNE(CODEL_AGE_TARGETS, times, 2, "or than so many targets", "guess", "")
TUNE(CODEL_AGE_ROUNDS, count, 2, "or than so many rounds of all flows",
     "tuned: 1 has .78 for .90 with 100 uploads", "")
TUNE(SWING_NOISE, times, 1.25, "largest by smallest capacity of late: less is a steady rate",
     "guess", "")
TUNE(SWING_FULL, times, 1.5, "and from that on CoDel's target is", "tuned", "")
TUNE(SWING_TARGET_NS, ns_real, 600e6, "so long: until the rate is back", "tuned: 1.5 s is the same",
     "")
TUNE(SWING_SPARE_PACKETS, packets, 8,
     "in flight above the round trip on a swinging path beside a steady one", "tuned", "")
TUNE(MISSED_NS, ns, 30 * NS_PER_S,
     "a window that was made for fallen paths is let stand for so long", "guess", "")
TUNE(MISSED_MOST_NS, ns_real, 400e6, "in a queue of so much at most", "guess", "")
TUNE(MISSED_WINDOWS, times, 1.5, "a window fills the round trip and half of it in CoDel's queue",
     "tuned", "")
TUNE(MISSED_SPARE, times, 1.2, "and so much is there to spare", "guess", "")
TUNE(FELL_LATELY_NS, ns, 40 * NS_PER_S,
     "drops shorten queues after a fall: until what was let stand has gone, too", "guess", "")

/* ---- sending: what overtakes bulk ---- */

TUNE(RECENT_NS, ns_real, 100e6, "what a flow or a path sent of late fades with it", "guess", "")
TUNE(SPARSE_LARGE_BYTES, bytes, 600, "from that on a packet is no call and no acknowledgement",
     "tuned", "")
TUNE(SPARSE_BYTES_MOST, bytes, 4096,
     "of a flow of late: calls of 100 kbit/s are sparse wherever there is room",
     "tuned: 600 keeps pings, not calls", "")
TUNE(SPARSE_BYTES_LEAST, bytes, 128, "one small packet always is", "guess", "")
TUNE(SPARSE_RECENT_MOST_NS, ns_real, 2e9, "of late, where a fair share is less than that packet",
     "tuned", "")
TUNE(SPARSE_SHARE, share, .5, "of the paths for all sparse flows together", "guess", "")
TUNE(SPARSE_ABOVE, times, 1.5, "of a fair share of what waits: more counts", "tuned", "")
TUNE(SPARSE_ABOVE_COUNTS, count, 10, "so many times, so those have a twentieth together", "guess",
     "")
TUNE(SPARSE_BURST_PACKETS, packets, 2, "that all together may send at once, above RECENT_NS of it",
     "guess", "")
TUNE(SPARSE_DOWN, share, .75, "the threshold falls to, when they send more", "tuned", "")
TUNE(SPARSE_DOWN_NS, ns, 20 * NS_PER_MS, "and no sooner again than after", "tuned", "")
TUNE(SPARSE_UP, times, 1.05, "and grows each turn: slower, for bulk that overtakes costs more",
     "tuned", "")
TUNE(SPARSE_TURN_NS, ns, 200 * NS_PER_MS, "a turn; a flow that is silent for longer takes no part",
     "guess", "")
TUNE(DEBT_SPARSE_NS, ns, 12 * NS_PER_MS,
     "pacer's debt up to which sparse packets go ahead, and their copies",
     "tuned: 5 ms has ping p99 94 for 7 over stepping", "")
TUNE(DEBT_SPARSE_PACKETS, times, 1.5,
     "and so many packets of the path: on slow ones bulk that left is the debt", "tuned", "")
TUNE(DEBT_LARGE_NS, ns, 4 * NS_PER_MS, "the same of large sparse ones",
     "tuned: 12 has p99 106 for 34 beside 50 uploads", "")
TUNE(DEBT_LARGE_PACKETS, times, 1, "and packets", "tuned", "")
TUNE(DEBT_ACK_NS, ns, 2 * NS_PER_MS, "of inner acknowledgements, above the pacer's credit", "tuned",
     "")
TUNE(DEBT_REPEAT_NS, ns, 10 * NS_PER_MS, "of repeats", "tuned", "")
TUNE(DEBT_CARE_NS, ns, NS_PER_MS / 2, "of repeats beside urgent packets", "guess", "")
TUNE(DEBT_CARE_PACKETS, times, 1, "and packets", "guess", "")
TUNE(DEBT_REALTIME_NS, ns, 20 * NS_PER_MS, "of real-time policies: more than repeats may make",
     "guess", "")
TUNE(DEBT_COPY_PACKETS, times, 1,
     "of copies, beside the time of sparse ones, which they must not make wait", "tuned", "")
TUNE(COPY_SHARE, share, .05, "of a path may be second copies", "guess", "")
TUNE(COPY_BURST_NS, ns_real, 200e6, "of that at once", "guess", "")
TUNE(COPY_BURST_PACKETS, packets, 2, "and so many full packets, on slow paths", "guess", "")
TUNE(COPY_LOSS, share, .002, "a path that loses more is in doubt: sparse packets are copied",
     "guess", "")
TUNE(COPY_QUEUE_NS, ns_real, 15e6, "or with a queue of more", "tuned with varying", "")
TUNE(COPY_QUEUE_PACKETS, count, 2, "and so many packets", "guess", "")
TUNE(COPY_LATE_RTTVARS, count, 2, "or with an answer overdue by so many mean deviations", "guess",
     "")
TUNE(COPY_LATE_NS, ns, 5 * NS_PER_MS, "and so much", "guess", "")
TUNE(AHEAD_FREE, share, .25, "of the pace that overtakes bulk delays it little: pings, calls",
     "guess", "")
TUNE(AHEAD_MOST, share, .95, "more than that is not counted on", "guess", "")
TUNE(REALTIME_AGE_NS, ns, 200 * NS_PER_MS, "real-time packets that waited longer are dropped",
     "guess", "")

/* ---- sending: acknowledgements of the inner TCP ---- */

TUNE(TCP_ACK_GAP_FREE_NS, ns, 5 * NS_PER_MS, "between two of a flow at most while nothing waits",
     "measured: cubic over far, BBR over fiblte", "")
TUNE(TCP_ACK_GAP_LEAST_NS, ns, 2100 * NS_PER_US, "and at least", "HyStart takes 2 ms for a train",
     "")
TUNE(TCP_ACK_GAP_MOST_NS, ns_real, 25e6, "and at most", "guess", "")
TUNE(TCP_ACK_GAP_RTT_PARTS, divisor, 8, "or this part of the longest round trip",
     "TACK (SIGCOMM 2020)", "")
TUNE(TCP_ACK_GAP_BULK, count, 2, "as long where bulk waits for the same way", "tuned", "")
TUNE(TCP_ACK_GAP_SCALE_MOST, times, 4, "most for many flows, whose root it is", "tuned", "")
TUNE(TCP_ACK_TURN_NS, ns, 200 * NS_PER_MS, "in which those are counted", "guess", "")
TUNE(TCP_ACK_AGE_PARTS, divisor, 24, "of the flow's age: the gap grows with it", "tuned", "")
TUNE(TCP_ACK_JOIN_PARTS, divisor, 2, "of its gap: who has waited for it leaves with another's",
     "tuned", "")
TUNE(TCP_ACK_BUSY_NS, ns, 200 * NS_PER_MS, "a longer pause begins a flow anew", "guess", "")
TUNE(TCP_ACK_START_PARTS, divisor, 10, "of the window are told by each in slow start",
     "HyStart looks at 8", "")
TUNE(TCP_ACK_START_GAPS, count, 2, "or it waits for so many gaps", "tuned", "")
TUNE(TCP_ACK_START_RTTS, count, 2, "round trips without doubling end slow start", "guess", "")
TUNE(TCP_ACK_LATE_NS, ns, 10 * NS_PER_MS, "late ones go as sparse packets, before them", "tuned",
     "")
TUNE(TCP_ACK_AGAIN_NS, ns, 2 * NS_PER_MS,
     "one of a policy whose paths are full is looked at again after", "guess", "")
TUNE(TCP_ACK_GUESSED_BYTES, bytes, 60, "size, for the choice of the path",
     "RFC 7323: with timestamps", "")

/* ---- sending: choice of the path ---- */

TUNE(COMMIT_AHEAD_NS, ns, 2 * NS_PER_MS,
     "a path is filled ahead by so much more than its delay is less", "tuned", "")
TUNE(RUN_NS, ns, NS_PER_MS / 4, "neighbours stay on a path for so long: long groups, few holes",
     "measured: speed", "")
TUNE(EXPRESS_SPILL_NS, ns_real, 10e6, "a path with so much to send at once has no room for more",
     "guess", "")
TUNE(SPILL_NS, ns_real, 10e6, "queue behind the cheaper paths that opens the next", "guess", "")
TUNE(SPILL_TARGETS, times, .5, "or so much of CoDel's target", "guess", "")
TUNE(SPILL_FULL, times, .5, "of that counts as full: the next path keeps it there", "guess", "")
TUNE(LOAD_SPILLS, share, .15, "of the time full: the next dearer path helps", "tuned: after 80 ms",
     "")
TUNE(LOAD_CALLS, share, .5, "of the time full: standby helps", "guess", "")
TUNE(LOAD_MEMORY_NS, ns_real, 500e6, "memory of being full", "guess", "")
TUNE(LOAD_LINGER_NS, ns, 10 * NS_PER_S, "without need, standby goes back", "guess", "")
TUNE(BULK_LOOK_NS, ns, 10 * NS_PER_MS, "between looks at the rate of bulk", "guess", "")
TUNE(BULK_MEMORY_LEAST_NS, ns_real, 100e6, "memory of it, at least", "guess", "")
TUNE(BULK_MEMORY_RTTS, times, 3, "or so many of the longest round trips", "guess", "")
TUNE(BULK_SHARES_LEAST, share, .9, "of the best path: with less all paths are no longer needed",
     "guess", "")
TUNE(PIN_FLOWS_TRIED, count, 16, "of a policy's band, until one is found whose path has room",
     "guess", "")
TUNE(PIN_SPREAD, times, 1.4, "paths that promise a pinned flow so nearly the same are alike",
     "guess", "")
TUNE(PIN_BUSY_NS, ns, NS_PER_S, "a pinned flow counts on its path for so long", "guess", "")
TUNE(BAND_ARREARS_BYTES, bytes, 65536, "a flow, that a band makes up for which could not be served",
     "guess", "")
TUNE(URGENT_NS, ns, NS_PER_S, "after the last urgent packet calls are protected for so long",
     "guess", "")
TUNE(COPY_WAIT_NS, ns, 10 * NS_PER_MS, "a packet with a copy waits for the second path for so long",
     "guess", "")

/* ---- sending: repairs ---- */

TUNE(REPAIR_TRIES, count, 4, "a packet is sent so often at most", "guess", "")
TUNE(REPAIR_PUT_OFF, packets, 8, "looked at behind one that waits for its path", "guess", "")
TUNE(OVERDUE_RTTVARS, count, 3,
     "mean deviations above the own round trip: overdue, sent on a free path, too", "guess", "")
TUNE(OVERDUE_LEAST_NS, ns_real, 60e6, "and at least", "tuned: always 60 sends 4.4 % twice for 3",
     "")
TUNE(OVERDUE_MOST_NS, ns_real, 150e6, "and at most", "tuned", "")
TUNE(OVERDUE_TRIES, count, 3, "what was sent so often has had its chances", "guess", "")

/* ---- sending: this side's own line ---- */

TUNE(LINE_LOOK_NS, ns, 50 * NS_PER_MS, "between looks at all rates", "guess", "")
TUNE(LINE_PEAK_NS, ns_real, 8e9, "memory of a path's best rate", "guess", "")
TUNE(LINE_FALLEN, share, .75, "of it: less is a fall", "guess", "")
TUNE(LINE_TOGETHER_NS, ns, 800 * NS_PER_MS, "all paths fall within it: they share a line", "guess",
     "")
TUNE(LINE_HEALED, times, 1.3, "what came through then: more ends it", "guess", "")
TUNE(LINE_SMOOTH_NS, ns_real, 1e9, "smoothing of what comes through", "guess", "")
TUNE(LINE_SETTLE_NS, ns, 3 * NS_PER_S, "until the rates have found their place", "guess", "")
TUNE(LINE_FORGET_NS, ns, 5 * NS_PER_S, "without load it is forgotten", "guess", "")

/* ---- sending: large flows, and windows too small for slow paths ---- */

TUNE(LARGEST_BYTES, bytes, 16 << 10, "of late: a TCP flow is large; 1.3 Mbit/s", "guess", "")
TUNE(LARGEST_MARK_NS, ns, 4 * NS_PER_MS, "between notes of what was sent when", "guess", "")
TUNE(LARGEST_PAUSE_NS, ns, 20 * NS_PER_MS, "without a packet: it pauses", "tuned with BBR", "")
TUNE(LARGEST_REPEATED_NS, ns, 300 * NS_PER_MS, "after a repeat a pause means nothing", "guess", "")
TUNE(LARGEST_SILENT_NS, ns, NS_PER_S, "its place is free for another", "guess", "")
TUNE(LARGEST_SILENT_KEPT_NS, ns, 10 * NS_PER_S, "the same where a slow path is opened for it",
     "BBR measures every 10 s", "")
TUNE(HEAP_TRIES, count, 6, "after so many heaps the window is as open as it gets", "tuned with BBR",
     "")
TUNE(HEAP_ROUNDS, count, 7, "round trips between heaps", "BBR remembers 5 to 10", "")
TUNE(HEAP_FIRST_RTTS, count, 3, "round trips until the first after success", "guess", "")
TUNE(HEAP_QUIET_TURNS, count, 3, "of silence: the flow measures", "BBR: 200 ms", "")
TUNE(HEAP_QUIET_MOST, count, 20, "and with more it has ended", "guess", "")
TUNE(HEAP_TURN_NS, ns, 50 * NS_PER_MS, "such a turn", "guess", "")
TUNE(HEAP_ACK_BYTES, bytes, 120, "a larger packet is no plain acknowledgement", "guess", "")
TUNE(HEAP_LOOK_NS, ns, 10 * NS_PER_MS, "between looks", "guess", "")
TUNE(HEAP_FULL_NS, ns, 2 * NS_PER_S, "the best path is full, without growth, for so long", "guess",
     "")
TUNE(HEAP_FULL_QUEUE_NS, ns_real, 10e6, "with less queue than this", "guess", "")
TUNE(HEAP_FULL_QUEUE_RTTS, share, .25, "and so much of its round trip", "guess", "")
TUNE(HEAP_FULL_BEST, share, .75, "of the best path: it is full", "guess", "")
TUNE(HEAP_FULL_ALL, share, .9, "of all paths: they are not", "guess", "")
TUNE(HEAP_LEAST_NS, ns_real, 20e6, "acknowledgements are held at least", "tuned with BBR", "")
TUNE(HEAP_MOST_NS, ns_real, 95e6, "and at most", "BBR allows for 100", "")
TUNE(HEAP_REFUSED_NS, ns_real, 115e6, "a path slower by more is out of reach", "tuned with BBR", "")
TUNE(HEAP_STRETCH, times, 1.15, "of the slowest round trip, less the fastest: a heap",
     "tuned with BBR", "")
TUNE(HEAP_DRY_NS, ns, 25 * NS_PER_MS, "without an acknowledgement: the sender waits for us",
     "guess", "")
TUNE(HEAP_STANDING_NS, ns_real, 5e6, "queue that counts as standing", "guess", "")
TUNE(HEAP_STANDING_MEMORY_NS, ns_real, 300e6, "memory of it", "guess", "")
TUNE(HEAP_STANDING_FEW, share, .3, "of the time: little stands, the windows do not pay", "guess",
     "")
TUNE(HEAP_PAUSED_NS, ns, 300 * NS_PER_MS, "a pause is BBR's measurement",
     "BBR: 200 ms or a round trip", "")
TUNE(HEAP_SPREAD_NS, ns, NS_PER_S, "the slow paths were in use of late", "guess", "")
TUNE(HEAP_RATE_NS, ns_real, 500e6, "memory of what a flow sends", "guess", "")
TUNE(HEAP_APART_NS, ns, 4 * NS_PER_MS, "between two that are held", "guess", "")
TUNE(HEAP_RTT_PARTS, divisor, 16, "of each round trip of the flows goes into the mean", "guess", "")
TUNE(HEAP_JOIN_NS, ns, 1500 * NS_PER_MS, "then a flow's own start is over", "guess", "")
TUNE(HEAP_LEFT_NS, ns, NS_PER_S, "who has sent nothing for so long is not asked", "guess", "")
TUNE(HEAP_LEFT_SETTLED_NS, ns, 10 * NS_PER_S, "nor waited for, if it has settled", "guess", "")
TUNE(HEAP_PATIENCE_NS, ns, 10 * NS_PER_S, "pause after a try that failed, twice as long each time",
     "guess", "")
TUNE(HEAP_PATIENCE_MOST_NS, ns, 320 * NS_PER_S, "and at most", "guess", "")
TUNE(HEAP_SLOW_NS, ns, 1500 * NS_PER_MS, "so slow for so long: given up", "guess", "")
TUNE(HEAP_SLOW, share, .6, "of the rate before: too slow", "guess", "")
TUNE(HEAP_GAIN_NS, ns, 6 * NS_PER_S, "without gain for so long: given up", "guess", "")
TUNE(HEAP_GAIN, times, 1.1, "of the rate before: a gain, also that there is to be had", "guess", "")
TUNE(HEAP_GROWS, times, 1.08, "of the rate: it still grows by itself", "guess", "")
TUNE(HEAP_SETTLE_NS, ns, 500 * NS_PER_MS, "a pause sooner after sharing measured the best path",
     "guess", "")
TUNE(HEAP_SETTLED_PARTS, divisor, 10,
     "memory of the settled rate: so many times that of what stands", "guess", "")
TUNE(HEAP_RELAPSE_NS, ns, 600 * NS_PER_MS, "not as fast for so long: heaps again", "guess", "")
TUNE(HEAP_RELAPSED, share, .85, "of the settled rate: a relapse", "guess", "")
TUNE(HEAP_QUIET, share, .15, "of its rate: a flow is silent", "guess", "")
TUNE(HEAP_FLOOR, share, .9, "of the slowest path's least round trip: no acknowledgement sooner",
     "guess", "")
TUNE(HEAP_APART, times, 1.4, "least round trips of slowest and best: worth it", "guess", "")
TUNE(HEAP_PAYS, share, .8, "of its rate while held: the window pays", "guess", "")

/* ---- receiving: acknowledgements ---- */

TUNE(ACKER_PACKETS, packets, 16, "an acknowledgement is due after so many", "tuned", "")
TUNE(ACKER_PATIENT_PACKETS, packets, 32, "the same while bulk waits for that way",
     "one has room for the times of so many", "")
TUNE(ACKER_DELAY_NS, ns, 5 * NS_PER_MS, "it waits for so long at most", "tuned; RFC 9000 has 25",
     "")
TUNE(ACKER_SPACING_NS, ns, 1 * NS_PER_MS, "and does not follow the last sooner", "guess", "")
TUNE(ACKER_TIMED_US, us, 1000000, "before the largest: times of what came earlier are of no use",
     "guess", "")
TUNE(ACKS_ON_MORE, count, 4, "every so many go out on further paths, too", "tuned", "")
TUNE(ACKS_ON_MORE_SPARING, count, 8, "the same where room is dear", "tuned", "")
TUNE(ACK_COPIES, count, 3, "on so many, in turn", "tuned", "")
TUNE(ACK_SPARING_US, us, 550, "where room is dear, what came within it is told with one time",
     "tuned", "")
TUNE(ACK_SPARING_PARTS, divisor, 2,
     "room is dear while bulk waits and this part of ACKER_PACKETS is to be told", "guess", "")
TUNE(ACK_JOIN_NS, ns, 2 * NS_PER_MS, "due within it: leaves with another", "guess", "")
TUNE(ACK_JOIN_SPARING_NS, ns, 4 * NS_PER_MS, "the same where room is dear", "tuned", "")
TUNE(ACK_GUESSED_BYTES, bytes, 100, "its size, for the choice of its path", "measured", "")

/* ---- receiving: order ---- */

TUNE(HOLD_FIRST_NS, ns, 100 * NS_PER_MS, "a hole is kept open until the paths are known", "guess",
     "")
TUNE(HOLD_LEAST_NS, ns, 5 * NS_PER_MS, "and at least", "guess", "")
TUNE(HOLD_MOST_NS, ns, 400 * NS_PER_MS,
     "and at most: later than that is too late, for a repeat, a path or a fill ahead",
     "tuned: 600 gains .01 with LTE, sends 1 % more twice", "")
TUNE(HOLD_RTTS, times, 2.2, "round trips of the fastest path that a hole waits: one repair",
     "tuned", "")
TUNE(HOLD_SLACK_NS, ns_real, 15e6, "and so much", "tuned", "")
TUNE(HOLD_JITTERS, times, 3, "and so many times the jitter", "guess", "")
TUNE(ARRIVAL_OWD_PARTS, divisor, 16, "of each delay goes into the mean",
     "as RFC 3550 does for jitter", "")
TUNE(RELEASE_EVERY_NS, ns, NS_PER_MS / 2, "what a hole held up, and is not TCP, comes out so often",
     "tuned with ngtcp2", "")
TUNE(RELEASE_PACKETS, packets, 16, "in bursts of so many: a UDP socket holds 92 full ones",
     "tuned with ngtcp2", "")
TUNE(RELEASE_PARTS, divisor, 16, "or of this part of what waits, so that all is out in 10 ms",
     "guess", "")
TUNE(PIECES_NS, ns, 2 * NS_PER_S,
     "pieces wait for the rest: the longest packet takes 1.2 s at 64 kbit/s", "computed", "")

#undef TUNE
#endif
