/* SPDX-License-Identifier: ISC */
#include "sim/cc.h"

#include <math.h>

static const double cubic_c = 0.4;
static const double cubic_beta = 0.7;
static const double cubic_first_growth = 0.05; /* a round trip, until the first loss */

enum {
    HYSTART_SAMPLES = 8,
    HYSTART_CONSERVATIVE_ROUNDS = 5,
    HYSTART_CONSERVATIVE_DIVISOR = 4,
    HYSTART_WINDOW_MIN = 16,
    BBR_WINDOW_MIN = 4,
    BBR_CYCLE = 8,
    BBR_FULL_ROUNDS = 3,
    BBR_EXTRA_ROUNDS = 5,
    BBR_BW_ROUNDS = 10,
    BBR_BURST_MOST = 44, /* of 64 KB */
};

#define HYSTART_DELAY_MIN_NS (4 * NS_PER_MS)
#define HYSTART_DELAY_MAX_NS (16 * NS_PER_MS)
#define HYSTART_TRAIN_NS (2 * NS_PER_MS)
#define BBR_RTT_WINDOW_NS (10 * NS_PER_S)
#define BBR_PROBE_RTT_NS (200 * NS_PER_MS)

static const double bbr_high_gain = 2.885;
static const double bbr_extra_most_s = 0.1;
static const double bbr_super_packet_s = 1.024e-3; /* what one send holds: 2^-10 of the rate */

static int64_t clamp_ns(int64_t value_ns, int64_t low_ns, int64_t high_ns)
{
    if (value_ns < low_ns)
        return low_ns;
    return value_ns > high_ns ? high_ns : value_ns;
}

void cc_init(struct cc *cc, enum cc_kind kind, enum cc_hystart hystart, struct tstamp now)
{
    *cc = (struct cc){ .kind = kind, .window = CC_INITIAL_WINDOW, .threshold = INFINITY };
    cc->cubic.hystart = hystart;
    cc->cubic.epoch = TSTAMP_NEVER;
    cc->cubic.round_start = now;
    cc->cubic.train_last = now;
    cc->bbr.pacing_gain = bbr_high_gain;
    cc->bbr.window_gain = bbr_high_gain;
    cc->bbr.rtt_min_at = now;
    cc->bbr.probe_rtt_end = TSTAMP_NEVER;
}

/* Does the smallest RTT of this round lie clearly above that of the last one (or of all)? */
static bool hystart_delayed(const struct cc_cubic *c, int64_t base_ns)
{
    if (c->round_samples < HYSTART_SAMPLES || base_ns == 0)
        return false;
    int64_t rise_ns = clamp_ns(base_ns / 8, HYSTART_DELAY_MIN_NS, HYSTART_DELAY_MAX_NS);
    return c->round_rtt_ns >= base_ns + rise_ns;
}

/* Acknowledgements that follow closely for half the RTT: the pipe is full (Ha and Rhee 2008). */
static bool hystart_train(struct cc_cubic *c, const struct cc_ack *ack)
{
    if (tstamp_sub(ack->now, c->train_last) > HYSTART_TRAIN_NS)
        return false;
    c->train_last = ack->now;
    return tstamp_sub(ack->now, c->round_start) > ack->rtt_min_ns / 2;
}

static void hystart_round(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_cubic *c = &cc->cubic;
    if (ack->una < c->round_end)
        return;
    c->round_end = ack->next;
    c->round_start = ack->now;
    c->train_last = ack->now;
    c->last_round_rtt_ns = c->round_rtt_ns;
    c->round_rtt_ns = 0;
    c->round_samples = 0;
    if (c->conservative_rounds == 0)
        return;
    if (++c->conservative_rounds > HYSTART_CONSERVATIVE_ROUNDS) {
        c->conservative_rounds = 0;
        cc->threshold = cc->window;
    }
}

static void hystart_ack(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_cubic *c = &cc->cubic;
    hystart_round(cc, ack);
    if (ack->rtt_ns > 0) {
        c->round_samples++;
        if (c->round_rtt_ns == 0 || ack->rtt_ns < c->round_rtt_ns)
            c->round_rtt_ns = ack->rtt_ns;
    }
    if (cc->window < HYSTART_WINDOW_MIN)
        return;
    if (c->hystart == CC_HYSTART_CLASSIC) {
        if (hystart_delayed(c, ack->rtt_min_ns) || hystart_train(c, ack))
            cc->threshold = cc->window;
    } else if (c->conservative_rounds == 0) {
        if (hystart_delayed(c, c->last_round_rtt_ns)) {
            c->conservative_rounds = 1;
            c->conservative_rtt_ns = c->round_rtt_ns;
        }
    } else if (c->round_samples >= HYSTART_SAMPLES && c->round_rtt_ns < c->conservative_rtt_ns) {
        c->conservative_rounds = 0;
    }
}

static void cubic_slow_start(struct cc *cc, const struct cc_ack *ack)
{
    double growth = ack->acked;
    if (cc->cubic.hystart != CC_HYSTART_OFF)
        hystart_ack(cc, ack);
    if (cc->cubic.conservative_rounds > 0)
        growth /= HYSTART_CONSERVATIVE_DIVISOR;
    cc->window += growth;
}

/* RFC 9438, sections 4.2 to 4.5. */
static void cubic_avoidance(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_cubic *c = &cc->cubic;
    if (tstamp_is_never(c->epoch)) {
        c->epoch = ack->now;
        c->epoch_window = cc->window;
        c->friendly = cc->window;
        if (c->window_max < cc->window)
            c->window_max = cc->window;
        c->k_s = cbrt((c->window_max - cc->window) / cubic_c);
    }
    double t_s = (double)(tstamp_sub(ack->now, c->epoch) + ack->srtt_ns) / 1e9;
    double target = cubic_c * pow(t_s - c->k_s, 3.0) + c->window_max;
    if (target < cc->window)
        target = cc->window;
    if (target > 1.5 * cc->window)
        target = 1.5 * cc->window;
    double alpha = c->friendly < c->window_max ? 3.0 * (1.0 - cubic_beta) / (1.0 + cubic_beta) : 1;
    c->friendly += alpha * ack->acked / cc->window;
    double grown = cc->window + (target - cc->window) / cc->window * ack->acked;
    if (!c->reduced)
        grown = fmax(grown, cc->window + cubic_first_growth * ack->acked);
    cc->window = fmax(grown, c->friendly);
}

static void cubic_ack(struct cc *cc, const struct cc_ack *ack)
{
    if (ack->recovering || !ack->window_limited || ack->acked == 0)
        return;
    if (cc->window < cc->threshold)
        cubic_slow_start(cc, ack);
    else
        cubic_avoidance(cc, ack);
}

static void cubic_reduce(struct cc *cc)
{
    struct cc_cubic *c = &cc->cubic;
    cc->undo_window = cc->window;
    cc->undo_threshold = cc->threshold;
    /* Fast convergence: leave room for a newcomer. */
    c->window_max = cc->window < c->window_max ? cc->window * (1.0 + cubic_beta) / 2.0 : cc->window;
    c->reduced = true;
    c->epoch = TSTAMP_NEVER;
    c->conservative_rounds = 0;
    cc->threshold = fmax(cc->window * cubic_beta, 2.0);
}

static double bbr_bw(const struct cc_bbr *b)
{
    return b->bw[0].rate;
}

/* The largest of the last rounds, as lib/win_minmax.c of Linux keeps it: in three samples. */
static void bbr_update_bw(struct cc_bbr *b, double rate)
{
    struct cc_bbr_sample now = { b->round, rate };
    struct cc_bbr_sample *s = b->bw;
    if (rate >= s[0].rate || b->round - s[2].round > BBR_BW_ROUNDS) {
        s[0] = s[1] = s[2] = now;
        return;
    }
    if (rate >= s[1].rate)
        s[1] = s[2] = now;
    else if (rate >= s[2].rate)
        s[2] = now;
    uint64_t age = b->round - s[0].round;
    if (age > BBR_BW_ROUNDS) {
        s[0] = s[1];
        s[1] = s[2];
        s[2] = now;
        if (b->round - s[0].round > BBR_BW_ROUNDS) {
            s[0] = s[1];
            s[1] = s[2];
        }
    } else if (s[1].round == s[0].round && age > BBR_BW_ROUNDS / 4) {
        s[1] = s[2] = now;
    } else if (s[2].round == s[1].round && age > BBR_BW_ROUNDS / 2) {
        s[2] = now;
    }
}

static double bbr_bdp(const struct cc_bbr *b)
{
    return bbr_bw(b) * (double)b->rtt_min_ns / 1e9;
}

/* What one send holds. */
static double bbr_burst(const struct cc *cc)
{
    return fmin(fmax(2.0, floor(cc->pacing * bbr_super_packet_s)), BBR_BURST_MOST);
}

/* Room for what waits in the two hosts; even, and more while it looks for bandwidth. */
static double bbr_with_budget(const struct cc *cc, double segments)
{
    const struct cc_bbr *b = &cc->bbr;
    double even = 2.0 * ceil((ceil(segments) + 3.0 * bbr_burst(cc)) / 2.0);
    return b->mode == BBR_PROBE_BW && b->cycle == 0 ? even + 2.0 : even;
}

static double bbr_inflight(const struct cc *cc, double gain)
{
    return bbr_with_budget(cc, gain * bbr_bdp(&cc->bbr));
}

/* True at the first acknowledgement of a round trip. */
static bool bbr_round(struct cc_bbr *b, const struct cc_ack *ack)
{
    bool start = ack->rate > 0.0 && ack->sample_delivered >= b->next_round_delivered;
    if (start) {
        b->next_round_delivered = ack->delivered;
        b->round++;
    }
    if (ack->rate > 0.0 && (!ack->rate_limited || ack->rate >= bbr_bw(b)))
        bbr_update_bw(b, ack->rate);
    return start;
}

static void bbr_look_full(struct cc_bbr *b, const struct cc_ack *ack)
{
    if (b->full_bw_reached || ack->rate_limited)
        return;
    double bw = bbr_bw(b);
    if (bw >= b->full_bw * 1.25) {
        b->full_bw = bw;
        b->full_bw_rounds = 0;
        return;
    }
    b->full_bw_reached = ++b->full_bw_rounds >= BBR_FULL_ROUNDS;
}

static void bbr_enter_probe_bw(struct cc_bbr *b, struct tstamp now)
{
    b->mode = BBR_PROBE_BW;
    b->cycle = 2 + (unsigned)(b->round % (BBR_CYCLE - 2)); /* any phase but the draining one */
    b->cycle_at = now;
}

static void bbr_cycle(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    bool over = tstamp_sub(ack->now, b->cycle_at) > b->rtt_min_ns;
    if (b->pacing_gain > 1.0)
        over = over && (ack->lost > 0 ||
                        ack->inflight_before + bbr_burst(cc) >= bbr_inflight(cc, b->pacing_gain));
    else if (b->pacing_gain < 1.0)
        over = over || ack->inflight_before <= bbr_inflight(cc, 1.0);
    if (!over)
        return;
    b->cycle = (b->cycle + 1) % BBR_CYCLE;
    b->cycle_at = ack->now;
}

static void bbr_end_probe_rtt(struct cc *cc, struct tstamp now)
{
    struct cc_bbr *b = &cc->bbr;
    b->rtt_min_at = now;
    cc->window = fmax(cc->window, b->window_before);
    if (b->full_bw_reached)
        bbr_enter_probe_bw(b, now);
    else
        b->mode = BBR_STARTUP;
}

static void bbr_probe_rtt(struct cc *cc, const struct cc_ack *ack, bool round_start)
{
    struct cc_bbr *b = &cc->bbr;
    bool expired = tstamp_sub(ack->now, b->rtt_min_at) > BBR_RTT_WINDOW_NS;
    if (ack->rtt_ns > 0 && (b->rtt_min_ns == 0 || ack->rtt_ns <= b->rtt_min_ns || expired)) {
        b->rtt_min_ns = ack->rtt_ns;
        b->rtt_min_at = ack->now;
    }
    if (expired && b->mode != BBR_PROBE_RTT) {
        b->mode = BBR_PROBE_RTT;
        b->window_before = ack->recovering ? fmax(cc->window, b->window_before) : cc->window;
        b->probe_rtt_end = TSTAMP_NEVER;
    }
    if (b->mode != BBR_PROBE_RTT)
        return;
    if (tstamp_is_never(b->probe_rtt_end)) {
        if (ack->inflight <= BBR_WINDOW_MIN) {
            b->probe_rtt_end = tstamp_add(ack->now, BBR_PROBE_RTT_NS);
            b->probe_rtt_round = false;
            b->next_round_delivered = ack->delivered;
        }
    } else {
        b->probe_rtt_round = b->probe_rtt_round || round_start;
        if (b->probe_rtt_round && tstamp_reached(b->probe_rtt_end, ack->now))
            bbr_end_probe_rtt(cc, ack->now);
    }
}

/* What is acknowledged beyond the bandwidth since the last time it was not. */
static void bbr_extra(struct cc *cc, const struct cc_ack *ack, bool round_start)
{
    struct cc_bbr *b = &cc->bbr;
    if (ack->acked == 0 || ack->rate <= 0.0)
        return;
    if (round_start && ++b->extra_rounds >= BBR_EXTRA_ROUNDS) {
        b->extra_rounds = 0;
        b->extra_at ^= 1;
        b->extra[b->extra_at] = 0.0;
    }
    double expected = bbr_bw(b) * (double)tstamp_sub(ack->now, b->epoch) / 1e9;
    if (b->epoch_acked <= expected) {
        b->epoch_acked = expected = 0.0;
        b->epoch = ack->now;
    }
    b->epoch_acked += ack->acked;
    double extra = fmin(b->epoch_acked - expected, cc->window);
    b->extra[b->extra_at] = fmax(b->extra[b->extra_at], extra);
}

static void bbr_set_window(struct cc *cc, const struct cc_ack *ack, bool round_start)
{
    struct cc_bbr *b = &cc->bbr;
    double extra = fmin(fmax(b->extra[0], b->extra[1]), bbr_bw(b) * bbr_extra_most_s);
    double target = bbr_bdp(b) * b->window_gain + (b->full_bw_reached ? extra : 0.0);
    target = bbr_with_budget(cc, target);
    if (ack->lost > 0)
        cc->window = fmax(cc->window - ack->lost, 1.0);
    if (b->conserving && round_start && b->round > b->conserve_round)
        b->conserving = false;
    if (ack->acked == 0) {
        /* only the bounds */
    } else if (ack->recovering && b->conserving) {
        cc->window = fmax(cc->window, (double)(ack->inflight + ack->acked));
    } else {
        if (b->full_bw_reached)
            cc->window = fmin(cc->window + ack->acked, target);
        else if (cc->window < target || ack->delivered < CC_INITIAL_WINDOW)
            cc->window += ack->acked;
        cc->window = fmax(cc->window, BBR_WINDOW_MIN);
    }
    if (b->mode == BBR_PROBE_RTT)
        cc->window = fmin(cc->window, BBR_WINDOW_MIN);
}

static void bbr_set_gains(struct cc_bbr *b)
{
    static const double cycle[BBR_CYCLE] = { 1.25, 0.75, 1, 1, 1, 1, 1, 1 };
    const double pacing[] = { bbr_high_gain, 1.0 / bbr_high_gain, 1.0, 1.0 };
    const double window[] = { bbr_high_gain, bbr_high_gain, 2.0, 1.0 };
    b->pacing_gain = b->mode == BBR_PROBE_BW ? cycle[b->cycle] : pacing[b->mode];
    b->window_gain = window[b->mode];
}

static void bbr_ack(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    bool round_start = bbr_round(b, ack);
    bbr_extra(cc, ack, round_start);
    if (b->mode == BBR_PROBE_BW)
        bbr_cycle(cc, ack);
    if (round_start)
        bbr_look_full(b, ack);
    if (b->mode == BBR_STARTUP && b->full_bw_reached)
        b->mode = BBR_DRAIN;
    if (b->mode == BBR_DRAIN && ack->inflight <= bbr_inflight(cc, 1.0))
        bbr_enter_probe_bw(b, ack->now);
    bbr_probe_rtt(cc, ack, round_start);
    bbr_set_gains(b);

    double bw = bbr_bw(b);
    if (bw == 0.0 && ack->srtt_ns > 0)
        bw = cc->window * 1e9 / (double)ack->srtt_ns;
    double pacing = 0.99 * bw * b->pacing_gain;
    if (b->full_bw_reached || pacing > cc->pacing)
        cc->pacing = pacing;
    bbr_set_window(cc, ack, round_start);
}

bool cc_is_probing_rtt(const struct cc *cc)
{
    return cc->kind == CC_BBR && cc->bbr.mode == BBR_PROBE_RTT;
}

void cc_ack(struct cc *cc, const struct cc_ack *ack)
{
    if (cc->kind == CC_CUBIC)
        cubic_ack(cc, ack);
    else
        bbr_ack(cc, ack);
}

void cc_congestion(struct cc *cc, struct tstamp now, uint32_t inflight)
{
    (void)now;
    if (cc->kind == CC_CUBIC) {
        cubic_reduce(cc);
        return;
    }
    struct cc_bbr *b = &cc->bbr;
    b->window_before = b->mode == BBR_PROBE_RTT ? fmax(b->window_before, cc->window) : cc->window;
    b->conserving = true;
    b->conserve_round = b->round;
    cc->undo_window = cc->window;
    cc->window = fmax(inflight + 1.0, BBR_WINDOW_MIN);
}

void cc_recovered(struct cc *cc)
{
    if (cc->kind == CC_CUBIC) {
        cc->window = cc->threshold;
        return;
    }
    cc->bbr.conserving = false;
    cc->window = fmax(cc->window, cc->bbr.window_before);
}

void cc_timeout(struct cc *cc, struct tstamp now, uint32_t inflight)
{
    if (cc->kind == CC_CUBIC)
        cubic_reduce(cc);
    else
        cc_congestion(cc, now, inflight);
    cc->window = 1.0;
}

void cc_undo(struct cc *cc)
{
    cc->window = fmax(cc->window, cc->undo_window);
    if (cc->kind == CC_CUBIC) {
        cc->threshold = fmax(cc->threshold, cc->undo_threshold);
        cc->cubic.window_max = fmax(cc->cubic.window_max, cc->undo_window);
        cc->cubic.epoch = TSTAMP_NEVER;
    }
}
