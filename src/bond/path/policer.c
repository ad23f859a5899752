/* SPDX-License-Identifier: ISC */
#include "bond/path/policer.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/tuning.h"

void policer_lost(struct policer *p, uint64_t pn)
{
    if (pn < p->last_lost || pn > p->last_lost + LIMIT_RUN_GAP)
        p->runs++;
    if (pn != p->last_lost + 1)
        p->gaps++;
    p->last_lost = pn;
}

void policer_found(struct policer *p)
{
    if (p->runs > 0)
        p->runs--;
    else if (p->sum.runs > 0)
        p->sum.runs--;
}

double policer_most_bps(const struct policer *p)
{
    switch (p->state) {
    case POLICER_NONE:
        break;
    case POLICER_TESTING:
        return LIMIT_TEST * p->test.delivered_bps;
    case POLICER_LIMITED:
        return p->ceiling_bps;
    }
    return INFINITY;
}

static void begin_sum(struct policer *p, struct tstamp from)
{
    p->sum = (struct policer_sum){ 0 };
    p->sum_from = from;
}

static void add_window(struct policer *p, const struct policer_window *w)
{
    struct policer_sum *s = &p->sum;
    uint32_t packets = w->packets + w->lost;
    s->bytes += w->bytes;
    s->lost_bytes += w->lost_bytes;
    s->span_ns += w->span_ns;
    s->packets += packets;
    s->runs += p->runs;
    s->windows++;
    s->loaded += w->loaded;
    if (w->lost > 0) {
        s->lossy_bytes += w->bytes;
        s->lossy_ns += w->span_ns;
    }
    p->seen_packets = fmin(p->seen_packets + packets, LIMIT_USUAL_PACKETS);
    if (p->seen_packets > 0)
        p->usual_runs += (p->runs - p->usual_runs * packets) / p->seen_packets;
}

static double sum_loss(const struct policer_sum *s)
{
    double bytes = s->bytes + s->lost_bytes;
    return bytes > 0 ? s->lost_bytes / bytes : 0;
}

static double sum_runs(const struct policer_sum *s)
{
    return s->packets > 0 ? (double)s->runs / s->packets : 0;
}

/* What is delivered while something is lost; all of it may be more, where windows are few. */
static double sum_delivered_bps(const struct policer_sum *s)
{
    double delivered = s->bytes * 8e9 / fmax(s->span_ns, 1);
    return s->lossy_ns > 0 ? fmax(delivered, s->lossy_bytes * 8e9 / s->lossy_ns) : delivered;
}

static bool sum_busy(const struct policer_sum *s)
{
    return s->loaded >= LIMIT_BUSY * s->windows;
}

static void limit_at(struct policer *p, struct tstamp now, double bps, double rtt_ns)
{
    p->ceiling_bps = fmax(bps, RATE_LEAST_BPS);
    bool again = fabs(p->ceiling_bps - p->cut_to_bps) < LIMIT_SAME * p->ceiling_bps;
    double hold_ns = again ? 2 * (double)p->hold_ns : fmax(LIMIT_HOLD_NS, LIMIT_HOLD_RTTS * rtt_ns);
    p->hold_ns = (int64_t)fmin(hold_ns, LIMIT_HOLD_MOST_NS);
    p->cut_to_bps = p->ceiling_bps;
    p->gain = LIMIT_GAIN;
    p->rise_at = tstamp_add(now, p->hold_ns);
    p->limited_at = now;
    p->risen = false;
    p->queue_windows = 0;
    p->state = POLICER_LIMITED;
}

static enum policer_verdict is_noise(struct policer *p, struct tstamp now)
{
    p->noise = fmin(sum_loss(&p->sum), p->test.loss);
    p->test.pause_ns = p->test.pause_ns == 0 ? LIMIT_PAUSE_NS : 2 * p->test.pause_ns;
    if (p->test.pause_ns > LIMIT_PAUSE_MOST_NS)
        p->test.pause_ns = LIMIT_PAUSE_MOST_NS;
    p->test.next = tstamp_add(now, p->test.pause_ns);
    p->state = POLICER_NONE;
    begin_sum(p, now);
    return POLICER_FREES;
}

/* It was at least least_bps: a few windows with pauses tell less. */
static void begin_test(struct policer *p, struct tstamp now, double least_bps, double most_bps,
                       double rtt_ns)
{
    const struct policer_sum *s = &p->sum;
    double delivered = fmin(fmax(sum_delivered_bps(s), least_bps), most_bps);
    p->state = POLICER_TESTING;
    p->test.loss = sum_loss(s);
    p->test.runs = fmin(sum_runs(s), LIMIT_USUAL * p->usual_runs);
    p->test.delivered_bps = delivered;
    double packet_ns = FRAME_BYTES * 8e9 / policer_most_bps(p);
    double needed_ns = LIMIT_TEST_TIMES * LIMIT_EXPECTED / p->test.runs * packet_ns;
    p->test.until = tstamp_add(
        now, (int64_t)(rtt_ns + fmin(fmax(needed_ns, LIMIT_TEST_LEAST_NS), LIMIT_TEST_MOST_NS)));
    begin_sum(p, tstamp_add(now, (int64_t)(LIMIT_BEGIN_RTTS * rtt_ns) + LIMIT_BEGIN_NS));
}

static enum policer_verdict see_test(struct policer *p, struct tstamp now, double *capacity_bps,
                                     double rtt_ns)
{
    const struct policer_sum *s = &p->sum;
    double expected = s->packets * p->test.runs;
    bool gone = s->runs <= LIMIT_GONE * fmax(expected, LIMIT_EXPECTED);
    if (gone && expected < LIMIT_EXPECTED && !tstamp_reached(p->test.until, now))
        return POLICER_GOES_ON;
    if (!gone && sum_loss(s) > LIMIT_GROWN * p->test.loss &&
        sum_delivered_bps(s) < p->test.delivered_bps) {
        begin_test(p, now, LIMIT_CUT_MOST / 2 * p->test.delivered_bps, p->test.delivered_bps,
                   rtt_ns);
        return POLICER_GOES_ON;
    }
    if (!gone || expected < LIMIT_EXPECTED_LEAST) {
        *capacity_bps = p->test.before_bps;
        return is_noise(p, now);
    }
    p->test.pause_ns = 0;
    limit_at(p, now, LIMIT_CEILING * p->test.delivered_bps, rtt_ns);
    begin_sum(p, now);
    return POLICER_CUTS;
}

static bool suspect(const struct policer *p, struct tstamp now)
{
    const struct policer_sum *s = &p->sum;
    double loss = sum_loss(s);
    return loss > LIMIT_LOSS && s->runs >= LIMIT_RUNS && sum_runs(s) > LIMIT_RUNS_SHARE &&
           s->span_ns > LIMIT_SPAN_NS && sum_busy(s) &&
           (tstamp_reached(p->test.next, now) || loss > LIMIT_NOISE_TIMES * p->noise + LIMIT_LOSS);
}

static void rise(struct policer *p, struct tstamp now, double rtt_ns)
{
    p->ceiling_bps *= 1 + p->gain;
    bool far = p->ceiling_bps > LIMIT_FAR * p->cut_to_bps;
    p->gain = fmin(LIMIT_GAIN_GROWTH * p->gain, far ? LIMIT_GAIN_FAR : LIMIT_GAIN_MOST);
    p->rise_at = tstamp_add(now, (int64_t)fmax(LIMIT_RISE_NS, LIMIT_RISE_RTTS * rtt_ns));
    p->risen = true;
}

/* Losses under the ceiling: the first time after a rise it was that; else who knows what it is. */
static enum policer_verdict take_losses(struct policer *p, struct tstamp now, double *capacity_bps,
                                        double rtt_ns)
{
    const struct policer_sum *s = &p->sum;
    if (!p->risen) {
        p->test.before_bps = p->cut_from_bps;
        begin_test(p, now, LIMIT_CUT_MOST * p->ceiling_bps, p->ceiling_bps, rtt_ns);
        return POLICER_CUTS;
    }
    double to = sum_busy(s) ? fmin(sum_delivered_bps(s), p->ceiling_bps) : p->ceiling_bps;
    p->cut_from_bps = fmax(*capacity_bps, p->ceiling_bps);
    limit_at(p, now, LIMIT_CEILING * fmax(to, LIMIT_CUT_MOST * p->ceiling_bps), rtt_ns);
    begin_sum(p, tstamp_add(now, (int64_t)(LIMIT_BEGIN_RTTS * rtt_ns)));
    return POLICER_CUTS;
}

static enum policer_verdict see_limit(struct policer *p, struct tstamp now,
                                      const struct policer_window *w, double *capacity_bps,
                                      double rtt_ns)
{
    const struct policer_sum *s = &p->sum;
    double loss = sum_loss(s);
    if (s->runs >= LIMIT_CUT_RUNS && s->span_ns >= LIMIT_CUT_SPAN_NS &&
        loss > LIMIT_CUT_LOSS + p->noise)
        return take_losses(p, now, capacity_bps, rtt_ns);
    if (w->loaded && tstamp_reached(p->rise_at, now) &&
        loss < LIMIT_RISE_LOSS * LIMIT_CUT_LOSS + p->noise)
        rise(p, now, rtt_ns);
    p->queue_windows = w->steady ? 0 : p->queue_windows + 1;
    bool idle = *capacity_bps < LIMIT_USELESS * p->ceiling_bps &&
                tstamp_sub(now, p->limited_at) > LIMIT_USELESS_NS;
    if (idle || p->queue_windows >= LIMIT_QUEUE_WINDOWS)
        p->state = POLICER_NONE; /* something else limits */
    return POLICER_GOES_ON;
}

/* Old windows go: what was lost long ago says nothing of the present rate. */
static void renew_sum(struct policer *p, double rtt_ns)
{
    const struct policer_sum *s = &p->sum;
    bool told = s->runs >= LIMIT_RUNS && s->span_ns > LIMIT_SPAN_NS;
    bool old = s->span_ns >= fmax(LIMIT_SUM_NS, LIMIT_SUM_RTTS * rtt_ns) &&
               s->packets >= LIMIT_SUM_PACKETS;
    if (p->state != POLICER_TESTING && (told || old || s->span_ns >= LIMIT_SUM_MOST_NS))
        begin_sum(p, p->sum_from);
}

enum policer_verdict policer_see(struct policer *p, struct tstamp now,
                                 const struct policer_window *w, double *capacity_bps,
                                 double rtt_ns)
{
    enum policer_verdict verdict = POLICER_GOES_ON;
    /* A queue's losses: some of them show only in the next window, when its delay has gone. */
    if (p->state == POLICER_NONE && w->overflow)
        begin_sum(p, tstamp_add(w->last_sent, 1));
    if (!tstamp_before(w->first_sent, p->sum_from)) {
        add_window(p, w);
        switch (p->state) {
        case POLICER_NONE:
            if (!w->steady || !suspect(p, now))
                break;
            p->test.before_bps = p->cut_from_bps = *capacity_bps;
            begin_test(p, now, 0, *capacity_bps, rtt_ns);
            break;
        case POLICER_TESTING:
            verdict = see_test(p, now, capacity_bps, rtt_ns);
            break;
        case POLICER_LIMITED:
            verdict = see_limit(p, now, w, capacity_bps, rtt_ns);
            break;
        }
        renew_sum(p, rtt_ns);
    }
    p->runs = p->gaps = 0;
    return verdict;
}

void policer_restart(struct policer *p, struct tstamp now)
{
    *p = (struct policer){ .sum_from = now, .test.next = now, .noise = p->noise };
}
