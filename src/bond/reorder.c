/* SPDX-License-Identifier: ISC */
#include "bond/reorder.h"

#include <string.h>

#include "bond/inner.h"

#define BURST_EVERY_NS (NS_PER_MS / 2)

enum {
    BURST_PACKETS = 16,
    BURST_PARTS = 16, /* of what waits: a long run goes out in larger bursts, in some 10 ms */
};

void reorder_init(struct reorder *r)
{
    memset(r, 0, sizeof *r);
    r->hold_ns = REORDER_HOLD_FIRST_NS;
    for (unsigned i = 0; i < REORDER_RUNS_MAX; i++) {
        r->runs[i].next = r->free_runs;
        r->free_runs = &r->runs[i];
    }
}

void reorder_clear(struct reorder *r)
{
    struct pkt_list out = r->out;
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++) {
        pkt_put(r->lanes[i].partial);
        for (struct reorder_run *run = r->lanes[i].runs; run != NULL; run = run->next)
            pkt_list_clear(&run->packets);
    }
    reorder_init(r);
    r->out = out;
}

static bool bit_get(const uint64_t *bits, uint32_t size, uint32_t n)
{
    return bits[n % size / 64] >> (n % 64) & 1;
}

static void bit_set(uint64_t *bits, uint32_t size, uint32_t n, bool value)
{
    uint64_t mask = UINT64_C(1) << (n % 64);
    if (value)
        bits[n % size / 64] |= mask;
    else
        bits[n % size / 64] &= ~mask;
}

static void drop_partial(struct reorder *r, struct reorder_lane *l)
{
    if (l->partial == NULL)
        return;
    r->fragments_lost++;
    pkt_put(l->partial);
    l->partial = NULL;
}

/* Joins pieces; a packet that is whole goes out. */
static void emit(struct reorder *r, struct reorder_lane *l, struct pkt *p)
{
    if ((p->flags & (WIRE_DATA_MORE | WIRE_DATA_CONT)) == 0) {
        drop_partial(r, l);
        pkt_list_push(&r->out, p);
        return;
    }
    if ((p->flags & WIRE_DATA_CONT) == 0) {
        drop_partial(r, l);
        l->partial = p;
        return;
    }
    struct pkt *whole = l->partial;
    if (whole == NULL || whole->len_bytes + p->len_bytes > WIRE_DATAGRAM_MAX) {
        drop_partial(r, l);
        r->fragments_lost++;
        pkt_put(p);
        return;
    }
    if (whole->len_bytes + p->len_bytes > whole->cap_bytes) {
        struct pkt *larger = pkt_new(p->pool, PKT_LARGE_BYTES);
        if (larger == NULL) {
            drop_partial(r, l);
            pkt_put(p);
            return;
        }
        memcpy(larger->data, whole->data, whole->len_bytes);
        larger->len_bytes = whole->len_bytes;
        larger->csum_partial = whole->csum_partial;
        pkt_put(whole);
        l->partial = whole = larger;
    }
    memcpy(whole->data + whole->len_bytes, p->data, p->len_bytes);
    whole->len_bytes += p->len_bytes;
    if ((p->flags & WIRE_DATA_MORE) == 0) {
        pkt_list_push(&r->out, whole);
        l->partial = NULL;
    }
    pkt_put(p);
}

static void deliver(struct reorder *r, struct reorder_lane *l, struct pkt *p)
{
    bit_set(l->seen, REORDER_SEEN, l->next, true);
    l->next++;
    emit(r, l, p);
}

static void free_run(struct reorder *r, struct reorder_lane *l, struct reorder_run *run)
{
    if (l->latest == run)
        l->latest = NULL;
    run->next = r->free_runs;
    r->free_runs = run;
}

static void unlist(struct reorder *r, struct reorder_lane *l)
{
    struct reorder_lane **at = &r->holding;
    while (*at != l)
        at = &(*at)->list_next;
    *at = l->list_next;
    l->listed = false;
}

/* Its first packets are next, and wait because they are many. */
static bool is_bursting(const struct reorder_lane *l)
{
    return l->runs != NULL && l->runs->first == l->next;
}

static uint32_t burst_packets(const struct reorder_lane *l)
{
    uint32_t part = (l->runs->end - l->runs->first) / BURST_PARTS;
    if (!l->in_bursts)
        return UINT32_MAX;
    return part > BURST_PACKETS ? part : BURST_PACKETS;
}

/* Delivers the runs that are next, or what may leave at once of them. */
static void advance(struct reorder *r, struct reorder_lane *l, struct tstamp now)
{
    uint32_t left = is_bursting(l) ? burst_packets(l) : 0;
    while (left > 0 && is_bursting(l)) {
        struct reorder_run *run = l->runs;
        struct pkt *p = pkt_list_pop(&run->packets);
        run->first++;
        r->held--;
        left--;
        deliver(r, l, p);
        if (run->first == run->end) {
            l->runs = run->next;
            free_run(r, l, run);
        }
    }
    l->burst_at = tstamp_add(now, BURST_EVERY_NS);
    if (l->runs == NULL && l->listed)
        unlist(r, l);
}

/* Goes over the first hole. */
static void skip_hole(struct reorder *r, struct reorder_lane *l, struct tstamp now)
{
    uint32_t to = l->runs->first;
    drop_partial(r, l);
    if (to - l->next >= REORDER_SEEN)
        memset(l->seen, 0, sizeof l->seen);
    else
        for (uint32_t n = l->next; n != to; n++)
            bit_set(l->seen, REORDER_SEEN, n, false);
    l->next = to;
    advance(r, l, now);
}

/* The last run that begins at or before sequence, or NULL. */
static struct reorder_run *find_run(const struct reorder_lane *l, uint32_t sequence)
{
    struct reorder_run *found = NULL;
    struct reorder_run *run = l->runs;
    /* Each path's packets come in ascending order, so it is near the one that grew last. */
    if (l->latest != NULL && (int32_t)(sequence - l->latest->first) >= 0)
        run = l->latest;
    for (; run != NULL && (int32_t)(sequence - run->first) >= 0; run = run->next)
        found = run;
    return found;
}

/* A new run of one packet behind before (NULL: the first). NULL: no run is left. */
static struct reorder_run *insert_run(struct reorder *r, struct reorder_lane *l,
                                      struct reorder_run *before, struct tstamp now,
                                      uint32_t sequence, struct pkt *p)
{
    struct reorder_run *run = r->free_runs;
    struct reorder_run **at = before != NULL ? &before->next : &l->runs;
    if (run == NULL)
        return NULL;
    r->free_runs = run->next;
    /* What is behind it waits for the hole before it as well, and came earlier. */
    *run = (struct reorder_run){ .next = *at,
                                 .first = sequence,
                                 .end = sequence + 1,
                                 .since = *at != NULL ? (*at)->since : now };
    pkt_list_push(&run->packets, p);
    *at = run;
    return run;
}

static void merge_with_next(struct reorder *r, struct reorder_lane *l, struct reorder_run *run)
{
    struct reorder_run *next = run->next;
    if (next == NULL || next->first != run->end)
        return;
    run->packets.tail->next = next->packets.head;
    run->packets.tail = next->packets.tail;
    run->packets.count += next->packets.count;
    run->end = next->end;
    run->next = next->next;
    free_run(r, l, next);
}

/* Puts p, which is ahead, into its place. False: a duplicate, or no memory. */
static bool hold(struct reorder *r, struct reorder_lane *l, struct tstamp now, uint32_t sequence,
                 struct pkt *p)
{
    struct reorder_run *run = find_run(l, sequence);
    struct reorder_run *next = run != NULL ? run->next : l->runs;
    if (run != NULL && (int32_t)(sequence - run->end) < 0) {
        r->duplicates++;
        return false;
    }
    if (run != NULL && sequence == run->end) {
        pkt_list_push(&run->packets, p);
        run->end++;
        merge_with_next(r, l, run);
    } else if (next != NULL && sequence + 1 == next->first) {
        p->next = next->packets.head;
        next->packets.head = p;
        next->packets.count++;
        next->first--;
        run = next;
    } else {
        run = insert_run(r, l, run, now, sequence, p);
        if (run == NULL)
            return false;
    }
    l->latest = run;
    r->held++;
    if ((p->flags & WIRE_DATA_CONT) == 0)
        l->in_bursts = !inner_is_tcp(p->data, p->len_bytes);
    if (!l->listed) {
        l->listed = true;
        l->list_next = r->holding;
        r->holding = l;
    }
    return true;
}

static void push_late(struct reorder *r, struct reorder_lane *l, uint32_t sequence, struct pkt *p)
{
    bool piece = (p->flags & (WIRE_DATA_MORE | WIRE_DATA_CONT)) != 0;
    if (l->next - sequence > REORDER_SEEN || bit_get(l->seen, REORDER_SEEN, sequence)) {
        r->duplicates++;
        pkt_put(p);
        return;
    }
    bit_set(l->seen, REORDER_SEEN, sequence, true);
    r->late++;
    if (piece) {
        r->fragments_lost++;
        pkt_put(p);
        return;
    }
    pkt_list_push(&r->out, p);
}

static void push_unordered(struct reorder *r, uint32_t sequence, struct pkt *p)
{
    int32_t ahead = (int32_t)(sequence - r->unordered_next);
    if (ahead >= 0) {
        if (ahead >= REORDER_SEEN_UNORDERED)
            memset(r->unordered_seen, 0, sizeof r->unordered_seen);
        else
            for (uint32_t n = r->unordered_next; n != sequence; n++)
                bit_set(r->unordered_seen, REORDER_SEEN_UNORDERED, n, false);
        r->unordered_next = sequence + 1;
    } else if (ahead < -REORDER_SEEN_UNORDERED ||
               bit_get(r->unordered_seen, REORDER_SEEN_UNORDERED, sequence)) {
        r->duplicates++;
        pkt_put(p);
        return;
    }
    bit_set(r->unordered_seen, REORDER_SEEN_UNORDERED, sequence, true);
    pkt_list_push(&r->out, p);
}

void reorder_push(struct reorder *r, struct tstamp now, uint16_t lane, uint32_t sequence,
                  struct pkt *p)
{
    if (lane == WIRE_LANE_UNORDERED) {
        push_unordered(r, sequence, p);
        return;
    }
    struct reorder_lane *l = &r->lanes[lane];
    int32_t ahead = (int32_t)(sequence - l->next);
    l->used = true;
    if (ahead < 0) {
        push_late(r, l, sequence, p);
        return;
    }
    if (ahead == 0 && !is_bursting(l)) {
        deliver(r, l, p);
        advance(r, l, now);
        return;
    }
    if (r->held >= REORDER_HELD_MAX || r->free_runs == NULL) {
        r->overflows++;
        struct reorder_lane *freed = l->runs != NULL ? l : r->holding;
        if (freed != NULL) {
            freed->in_bursts = false;
            skip_hole(r, freed, now);
        }
        if ((int32_t)(sequence - l->next) < 0) {
            push_late(r, l, sequence, p);
            return;
        }
    }
    if (sequence == l->next && !is_bursting(l)) {
        deliver(r, l, p);
        advance(r, l, now);
    } else if (!hold(r, l, now, sequence, p)) {
        pkt_put(p);
    }
}

static struct tstamp hole_end(const struct reorder *r, const struct reorder_lane *l)
{
    return tstamp_add(l->runs->since, r->hold_ns);
}

void reorder_tick(struct reorder *r, struct tstamp now)
{
    struct reorder_lane *next;
    for (struct reorder_lane *l = r->holding; l != NULL; l = next) {
        next = l->list_next;
        if (is_bursting(l) && tstamp_reached(l->burst_at, now))
            advance(r, l, now);
        while (l->runs != NULL && !is_bursting(l) && tstamp_reached(hole_end(r, l), now))
            skip_hole(r, l, now);
    }
}

struct tstamp reorder_deadline(const struct reorder *r)
{
    struct tstamp t = TSTAMP_NEVER;
    for (const struct reorder_lane *l = r->holding; l != NULL; l = l->list_next)
        t = tstamp_min(t, is_bursting(l) ? l->burst_at : hole_end(r, l));
    return t;
}
