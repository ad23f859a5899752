/* SPDX-License-Identifier: ISC */
/*
 * Congestion control of the simulated senders, in segments.
 *
 * CUBIC is RFC 9438 with the slow start of Linux (HyStart by delay and by ack trains) or HyStart++
 * (RFC 9406), at least 5 % growth a round trip until the first loss, also as Linux, and no pacing.
 * BBR is version 1 (Cardwell et al., ACM Queue 2016) as Linux has it, with its allowance for
 * aggregated acknowledgements, without its policer detection.
 */
#ifndef HAWSER_SIM_CC_H
#define HAWSER_SIM_CC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

enum cc_kind { CC_CUBIC, CC_BBR };
enum cc_hystart { CC_HYSTART_OFF, CC_HYSTART_CLASSIC, CC_HYSTART_PLUS };

enum {
    CC_INITIAL_WINDOW = 10,
};

struct cc_cubic {
    enum cc_hystart hystart;
    bool reduced;      /* at least once */
    double window_max; /* before the last reduction */
    double k_s;
    double friendly;     /* what Reno would have by now */
    struct tstamp epoch; /* NEVER: to be begun */
    double epoch_window;
    /* HyStart, one round trip at a time */
    uint64_t round_end; /* first segment of the next round */
    struct tstamp round_start;
    struct tstamp train_last;
    int64_t round_rtt_ns; /* smallest so far in this round; 0: none */
    int64_t last_round_rtt_ns;
    unsigned round_samples;
    unsigned conservative_rounds; /* HyStart++: rounds of conservative slow start, 0: not in it */
    int64_t conservative_rtt_ns;  /* the round's smallest RTT when it began */
};

enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

struct cc_bbr_sample {
    uint64_t round;
    double rate; /* segments/s */
};

struct cc_bbr {
    enum bbr_mode mode;
    struct cc_bbr_sample bw[3]; /* the largest of the last ten rounds, and what may follow it */
    uint64_t round;
    uint64_t next_round_delivered;
    double full_bw;
    unsigned full_bw_rounds;
    bool full_bw_reached;
    int64_t rtt_min_ns;
    struct tstamp rtt_min_at;
    struct tstamp probe_rtt_end; /* NEVER: not at the small window yet */
    bool probe_rtt_round;        /* a round at the small window is over */
    unsigned cycle;
    struct tstamp cycle_at;
    double pacing_gain;
    double window_gain;
    double window_before; /* recovery or PROBE_RTT */
    bool conserving;      /* first round of a recovery */
    uint64_t conserve_round;
    /* acknowledgements that come in heaps: segments above the bandwidth's, of two times 5 rounds */
    double extra[2];
    unsigned extra_at;
    unsigned extra_rounds;
    struct tstamp epoch;
    double epoch_acked;
};

struct cc {
    enum cc_kind kind;
    double window;
    double threshold; /* of slow start */
    double pacing;    /* segments/s; 0: not paced */
    double undo_window;
    double undo_threshold;
    struct cc_cubic cubic;
    struct cc_bbr bbr;
};

/* What one acknowledgement told. */
struct cc_ack {
    struct tstamp now;
    uint32_t acked;    /* newly delivered */
    uint32_t inflight; /* after it */
    uint32_t inflight_before;
    uint32_t lost;  /* newly declared */
    int64_t rtt_ns; /* 0: no sample */
    int64_t srtt_ns;
    int64_t rtt_min_ns;
    uint64_t una;              /* first segment not acknowledged */
    uint64_t next;             /* first segment not sent */
    uint64_t delivered;        /* segments in all */
    uint64_t sample_delivered; /* the same when the sampled segment was sent */
    double rate;               /* delivery rate sample, segments/s; 0: none */
    bool rate_limited;         /* by the application or the receiver's window */
    bool window_limited;
    bool recovering; /* in recovery: the sender sets a loss-based window */
};

void cc_init(struct cc *cc, enum cc_kind kind, enum cc_hystart hystart, struct tstamp now);
void cc_ack(struct cc *cc, const struct cc_ack *ack);
/* Then its delivery rate tells nothing of the path. */
bool cc_is_probing_rtt(const struct cc *cc);
/* Recovery begins, by loss or by ECN. */
void cc_congestion(struct cc *cc, struct tstamp now, uint32_t inflight);
void cc_recovered(struct cc *cc);
/* The retransmission timeout. */
void cc_timeout(struct cc *cc, struct tstamp now, uint32_t inflight);
/* The last reduction was for nothing. */
void cc_undo(struct cc *cc);

#endif
