/* SPDX-License-Identifier: ISC */
#include "bond/pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/gso.h"
#include "base/ip.h"
#include "bond/packet.h"

enum {
    POOL_SMALL = 32768,
    POOL_LARGE = 64,
    ROUNDS_MOST = 4,    /* at the same time, before it is called a busy loop */
    DRAIN_MOST = 50000, /* datagrams at the same time */
    GREEDY_WAITING_BYTES = 60000,
    PROBE_BYTES = 60, /* UDP payload of a probe, about */
};

#define LINK_QUEUE_NS (150 * NS_PER_MS)
#define FEED_NS (1 * NS_PER_MS)

struct pipe_datagram {
    struct tstamp at;
    uint64_t order; /* among those of the same time */
    unsigned to;
    uint32_t payload_bytes;
    struct bond_out out;
    uint32_t bytes; /* of data: the piece, or the frames */
    uint8_t data[PKT_SMALL_BYTES];
};

void pipe_init(struct pipe *p, uint64_t seed, uint32_t queue_bytes_max)
{
    memset(p, 0, sizeof *p);
    p->now = (struct tstamp){ NS_PER_S };
    p->random = (struct rng){ seed };
    p->config = (struct bond_path_config){ .datagram_bytes = 1472, .overhead_bytes = 28 };
    for (unsigned side = 0; side < 2; side++) {
        p->pool[side] = pkt_pool_new(POOL_SMALL, POOL_LARGE);
        assert_non_null(p->pool[side]);
        struct bond_config config = { .pool = p->pool[side],
                                      .arena = &p->arena[side],
                                      .seed = seed,
                                      .queue_bytes_max = queue_bytes_max };
        p->bond[side] = bond_new(&config, p->now);
        assert_non_null(p->bond[side]);
    }
}

bool pipe_free(struct pipe *p)
{
    bool clean = true;
    for (unsigned side = 0; side < 2; side++) {
        bond_free(p->bond[side]);
        clean = clean && pkt_pool_used(p->pool[side]) == 0;
        pkt_pool_free(p->pool[side]);
    }
    while (p->heap_count > 0)
        free(p->heap[--p->heap_count]);
    free(p->heap);
    return clean;
}

struct tstamp pipe_now(const struct pipe *p, unsigned side)
{
    return tstamp_add(p->now, side == 1 ? p->clock_offset_ns : 0);
}

void pipe_open(struct pipe *p, uint8_t link)
{
    for (unsigned side = 0; side < 2; side++)
        bond_path_open(p->bond[side], pipe_now(p, side), link, &p->config);
}

/* ---- datagrams on their way ---- */

static bool earlier(const struct pipe_datagram *a, const struct pipe_datagram *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->order < b->order;
}

static void heap_push(struct pipe *p, struct pipe_datagram *d)
{
    if (p->heap_count == p->heap_cap) {
        p->heap_cap = p->heap_cap > 0 ? 2 * p->heap_cap : 1024;
        p->heap = realloc(p->heap, p->heap_cap * sizeof(struct pipe_datagram *));
        assert_non_null(p->heap);
    }
    size_t i = p->heap_count++;
    for (; i > 0 && earlier(d, p->heap[(i - 1) / 2]); i = (i - 1) / 2)
        p->heap[i] = p->heap[(i - 1) / 2];
    p->heap[i] = d;
}

static struct pipe_datagram *heap_pop(struct pipe *p)
{
    struct pipe_datagram *top = p->heap[0];
    struct pipe_datagram *last = p->heap[--p->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < p->heap_count; i = child) {
        if (child + 1 < p->heap_count && earlier(p->heap[child + 1], p->heap[child]))
            child++;
        if (earlier(last, p->heap[child]))
            break;
        p->heap[i] = p->heap[child];
    }
    p->heap[i] = last;
    return top;
}

/* The piece of an inner packet that a data datagram carries. */
static void copy_piece(const struct bond_out *o, uint8_t *to)
{
    static uint8_t segment[PKT_LARGE_BYTES];
    const struct pkt *pkt = o->pkt;
    if (pkt->gso == PKT_GSO_NONE) {
        assert_true((uint32_t)o->data_offset + o->data_bytes <= pkt->len_bytes);
        memcpy(to, pkt->data + o->data_offset, o->data_bytes);
        return;
    }
    size_t header = gso_header(pkt, o->seg, segment);
    uint32_t bytes = pkt_seg_bytes(pkt, o->seg);
    assert_true(header > 0 && (uint32_t)o->data_offset + o->data_bytes <= bytes);
    memcpy(segment + header, pkt->data + header + (size_t)o->seg * pkt->gso_size, bytes - header);
    memcpy(to, segment + o->data_offset, o->data_bytes);
}

static size_t acks_in(const struct bond_out *o)
{
    return o->kind == BOND_OUT_FRAMES ? o->ack_count : 0;
}

/* The bytes of a data datagram's piece, or the frames of another; returns their number. */
static uint32_t plaintext(const struct bond_out *o, uint8_t to[PKT_SMALL_BYTES])
{
    struct writer w = writer_of(to, WIRE_FRAMES_BYTES_MAX);
    switch (o->kind) {
    case BOND_OUT_DATA:
        copy_piece(o, to);
        return o->data_bytes;
    case BOND_OUT_FRAMES:
        for (size_t i = 0; i < o->ack_count; i++)
            wire_put_ack(&w, o->acks[i]);
        if (o->pkt != NULL)
            write_bytes(&w, o->pkt->data, o->pkt->len_bytes);
        assert_true(writer_len(&w) > 0);
        return (uint32_t)writer_len(&w);
    case BOND_OUT_PROBE:
    case BOND_OUT_BEAT:
        break;
    }
    return 0;
}

/* UDP payload of the datagram. */
static uint32_t payload_bytes(const struct bond_out *o, uint32_t bytes)
{
    switch (o->kind) {
    case BOND_OUT_DATA:
        return bytes + WIRE_OVERHEAD_BYTES;
    case BOND_OUT_FRAMES:
        return WIRE_HEADER_BYTES + bytes + WIRE_TAG_BYTES;
    case BOND_OUT_PROBE:
    case BOND_OUT_BEAT:
        break;
    }
    return PROBE_BYTES;
}

static void transmit(struct pipe *p, unsigned from, const struct bond_out *o)
{
    assert_true(o->path < PIPE_LINKS);
    struct pipe_link *l = &p->links[o->path];
    uint8_t data[PKT_SMALL_BYTES];
    uint32_t bytes = plaintext(o, data);
    uint32_t payload = payload_bytes(o, bytes);
    uint32_t wire = payload + 28 + BOND_LINK_BYTES;
    l->longest_bytes[from] = payload > l->longest_bytes[from] ? payload : l->longest_bytes[from];
    l->bytes[from] += wire;
    l->data_datagrams[from] += o->kind != BOND_OUT_PROBE && bond_out_eliciting(o);
    l->ack_datagrams[from] += acks_in(o) > 0;
    l->acks[from] += acks_in(o);
    struct tstamp start = tstamp_max(l->free[from], p->now);
    if (from == 0 && p->line_bps > 0) {
        struct tstamp line = tstamp_max(p->line_free, p->now);
        if (tstamp_sub(line, p->now) > LINK_QUEUE_NS)
            return;
        p->line_free = tstamp_add(line, (int64_t)(wire * 8e9 / p->line_bps));
        start = tstamp_max(start, p->line_free);
    }
    if (l->cut || tstamp_sub(start, p->now) > LINK_QUEUE_NS)
        return;
    l->free[from] = tstamp_add(start, (int64_t)(wire * 8e9 / l->rate_bps));
    if (rng_unit(&p->random) < l->loss)
        return;
    struct pipe_datagram *d = malloc(sizeof *d);
    assert_non_null(d);
    d->at = tstamp_add(l->free[from], l->delay_ns);
    if (l->jitter_ns > 0)
        d->at = tstamp_add(d->at, (int64_t)rng_below(&p->random, (uint64_t)l->jitter_ns));
    d->at = l->last_arrival[from] = tstamp_max(d->at, l->last_arrival[from]);
    d->order = p->order++;
    d->to = 1 - from;
    d->payload_bytes = payload;
    d->out = *o;
    d->bytes = bytes;
    memcpy(d->data, data, bytes);
    heap_push(p, d);
}

static void receive_data(struct pipe *p, const struct pipe_datagram *d,
                         const struct wire_data *header, const uint8_t *data, size_t bytes)
{
    struct pkt *pkt = pkt_new(p->pool[d->to], bytes);
    assert_non_null(pkt);
    memcpy(pkt->data, data, bytes);
    pkt->len_bytes = (uint32_t)bytes;
    bond_rx_data(p->bond[d->to], pipe_now(p, d->to), d->out.path, header, pkt);
}

static void receive_frames(struct pipe *p, const struct pipe_datagram *d)
{
    struct reader r = reader_of(d->data, d->bytes);
    struct wire_frame_value f;
    int got;
    while ((got = wire_get_frame(&r, &f)) > 0) {
        if (f.type == WIRE_ACK)
            bond_rx_ack(p->bond[d->to], pipe_now(p, d->to), d->out.path, &f.ack);
        else if (f.type == WIRE_PACKET)
            receive_data(p, d, &f.packet.data, f.packet.inner, f.packet.inner_bytes);
        else
            fail_msg("a frame of type %d", (int)f.type);
    }
    bond_rx_acks_end(p->bond[d->to], pipe_now(p, d->to));
    assert_int_equal(got, 0);
}

static void receive(struct pipe *p, const struct pipe_datagram *d)
{
    struct bond *b = p->bond[d->to];
    struct tstamp now = pipe_now(p, d->to);
    const struct bond_out *o = &d->out;
    bond_rx(b, now, o->path, o->pn, d->payload_bytes, bond_out_eliciting(o));
    switch (o->kind) {
    case BOND_OUT_DATA:
        receive_data(p, d, &o->data, d->data, d->bytes);
        break;
    case BOND_OUT_FRAMES:
        receive_frames(p, d);
        break;
    case BOND_OUT_PROBE:
    case BOND_OUT_BEAT:
        break;
    }
}

/* ---- inner packets ---- */

void pipe_send(struct pipe *p, unsigned side, uint16_t flow, uint32_t bytes)
{
    uint32_t number = p->sent[side][flow]++;
    assert_true(number < PIPE_NUMBERS);
    p->sent_at[side][flow][number] = p->now;
    struct pkt *pkt = packet_udp(p->pool[side], flow, number, bytes);
    pkt->policy = p->policy[flow];
    pkt->data[PACKET_ECN_OFFSET] = 2;
    checksum_ipv4(pkt->data, 20);
    ip_parse(pkt);
    bond_send(p->bond[side], pipe_now(p, side), pkt);
}

static void deliver(struct pipe *p, unsigned side, const struct pkt *pkt)
{
    struct pipe_sink *s = &p->sink[side];
    s->packets++;
    s->bytes += pkt->len_bytes;
    s->bytes_since += pkt->len_bytes;
    int64_t silence = tstamp_sub(p->now, s->last);
    s->longest_silence_ns = silence > s->longest_silence_ns ? silence : s->longest_silence_ns;
    s->last = p->now;
    if (!packet_whole(pkt) || packet_flow(pkt) >= PIPE_FLOWS ||
        packet_number(pkt) >= p->sent[1 - side][packet_flow(pkt)]) {
        s->broken++;
        return;
    }
    uint16_t flow = packet_flow(pkt);
    uint32_t number = packet_number(pkt);
    int64_t delay = tstamp_sub(p->now, p->sent_at[1 - side][flow][number]);
    s->longest_delay_ns = delay > s->longest_delay_ns ? delay : s->longest_delay_ns;
    s->copies += s->came[flow][number];
    s->came[flow][number] = true;
    s->swapped += number < s->next[flow];
    if (number >= s->next[flow])
        s->next[flow] = number + 1;
}

static void feed(struct pipe *p)
{
    struct bond_stats stats;
    if (p->greedy_bytes == 0)
        return;
    bond_stats(p->bond[0], p->now, &stats);
    for (uint32_t waiting = stats.queued_bytes; waiting < GREEDY_WAITING_BYTES;
         waiting += p->greedy_bytes)
        pipe_send(p, 0, 0, p->greedy_bytes);
}

/* ---- time ---- */

/* Does all that a bond has to do now; it must then be content until later. */
static void serve(struct pipe *p, unsigned side)
{
    struct bond *b = p->bond[side];
    struct tstamp now = pipe_now(p, side);
    unsigned rounds = 0;
    do {
        struct bond_out out;
        struct bond_event event;
        unsigned sent = 0;
        if (++rounds > ROUNDS_MOST)
            fail_msg("at %.6f s side %u is not content (deadline %.6f s)", (double)now.ns / 1e9,
                     side, (double)bond_deadline(b).ns / 1e9);
        if (tstamp_reached(bond_deadline(b), now))
            bond_tick(b, now);
        for (; bond_next(b, now, &out); sent++) {
            assert_true(sent < DRAIN_MOST);
            transmit(p, side, &out);
        }
        for (struct pkt *pkt; (pkt = bond_deliver(b)) != NULL; pkt_put(pkt))
            deliver(p, side, pkt);
        while (bond_next_event(b, &event)) {
        }
    } while (tstamp_reached(bond_deadline(b), now));
    p->most_rounds = rounds > p->most_rounds ? rounds : p->most_rounds;
}

static struct tstamp next_time(const struct pipe *p, struct tstamp feed_at)
{
    struct tstamp t = p->greedy_bytes > 0 ? feed_at : TSTAMP_NEVER;
    if (p->heap_count > 0)
        t = tstamp_min(t, p->heap[0]->at);
    t = tstamp_min(t, bond_deadline(p->bond[0]));
    return tstamp_min(t, tstamp_add(bond_deadline(p->bond[1]), -p->clock_offset_ns));
}

void pipe_run(struct pipe *p, int64_t duration_ns)
{
    struct tstamp end = tstamp_add(p->now, duration_ns);
    struct tstamp feed_at = p->now;
    for (;;) {
        serve(p, 0);
        serve(p, 1);
        struct tstamp next = tstamp_max(next_time(p, feed_at), p->now);
        if (tstamp_before(end, next))
            break;
        p->now = next;
        if (tstamp_reached(feed_at, p->now)) {
            feed(p);
            feed_at = tstamp_add(p->now, FEED_NS);
        }
        while (p->heap_count > 0 && tstamp_reached(p->heap[0]->at, p->now)) {
            struct pipe_datagram *d = heap_pop(p);
            receive(p, d);
            free(d);
        }
    }
    p->now = end;
}

/* ---- results ---- */

void pipe_measure(struct pipe *p)
{
    p->measured = p->now;
    for (unsigned side = 0; side < 2; side++) {
        struct pipe_sink *s = &p->sink[side];
        s->bytes_since = 0;
        s->longest_silence_ns = 0;
        s->longest_delay_ns = 0;
        s->last = p->now;
    }
}

double pipe_bps(const struct pipe *p, unsigned side)
{
    return (double)p->sink[side].bytes_since * 8e9 / (double)tstamp_sub(p->now, p->measured);
}

uint32_t pipe_missing(const struct pipe *p, unsigned side)
{
    uint32_t missing = 0;
    for (unsigned flow = 0; flow < PIPE_FLOWS; flow++)
        for (uint32_t i = 0; i < p->sent[1 - side][flow]; i++)
            missing += !p->sink[side].came[flow][i];
    return missing;
}

uint64_t pipe_drops(const struct pipe *p, unsigned side)
{
    struct bond_stats stats;
    uint64_t drops = 0;
    bond_stats(p->bond[side], p->now, &stats);
    for (unsigned i = 0; i < BOND_DROP_COUNT; i++)
        if (i != BOND_DROP_DUPLICATE && i != BOND_DROP_ACK_THINNED)
            drops += stats.drops[i];
    return drops;
}
