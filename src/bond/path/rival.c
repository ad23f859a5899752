/* SPDX-License-Identifier: ISC */
#include "bond/path/rival.h"

#include <math.h>
#include <stdint.h>

#include "bond/frame.h"

static const double frame_bits = FRAME_BYTES * 8;
static const int64_t least_period_ns = 15 * NS_PER_S;
static const int64_t strike_memory_ns = 8 * NS_PER_S;
static const int64_t known_ns = 60 * NS_PER_S;
static const int64_t watch_margin_ns = 60 * NS_PER_MS;
static const double peak_fade_ns = 30e9;
static const double moving_ns = 15e6; /* probes and the drains themselves move it by some 10 ms */
static const double near_least_ns = 4e6;
static const double fall_theirs = 0.6; /* of the fall of a queue of ours */
static const double fall_ours = 0.85;
static const double share_small = 0.25;
/* RFC 9438, sections 4.1 to 4.7 */
static const double cubic_c = 0.4;
static const double cubic_beta = 0.7;
static const double cubic_alpha = 3 * (1 - 0.7) / (1 + 0.7);
static const double window_least = 2;
static const double window_unused = 1.5; /* more than what is used by so much: it does not grow */

double rival_least_ns(const struct rival *v)
{
    return fmin(v->least_ns[0], v->least_ns[1]);
}

static void forget_span(struct rival *v)
{
    v->low_ns = INFINITY;
    v->high_ns = -INFINITY;
}

void rival_see(struct rival *v, struct tstamp now, double delay_ns, double capacity_bps,
               double span_ns)
{
    if (v->least_turn.ns == 0) {
        v->least_ns[0] = v->least_ns[1] = INFINITY;
        forget_span(v);
        v->least_turn = tstamp_add(now, least_period_ns);
    }
    if (tstamp_reached(v->least_turn, now) && !v->on) {
        v->least_ns[1] = v->least_ns[0];
        v->least_ns[0] = INFINITY;
        v->least_turn = tstamp_add(now, least_period_ns);
    }
    if (fabs(delay_ns - rival_least_ns(v)) > near_least_ns)
        v->filled_at = now; /* far below: the least was none */
    v->least_ns[0] = fmin(v->least_ns[0], delay_ns);
    v->peak_bps = fmax(capacity_bps, v->peak_bps * (1 - fmin(span_ns / peak_fade_ns, 1)));
    if (v->watching && tstamp_reached(v->watch_from, now)) {
        v->drain_low_ns = fmin(v->drain_low_ns, delay_ns);
        return;
    }
    v->low_ns = fmin(v->low_ns, delay_ns);
    v->high_ns = fmax(v->high_ns, delay_ns);
}

double rival_excess_ns(const struct rival *v, double delay_ns, double noise_ns)
{
    double excess = delay_ns - rival_least_ns(v);
    bool moves = v->high_ns - v->low_ns > moving_ns + noise_ns;
    return excess > moving_ns + noise_ns && (moves || v->on) ? excess : 0;
}

void rival_drain(struct rival *v, struct tstamp now, struct tstamp until, double rtt_ns,
                 double expected_ns, double delay_ns)
{
    forget_span(v);
    if (expected_ns <= 0)
        return;
    v->watching = true;
    v->watch_from = tstamp_add(now, (int64_t)(rtt_ns / 2));
    v->watch_until = tstamp_add(until, (int64_t)rtt_ns + watch_margin_ns);
    v->drain_from_ns = delay_ns;
    v->drain_low_ns = INFINITY;
    v->drain_expected_ns = expected_ns;
}

/* Its share of a queue falls with what we do not send, so the fall tells it. */
static void note_share(struct rival *v, double fell_ns)
{
    double share = fmin(fmax(fell_ns / v->drain_expected_ns, 0), 1);
    v->share += (share - v->share) / 2;
    if (v->share < share_small)
        v->starting = true;
}

enum rival_verdict rival_judge(struct rival *v, struct tstamp now)
{
    if (!v->watching || !tstamp_reached(v->watch_until, now))
        return RIVAL_UNKNOWN;
    v->watching = false;
    double fell = v->drain_from_ns - v->drain_low_ns;
    if (v->on)
        note_share(v, fell);
    if (fell > fall_ours * v->drain_expected_ns) {
        v->strikes = 0;
        return RIVAL_OURS;
    }
    if (fell > fall_theirs * v->drain_expected_ns) {
        v->strikes = 0;
        return RIVAL_UNKNOWN;
    }
    if (tstamp_sub(now, v->struck_at) > strike_memory_ns)
        v->strikes = 0;
    v->struck_at = now;
    v->strikes++;
    bool known = v->known_at.ns > 0 && tstamp_sub(now, v->known_at) < known_ns;
    return known || v->strikes >= 2 ? RIVAL_THEIRS : RIVAL_UNKNOWN;
}

static void begin_growth(struct rival *v, struct tstamp now)
{
    v->since = now;
    v->reno = v->window;
    v->plateau_s = cbrt(fmax(v->before - v->window, 0) / cubic_c);
}

void rival_begin(struct rival *v, struct tstamp now, double bps, double rtt_ns)
{
    v->on = true;
    v->known_at = now;
    v->share = 0.5;
    v->starting = true;
    v->window = fmax(bps * rtt_ns / 1e9 / frame_bits, window_least);
    v->before = fmax(v->window, v->peak_bps / 2 * rtt_ns / 1e9 / frame_bits);
    v->cut_at = now;
    begin_growth(v, now);
}

bool rival_gone(const struct rival *v, struct tstamp now, double rtt_ns)
{
    return tstamp_sub(now, v->filled_at) > 2 * (int64_t)rtt_ns;
}

void rival_end(struct rival *v)
{
    v->on = false;
    v->strikes = 0;
}

double rival_rate_bps(struct rival *v, struct tstamp now, double delivered_bps, bool loaded,
                      bool lost, double span_ns, double rtt_ns)
{
    if (lost && tstamp_sub(now, v->cut_at) > (int64_t)rtt_ns) {
        v->cut_at = now;
        v->starting = false;
        v->before = v->window < v->before ? v->window * (1 + cubic_beta) / 2 : v->window;
        v->window = fmax(v->window * cubic_beta, window_least);
        begin_growth(v, now);
    } else if (loaded) {
        double past_s = (double)tstamp_sub(now, v->since) / 1e9 - v->plateau_s;
        v->reno += cubic_alpha * span_ns / rtt_ns;
        double target = fmax(cubic_c * past_s * past_s * past_s + v->before, v->reno);
        double most = v->window * (1 + span_ns / rtt_ns / 2);
        double used = delivered_bps * rtt_ns / 1e9 / frame_bits;
        if (v->starting)
            target = most;
        if (v->window < window_unused * used)
            v->window = fmax(v->window, fmin(target, most));
    } else {
        v->since = tstamp_add(v->since, (int64_t)span_ns);
    }
    return v->window * frame_bits * 1e9 / rtt_ns;
}
