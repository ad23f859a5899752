/* SPDX-License-Identifier: ISC */
#include "bond/path/rate.h"

#include <math.h>
#include <string.h>

#include "base/bound.h"
#include "bond/frame.h"
#include "bond/tuning.h"

/*
 * Periods begin at the same time on all paths, so that all are drained at once: of links that share
 * a bottleneck, one alone would never see it empty.
 */
static struct tstamp next_turn(struct tstamp now, int64_t period_ns)
{
    return tstamp_add(now, period_ns - now.ns % period_ns);
}

static void set_base(struct rate *r, double delay_ns)
{
    r->base.ns[0] = r->base.ns[1] = r->base.floor_ns[0] = r->base.floor_ns[1] = delay_ns;
}

void rate_init(struct rate *r, struct tstamp now, int64_t rtt_ns)
{
    memset(r, 0, sizeof *r);
    rate_restart(r, now, rtt_ns);
}

void rate_restart(struct rate *r, struct tstamp now, int64_t rtt_ns)
{
    double first =
        rtt_ns > 0 ? RATE_FIRST_PACKETS * FRAME_BITS * 1e9 / (double)rtt_ns : RATE_FIRST_BPS;
    double limit = r->limit_bps;
    double reorder = r->reorder_ns;
    struct policer policer = r->policer;
    memset(r, 0, sizeof *r);
    r->limit_bps = limit;
    r->reorder_ns = reorder;
    r->policer = policer;
    policer_restart(&r->policer, now);
    r->phase = RATE_START;
    r->capacity_bps = fmin(fmax(first, RATE_FIRST_BPS), RATE_FIRST_MOST_BPS);
    set_base(r, INFINITY);
    r->base.turn = next_turn(now, DRAIN_EVERY_NS);
    r->base.floor_turn = next_turn(now, FLOOR_PERIOD_NS);
    r->raise.gain = RAISE_GAIN;
    r->raise.no_queue_since = TSTAMP_NEVER;
    r->base.busy_at = now;
}

void rate_return(struct rate *r, struct tstamp now, int64_t rtt_ns)
{
    double high_bps = r->range.high_bps;
    double low_bps = r->range.low_bps;
    rate_restart(r, now, rtt_ns);
    r->range.high_bps = high_bps;
    r->range.low_bps = low_bps;
}

double rate_swing(const struct rate *r)
{
    return r->range.low_bps > 0 ? fmax(r->range.high_bps / r->range.low_bps, 1) : 1;
}

void rate_expect(struct rate *r, double bps)
{
    if (r->phase == RATE_START)
        r->capacity_bps = fmax(r->capacity_bps, bps);
}

static double base_delay(const struct rate *r)
{
    return fmin(r->base.ns[0], r->base.ns[1]);
}

static double packet_time_ns(const struct rate *r)
{
    return FRAME_BITS * 1e9 / r->capacity_bps;
}

static double queue_target_ns(const struct rate *r)
{
    return fmax(r->urgent ? QUEUE_AIM_URGENT_NS : QUEUE_AIM_NS,
                QUEUE_AIM_PACKETS * packet_time_ns(r)) +
           fmin(r->jitter_ns, QUEUE_AIM_JITTER_NS);
}

/* The less often packets go, the more each of them tells. */
static void note_delay(struct rate *r, struct tstamp sent, double owd_ns)
{
    if (!r->owd_known) {
        r->owd_known = true;
        r->owd_ns = r->last_owd_ns = owd_ns;
        r->owd_sent = sent;
    }
    double gap_ns = (double)tstamp_sub(sent, r->owd_sent);
    r->owd_ns += (owd_ns - r->owd_ns) * bound(gap_ns / RATE_OWD_GAP_NS, RATE_OWD_LEAST, 1);
    if (gap_ns < RATE_OWD_GAP_NS)
        r->jitter_ns += (fabs(owd_ns - r->last_owd_ns) - r->jitter_ns) / JITTER_PARTS;
    r->last_owd_ns = owd_ns;
    r->owd_sent = tstamp_max(r->owd_sent, sent);
}

double rate_expected_owd_ns(const struct rate *r, struct tstamp now, struct tstamp last_sent)
{
    double queue = r->owd_ns - base_delay(r);
    double gone = (double)tstamp_sub(now, last_sent);
    return r->owd_ns - (queue > 0 ? fmin(fmax(gone, 0), queue) : 0);
}

void rate_acked(struct rate *r, struct tstamp sent, int64_t came_ns, bool known_time,
                uint32_t bytes, bool loaded)
{
    struct rate_window *w = &r->window;
    r->loss -= r->loss / RATE_LOSS_PACKETS;
    r->loss_now -= r->loss_now / RATE_LOSS_NOW_PACKETS;
    if (known_time) {
        double owd = (double)(came_ns - sent.ns);
        note_delay(r, sent, owd);
        if (!w->open || tstamp_sub(sent, w->last_sent) > RATE_WINDOW_GAP_NS ||
            w->last_came_ns - came_ns > RATE_WINDOW_GAP_NS) {
            if (tstamp_sub(sent, r->base.busy_at) > RATE_IDLE_NS)
                set_base(r, INFINITY); /* as forget_base(), which sees whole windows only */
            *w = (struct rate_window){ .open = true,
                                       .first_sent = sent,
                                       .first_came_ns = came_ns,
                                       .last_sent = sent,
                                       .last_came_ns = came_ns };
            return;
        }
        w->delay_sum_ns += owd;
        w->delay_count++;
        w->last_sent = tstamp_max(w->last_sent, sent);
        w->last_came_ns = came_ns > w->last_came_ns ? came_ns : w->last_came_ns;
    }
    w->bytes += bytes;
    w->packets++;
    w->loaded += loaded;
}

void rate_beside(struct rate *r, uint32_t bytes)
{
    r->window.beside_bytes += bytes;
}

/*
 * What the path carried in the window. Acknowledgements use up the pace: where they are more than
 * the pace is corrected upwards by, a rate that did not count them would fall again and again.
 */
static double carried_bytes(const struct rate_window *w)
{
    return w->bytes + fmax(0, w->beside_bytes - QUEUE_UP_MOST * w->bytes);
}

void rate_lost(struct rate *r, struct tstamp sent, uint32_t bytes, uint64_t pn)
{
    policer_lost(&r->policer, pn);
    /* What was sent at a rate that the path no longer takes tells nothing of the present one. */
    if (!tstamp_before(sent, r->losses.halved)) {
        r->loss += (1 - r->loss) / RATE_LOSS_PACKETS;
        r->loss_now += (1 - r->loss_now) / RATE_LOSS_NOW_PACKETS;
    }
    r->window.lost++;
    r->window.lost_bytes += bytes;
}

/* A window counts as evidence of the capacity when packets were waiting for it. */
static bool window_loaded(const struct rate *r, const struct rate_window *w, double sent_bps)
{
    return w->loaded >= RATE_LOADED * w->packets || sent_bps >= RATE_LOADED_SENT * r->capacity_bps;
}

static double window_loss(const struct rate_window *w)
{
    return (double)w->lost / (w->lost + w->packets);
}

static void set_capacity(struct rate *r, double bps)
{
    r->capacity_bps = fmax(bps, RATE_LEAST_BPS);
    r->peak.bps[0] = r->peak.bps[1] = r->capacity_bps;
    r->peak.loaded_ns = 0;
}

void rate_found(struct rate *r, struct tstamp now, uint32_t bytes)
{
    struct rate_window *w = &r->window;
    policer_found(&r->policer);
    r->loss = fmax(0, r->loss - 1.0 / RATE_LOSS_PACKETS);
    r->loss_now = fmax(0, r->loss_now - 1.0 / RATE_LOSS_NOW_PACKETS);
    if (w->lost > 0) {
        w->lost--;
        w->lost_bytes = fmax(0, w->lost_bytes - bytes);
    }
    r->losses.high_windows = r->losses.high_gaps = 0;
    if (r->losses.before_bps > r->capacity_bps &&
        tstamp_sub(now, r->losses.came_down) < RATE_FOUND_NS)
        set_capacity(r, r->losses.before_bps);
    r->losses.before_bps = 0;
}

static void raise_capacity(struct rate *r, double span_ns, double rtt_ns)
{
    r->peak.bps[0] = fmax(r->peak.bps[0], r->delivered_bps);
    r->peak.loaded_ns += span_ns;
    if (r->peak.loaded_ns > fmax(RATE_PEAK_NS, RATE_PEAK_RTTS * rtt_ns)) {
        r->peak.bps[1] = r->peak.bps[0];
        r->peak.bps[0] = r->delivered_bps;
        r->peak.loaded_ns = 0;
    }
    r->capacity_bps = fmax(fmax(r->peak.bps[0], r->peak.bps[1]), RATE_LEAST_BPS);
}

/* A queue that moves so much that another may be filling it. */
static double filled_ns(const struct rate *r, double mean_ns)
{
    return cross_excess_ns(&r->cross, mean_ns, RATE_NOISE_JITTERS * r->jitter_ns);
}

/*
 * What to do to see the base anew. Where it stands above the smallest of the last seconds a queue
 * may have become a part of it, ours or that of links behind the same bottleneck.
 */
static void begin_drain(struct rate *r, struct tstamp now, double mean_ns, double rtt_ns)
{
    double excess = base_delay(r) - fmin(r->base.floor_ns[0], r->base.floor_ns[1]);
    double filled = filled_ns(r, mean_ns);
    bool risen = excess > DRAIN_RISEN_NS + r->jitter_ns || filled > 0;
    excess = fmax(excess, filled);
    r->drain.factor = risen ? DRAIN_DEEP : DRAIN_SHALLOW;
    int64_t length =
        risen ? (int64_t)fmin(excess / (1 - DRAIN_DEEP), DRAIN_DEEP_MOST_NS) : (int64_t)rtt_ns;
    r->drain.until = tstamp_add(now, length + DRAIN_MARGIN_NS);
    cross_drain(&r->cross, now, r->drain.until, rtt_ns,
                fmin(filled, (1 - DRAIN_DEEP) * (double)length), mean_ns);
}

/*
 * After so long without anything to speak of no queue is left of ours: whatever the delay is now,
 * it is the path's own. Probes alone would keep a base for ever that the line has long left.
 */
static void forget_base(struct rate *r, struct tstamp now, double sent_bps, bool loaded)
{
    if (loaded || sent_bps >= RATE_IDLE * r->capacity_bps)
        r->base.busy_at = now;
    else if (tstamp_sub(now, r->base.busy_at) > RATE_IDLE_NS)
        set_base(r, INFINITY);
}

/* The base is the smallest loaded mean of this period and the last; a short drain shows it anew. */
static void update_base(struct rate *r, struct tstamp now, double mean_ns, bool loaded,
                        double rtt_ns)
{
    if (loaded || isinf(base_delay(r))) {
        r->base.ns[0] = fmin(r->base.ns[0], mean_ns);
        r->base.floor_ns[0] = fmin(r->base.floor_ns[0], mean_ns);
    }
    if (!tstamp_reached(r->base.turn, now) || !(loaded || filled_ns(r, mean_ns) > 0))
        return;
    begin_drain(r, now, mean_ns, rtt_ns);
    r->base.ns[1] = r->base.ns[0];
    r->base.ns[0] = INFINITY;
    r->base.turn = next_turn(now, DRAIN_EVERY_NS);
    if (tstamp_reached(r->base.floor_turn, now)) {
        r->base.floor_ns[1] = r->base.floor_ns[0];
        r->base.floor_ns[0] = INFINITY;
        r->base.floor_turn = next_turn(now, FLOOR_PERIOD_NS);
    }
}

/*
 * A queue of ours shrinks when less is sent than the path delivers. A delay that stays although it
 * had to shrink belongs to the path: Starlink planned anew, LTE handed over.
 */
static void check_drain(struct rate *r, double mean_ns, double sent, double span_ns)
{
    double shrink = span_ns * (1 - sent / fmin(r->peak.recent_bps, r->capacity_bps));
    double telling = fmax(DRAIN_TELLS_NS, DRAIN_TELLS_PACKETS * packet_time_ns(r));
    /* In start-up the capacity is a guess, and twice too high by intention. */
    if (r->phase != RATE_STEADY || r->queue_ns < telling || shrink < 0) {
        r->drain.expected_ns = 0;
        return;
    }
    if (r->drain.expected_ns <= 0)
        r->drain.from_ns = r->base.last_mean_ns;
    r->drain.expected_ns += shrink;
    if (r->drain.expected_ns < telling)
        return;
    if (r->drain.from_ns - mean_ns < DRAIN_FELL * r->drain.expected_ns) {
        set_base(r, mean_ns);
        r->queue_ns = 0;
        r->drain.high_queue_windows = 0;
    }
    r->drain.expected_ns = 0;
}

/* Losses of a rate that is no more: also of what is still on its way. */
static void forget_losses(struct rate *r, struct tstamp now)
{
    r->loss = r->loss_now = 0;
    r->losses.halved = now;
}

static void leave_start(struct rate *r, struct tstamp now, double delivered)
{
    set_capacity(r, fmax(delivered, RATE_LEAST_FOUND_BPS));
    r->delivered_bps = r->capacity_bps;
    r->phase = RATE_DRAIN;
    if (r->range.low_bps <= 0)
        r->range.found_at = now;
    r->drain.until =
        tstamp_add(now, (int64_t)fmin(START_DRAIN_QUEUES * r->queue_ns, START_DRAIN_MOST_NS));
}

/*
 * Start-up ends at a queue that we made. Where less is sent than the path is thought to take, the
 * delay may as well be a processor's that was busy, or another's queue: then the guess is halved
 * until the path is loaded, and taken back when the delay has gone.
 */
static void update_start(struct rate *r, struct tstamp now, double delivered, double sent,
                         double rtt_ns)
{
    double loss = window_loss(&r->window);
    bool queue_grows = r->queue_ns > START_QUEUE_NS + START_QUEUE_JITTERS * r->jitter_ns &&
                       delivered < START_CAME * sent;
    bool queue_high = r->queue_ns > START_HIGH_NS + RATE_NOISE_JITTERS * r->jitter_ns;
    double most = policer_most_bps(&r->policer);
    most = r->limit_bps > 0 ? fmin(most, r->limit_bps) : most;
    bool at_limit = r->loaded && delivered > START_LIMIT * most;
    bool queue = queue_grows || queue_high;
    bool dropped = r->losses.start_windows >= START_LOSS_WINDOWS ||
                   r->losses.high_windows >= RATE_LOSS_WINDOWS;
    bool congested = queue || dropped;
    double since_ns = (double)tstamp_sub(now, r->losses.came_down);
    if (at_limit || (congested && r->loaded)) {
        leave_start(r, now, delivered * (loss < RATE_NOISE || !queue ? 1 : 1 - loss));
        if (dropped && !queue) /* they were our guess's, and go with it */
            forget_losses(r, now);
    } else if (congested && since_ns > rtt_ns) {
        r->capacity_bps = fmax(START_DOWN * r->capacity_bps, RATE_LEAST_BPS);
        r->losses.came_down = now;
    } else if (!congested && r->loaded) {
        r->capacity_bps = fmax(r->capacity_bps, START_GROWTH * delivered);
    } else if (!congested && since_ns > (double)START_AGAIN_NS) {
        r->capacity_bps =
            fmax(r->capacity_bps, fmin(START_GROWTH * r->capacity_bps, RATE_FIRST_BPS));
        r->losses.came_down = now;
    }
}

/* The stride after one that paid. */
static double bolder_gain(const struct rate *r)
{
    double most = fmin(r->range.high_bps / r->capacity_bps - 1, RAISE_FELL_MOST);
    if (most <= RAISE_MOST)
        return fmin(r->raise.gain * RAISE_GROWTH, RAISE_MOST);
    return fmin(r->raise.gain * RAISE_GROWTH_FELL, most);
}

/* Ends a probe that is over, begins the next when it is time. */
static void update_probe(struct rate *r, struct tstamp now, bool loaded, double rtt_ns)
{
    bool small_queue = r->queue_ns < queue_target_ns(r) + QUEUE_SMALL_NS;
    bool repeat = false;
    if (r->raise.before_bps > 0 &&
        tstamp_reached(tstamp_add(r->raise.until, (int64_t)rtt_ns), now)) {
        double paid = RAISE_PAID * r->raise.gain * (r->urgent ? RAISE_URGENT : 1);
        repeat = r->capacity_bps > (1 + paid) * r->raise.before_bps;
        r->raise.gain = repeat ? bolder_gain(r) : RAISE_GAIN;
        r->raise.before_bps = 0;
    }
    if (r->queue_ns > RAISE_NO_QUEUE * queue_target_ns(r) || !loaded)
        r->raise.no_queue_since = TSTAMP_NEVER;
    else if (tstamp_is_never(r->raise.no_queue_since))
        r->raise.no_queue_since = now;
    double idle_ns = fmax(RAISE_NO_QUEUE_NS, RAISE_NO_QUEUE_RTTS * rtt_ns);
    bool idle_link = tstamp_reached(tstamp_add(r->raise.no_queue_since, (int64_t)idle_ns), now);
    if (r->raise.before_bps > 0 || !loaded || !small_queue ||
        !(repeat || idle_link || tstamp_reached(r->raise.next, now)))
        return;
    bool fell = r->capacity_bps < RAISE_FELL * r->range.high_bps;
    if (fell)
        r->raise.gain = fmax(r->raise.gain, RAISE_MOST);
    if (idle_link) {
        r->raise.gain = fmax(r->raise.gain, RAISE_IDLE);
        r->raise.no_queue_since = now;
    }
    r->raise.before_bps = r->capacity_bps;
    /* So many packets that a window has none but those of the probe. */
    double full_ns =
        fell || idle_link ? RAISE_PACKETS * packet_time_ns(r) / (1 + r->raise.gain) : 0;
    /* The queue that it makes where there is no more must not overflow before that is told. */
    double long_ns = fmin(rtt_ns, RAISE_QUEUE_NS / r->raise.gain);
    r->raise.until = tstamp_add(now, (int64_t)fmax(fmax(RAISE_LEAST_NS, long_ns), full_ns));
    double pause_ns = fell ? fmax(RAISE_LEAST_NS, RAISE_FELL_RTTS * rtt_ns)
                           : fmax(RAISE_PAUSE_NS, RAISE_PAUSE_RTTS * rtt_ns);
    r->raise.next = tstamp_add(now, (int64_t)pause_ns);
}

/*
 * Congestion: what is delivered is all there is, if there was more to deliver; a little less than
 * before otherwise. At most once in a round trip.
 */
static void come_down(struct rate *r, struct tstamp now, double delivered, bool loaded,
                      double rtt_ns)
{
    bool lost =
        r->losses.high_windows >= RATE_LOSS_WINDOWS && r->losses.high_gaps >= RATE_LOSS_GAPS;
    if (tstamp_sub(now, r->losses.came_down) < (int64_t)rtt_ns)
        return;
    r->losses.came_down = now;
    r->losses.before_bps = r->losses.high_windows >= RATE_LOSS_WINDOWS ? r->capacity_bps : 0;
    r->drain.high_queue_windows = 0;
    r->losses.high_windows = r->losses.high_gaps = 0;
    r->raise.before_bps = 0;
    r->delivered_bps = delivered;
    /* Beside somebody who fills the queue, less and less would be delivered. */
    bool all_there_is = loaded && r->cross.strikes == 0;
    if (all_there_is && delivered < COME_DOWN_HALF * r->capacity_bps) {
        /* A line that loses as much at any rate comes down again soon. */
        if (lost && tstamp_sub(now, r->losses.halved) > RATE_FOUND_NS)
            forget_losses(r, now);
        r->losses.halved = now;
    }
    set_capacity(r, all_there_is ? delivered : fmax(delivered, COME_DOWN_LEAST * r->capacity_bps));
}

static void note_extremes(struct rate *r, struct tstamp now, double span_ns)
{
    bool settling = tstamp_sub(now, r->range.found_at) < RATE_SETTLE_NS;
    r->range.high_bps =
        fmax(r->capacity_bps, r->range.high_bps * (1 - fmin(span_ns / RATE_HIGH_NS, 1)));
    r->range.low_bps += (r->capacity_bps - r->range.low_bps) * fmin(span_ns / RATE_LOW_NS, 1);
    if (settling || r->range.low_bps <= 0 || r->range.low_bps > r->capacity_bps)
        r->range.low_bps = r->capacity_bps;
}

static void update_steady(struct rate *r, struct tstamp now, double delivered, double sent,
                          double span_ns, bool loaded, double rtt_ns)
{
    r->delivered_bps = r->delivered_bps > 0 ? (r->delivered_bps + delivered) / 2 : delivered;
    if (loaded)
        raise_capacity(r, span_ns, rtt_ns);
    bool high = r->queue_ns > queue_target_ns(r) + fmax(QUEUE_HIGH_NS, QUEUE_HIGH_RTTS * rtt_ns);
    r->drain.high_queue_windows = high ? r->drain.high_queue_windows + 1 : 0;
    /* With less sent than the path can take the queue is not growing; check_drain() judges it. */
    bool overdriven =
        sent > QUEUE_HIGH_SENT * r->capacity_bps || delivered < QUEUE_HIGH_CAME * sent;
    if ((r->drain.high_queue_windows >= QUEUE_HIGH_WINDOWS && overdriven) ||
        r->losses.high_windows >= RATE_LOSS_WINDOWS)
        come_down(r, now, delivered, loaded, rtt_ns);
    note_extremes(r, now, span_ns);
    update_probe(r, now, loaded, rtt_ns);
    if (r->phase == RATE_DRAIN &&
        (tstamp_reached(r->drain.until, now) || r->queue_ns < queue_target_ns(r)))
        r->phase = RATE_STEADY;
}

static void update_alone(struct rate *r, struct tstamp now, double delivered, double sent,
                         double span_ns, double mean_ns, bool loaded, double rtt_ns)
{
    update_base(r, now, mean_ns, loaded, rtt_ns);
    r->queue_ns = fmax(mean_ns - base_delay(r), 0);
    r->peak.recent_bps =
        fmax(delivered, r->peak.recent_bps +
                            (delivered - r->peak.recent_bps) * fmin(span_ns / RATE_RECENT_NS, 1));
    check_drain(r, mean_ns, sent, span_ns);
    r->base.last_mean_ns = mean_ns;
    r->last_bps = delivered;
    if (r->phase == RATE_START)
        update_start(r, now, delivered, sent, rtt_ns);
    else
        update_steady(r, now, delivered, sent, span_ns, loaded, rtt_ns);
}

/* Beside cross traffic the base stays what it was, and the rate is that of a window. */
static void update_beside_cross(struct rate *r, struct tstamp now, double delivered, double mean_ns,
                                bool loaded, double span_ns, double rtt_ns)
{
    struct cross *v = &r->cross;
    r->last_bps = delivered;
    set_base(r, cross_least_ns(v));
    r->queue_ns = mean_ns - cross_least_ns(v);
    r->delivered_bps = (r->delivered_bps + delivered) / 2;
    if (tstamp_reached(r->base.turn, now)) {
        begin_drain(r, now, mean_ns, rtt_ns);
        r->base.turn = next_turn(now, DRAIN_EVERY_NS);
    }
    if (cross_gone(v, now, rtt_ns) || cross_judge(v, now) == CROSS_OURS) {
        cross_end(v);
        set_capacity(r, fmax(delivered, r->delivered_bps));
        return;
    }
    set_capacity(
        r, cross_rate_bps(v, now, r->delivered_bps, loaded, r->window.lost > 0, span_ns, rtt_ns));
}

/* Losses that depend on the rate make a ceiling, which the capacity then keeps to. */
static void judge_losses(struct rate *r, struct tstamp now, double span_ns, double rtt_ns)
{
    const struct rate_window *w = &r->window;
    if (r->cross.on) { /* its queue overflows */
        policer_restart(&r->policer, now);
        return;
    }
    double before_bps = r->capacity_bps;
    bool queue = r->queue_ns > queue_target_ns(r) + LIMIT_QUEUE_NS;
    struct policer_window seen = { .first_sent = w->first_sent,
                                   .last_sent = w->last_sent,
                                   .bytes = w->bytes,
                                   .lost_bytes = w->lost_bytes,
                                   .span_ns = span_ns,
                                   .packets = w->packets,
                                   .lost = w->lost,
                                   .loaded = r->loaded,
                                   .steady = r->phase == RATE_STEADY && !queue,
                                   .overflow = queue && r->losses.high_windows > 0 };
    switch (policer_see(&r->policer, now, &seen, &before_bps, rtt_ns)) {
    case POLICER_GOES_ON:
        break;
    case POLICER_CUTS:
        r->loss = r->loss_now = r->policer.noise;
        r->raise.before_bps = 0;
        break;
    case POLICER_FREES:
        set_capacity(r, before_bps);
        break;
    }
    if (r->policer.state != POLICER_LIMITED)
        return;
    bool full = r->loaded && r->drain.high_queue_windows == 0 && r->phase == RATE_STEADY;
    if (full || r->capacity_bps > r->policer.ceiling_bps)
        set_capacity(r, r->policer.ceiling_bps);
}

/*
 * Losses with packets between them that came are not one burst of noise: of those that are more
 * than half, two windows tell.
 */
static void note_high_loss(struct rate *r, double loss)
{
    const struct rate_window *w = &r->window;
    if (loss <= RATE_CONGESTION || w->lost + w->packets < RATE_CONGESTION_PACKETS) {
        r->losses.high_windows = r->losses.high_gaps = 0;
        return;
    }
    r->losses.high_gaps += r->policer.gaps;
    bool most =
        loss > RATE_LOSS_MOST && w->lost >= RATE_LOSS_MANY && r->losses.high_gaps >= RATE_LOSS_GAPS;
    r->losses.high_windows += most ? 2 : 1;
}

static bool window_complete(const struct rate *r, const struct rate_window *w, double span_ns)
{
    double least = r->phase == RATE_START ? RATE_WINDOW_START_NS : RATE_WINDOW_NS;
    least = fmax(least, RATE_WINDOW_LENGTHS * packet_time_ns(r));
    least = fmax(least, fmin(RATE_REORDER_WINDOWS * r->reorder_ns, RATE_REORDER_MOST_NS));
    return w->delay_count > 0 && ((span_ns >= least && w->packets >= RATE_WINDOW_PACKETS) ||
                                  span_ns >= RATE_WINDOW_MOST_NS);
}

void rate_update(struct rate *r, struct tstamp now, int64_t rtt_ns)
{
    struct rate_window *w = &r->window;
    double span_ns = (double)(w->last_came_ns - w->first_came_ns);
    if (!w->open || !window_complete(r, w, span_ns))
        return;
    double sent_span_ns = fmax((double)tstamp_sub(w->last_sent, w->first_sent), 1e3);
    double carried = carried_bytes(w);
    double delivered = carried * 8e9 / span_ns;
    double sent = (carried + w->lost_bytes) * 8e9 / sent_span_ns;
    double loss = window_loss(w);
    double mean = w->delay_sum_ns / w->delay_count;
    double rtt = (double)rtt_ns;
    if (loss < RATE_NOISE && !policer_rules(&r->policer))
        delivered /= 1 - loss;
    bool loaded = window_loaded(r, w, sent);
    r->loaded = loaded;
    r->loaded_ns += loaded && r->phase != RATE_START ? span_ns : 0;
    note_high_loss(r, loss);
    bool start_loss =
        loss > START_LOSS && w->lost >= START_LOSS_PACKETS && r->policer.runs >= START_LOSS_RUNS;
    r->losses.start_windows = start_loss ? r->losses.start_windows + 1 : 0;
    forget_base(r, now, sent, loaded);
    cross_see(&r->cross, now, mean, r->capacity_bps, span_ns);
    if (!r->cross.on && cross_judge(&r->cross, now) == CROSS_THEIRS) {
        cross_begin(&r->cross, now, fmin(r->capacity_bps, delivered), rtt);
        r->phase = RATE_STEADY;
    }
    if (r->cross.on)
        update_beside_cross(r, now, delivered, mean, loaded, span_ns, rtt);
    else
        update_alone(r, now, delivered, sent, span_ns, mean, loaded, rtt);
    judge_losses(r, now, span_ns, rtt);
    *w = (struct rate_window){ .open = true,
                               .first_sent = w->last_sent,
                               .first_came_ns = w->last_came_ns,
                               .last_sent = w->last_sent,
                               .last_came_ns = w->last_came_ns };
}

double rate_take_loaded_ns(struct rate *r)
{
    double loaded_ns = r->loaded_ns;
    r->loaded_ns = 0;
    return loaded_ns;
}

double rate_pace_bps(const struct rate *r, struct tstamp now)
{
    double pace = r->capacity_bps;
    switch (r->phase) {
    case RATE_START:
        break;
    case RATE_DRAIN:
        pace *= START_DRAIN;
        break;
    case RATE_STEADY: {
        bool up = r->loaded && !policer_rules(&r->policer);
        double correction = (queue_target_ns(r) - r->queue_ns) / QUEUE_WORKED_NS;
        if (!r->cross.on)
            pace *= 1 + fmin(fmax(correction, -QUEUE_DOWN_MOST), up ? QUEUE_UP_MOST : 0);
        if (!tstamp_reached(r->drain.until, now))
            pace *= r->drain.factor;
        else if (r->raise.before_bps > 0 && !tstamp_reached(r->raise.until, now) &&
                 !policer_rules(&r->policer))
            pace *= 1 + r->raise.gain * (r->urgent ? RAISE_URGENT : 1);
        break;
    }
    }
    pace = fmax(fmin(pace, policer_most_bps(&r->policer)), RATE_LEAST_BPS);
    return r->limit_bps > 0 ? fmin(pace, r->limit_bps) : pace;
}
