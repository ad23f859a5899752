/* SPDX-License-Identifier: ISC */
#include "sim/datagrams.h"

#include <assert.h>
#include <stdlib.h>

static int64_t interval_ns(const struct datagrams *d)
{
    double flow_bps = d->config.rate_bps / d->config.flows;
    return (int64_t)(d->config.packet_bytes * 8e9 / flow_bps);
}

/* Not quite regular, or flows of one rate would keep their order for ever. */
static struct tstamp next_time(struct datagrams *d)
{
    int64_t interval = interval_ns(d);
    uint64_t spread = (uint64_t)(interval / 8 + 1);
    int64_t shift = (int64_t)rng_below(&d->random, spread) - (int64_t)(spread / 2);
    return tstamp_add(d->net->events->now, interval + shift);
}

static void send_next(void *owner, uint64_t index)
{
    struct datagrams *d = owner;
    struct datagrams_flow *flow = &d->flow[index];
    struct segment s = { .kind = SEGMENT_UDP,
                         .from = d->side,
                         .port = (uint16_t)(d->port + 2 * index),
                         .seq = flow->next++,
                         .time_us = net_clock_us(d->net),
                         .len_bytes = d->config.packet_bytes - SEGMENT_IP_BYTES - 8 };
    net_send(d->net, &s, 1);
    events_add(d->net->events, next_time(d), send_next, d, index);
}

static void arrive(void *owner, const struct segment *s)
{
    struct datagrams_flow *flow = owner;
    flow->bytes += s->len_bytes + SEGMENT_IP_BYTES + 8;
}

void datagrams_init(struct datagrams *d, struct net *net, const struct datagrams_config *config,
                    enum side side, uint16_t port, uint64_t seed)
{
    assert(config->flows <= DATAGRAMS_FLOWS_MAX && config->packet_bytes >= DATAGRAMS_BYTES_MIN);
    *d = (struct datagrams){
        .net = net, .config = *config, .side = side, .port = port, .random = { seed }
    };
    d->flow = sim_alloc(config->flows, sizeof *d->flow);
    for (unsigned i = 0; i < config->flows; i++) {
        d->flow[i] = (struct datagrams_flow){ 0 };
        net_attach(net, side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT, (uint16_t)(port + 2 * i),
                   arrive, &d->flow[i]);
    }
}

void datagrams_free(struct datagrams *d)
{
    free(d->flow);
}

void datagrams_start(struct datagrams *d)
{
    if (d->config.flows == 0)
        return;
    int64_t within = interval_ns(d) < NS_PER_S ? interval_ns(d) : NS_PER_S;
    for (unsigned i = 0; i < d->config.flows; i++) {
        int64_t after = (int64_t)rng_below(&d->random, (uint64_t)within + 1);
        events_add(d->net->events, tstamp_add(d->net->events->now, after), send_next, d, i);
    }
}

void datagrams_measure(struct datagrams *d)
{
    for (unsigned i = 0; i < d->config.flows; i++)
        d->flow[i].measured_from = d->flow[i].bytes;
}

uint64_t datagrams_measured_bytes(const struct datagrams *d, unsigned flow)
{
    return d->flow[flow].bytes - d->flow[flow].measured_from;
}
