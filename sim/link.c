/* SPDX-License-Identifier: ISC */
#include "sim/link.h"

#include <assert.h>

void link_init(struct link_model *link, const struct link_config *config, struct tstamp start,
               uint64_t seed)
{
    struct rng seeder = { seed };
    *link = (struct link_model){ .start = start, .free_at = start, .last_exit = start };
    link->loss_rng.state = rng_next(&seeder);
    link->jitter_rng.state = rng_next(&seeder);
    link->mangle_rng.state = rng_next(&seeder);
    link->opportunity_bytes = LINK_FRAME_BYTES;
    link_set_config(link, config);
    link->tokens = (double)config->police_bytes;
    link->tokens_at = start;
}

void link_set_config(struct link_model *link, const struct link_config *config)
{
    assert(config->step_count <= LINK_STEPS_MAX);
    assert(config->trace == NULL || config->trace->count > 0);
    if (config->trace != link->config.trace) {
        link->opportunity = 0;
        link->opportunity_bytes = LINK_FRAME_BYTES;
    }
    if (config->rate_bps != link->config.rate_bps)
        link->tx_remainder = 0;
    link->config = *config;
}

void link_set_behind(struct link_model *link, struct link_model *other)
{
    assert(link != other && other->behind == NULL);
    link->behind = other;
}

void link_set_cut(struct link_model *link, bool cut)
{
    link->cut = cut;
}

uint64_t link_trace_rate_bps(const struct link_trace *trace)
{
    uint64_t period_ms = trace->at_ms[trace->count - 1];
    return (uint64_t)trace->count * LINK_FRAME_BYTES * 8 * 1000 / period_ms;
}

static uint64_t line_rate_bps(const struct link_config *config)
{
    return config->trace != NULL ? link_trace_rate_bps(config->trace) : config->rate_bps;
}

uint64_t link_mean_rate_bps(const struct link_config *config)
{
    uint64_t line_bps = line_rate_bps(config);
    uint64_t police_bps = config->police_bps;
    return police_bps > 0 && (line_bps == 0 || police_bps < line_bps) ? police_bps : line_bps;
}

/* The step in force at time t, or NULL before the first; *age_ns: time since it began. */
static const struct link_step *step_at(const struct link_model *link, struct tstamp t,
                                       int64_t *age_ns)
{
    const struct link_config *c = &link->config;
    if (c->step_count == 0)
        return NULL;

    int64_t at_ns = tstamp_sub(t, link->start);
    bool wrapped = c->step_period_ns > 0 && at_ns >= c->step_period_ns;
    if (c->step_period_ns > 0)
        at_ns %= c->step_period_ns;
    for (size_t i = c->step_count; i-- > 0;) {
        if (c->steps[i].at_ns <= at_ns) {
            *age_ns = at_ns - c->steps[i].at_ns;
            return &c->steps[i];
        }
    }
    if (!wrapped)
        return NULL;
    const struct link_step *last = &c->steps[c->step_count - 1];
    *age_ns = at_ns + c->step_period_ns - last->at_ns;
    return last;
}

static uint64_t rate_at(const struct link_model *link, struct tstamp now)
{
    int64_t age_ns;
    const struct link_step *step = step_at(link, now, &age_ns);
    if (step == NULL)
        return link->config.rate_bps;
    double rate = (double)link->config.rate_bps * step->rate_factor;
    return rate >= 1.0 ? (uint64_t)rate : 1;
}

/* Time of the delivery opportunity with that number. */
static struct tstamp opportunity_time(const struct link_model *link, uint64_t number)
{
    const struct link_trace *trace = link->config.trace;
    uint64_t round = number / trace->count;
    uint64_t at_ms = round * trace->at_ms[trace->count - 1] + trace->at_ms[number % trace->count];
    return tstamp_add(link->start, (int64_t)at_ms * NS_PER_MS);
}

/* The first opportunity that is not before t. */
static uint64_t opportunity_from(const struct link_model *link, struct tstamp t)
{
    const struct link_trace *trace = link->config.trace;
    int64_t since_ns = tstamp_sub(t, link->start);
    if (since_ns <= 0)
        return 0;
    uint64_t at_ms = ((uint64_t)since_ns + NS_PER_MS - 1) / NS_PER_MS;
    uint64_t period_ms = trace->at_ms[trace->count - 1];
    /* The last opportunity of a round falls on the first instant of the next one. */
    uint64_t round = (at_ms - 1) / period_ms;
    uint64_t in_round_ms = at_ms - round * period_ms;
    size_t low = 0;
    size_t high = trace->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trace->at_ms[middle] < in_round_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return round * trace->count + low;
}

/* Queue limit in bytes at a rate; the queue always has room for one full frame. */
static uint64_t queue_limit_bytes(const struct link_config *config, uint64_t rate_bps)
{
    uint64_t limit = config->queue_bytes;
    if (limit == 0)
        limit = (uint64_t)((double)rate_bps * (double)config->queue_ns / 8e9);
    return limit < LINK_FRAME_BYTES ? LINK_FRAME_BYTES : limit;
}

/* The frame leaves through the trace's opportunities at *sent; false: the queue is full. */
static bool send_by_trace(struct link_model *link, struct tstamp now, uint32_t frame_bytes,
                          struct tstamp *sent)
{
    uint64_t first = opportunity_from(link, now);
    if (first > link->opportunity) {
        link->opportunity = first;
        link->opportunity_bytes = LINK_FRAME_BYTES;
    }
    uint64_t waiting_bytes = (link->opportunity - first) * LINK_FRAME_BYTES;
    uint64_t mean_bps = link_trace_rate_bps(link->config.trace);
    if (waiting_bytes + frame_bytes > queue_limit_bytes(&link->config, mean_bps) &&
        waiting_bytes > 0)
        return false;

    uint32_t left_bytes = frame_bytes;
    while (left_bytes > link->opportunity_bytes) {
        left_bytes -= link->opportunity_bytes;
        link->opportunity++;
        link->opportunity_bytes = LINK_FRAME_BYTES;
    }
    link->opportunity_bytes -= left_bytes;
    *sent = opportunity_time(link, link->opportunity);
    if (link->opportunity_bytes == 0) {
        link->opportunity++;
        link->opportunity_bytes = LINK_FRAME_BYTES;
    }
    return true;
}

/* The same at a constant rate. */
static bool send_by_rate(struct link_model *link, struct tstamp now, uint32_t frame_bytes,
                         struct tstamp *sent)
{
    uint64_t rate_bps = rate_at(link, now);
    int64_t wait_ns = link_queue_ns(link, now);
    if (wait_ns == 0)
        link->tx_remainder = 0;

    double waiting_bytes = (double)wait_ns * (double)rate_bps / 8e9;
    double limit_bytes = (double)queue_limit_bytes(&link->config, rate_bps);
    if (wait_ns > 0 && waiting_bytes + (double)frame_bytes > limit_bytes)
        return false;

    uint64_t units = (uint64_t)frame_bytes * 8 * NS_PER_S + link->tx_remainder;
    link->tx_remainder = units % rate_bps;
    link->free_at = tstamp_add(tstamp_max(link->free_at, now), (int64_t)(units / rate_bps));
    *sent = link->free_at;
    return true;
}

int64_t link_outage_ns(const struct link_model *link, struct tstamp now)
{
    if (link->behind != NULL)
        link = link->behind;
    if (link->config.trace == NULL)
        return 0;
    return tstamp_sub(opportunity_time(link, opportunity_from(link, now)), now);
}

int64_t link_queue_ns(const struct link_model *link, struct tstamp now)
{
    if (link->behind != NULL)
        link = link->behind;
    struct tstamp next = link->free_at;
    if (link->config.trace != NULL) {
        uint64_t first = opportunity_from(link, now);
        next = opportunity_time(link, first > link->opportunity ? first : link->opportunity);
    }
    return tstamp_before(now, next) ? tstamp_sub(next, now) : 0;
}

/* Steps count to the millisecond. */
static uint64_t offered_by_rate(const struct link_model *link, struct tstamp from, struct tstamp to)
{
    enum { SLICE_NS = NS_PER_MS };
    if (link->config.step_count == 0)
        return (uint64_t)((double)link_mean_rate_bps(&link->config) * (double)tstamp_sub(to, from) /
                          8e9);
    double bytes = 0;
    for (struct tstamp t = from; tstamp_before(t, to); t = tstamp_add(t, SLICE_NS)) {
        struct tstamp end = tstamp_min(tstamp_add(t, SLICE_NS), to);
        bytes += (double)rate_at(link, t) * (double)tstamp_sub(end, t) / 8e9;
    }
    return (uint64_t)bytes;
}

uint64_t link_offered_bytes(const struct link_model *link, struct tstamp from, struct tstamp to)
{
    if (link->behind != NULL)
        return 0;
    if (link->config.trace == NULL)
        return offered_by_rate(link, from, to);
    return (opportunity_from(link, to) - opportunity_from(link, from)) * LINK_FRAME_BYTES;
}

/* A token bucket (RFC 2697 with one rate and one burst): no queue, and no delay for what passes. */
static bool pass_policer(struct link_model *link, struct tstamp at, uint32_t frame_bytes)
{
    const struct link_config *c = &link->config;
    if (c->police_bps == 0)
        return true;
    double gained = (double)tstamp_sub(at, link->tokens_at) * (double)c->police_bps / 8e9;
    double most = (double)c->police_bytes;
    link->tokens = link->tokens + gained < most ? link->tokens + gained : most;
    link->tokens_at = at;
    if (link->tokens < (double)frame_bytes)
        return false;
    link->tokens -= (double)frame_bytes;
    return true;
}

/* Independent losses, or the simple Gilbert model: every frame of the bad state is lost. */
static bool lost_by_chance(struct link_model *link)
{
    const struct link_config *c = &link->config;
    if (c->loss <= 0.0)
        return false;
    double chance = rng_unit(&link->loss_rng);
    if (c->burst_frames <= 1.0 || c->loss >= 1.0)
        return chance < c->loss;

    if (link->bad)
        link->bad = chance >= 1.0 / c->burst_frames;
    else
        link->bad = chance < c->loss / (c->burst_frames * (1.0 - c->loss));
    return link->bad;
}

static int64_t draw_jitter_ns(struct link_model *link)
{
    const struct link_config *c = &link->config;
    if (c->jitter_ns <= 0)
        return 0;
    double unit = rng_unit(&link->jitter_rng);
    if (c->jitter_kind == LINK_JITTER_BELL) {
        for (int i = 0; i < 3; i++)
            unit += rng_unit(&link->jitter_rng);
        unit /= 4.0;
    }
    return (int64_t)(unit * (double)c->jitter_ns);
}

static bool pass_bottleneck(struct link_model *link, struct tstamp now, uint32_t frame_bytes,
                            struct tstamp *sent)
{
    if (link->config.trace != NULL)
        return send_by_trace(link, now, frame_bytes, sent);
    return link->config.rate_bps == 0 || send_by_rate(link, now, frame_bytes, sent);
}

bool link_send(struct link_model *link, struct tstamp now, uint32_t frame_bytes,
               struct tstamp *exit)
{
    const struct link_config *c = &link->config;
    struct link_counters *n = &link->counters;
    n->sent_frames++;
    n->sent_bytes += frame_bytes;
    if (link->cut) {
        n->dropped_cut++;
        return false;
    }

    struct tstamp sent = now;
    if (!pass_bottleneck(link->behind != NULL ? link->behind : link, now, frame_bytes, &sent)) {
        n->dropped_queue++;
        return false;
    }
    if (!pass_policer(link, sent, frame_bytes)) {
        n->dropped_police++;
        return false;
    }

    int64_t extra_delay_ns = 0;
    int64_t age_ns;
    const struct link_step *step = step_at(link, sent, &age_ns);
    if (step != NULL) {
        extra_delay_ns = step->extra_delay_ns;
        if (age_ns < step->outage_ns) {
            n->dropped_step++;
            return false;
        }
    }
    if (lost_by_chance(link)) {
        n->dropped_loss++;
        return false;
    }

    *exit = tstamp_add(sent, c->delay_ns + extra_delay_ns + draw_jitter_ns(link));
    if (!c->reorder)
        *exit = tstamp_max(*exit, link->last_exit);
    link->last_exit = tstamp_max(*exit, link->last_exit);
    return true;
}

bool link_arrive(struct link_model *link, uint32_t frame_bytes)
{
    if (link->cut) {
        link->counters.dropped_cut++;
        return false;
    }
    link->counters.delivered_frames++;
    link->counters.delivered_bytes += frame_bytes;
    return true;
}

enum link_mangle link_mangle(struct link_model *link, uint32_t frame_bytes, uint32_t *bit)
{
    /* Ethernet, IPv6 and UDP headers stay whole, so that the frame still finds its way. */
    enum { HEADERS_BYTES = LINK_HEADER_BYTES + 40 + 8 };

    const struct link_config *c = &link->config;
    if (c->corrupt <= 0.0 && c->duplicate <= 0.0)
        return LINK_INTACT;
    double chance = rng_unit(&link->mangle_rng);
    if (chance < c->corrupt && frame_bytes > HEADERS_BYTES) {
        uint32_t payload_bits = (frame_bytes - HEADERS_BYTES) * 8;
        *bit = HEADERS_BYTES * 8 + (uint32_t)rng_below(&link->mangle_rng, payload_bits);
        link->counters.corrupted++;
        return LINK_CORRUPT;
    }
    if (chance >= c->corrupt && chance < c->corrupt + c->duplicate) {
        link->counters.duplicated++;
        return LINK_DUPLICATE;
    }
    return LINK_INTACT;
}
