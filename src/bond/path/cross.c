/* SPDX-License-Identifier: ISC */
#include "bond/path/cross.h"

#include <math.h>
#include <stdint.h>

#include "bond/frame.h"
#include "bond/tuning.h"

/* RFC 9438, sections 4.1 to 4.7 */
static const double cubic_c = 0.4;
static const double cubic_beta = 0.7;
static const double cubic_alpha = 3 * (1 - 0.7) / (1 + 0.7);

double cross_least_ns(const struct cross *v)
{
    return fmin(v->least_ns[0], v->least_ns[1]);
}

static void forget_span(struct cross *v)
{
    v->low_ns = INFINITY;
    v->high_ns = -INFINITY;
}

void cross_see(struct cross *v, struct tstamp now, double delay_ns, double capacity_bps,
               double span_ns)
{
    if (v->least_turn.ns == 0) {
        v->least_ns[0] = v->least_ns[1] = INFINITY;
        forget_span(v);
        v->least_turn = tstamp_add(now, FLOOR_PERIOD_NS);
    }
    if (tstamp_reached(v->least_turn, now) && !v->on) {
        v->least_ns[1] = v->least_ns[0];
        v->least_ns[0] = INFINITY;
        v->least_turn = tstamp_add(now, FLOOR_PERIOD_NS);
    }
    if (fabs(delay_ns - cross_least_ns(v)) > CROSS_NEAR_NS)
        v->filled_at = now; /* far below: the least was none */
    v->least_ns[0] = fmin(v->least_ns[0], delay_ns);
    v->peak_bps = fmax(capacity_bps, v->peak_bps * (1 - fmin(span_ns / CROSS_PEAK_NS, 1)));
    if (v->drain.watched && tstamp_reached(v->drain.from, now)) {
        v->drain.low_ns = fmin(v->drain.low_ns, delay_ns);
        return;
    }
    v->low_ns = fmin(v->low_ns, delay_ns);
    v->high_ns = fmax(v->high_ns, delay_ns);
}

double cross_excess_ns(const struct cross *v, double delay_ns, double noise_ns)
{
    double excess = delay_ns - cross_least_ns(v);
    bool moves = v->high_ns - v->low_ns > CROSS_MOVES_NS + noise_ns;
    return excess > CROSS_MOVES_NS + noise_ns && (moves || v->on) ? excess : 0;
}

void cross_drain(struct cross *v, struct tstamp now, struct tstamp until, double rtt_ns,
                 double expected_ns, double delay_ns)
{
    forget_span(v);
    if (expected_ns <= 0)
        return;
    v->drain.watched = true;
    v->drain.from = tstamp_add(now, (int64_t)(CROSS_FROM_RTTS * rtt_ns));
    v->drain.until = tstamp_add(until, (int64_t)rtt_ns + CROSS_MARGIN_NS);
    v->drain.from_ns = delay_ns;
    v->drain.low_ns = INFINITY;
    v->drain.expected_ns = expected_ns;
}

/* Its share of a queue falls with what we do not send, so the fall tells it. */
static void note_share(struct cross *v, double fell_ns)
{
    double share = fmin(fmax(fell_ns / v->drain.expected_ns, 0), 1);
    v->share += (share - v->share) / CROSS_SHARE_PARTS;
    if (v->share < CROSS_SHARE_SMALL)
        v->window.starting = true;
}

enum cross_verdict cross_judge(struct cross *v, struct tstamp now)
{
    if (!v->drain.watched || !tstamp_reached(v->drain.until, now))
        return CROSS_UNKNOWN;
    v->drain.watched = false;
    double fell = v->drain.from_ns - v->drain.low_ns;
    if (v->on)
        note_share(v, fell);
    if (fell > CROSS_FALL_OURS * v->drain.expected_ns) {
        v->strikes = 0;
        return CROSS_OURS;
    }
    if (fell > CROSS_FALL_THEIRS * v->drain.expected_ns) {
        v->strikes = 0;
        return CROSS_UNKNOWN;
    }
    if (tstamp_sub(now, v->struck_at) > CROSS_MEMORY_NS)
        v->strikes = 0;
    v->struck_at = now;
    v->strikes++;
    bool known = v->known_at.ns > 0 && tstamp_sub(now, v->known_at) < CROSS_KNOWN_NS;
    return known || v->strikes >= CROSS_STRIKES ? CROSS_THEIRS : CROSS_UNKNOWN;
}

static void begin_growth(struct cross *v, struct tstamp now)
{
    v->window.since = now;
    v->window.reno = v->window.now;
    v->window.plateau_s = cbrt(fmax(v->window.before - v->window.now, 0) / cubic_c);
}

void cross_begin(struct cross *v, struct tstamp now, double bps, double rtt_ns)
{
    v->on = true;
    v->known_at = now;
    v->share = CROSS_SHARE_FIRST;
    v->window.starting = true;
    v->window.now = fmax(bps * rtt_ns / 1e9 / FRAME_BITS, CROSS_WINDOW_LEAST);
    v->window.before = fmax(v->window.now, CROSS_PEAK * v->peak_bps * rtt_ns / 1e9 / FRAME_BITS);
    v->window.cut_at = now;
    begin_growth(v, now);
}

bool cross_gone(const struct cross *v, struct tstamp now, double rtt_ns)
{
    return tstamp_sub(now, v->filled_at) > CROSS_EMPTY_RTTS * (int64_t)rtt_ns;
}

void cross_end(struct cross *v)
{
    v->on = false;
    v->strikes = 0;
}

double cross_rate_bps(struct cross *v, struct tstamp now, double delivered_bps, bool loaded,
                      bool lost, double span_ns, double rtt_ns)
{
    if (lost && tstamp_sub(now, v->window.cut_at) > (int64_t)rtt_ns) {
        v->window.cut_at = now;
        v->window.starting = false;
        v->window.before =
            v->window.now < v->window.before ? v->window.now * (1 + cubic_beta) / 2 : v->window.now;
        v->window.now = fmax(v->window.now * cubic_beta, CROSS_WINDOW_LEAST);
        begin_growth(v, now);
    } else if (loaded) {
        double past_s = (double)tstamp_sub(now, v->window.since) / 1e9 - v->window.plateau_s;
        v->window.reno += cubic_alpha * span_ns / rtt_ns;
        double target = fmax(cubic_c * past_s * past_s * past_s + v->window.before, v->window.reno);
        double most = v->window.now * (1 + CROSS_GROWTH * span_ns / rtt_ns);
        double used = delivered_bps * rtt_ns / 1e9 / FRAME_BITS;
        if (v->window.starting)
            target = most;
        if (v->window.now < CROSS_WINDOW_UNUSED * used)
            v->window.now = fmax(v->window.now, fmin(target, most));
    } else {
        v->window.since = tstamp_add(v->window.since, (int64_t)span_ns);
    }
    return v->window.now * FRAME_BITS * 1e9 / rtt_ns;
}
