/* SPDX-License-Identifier: ISC */
/*
 * Every constant of tuning of the bond, in one list:
 *
 *     TUNE(name, unit, value, why, source, effect)
 *
 * source: an RFC or a paper; "tuned" by runs of bench/sim-bond and bench/mix, which
 * docs/bonding-study.md tells; "measured" or "computed" elsewhere; or "chosen": no comparison with
 * others is written down. effect: the most that half and twice the value change in the runs of
 * bench/sweep; "" where that was not run.
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

/* ---- paths: round trips, losses; runs: cut, driving, lossy, reorder ---- */

TUNE(RTT_UNKNOWN_NS, ns, 200 * NS_PER_MS, "a round trip, until one is measured", "chosen", "none")
TUNE(RTT_SETTLED, count, 16, "round trips until their deviation is more than a first guess",
     "chosen", "none")
TUNE(DRAIN_EVERY_NS, ns, 3 * NS_PER_S,
     "between drains; the own round trip and the least delay are those of two such periods",
     "chosen", "twice: lossy +.006")
TUNE(FLOOR_PERIOD_NS, ns, 15 * NS_PER_S,
     "period of the least delay of long, which tells whether the other has risen", "chosen", "none")
TUNE(JITTER_PARTS, divisor, 16, "of each difference of delays goes into the jitter",
     "RFC 3550, 6.4.1", "twice: reorder +.02")
TUNE(PATIENCE_RTTVARS, count, 4, "mean deviations that an answer or a beat may be late",
     "RFC 6298: K", "half: lossy -.007 -1 ms")
TUNE(PATIENCE_SLACK_NS, ns, 15 * NS_PER_MS, "or so much, if that is more: an answer", "chosen",
     "half: lossy -.005")
TUNE(LOSS_LATER_NS, ns, NS_PER_MS, "what was sent so much later has come: it is lost",
     "chosen; RFC 9002 has 1/8 RTT", "half: lossy +.006; twice: lossy +.04")
TUNE(RACK_MEMORY_NS, ns_real, 8e9, "memory of the lateness of a path that reorders", "chosen",
     "none")
TUNE(RACK_LATENESS, times, 1.25, "lateness seen: the window", "RFC 8985 has steps of a quarter",
     "half: reorder -.01")
TUNE(RACK_LEAST_NS, ns_real, 1e6, "a new window", "chosen", "none")
TUNE(RACK_ORDERED_NS, ns_real, .5e6, "a window that has faded to this: the path keeps its order",
     "chosen", "none")
TUNE(RACK_BOUND_NS, ns_real, 20e6, "most of it, where the round trip is shorter", "chosen", "none")
TUNE(RACK_WATCH_NS, ns, 100 * NS_PER_MS, "what was lost is watched for so long", "chosen", "none")
TUNE(RACK_WATCH_RTTS, count, 2, "and so many round trips", "chosen", "none")
TUNE(RACK_ASK_NS, ns, NS_PER_MS, "behind the window a probe asks, if nothing else leaves", "chosen",
     "none")
TUNE(HOLE_LOSSES, count, 3, "large datagrams lost, none arrived: a black hole",
     "RFC 8899: MAX_PROBES", "half: reorder +.02")
TUNE(LOOK_NS, ns, NS_PER_US,
     "of each packet in flight, that an acknowledgement without news is worth",
     "measured: instructions", "none")
TUNE(LOOK_FEW_PACKETS, packets, 128, "in flight: they may always be looked at", "chosen", "none")
TUNE(PEER_CLOCK_AHEAD_NS, ns, 3600 * NS_PER_S, "a peer's clock that gains so much was set",
     "chosen", "none")

/* ---- paths: pacer; runs: bloat, calls, driving, dsllte ---- */

TUNE(PATH_CREDIT_NS, ns, 4 * NS_PER_MS, "sending time that may be saved up",
     "tuned: wake-ups are late", "half: dsllte +2 ms")
TUNE(PATH_CREDIT_STRICT_NS, ns, NS_PER_MS, "the same beside calls and at a policer",
     "tuned: 4 ms at 60 Mbit/s are 30 kB", "none")
TUNE(BURST_NS, ns, NS_PER_MS, "packets leave in bursts of so long", "measured: speed",
     "half: calls +.006; twice: calls +.006 +1 ms")
TUNE(BURST_PARTS, divisor, 2, "if one takes less than this part of it", "chosen",
     "twice: calls +.009")
TUNE(INFLIGHT_SLACK_NS, ns_real, 40e6,
     "in flight above the own round trip, where nobody can take it back",
     "tuned: 90 loses .02 of driving", "none")
TUNE(INFLIGHT_SLACK_RTTS, share, .25, "or so much of it", "tuned: none has .009 less of satellite",
     "none")
TUNE(INFLIGHT_SPARE_PACKETS, packets, 32, "and so many packets",
     "tuned: 8 has .04 less with two LTE links", "none")

/* ---- paths: probes, beats; runs: calls, cut ---- */

TUNE(BRISK_BYTES, bytes, 4000,
     "inner bytes a second beside which probes do not count: 10 GB a month", "computed", "none")
TUNE(BRISK_LINGER_NS, ns, 2 * NS_PER_S, "without them, and the bond is quiet", "chosen", "none")
TUNE(TIDY_NS, ns, 10 * NS_PER_S, "without them, and tables are as small as at first", "chosen", "")
TUNE(MEMORY_AGAIN_NS, ns, NS_PER_S, "there was no memory for a table: asked for again", "chosen",
     "")
TUNE(BRISK_FRESH_NS, ns, 100 * NS_PER_MS, "when traffic begins, a path silent for longer is asked",
     "chosen", "none")
TUNE(PROBE_IDLE_NS, ns, 500 * NS_PER_MS, "an idle path is probed after, beside traffic", "chosen",
     "none")
TUNE(PROBE_FIRST_NS, ns, 20 * NS_PER_MS,
     "from the first probe of a suspect path to the second; then twice as long", "chosen",
     "twice: calls +1 ms")
TUNE(PROBE_LAST_NS, ns, 500 * NS_PER_MS, "at most", "chosen", "half: cut +.009")
TUNE(PROBE_SILENT, count, 2, "of those without an answer: the good ones before do not count",
     "chosen", "none")
TUNE(PROBE_HINT_NS, ns, 100 * NS_PER_MS,
     "something came on a path that is down: it is asked, no sooner than that again", "chosen",
     "none")
TUNE(PROBE_TAIL_NS, ns, 8 * NS_PER_MS, "behind the last packet a probe shows its loss", "chosen",
     "none")
TUNE(ALONE_TAILS, count, 3,
     "tails within which what came tells that a control datagram was lost alone", "chosen", "none")
TUNE(STANDBY_MONTH_BYTES, bytes, 980000,
     "of probes in a month of standby: NATs keep the mapping (RFC 4787)", "1 MB was asked for",
     "none")
TUNE(BEAT_MONTH_BYTES, bytes, 458000000, "of beats in a month, both ways", "500 MB were asked for",
     "")
TUNE(BEAT_ALLOWANCE_LEAST_NS, ns, 20 * NS_PER_MS, "a beat may be late by, at least", "chosen",
     "none")
TUNE(BEAT_ALLOWANCE_MOST_NS, ns, 200 * NS_PER_MS, "at most", "chosen", "none")
TUNE(BEAT_TOLD_PARTS, divisor, 2,
     "of the least allowance: an acknowledgement so much older misses us", "chosen", "none")
TUNE(BEAT_QUESTION_NS, ns, 4 * NS_PER_MS, "from one question to the next", "chosen", "none")
TUNE(BEAT_FOUND_NS, ns, 950 * NS_PER_MS,
     "a silence is found: a second, less what timers are late by", "a second was asked for", "none")
TUNE(BEAT_SPARE_NS, ns, 5 * NS_PER_S,
     "between beats of a dear path, of which nobody waits for news", "chosen", "none")
TUNE(BEAT_PROBE_NS, ns, 30 * NS_PER_S, "a probe instead of a beat: round trips are not older",
     "chosen", "none")
TUNE(BEAT_AGAIN_NS, ns, 300 * NS_PER_MS, "who asks again so soon has not been heard", "chosen",
     "none")
TUNE(BEAT_GRID_NS, ns, 10 * NS_PER_MS, "beats leave at its multiples: all peers' together",
     "chosen: wake-ups", "none")
TUNE(BEAT_JOIN_NS, ns, 60 * NS_PER_MS, "beats due within it leave together", "measured: wake-ups",
     "none")

/* ---- paths: suspicion, trust; runs: cut, spoilt ---- */

TUNE(SUSPECT_PACKETS, packets, 3, "overdue ones, or questions, make a path suspect", "chosen",
     "half: spoilt -.02; twice: cut +1 ms")
TUNE(SUSPECT_LOOK_TENTHS, count, 6, "of patience: the first look, with a question", "chosen",
     "twice: spoilt +.009")
TUNE(SUSPECT_LOOK_PARTS, divisor, 5, "of patience: further looks", "chosen",
     "half: spoilt -.008; twice: spoilt -.04")
TUNE(DOWN_HALVES, count, 6, "halves of patience from suspicion to the verdict", "chosen",
     "twice: cut +.006")
TUNE(DOWN_QUIET_HALVES, count, 3, "the same for missing beats", "chosen", "none")
TUNE(DOWN_PROBES, count, 3, "good probes that end it", "chosen", "twice: cut +1 ms")
TUNE(RETURN_RATE, share, .5, "of its rate: a path returns with it", "chosen", "none")
TUNE(TRUST_FIRST_NS, ns, 500 * NS_PER_MS,
     "of answers before use, after a relapse; twice as long each time", "chosen", "none")
TUNE(TRUST_LAST_NS, ns, 30 * NS_PER_S, "at most", "chosen", "none")
TUNE(TRUST_FORGIVEN_NS, ns, 60 * NS_PER_S, "without a fall: forgiven", "chosen", "none")

/* ---- paths: fitness beside others; runs: cut, spoilt ---- */

TUNE(UNFIT_NS, ns, 100 * NS_PER_MS, "unfit for so long: out of use", "chosen",
     "twice: spoilt -.007")
TUNE(UNFIT_RTTS, count, 2, "and so many round trips", "chosen", "none")
TUNE(UNFIT_QUEUE_NS, ns_real, 10e6, "a queue that overflows: its losses mostly end", "chosen",
     "none")
TUNE(UNFIT_QUEUE_TIMES, count, 4, "so it gets so many times as long", "chosen", "none")
TUNE(UNFIT_LOSS, share, .2, "of the packets lost: unfit", "chosen", "twice: spoilt -.005")
TUNE(UNFIT_LOSS_NOW, times, .5, "of that still lost now", "chosen", "none")
TUNE(UNFIT_LOSS_TIMES, times, 3, "and as much as the best other path loses", "chosen", "none")
TUNE(UNFIT_PACKET_NS, ns_real, 50e6, "a full packet takes longer: slow", "chosen", "none")
TUNE(UNFIT_RATE, share, .02, "and less than this of the others' rates: unfit", "chosen", "none")
TUNE(TRIAL_PACKETS, packets, 24, "of a trial", "computed: 30 % loss passes one in 450",
     "twice: spoilt -.008")
TUNE(TRIAL_GAP_NS, ns, 8 * NS_PER_MS, "between them: 1.5 Mbit/s", "chosen", "twice: spoilt -.01")
TUNE(TRIAL_BAD, packets, 1, "of them may be lost or late", "computed", "twice: spoilt -.006")
TUNE(TRIAL_PAUSE_PARTS, divisor, 16, "of the time out of use, between trials", "chosen",
     "twice: spoilt -.006")
TUNE(TRIAL_PAUSE_LEAST_NS, ns, 100 * NS_PER_MS, "at least", "chosen", "none")
TUNE(TRIAL_PAUSE_MOST_NS, ns, 10 * NS_PER_S, "at most", "chosen", "none")
TUNE(SLUMP_LOADED, share, .5, "of a second under load: it tells the rate", "chosen", "none")
TUNE(SLUMP_SECOND_MOST_S, s, 2, "of a gap between two looks, as far as it counts", "chosen", "none")
TUNE(SLUMP_LOW, share, .25, "of the usual rate: far below it", "chosen", "none")
TUNE(SLUMP_BACK, share, .5, "and again near enough", "chosen", "none")
TUNE(SLUMP_LOW_S, s, 60, "of that until it is told", "chosen", "none")
TUNE(SLUMP_BACK_S, s, 10, "until its end is told", "chosen", "none")
TUNE(SLUMP_KNOWN_S, s, 30, "of measuring until there is a usual rate", "chosen", "none")
TUNE(SLUMP_RISE_S, s, 20, "in which the usual rate follows a rise", "chosen", "none")
TUNE(SLUMP_FALL_S, s, 6 * 3600, "and a fall", "chosen", "none")
TUNE(SLUMP_FORGIVE, times, 2, "a second above takes so many below it back", "chosen", "none")
TUNE(SLUMP_LIMIT, share, .8, "of a limit: it may be the limit that is measured", "chosen", "none")

/* ---- paths: rate; runs: lossy ---- */

TUNE(RATE_WINDOW_NS, ns_real, 20e6, "of a measurement", "chosen",
     "half: dsllte -.007; twice: swinging -.24 lossy -1 ms")
TUNE(RATE_WINDOW_START_NS, ns_real, 10e6, "in start-up", "chosen", "half: lossy +.005")
TUNE(RATE_WINDOW_MOST_NS, ns_real, 200e6, "at most", "chosen", "none")
TUNE(RATE_WINDOW_LENGTHS, times, 2, "packet times at least", "chosen", "none")
TUNE(RATE_WINDOW_PACKETS, packets, 5, "packets at least", "chosen", "half: lossy +.009")
TUNE(RATE_WINDOW_GAP_NS, ns, NS_PER_S, "a pause that ends one", "chosen", "none")
TUNE(RATE_REORDER_WINDOWS, times, 4, "lateness of packets: a quarter may come in the next window",
     "chosen", "none")
TUNE(RATE_REORDER_MOST_NS, ns_real, 100e6, "at most", "chosen", "none")
TUNE(RATE_FIRST_BPS, bps, 3e6, "first guess", "chosen", "twice: lossy -.01 -1 ms")
TUNE(RATE_FIRST_PACKETS, packets, 10, "or so many a round trip", "RFC 6928", "none")
TUNE(RATE_FIRST_MOST_BPS, bps, 20e6, "of that at most", "chosen", "none")
TUNE(RATE_LEAST_BPS, bps, 150e3, "least rate", "chosen", "none")
TUNE(RATE_LEAST_FOUND_BPS, bps, 300e3, "the same behind start-up", "chosen", "none")
TUNE(RATE_LOADED, share, .7, "of a window's packets left while others waited: loaded", "chosen",
     "half: lossy -.01; twice: lossy -.009")
TUNE(RATE_LOADED_SENT, share, .9, "of the capacity was sent: loaded", "chosen", "none")
TUNE(RATE_PEAK_NS, ns_real, 500e6, "of load, in which the capacity is the largest delivery",
     "chosen", "half: lossy -.006")
TUNE(RATE_PEAK_RTTS, times, 5, "or so many round trips", "chosen", "none")
TUNE(RATE_RECENT_NS, ns_real, 300e6, "memory of the largest delivery of late", "chosen", "none")
TUNE(RATE_LOSS_PACKETS, packets, 256, "over which losses are smoothed", "chosen",
     "twice: lossy -.01")
TUNE(RATE_LOSS_NOW_PACKETS, packets, 32, "the same for what is lost now", "chosen", "none")
TUNE(RATE_NOISE, share, .12, "of a window lost: less is noise, and made up for", "chosen", "none")
TUNE(RATE_CONGESTION, share, .25, "lost: more is congestion", "chosen", "none")
TUNE(RATE_CONGESTION_PACKETS, packets, 8, "of a window, to judge that", "chosen", "none")
TUNE(RATE_LOSS_WINDOWS, count, 3, "of it", "chosen", "none")
TUNE(RATE_LOSS_GAPS, count, 8, "with packets that came between: no burst of noise", "chosen",
     "none")
TUNE(RATE_LOSS_MOST, share, .5, "lost: such windows count twice", "chosen", "none")
TUNE(RATE_LOSS_MANY, packets, 16, "of so many lost", "chosen", "none")
TUNE(RATE_FOUND_NS, ns, NS_PER_S, "what losses cut is given back for so long, should they come",
     "chosen", "none")
TUNE(RATE_OWD_GAP_NS, ns_real, 100e6, "packets further apart have little in common", "chosen",
     "half: lossy -.007; twice: lossy +.006")
TUNE(RATE_OWD_LEAST, share, .0625, "least weight of a packet's delay",
     "as RFC 3550 does for jitter", "twice: lossy -.02 -2 ms")
TUNE(RATE_NOISE_JITTERS, times, 3, "mean jitter: a delay of more is a queue", "chosen", "none")
TUNE(RATE_IDLE_NS, ns, 5 * NS_PER_S, "with next to nothing sent, any delay is the path's own",
     "measured: stepping .52 for .94", "none")
TUNE(RATE_IDLE, share, .1, "of the capacity: less makes no queue", "chosen", "none")
TUNE(RATE_HIGH_NS, ns_real, 3e9, "memory of the largest capacity", "chosen", "none")
TUNE(RATE_LOW_NS, ns_real, 10e9, "memory of the smallest", "chosen", "none")
TUNE(RATE_SETTLE_NS, ns, 3 * NS_PER_S, "behind start-up extremes do not count", "chosen", "none")

/* ---- paths: rate, the queue and drains; runs: dsllte ---- */

TUNE(QUEUE_AIM_NS, ns_real, 2e6, "the network's queue that is aimed at: without any a link idles",
     "tuned: 3 has ping +1", "twice: dsllte +.02 +2 ms")
TUNE(QUEUE_AIM_URGENT_NS, ns_real, 1.5e6, "the same beside calls", "chosen", "none")
TUNE(QUEUE_AIM_PACKETS, times, .25, "or so much of a packet", "tuned: .5 has ping +3.7 over dsllte",
     "twice: dsllte +1 ms")
TUNE(QUEUE_AIM_JITTER_NS, ns_real, 10e6, "jitter above that, at most", "chosen", "none")
TUNE(QUEUE_SMALL_NS, ns_real, 2e6, "above the aim is small: probes may begin", "chosen", "none")
TUNE(QUEUE_HIGH_NS, ns_real, 12e6, "above the aim is high", "chosen", "half: dsllte +.02")
TUNE(QUEUE_HIGH_RTTS, times, .25, "or so much of a round trip", "chosen", "none")
TUNE(QUEUE_HIGH_WINDOWS, count, 2, "of it: the rate comes down", "chosen",
     "half: dsllte +1 ms; twice: dsllte +.02")
TUNE(QUEUE_HIGH_SENT, share, .95, "of the capacity sent: the queue is ours", "chosen", "none")
TUNE(QUEUE_HIGH_CAME, share, .9, "of what was sent delivered: so is it with less", "chosen", "none")
TUNE(QUEUE_WORKED_NS, ns_real, 100e6, "in which an error of the queue is worked off", "chosen",
     "none")
TUNE(QUEUE_DOWN_MOST, share, .25, "of the pace: by so much at most", "chosen",
     "twice: dsllte +.008")
TUNE(QUEUE_UP_MOST, share, .05,
     "of the pace: up by so much; own acknowledgements above it count as carried", "chosen",
     "half: dsllte +1 ms")
TUNE(COME_DOWN_LEAST, share, .85, "of the capacity stays where there was no more to deliver",
     "chosen", "none")
TUNE(COME_DOWN_HALF, share, .5, "of it: with less, losses of the old rate no longer count",
     "chosen", "none")
TUNE(DRAIN_SHALLOW, share, .88, "of the pace, in a drain without suspicion", "chosen",
     "half: dsllte -.01; twice: dsllte -.02")
TUNE(DRAIN_DEEP, share, .5, "of it, where the least delay has risen", "chosen", "none")
TUNE(DRAIN_RISEN_NS, ns_real, 2e6, "it has, if by more than this and the jitter", "chosen", "none")
TUNE(DRAIN_DEEP_MOST_NS, ns_real, 200e6, "longest deep drain", "chosen", "none")
TUNE(DRAIN_MARGIN_NS, ns, 30 * NS_PER_MS, "added to every drain", "chosen", "none")
TUNE(DRAIN_TELLS_NS, ns_real, 10e6, "expected fall of a queue that tells something", "chosen",
     "half: dsllte -.005")
TUNE(DRAIN_TELLS_PACKETS, times, 5, "or so many packets", "chosen", "none")
TUNE(DRAIN_FELL, share, .3, "of it fell: with less the delay is the path's own", "chosen", "none")

/* ---- paths: rate, start-up and probes; runs: start ---- */

TUNE(START_GROWTH, times, 2, "in start-up the guess is so much of what was delivered", "RFC 5681",
     "half: start -.80 -2 ms; twice: start +.03")
TUNE(START_AGAIN_NS, ns, NS_PER_S, "a guess that came down rises again after", "chosen", "none")
TUNE(START_DOWN, share, .5, "of the guess is left by a delay without load", "chosen", "none")
TUNE(START_QUEUE_NS, ns_real, 6e6, "start-up ends where a queue of more", "chosen", "none")
TUNE(START_QUEUE_JITTERS, times, 2, "and so much jitter", "chosen", "none")
TUNE(START_CAME, share, .92, "grows, for less of what was sent is delivered", "chosen", "none")
TUNE(START_HIGH_NS, ns_real, 15e6, "or where one of more than this and noise stands", "chosen",
     "none")
TUNE(START_LIMIT, share, .9, "of the configured rate is delivered: start-up ends", "chosen", "none")
TUNE(START_LOSS, share, .15, "of a window is lost: a full bucket has no other sign", "tuned",
     "none")
TUNE(START_LOSS_PACKETS, packets, 4, "lost", "chosen", "none")
TUNE(START_LOSS_RUNS, count, 2, "in so many runs", "chosen", "none")
TUNE(START_LOSS_WINDOWS, count, 2, "in so many windows", "tuned", "none")
TUNE(START_DRAIN, share, .5, "of the pace, in the drain behind start-up", "chosen", "none")
TUNE(START_DRAIN_QUEUES, times, 2, "of the queue's length takes that", "computed", "none")
TUNE(START_DRAIN_MOST_NS, ns_real, 500e6, "at most", "chosen", "none")
TUNE(RAISE_GAIN, share, .08, "of the pace more, in the first probe for more", "chosen", "none")
TUNE(RAISE_IDLE, share, .15, "where no queue shows at all", "tuned: .5 takes links for one line",
     "none")
TUNE(RAISE_MOST, times, 1, "at most", "chosen", "none")
TUNE(RAISE_FELL_MOST, times, 3, "on the way back to what the path has carried", "chosen", "none")
TUNE(RAISE_PAID, share, .5, "of the gain came: it paid, and the next is bolder", "chosen", "none")
TUNE(RAISE_URGENT, share, .5, "of the gain, and of what has to come, beside calls", "chosen",
     "none")
TUNE(RAISE_GROWTH, times, 1.7, "bolder by", "chosen", "none")
TUNE(RAISE_GROWTH_FELL, times, 3, "on the way back", "chosen", "none")
TUNE(RAISE_FELL, share, .7, "of the largest capacity: it fell", "chosen", "none")
TUNE(RAISE_NO_QUEUE, share, .5, "of the aimed queue: no queue shows", "chosen", "none")
TUNE(RAISE_NO_QUEUE_NS, ns_real, 100e6, "for so long", "chosen", "none")
TUNE(RAISE_NO_QUEUE_RTTS, times, 4, "or so many round trips", "chosen", "none")
TUNE(RAISE_LEAST_NS, ns_real, 40e6, "a probe takes, and a pause on the way back", "chosen", "none")
TUNE(RAISE_QUEUE_NS, ns_real, 50e6, "queue at which one ends",
     "tuned: none drops 4 % over satellite", "none")
TUNE(RAISE_PACKETS, times, 10, "of a bold probe, so that a window has none but those", "chosen",
     "none")
TUNE(RAISE_FELL_RTTS, times, 2, "round trips of pause on the way back", "chosen", "none")
TUNE(RAISE_PAUSE_NS, ns_real, 300e6, "pause else", "chosen", "half: start +1 ms")
TUNE(RAISE_PAUSE_RTTS, times, 8, "or so many round trips", "BBR: a cycle of eight", "none")

/* ---- paths: losses that are a limit; runs: police ---- */

TUNE(LIMIT_LOSS, share, .02, "of the bytes lost without a queue: suspicion",
     "tuned: .015 loses .008 of lossy", "none")
TUNE(LIMIT_NOISE_TIMES, times, 2, "noise known, above which there is suspicion sooner", "chosen",
     "none")
TUNE(LIMIT_RUNS, count, 10, "of losses", "chosen", "none")
TUNE(LIMIT_RUNS_SHARE, share, .01, "of the packets begin one: less is noise in bursts", "chosen",
     "none")
TUNE(LIMIT_RUN_GAP, packets, 2, "that came between still make one run", "tuned", "none")
TUNE(LIMIT_SPAN_NS, ns_real, 100e6, "over which that shows", "chosen", "none")
TUNE(LIMIT_BUSY, share, .7, "of the windows loaded", "chosen", "twice: police -.007")
TUNE(LIMIT_QUEUE_NS, ns_real, 8e6, "queue above the aim: losses are its", "chosen", "none")
TUNE(LIMIT_SUM_NS, ns_real, 1e9, "windows are gathered for", "chosen", "twice: police -.01")
TUNE(LIMIT_SUM_RTTS, times, 2, "or so many round trips", "chosen", "none")
TUNE(LIMIT_SUM_MOST_NS, ns_real, 5e9, "at most", "chosen", "none")
TUNE(LIMIT_SUM_PACKETS, packets, 600, "and until so many are in", "chosen", "twice: police -.005")
TUNE(LIMIT_USUAL_PACKETS, times, 2000, "over which the usual runs are averaged", "tuned",
     "half: police -.007")
TUNE(LIMIT_USUAL, times, 1.5, "of those are expected at most", "tuned", "twice: police -.006")
TUNE(LIMIT_TEST, share, .9, "of what was delivered is sent in a test", "chosen",
     "half: police -.03")
TUNE(LIMIT_EXPECTED, times, 16, "runs expected before one is judged",
     "tuned: a quarter passes one in fifty", "half: police -.005")
TUNE(LIMIT_EXPECTED_LEAST, times, 8, "when time is up", "chosen", "none")
TUNE(LIMIT_TEST_TIMES, times, 2, "of the time that these need", "chosen", "none")
TUNE(LIMIT_GONE, share, .25, "of them came: the loss has gone with the rate", "chosen", "none")
TUNE(LIMIT_GROWN, times, 1.5, "of the loss before: the bucket was not empty then", "chosen", "none")
TUNE(LIMIT_TEST_LEAST_NS, ns_real, 200e6, "a test takes", "chosen", "none")
TUNE(LIMIT_TEST_MOST_NS, ns_real, 10e9, "at most", "chosen", "none")
TUNE(LIMIT_BEGIN_RTTS, share, .5, "of a round trip until what is sent from now on comes",
     "computed", "none")
TUNE(LIMIT_BEGIN_NS, ns, 10 * NS_PER_MS, "and so much", "chosen", "none")
TUNE(LIMIT_CEILING, share, .98, "of what was delivered under loss",
     "tuned: the rest refills the bucket", "half: police -.08")
TUNE(LIMIT_CUT_LOSS, share, .012, "above noise brings it down", "chosen", "twice: police -.01")
TUNE(LIMIT_CUT_RUNS, count, 5, "in so many runs", "chosen", "half: police -.02")
TUNE(LIMIT_CUT_SPAN_NS, ns_real, 40e6, "over which that shows", "chosen", "none")
TUNE(LIMIT_CUT_MOST, share, .9, "of it is left at least", "chosen", "none")
TUNE(LIMIT_SAME, share, .06, "of it: cut to the same place again", "chosen", "twice: police -.008")
TUNE(LIMIT_GAIN, share, .02, "it rises by, at first", "chosen", "twice: police -.008")
TUNE(LIMIT_GAIN_MOST, share, .05, "at most", "tuned: .12 drops 2.4 %", "none")
TUNE(LIMIT_GAIN_FAR, share, .25, "where the last limit has gone", "chosen", "none")
TUNE(LIMIT_FAR, times, 1.3, "of the last cut: it has", "chosen", "none")
TUNE(LIMIT_GAIN_GROWTH, times, 1.5, "each rise is larger by", "chosen", "twice: police +.007")
TUNE(LIMIT_RISE_LOSS, times, .5, "of LIMIT_CUT_LOSS: with more it does not rise", "chosen",
     "twice: police -.006")
TUNE(LIMIT_RISE_NS, ns_real, 300e6, "between rises", "chosen", "half: police -.02")
TUNE(LIMIT_RISE_RTTS, times, 4, "or so many round trips", "chosen", "none")
TUNE(LIMIT_HOLD_NS, ns_real, 500e6, "held after a cut; twice as long at the same place", "chosen",
     "none")
TUNE(LIMIT_HOLD_RTTS, times, 5, "or so many round trips", "chosen", "none")
TUNE(LIMIT_HOLD_MOST_NS, ns_real, 8e9, "at most", "chosen", "none")
TUNE(LIMIT_PAUSE_NS, ns, 8 * NS_PER_S, "noise is tried again after, twice as long each time",
     "chosen", "none")
TUNE(LIMIT_PAUSE_MOST_NS, ns, 60 * NS_PER_S, "at most", "chosen", "none")
TUNE(LIMIT_USELESS_NS, ns, 3 * NS_PER_S, "something else limits: it goes", "chosen", "none")
TUNE(LIMIT_USELESS, share, .6, "of it carried: something else does", "chosen", "none")
TUNE(LIMIT_QUEUE_WINDOWS, count, 5, "with a queue: something else does", "chosen", "none")

/* ---- paths: competing traffic; runs: cross ---- */

TUNE(CROSS_MEMORY_NS, ns, 8 * NS_PER_S, "drains that did not empty the queue count for so long",
     "chosen", "none")
TUNE(CROSS_STRIKES, count, 2, "of them: somebody competes", "chosen", "none")
TUNE(CROSS_KNOWN_NS, ns, 60 * NS_PER_S, "one is enough, if somebody did before", "chosen", "none")
TUNE(CROSS_MARGIN_NS, ns, 60 * NS_PER_MS, "a drain is watched on for", "chosen", "none")
TUNE(CROSS_FROM_RTTS, share, .5, "of a round trip until it is watched", "computed", "none")
TUNE(CROSS_PEAK_NS, ns_real, 30e9, "memory of the largest capacity", "chosen", "none")
TUNE(CROSS_PEAK, share, .5, "of it: where the window was before", "chosen", "none")
TUNE(CROSS_MOVES_NS, ns_real, 15e6, "a delay moves by more: probes and drains do by 10 ms",
     "measured", "none")
TUNE(CROSS_NEAR_NS, ns_real, 4e6, "so near the least: empty", "chosen", "none")
TUNE(CROSS_EMPTY_RTTS, count, 2, "round trips empty: gone", "Copa (NSDI 2018): five", "none")
TUNE(CROSS_FALL_THEIRS, share, .6, "of the expected fall: with less the queue is theirs", "chosen",
     "none")
TUNE(CROSS_FALL_OURS, share, .85, "of it: with more ours", "chosen", "none")
TUNE(CROSS_SHARE_FIRST, share, .5, "first guess of our share of the queue", "chosen", "none")
TUNE(CROSS_SHARE_PARTS, divisor, 2, "of each new one goes into it", "chosen", "none")
TUNE(CROSS_SHARE_SMALL, share, .25, "with less our window grows fast", "chosen", "none")
TUNE(CROSS_WINDOW_LEAST, times, 2, "packets of the window at least", "RFC 9438: two", "none")
TUNE(CROSS_WINDOW_UNUSED, times, 1.5, "of what is used: more does not grow", "RFC 7661",
     "half: cross -.10")
TUNE(CROSS_GROWTH, share, .5, "of the window more each round trip, at most", "RFC 9438, 4.4",
     "none")

/* ---- what is told to people ---- */

TUNE(TOLD_LANE_NS, ns, 10 * NS_PER_S, "a lane counts as in use", "chosen", "")
TUNE(TOLD_LOSS, share, .05, "loss worth a word", "chosen", "")
TUNE(TOLD_DELAY_NS, ns, NS_PER_S, "round trip worth a word", "chosen", "")
TUNE(TOLD_IDLE, share, .01, "of the rate: idle", "chosen", "")
TUNE(TOLD_CARRIES_BPS, bps, 100e3, "more than probes and acknowledgements", "measured", "")
TUNE(TOLD_FRESH_NS, ns, 2 * NS_PER_S, "rates of the last second are told for so long", "chosen", "")

/* ---- sending: flow queues; runs: lossy ---- */

TUNE(QUEUE_BYTES, bytes, 16 << 20, "may wait where nothing else is configured", "chosen", "none")
TUNE(QUEUE_FATTEST_PACKETS, packets, 64, "dropped before the fattest flow is looked for again",
     "measured: instructions", "none")
TUNE(QUEUE_FAT_PARTS, divisor, 2,
     "who holds this part of what the fattest does may be the one to lose", "chosen", "none")
TUNE(QUEUE_LEAST_BYTES, bytes, 256, "of a flow's turn where many wait: a full packet takes six",
     "chosen", "none")
TUNE(QUEUE_ROUND_NS, ns_real, 1e9, "a round of full packets that takes longer has shorter turns",
     "tuned", "none")
TUNE(QUEUE_RETRY_PACKETS, packets, 64,
     "that a flow put off for its sparse ones: with more it is bulk", "chosen", "none")
TUNE(NO_PATH_NS, ns, 3 * NS_PER_S, "packets wait for a path, and are then dropped", "chosen",
     "none")
TUNE(NO_PATH_LOOK_NS, ns, 100 * NS_PER_MS, "between looks for those", "chosen", "none")
TUNE(SMALL_FRAME_BYTES, bytes, 256, "packets up to this share a datagram", "chosen", "none")
TUNE(CODEL_TARGET_LEAST_NS, ns, 5 * NS_PER_MS, "CoDel's target, at least and at first",
     "RFC 8289, 4.4", "none")
TUNE(CODEL_TARGET_PACKETS, times, 1.5, "or so many packets", "RFC 8290: one MTU", "none")
TUNE(CODEL_INTERVAL_LEAST_NS, ns, 100 * NS_PER_MS, "its interval, at least and at first",
     "RFC 8289, 4.2", "none")
TUNE(CODEL_INTERVAL_RTTS, times, 3, "or so many round trips", "tuned: 2 has .01 less of lossy",
     "none")
TUNE(CODEL_DROP_RTTS, times, 1.5,
     "of round trip and target between two drops: the sender must hear of the last", "chosen",
     "twice: lossy -.02")
TUNE(CODEL_REPAIRS, times, 2,
     "the round trip is longer by so many repairs of what is always missing",
     "tuned: 1.2 has .01 less", "half: lossy -.01; twice: lossy +.02")
TUNE(CODEL_MISSING, times, 2, "something is always missing from 1 / this of loss a flight",
     "chosen", "none")
TUNE(CODEL_LEFT_PACKETS, packets, 2, "of a flow are left alone: to lose one of fewer stops a TCP",
     "tuned: 4 fills the queue with repeats", "none")
TUNE(CODEL_KEEP_RTTS, times, .5, "of queue left by a drop that shortens it after a fall", "chosen",
     "none")
TUNE(CODEL_SHORTEN, count, 2, "a queue is shortened when it is so many times as long as that",
     "chosen", "none")
TUNE(CODEL_AGE_NS, ns, NS_PER_S / 2, "what heeds no drop goes when it is older", "chosen", "none")
TUNE(CODEL_AGE_TARGETS, times, 2, "or than so many targets", "chosen", "none")
TUNE(CODEL_AGE_ROUNDS, count, 2, "or than so many rounds of all flows",
     "tuned: 1 has .78 for .90 with 100 uploads", "none")
TUNE(SWING_NOISE, times, 1.25, "largest by smallest capacity of late: less is a steady rate",
     "chosen", "none")
TUNE(SWING_FULL, times, 1.5, "and from that on CoDel's target is", "chosen", "none")
TUNE(SWING_TARGET_NS, ns_real, 600e6, "so long: until the rate is back", "tuned: 1.5 s is the same",
     "none")
TUNE(SWING_SPARE_PACKETS, packets, 8,
     "in flight above the round trip on a swinging path beside a steady one", "tuned", "none")
TUNE(MISSED_NS, ns, 30 * NS_PER_S,
     "a window that was made for fallen paths is let stand for so long", "chosen", "none")
TUNE(MISSED_MOST_NS, ns_real, 400e6, "in a queue of so much at most", "chosen", "none")
TUNE(MISSED_WINDOWS, times, 1.5, "a window fills the round trip and half of it in CoDel's queue",
     "chosen", "none")
TUNE(MISSED_SPARE, times, 1.2, "and so much is there to spare", "chosen", "none")
TUNE(FELL_LATELY_NS, ns, 40 * NS_PER_S,
     "drops shorten queues after a fall: until what was let stand has gone, too", "chosen", "none")

/* ---- sending: what overtakes bulk; runs: calls ---- */

TUNE(RECENT_NS, ns_real, 100e6, "what a flow or a path sent of late fades with it", "chosen",
     "none")
TUNE(SPARSE_LARGE_BYTES, bytes, 600, "from that on a packet is no call and no acknowledgement",
     "tuned", "none")
TUNE(SPARSE_BYTES_MOST, bytes, 4096,
     "of a flow of late: calls of 100 kbit/s are sparse wherever there is room",
     "tuned: 600 keeps pings, not calls", "none")
TUNE(SPARSE_BYTES_LEAST, bytes, 128, "one small packet always is", "chosen", "none")
TUNE(SPARSE_RECENT_MOST_NS, ns_real, 2e9, "of late, where a fair share is less than that packet",
     "tuned", "none")
TUNE(SPARSE_SHARE, share, .5, "of the paths for all sparse flows together", "chosen", "none")
TUNE(SPARSE_ABOVE, times, 1.5, "of a fair share of what waits: more counts", "tuned", "none")
TUNE(SPARSE_ABOVE_COUNTS, count, 10, "so many times, so those have a twentieth together", "chosen",
     "none")
TUNE(SPARSE_BURST_PACKETS, packets, 2, "that all together may send at once, above RECENT_NS of it",
     "chosen", "none")
TUNE(SPARSE_DOWN, share, .75, "the threshold falls to, when they send more", "tuned", "none")
TUNE(SPARSE_DOWN_NS, ns, 20 * NS_PER_MS, "and no sooner again than after", "tuned", "none")
TUNE(SPARSE_UP, times, 1.05, "and grows each turn: slower, for bulk that overtakes costs more",
     "tuned", "none")
TUNE(SPARSE_TURN_NS, ns, 200 * NS_PER_MS, "a turn; a flow that is silent for longer takes no part",
     "chosen", "none")
TUNE(DEBT_SPARSE_NS, ns, 12 * NS_PER_MS,
     "pacer's debt up to which sparse packets go ahead, and their copies",
     "tuned: 5 ms has ping p99 94 for 7 over stepping", "none")
TUNE(DEBT_SPARSE_PACKETS, times, 1.5,
     "and so many packets of the path: on slow ones bulk that left is the debt", "tuned", "none")
TUNE(DEBT_LARGE_NS, ns, 4 * NS_PER_MS, "the same of large sparse ones",
     "tuned: 12 has p99 106 for 34 beside 50 uploads", "none")
TUNE(DEBT_LARGE_PACKETS, times, 1, "and packets", "tuned", "none")
TUNE(DEBT_ACK_NS, ns, 2 * NS_PER_MS, "of inner acknowledgements, above the pacer's credit",
     "chosen", "none")
TUNE(DEBT_REPEAT_NS, ns, 10 * NS_PER_MS, "of repeats", "chosen", "none")
TUNE(DEBT_CARE_NS, ns, NS_PER_MS / 2, "of repeats beside urgent packets", "chosen", "none")
TUNE(DEBT_CARE_PACKETS, times, 1, "and packets", "chosen", "none")
TUNE(DEBT_REALTIME_NS, ns, 20 * NS_PER_MS, "of real-time policies: more than repeats may make",
     "chosen", "none")
TUNE(DEBT_COPY_PACKETS, times, 1,
     "of copies, beside the time of sparse ones, which they must not make wait", "tuned", "none")
TUNE(COPY_SHARE, share, .05, "of a path may be second copies", "chosen", "none")
TUNE(COPY_BURST_NS, ns_real, 200e6, "of that at once", "chosen", "none")
TUNE(COPY_BURST_PACKETS, packets, 2, "and so many full packets, on slow paths", "chosen", "none")
TUNE(COPY_LOSS, share, .002, "a path that loses more is in doubt: sparse packets are copied",
     "chosen", "none")
TUNE(COPY_QUEUE_NS, ns_real, 15e6, "or with a queue of more", "tuned with varying", "none")
TUNE(COPY_QUEUE_PACKETS, count, 2, "and so many packets", "chosen", "none")
TUNE(COPY_LATE_RTTVARS, count, 2, "or with an answer overdue by so many mean deviations", "chosen",
     "none")
TUNE(COPY_LATE_NS, ns, 5 * NS_PER_MS, "and so much", "chosen", "half: calls +.02")
TUNE(AHEAD_FREE, share, .25, "of the pace that overtakes bulk delays it little: pings, calls",
     "chosen", "none")
TUNE(AHEAD_MOST, share, .95, "more than that is not counted on", "chosen", "none")
TUNE(REALTIME_AGE_NS, ns, 200 * NS_PER_MS, "real-time packets that waited longer are dropped",
     "chosen", "none")

/* ---- sending: acknowledgements of the inner TCP; runs: thin ---- */

TUNE(TCP_ACK_GAP_FREE_NS, ns, 5 * NS_PER_MS, "between two of a flow at most while nothing waits",
     "measured: cubic over far, BBR over fiblte", "half: thin +.005; twice: thin +.01")
TUNE(TCP_ACK_GAP_LEAST_NS, ns, 2100 * NS_PER_US, "and at least", "HyStart takes 2 ms for a train",
     "half: thin +.01; twice: thin +.01")
TUNE(TCP_ACK_GAP_MOST_NS, ns_real, 25e6, "and at most", "chosen", "half: thin +.01")
TUNE(TCP_ACK_GAP_RTT_PARTS, divisor, 8, "or this part of the longest round trip",
     "TACK (SIGCOMM 2020)", "half: thin +.02 +2 ms; twice: thin -.005")
TUNE(TCP_ACK_GAP_BULK, count, 2, "as long where bulk waits for the same way", "chosen", "none")
TUNE(TCP_ACK_GAP_SCALE_MOST, times, 4, "most for many flows, whose root it is", "tuned",
     "half: thin +.01")
TUNE(TCP_ACK_TURN_NS, ns, 200 * NS_PER_MS, "in which those are counted", "chosen", "none")
TUNE(TCP_ACK_AGE_PARTS, divisor, 24, "of the flow's age: the gap grows with it", "chosen",
     "half: thin +.01; twice: thin +.008")
TUNE(TCP_ACK_JOIN_PARTS, divisor, 2, "of its gap: who has waited for it leaves with another's",
     "tuned", "half: thin +.01; twice: thin +.02")
TUNE(TCP_ACK_BUSY_NS, ns, 200 * NS_PER_MS, "a longer pause begins a flow anew", "chosen", "none")
TUNE(TCP_ACK_START_PARTS, divisor, 10, "of the window are told by each in slow start",
     "HyStart looks at 8", "half: thin +.007")
TUNE(TCP_ACK_START_GAPS, count, 2, "or it waits for so many gaps", "tuned", "twice: thin +.02")
TUNE(TCP_ACK_START_RTTS, count, 2, "round trips without doubling end slow start", "chosen",
     "half: thin +.01")
TUNE(TCP_ACK_LATE_NS, ns, 10 * NS_PER_MS, "late ones go as sparse packets, before them", "chosen",
     "half: thin +.02")
TUNE(TCP_ACK_AGAIN_NS, ns, 2 * NS_PER_MS,
     "one of a policy whose paths are full is looked at again after", "chosen", "none")
TUNE(TCP_ACK_GUESSED_BYTES, bytes, 60, "size, for the choice of the path",
     "RFC 7323: with timestamps", "twice: thin +.01")

/* ---- sending: choice of the path; runs: far ---- */

TUNE(COMMIT_AHEAD_NS, ns, 2 * NS_PER_MS,
     "a path is filled ahead by so much more than its delay is less", "chosen", "none")
TUNE(RUN_NS, ns, NS_PER_MS / 4, "neighbours stay on a path for so long: long groups, few holes",
     "measured: speed", "none")
TUNE(EXPRESS_SPILL_NS, ns_real, 10e6, "a path with so much to send at once has no room for more",
     "chosen", "none")
TUNE(SPILL_NS, ns_real, 10e6, "queue behind the cheaper paths that opens the next", "chosen",
     "none")
TUNE(SPILL_TARGETS, times, .5, "or so much of CoDel's target", "chosen", "none")
TUNE(SPILL_FULL, times, .5, "of that counts as full: the next path keeps it there", "chosen",
     "none")
TUNE(LOAD_SPILLS, share, .15, "of the time full: the next dearer path helps", "tuned: after 80 ms",
     "none")
TUNE(LOAD_CALLS, share, .5, "of the time full: standby helps", "chosen", "none")
TUNE(LOAD_MEMORY_NS, ns_real, 500e6, "memory of being full", "chosen", "none")
TUNE(LOAD_LINGER_NS, ns, 10 * NS_PER_S, "without need, standby goes back", "chosen", "none")
TUNE(BULK_LOOK_NS, ns, 10 * NS_PER_MS, "between looks at the rate of bulk", "chosen", "none")
TUNE(BULK_MEMORY_LEAST_NS, ns_real, 100e6, "memory of it, at least", "chosen", "none")
TUNE(BULK_MEMORY_RTTS, times, 3, "or so many of the longest round trips", "chosen", "none")
TUNE(BULK_SHARES_LEAST, share, .9, "of the best path: with less all paths are no longer needed",
     "chosen", "none")
TUNE(PIN_FLOWS_TRIED, count, 16, "of a policy's band, until one is found whose path has room",
     "chosen", "none")
TUNE(PIN_SPREAD, times, 1.4, "paths that promise a pinned flow so nearly the same are alike",
     "chosen", "none")
TUNE(PIN_BUSY_NS, ns, NS_PER_S, "a pinned flow counts on its path for so long", "chosen", "none")
TUNE(BAND_ARREARS_BYTES, bytes, 65536, "a flow, that a band makes up for which could not be served",
     "chosen", "none")
TUNE(URGENT_NS, ns, NS_PER_S, "after the last urgent packet calls are protected for so long",
     "chosen", "none")
TUNE(COPY_WAIT_NS, ns, 10 * NS_PER_MS, "a packet with a copy waits for the second path for so long",
     "chosen", "none")

/* ---- sending: repairs; runs: driving ---- */

TUNE(REPAIR_TRIES, count, 4, "a packet is sent so often at most", "chosen", "none")
TUNE(REPAIR_PUT_OFF, packets, 8, "looked at behind one that waits for its path", "chosen", "none")
TUNE(OVERDUE_RTTVARS, count, 3,
     "mean deviations above the own round trip: overdue, sent on a free path, too", "chosen",
     "none")
TUNE(OVERDUE_LEAST_NS, ns_real, 60e6, "and at least", "tuned: always 60 sends 4.4 % twice for 3",
     "none")
TUNE(OVERDUE_MOST_NS, ns_real, 150e6, "and at most", "tuned", "none")
TUNE(OVERDUE_TRIES, count, 3, "what was sent so often has had its chances", "chosen", "none")

/* ---- sending: this side's own line ---- */

TUNE(BOTTLENECK_LOOK_NS, ns, 50 * NS_PER_MS, "between looks at all rates", "chosen", "")
TUNE(BOTTLENECK_PEAK_NS, ns_real, 8e9, "memory of a path's best rate", "chosen", "")
TUNE(BOTTLENECK_FALLEN, share, .75, "of it: less is a fall", "chosen", "")
TUNE(BOTTLENECK_TOGETHER_NS, ns, 800 * NS_PER_MS, "all paths fall within it: they share a line",
     "chosen", "")
TUNE(BOTTLENECK_HEALED, times, 1.3, "what came through then: more ends it", "chosen", "")
TUNE(BOTTLENECK_SMOOTH_NS, ns_real, 1e9, "smoothing of what comes through", "chosen", "")
TUNE(BOTTLENECK_SETTLE_NS, ns, 3 * NS_PER_S, "until the rates have found their place", "chosen", "")
TUNE(BOTTLENECK_FORGET_NS, ns, 5 * NS_PER_S, "without load it is forgotten", "chosen", "")

/* ---- sending: large flows, and windows too small for slow paths; runs: bbr ---- */

TUNE(LARGEST_BYTES, bytes, 16 << 10, "of late: a TCP flow is large; 1.3 Mbit/s", "chosen", "none")
TUNE(LARGEST_MARK_NS, ns, 4 * NS_PER_MS, "between notes of what was sent when", "chosen", "none")
TUNE(LARGEST_PAUSE_NS, ns, 20 * NS_PER_MS, "without a packet: it pauses", "chosen", "none")
TUNE(LARGEST_REPEATED_NS, ns, 300 * NS_PER_MS, "after a repeat a pause means nothing", "chosen",
     "none")
TUNE(LARGEST_SILENT_NS, ns, NS_PER_S, "its place is free for another", "chosen", "none")
TUNE(LARGEST_SILENT_KEPT_NS, ns, 10 * NS_PER_S, "the same where a slow path is opened for it",
     "BBR measures every 10 s", "none")
TUNE(HEAP_TRIES, count, 6, "after so many heaps the window is as open as it gets", "chosen", "none")
TUNE(HEAP_ROUNDS, count, 7, "round trips between heaps", "BBR remembers 5 to 10",
     "half: bbr -.20; twice: bbr -.32")
TUNE(HEAP_FIRST_RTTS, count, 3, "round trips until the first after success", "chosen", "none")
TUNE(HEAP_QUIET_TURNS, count, 3, "of silence: the flow measures", "BBR: 200 ms", "none")
TUNE(HEAP_QUIET_MOST, count, 20, "and with more it has ended", "chosen", "none")
TUNE(HEAP_TURN_NS, ns, 50 * NS_PER_MS, "such a turn", "chosen", "none")
TUNE(HEAP_ACK_BYTES, bytes, 120, "a larger packet is no plain acknowledgement", "chosen", "none")
TUNE(HEAP_LOOK_NS, ns, 10 * NS_PER_MS, "between looks", "chosen", "none")
TUNE(HEAP_FULL_NS, ns, 2 * NS_PER_S, "the best path is full, without growth, for so long", "chosen",
     "twice: bbr -.10")
TUNE(HEAP_FULL_QUEUE_NS, ns_real, 10e6, "with less queue than this", "chosen", "none")
TUNE(HEAP_FULL_QUEUE_RTTS, share, .25, "and so much of its round trip", "chosen", "none")
TUNE(HEAP_FULL_BEST, share, .75, "of the best path: it is full", "chosen", "twice: bbr -.22 +3 ms")
TUNE(HEAP_FULL_ALL, share, .9, "of all paths: they are not", "chosen", "none")
TUNE(HEAP_LEAST_NS, ns_real, 20e6, "acknowledgements are held at least", "chosen", "none")
TUNE(HEAP_MOST_NS, ns_real, 95e6, "and at most", "BBR allows for 100", "half: bbr -.31")
TUNE(HEAP_REFUSED_NS, ns_real, 115e6, "a path slower by more is out of reach", "chosen",
     "half: bbr -.22 +3 ms")
TUNE(HEAP_STRETCH, times, 1.15, "of the slowest round trip, less the fastest: a heap", "chosen",
     "half: bbr -.28 +2 ms; twice: bbr -.22 +3 ms")
TUNE(HEAP_DRY_NS, ns, 25 * NS_PER_MS, "without an acknowledgement: the sender waits for us",
     "chosen", "none")
TUNE(HEAP_STANDING_NS, ns_real, 5e6, "queue that counts as standing", "chosen", "none")
TUNE(HEAP_STANDING_MEMORY_NS, ns_real, 300e6, "memory of it", "chosen", "none")
TUNE(HEAP_STANDING_FEW, share, .3, "of the time: little stands, the windows do not pay", "chosen",
     "none")
TUNE(HEAP_PAUSED_NS, ns, 300 * NS_PER_MS, "a pause is BBR's measurement",
     "BBR: 200 ms or a round trip", "none")
TUNE(HEAP_SPREAD_NS, ns, NS_PER_S, "the slow paths were in use of late", "chosen", "none")
TUNE(HEAP_RATE_NS, ns_real, 500e6, "memory of what a flow sends", "chosen", "none")
TUNE(HEAP_APART_NS, ns, 4 * NS_PER_MS, "between two that are held", "chosen", "none")
TUNE(HEAP_RTT_PARTS, divisor, 16, "of each round trip of the flows goes into the mean", "chosen",
     "none")
TUNE(HEAP_JOIN_NS, ns, 1500 * NS_PER_MS, "then a flow's own start is over", "chosen", "none")
TUNE(HEAP_LEFT_NS, ns, NS_PER_S, "who has sent nothing for so long is not asked", "chosen", "none")
TUNE(HEAP_LEFT_SETTLED_NS, ns, 10 * NS_PER_S, "nor waited for, if it has settled", "chosen", "none")
TUNE(HEAP_PATIENCE_NS, ns, 10 * NS_PER_S, "pause after a try that failed, twice as long each time",
     "chosen", "none")
TUNE(HEAP_PATIENCE_MOST_NS, ns, 320 * NS_PER_S, "and at most", "chosen", "none")
TUNE(HEAP_SLOW_NS, ns, 1500 * NS_PER_MS, "so slow for so long: given up", "chosen", "none")
TUNE(HEAP_SLOW, share, .6, "of the rate before: too slow", "chosen", "none")
TUNE(HEAP_GAIN_NS, ns, 6 * NS_PER_S, "without gain for so long: given up", "chosen", "none")
TUNE(HEAP_GAIN, times, 1.1, "of the rate before: a gain, also that there is to be had", "chosen",
     "none")
TUNE(HEAP_GROWS, times, 1.08, "of the rate: it still grows by itself", "chosen",
     "half: bbr -.22 +3 ms; twice: bbr +.09")
TUNE(HEAP_SETTLE_NS, ns, 500 * NS_PER_MS, "a pause sooner after sharing measured the best path",
     "chosen", "none")
TUNE(HEAP_SETTLED_PARTS, divisor, 10,
     "memory of the settled rate: so many times that of what stands", "chosen", "none")
TUNE(HEAP_RELAPSE_NS, ns, 600 * NS_PER_MS, "not as fast for so long: heaps again", "chosen", "none")
TUNE(HEAP_RELAPSED, share, .85, "of the settled rate: a relapse", "chosen", "none")
TUNE(HEAP_QUIET, share, .15, "of its rate: a flow is silent", "chosen", "none")
TUNE(HEAP_FLOOR, share, .9, "of the slowest path's least round trip: no acknowledgement sooner",
     "chosen", "none")
TUNE(HEAP_APART, times, 1.4, "least round trips of slowest and best: worth it", "chosen", "none")
TUNE(HEAP_PAYS, share, .8, "of its rate while held: the window pays", "chosen", "none")

/* ---- receiving: acknowledgements; runs: thin ---- */

TUNE(ACKER_PACKETS, packets, 16, "an acknowledgement is due after so many", "chosen",
     "half: thin +.01")
TUNE(ACKER_PATIENT_PACKETS, packets, 32, "the same while bulk waits for that way",
     "one has room for the times of so many", "none")
TUNE(ACKER_DELAY_NS, ns, 5 * NS_PER_MS, "it waits for so long at most", "chosen; RFC 9000 has 25",
     "half: thin -.05 +1 ms; twice: thin +.02")
TUNE(ACKER_SPACING_NS, ns, 1 * NS_PER_MS, "and does not follow the last sooner", "chosen",
     "twice: thin +.02")
TUNE(ACKER_TIMED_US, us, 1000000, "before the largest: times of what came earlier are of no use",
     "chosen", "none")
TUNE(ACKS_ON_MORE, count, 4, "every so many go out on further paths, too", "chosen",
     "twice: thin +.02")
TUNE(ACKS_ON_MORE_SPARING, count, 8, "the same where room is dear", "chosen",
     "half: thin +.009; twice: thin +.01")
TUNE(ACK_COPIES, count, 3, "on so many, in turn", "tuned", "twice: thin +.01")
TUNE(ACK_SPARING_US, us, 550, "where room is dear, what came within it is told with one time",
     "chosen", "half: thin +.005; twice: thin +.01")
TUNE(ACK_SPARING_PARTS, divisor, 2,
     "room is dear while bulk waits and this part of ACKER_PACKETS is to be told", "chosen",
     "twice: thin +.01")
TUNE(ACK_JOIN_NS, ns, 2 * NS_PER_MS, "due within it: leaves with another", "chosen",
     "half: thin +.03")
TUNE(ACK_JOIN_SPARING_NS, ns, 4 * NS_PER_MS, "the same where room is dear", "chosen",
     "half: thin -.007; twice: thin -.01")
TUNE(ACK_GUESSED_BYTES, bytes, 100, "its size, for the choice of its path", "measured",
     "twice: thin +.02")

/* ---- receiving: order; runs: lossy ---- */

TUNE(HOLD_FIRST_NS, ns, 100 * NS_PER_MS, "a hole is kept open until the paths are known", "chosen",
     "none")
TUNE(HOLD_LEAST_NS, ns, 5 * NS_PER_MS, "and at least", "chosen", "none")
TUNE(HOLD_MOST_NS, ns, 400 * NS_PER_MS,
     "and at most: later than that is too late, for a repeat, a path or a fill ahead",
     "tuned: 600 gains .01 with LTE, sends 1 % more twice", "none")
TUNE(HOLD_RTTS, times, 2.2, "round trips of the fastest path that a hole waits: one repair",
     "chosen", "none")
TUNE(HOLD_SLACK_NS, ns_real, 15e6, "and so much", "chosen", "none")
TUNE(HOLD_JITTERS, times, 3, "and so many times the jitter", "chosen", "none")
TUNE(ARRIVAL_OWD_PARTS, divisor, 16, "of each delay goes into the mean",
     "as RFC 3550 does for jitter", "none")
TUNE(RELEASE_EVERY_NS, ns, NS_PER_MS / 2, "what a hole held up, and is not TCP, comes out so often",
     "tuned with ngtcp2", "none")
TUNE(RELEASE_PACKETS, packets, 16, "in bursts of so many: a UDP socket holds 92 full ones",
     "tuned with ngtcp2", "none")
TUNE(RELEASE_PARTS, divisor, 16, "or of this part of what waits, so that all is out in 10 ms",
     "chosen", "none")
TUNE(PIECES_NS, ns, 2 * NS_PER_S,
     "pieces wait for the rest: the longest packet takes 1.2 s at 64 kbit/s", "computed", "none")

#undef TUNE
#endif
