/* SPDX-License-Identifier: ISC */
#include "bond/receive/reorder.h"

#include <string.h>

#include "base/bitring.h"
#include "base/ip.h"

enum {
    RUNS_SPARE = 8,  /* with fewer free ones more are made */
    MARK_EVERY = 32, /* runs that a search passes; near the root of how many there may be */
};

void reorder_init(struct reorder *r, struct arena_share *memory)
{
    memset(r, 0, sizeof *r);
    r->hold_ns = HOLD_FIRST_NS;
    r->memory = memory;
    r->wants_room = true;
}

static bool wants_runs(const struct reorder *r)
{
    return r->runs < REORDER_RUNS_MAX && r->runs - r->runs_used < RUNS_SPARE;
}

void reorder_grow(struct reorder *r)
{
    r->wants_room = false;
    if (r->spare == NULL)
        r->spare = arena_take(r->memory, 1, sizeof *r->spare);
    while (wants_runs(r)) {
        struct reorder_runs *block = arena_take(r->memory, 1, sizeof *block);
        if (block == NULL)
            return;
        block->next = r->blocks;
        r->blocks = block;
        r->runs += REORDER_RUNS_BLOCK;
        for (unsigned i = 0; i < REORDER_RUNS_BLOCK; i++) {
            block->list[i].next = r->free_runs;
            r->free_runs = &block->list[i];
        }
    }
}

static void free_blocks(struct reorder *r)
{
    for (struct reorder_runs *block; (block = r->blocks) != NULL;) {
        r->blocks = block->next;
        arena_give(r->memory, block, 1, sizeof *block);
    }
    r->free_runs = NULL;
    r->runs = 0;
}

void reorder_give_back(struct reorder *r)
{
    if (r->runs_used > 0 || r->runs <= REORDER_RUNS_BLOCK)
        return;
    free_blocks(r);
    reorder_grow(r);
}

static void free_run(struct reorder *r, struct reorder_lane *l, struct reorder_run *run)
{
    if (l->latest == run)
        l->latest = NULL;
    if (run->is_mark) {
        struct reorder_run **at = &l->marks;
        while (*at != run)
            at = &(*at)->next_mark;
        *at = run->next_mark;
    }
    run->next = r->free_runs;
    r->free_runs = run;
    r->runs_used--;
}

static void clear_lane(struct reorder *r, struct reorder_lane *l)
{
    pkt_put(l->partial);
    for (struct reorder_run *run = l->runs, *next; run != NULL; run = next) {
        next = run->next;
        pkt_list_clear(&run->packets);
        free_run(r, l, run);
    }
    arena_give(r->memory, l, 1, sizeof *l);
}

/* What was used is given back, and nothing else is looked at: a peer may bring it about again and
 * again. */
void reorder_clear(struct reorder *r)
{
    for (unsigned word = 0; word < WIRE_LANES_MAX / 64; word++) {
        for (; r->used[word] != 0; r->used[word] &= r->used[word] - 1) {
            unsigned lane = word * 64 + (unsigned)__builtin_ctzll(r->used[word]);
            clear_lane(r, r->lanes[lane]);
            r->lanes[lane] = NULL;
        }
    }
    arena_give(r->memory, r->spare, 1, sizeof *r->spare);
    r->spare = NULL;
    free_blocks(r);
    memset(r->unordered_seen, 0, sizeof r->unordered_seen);
    r->unordered_next = 0;
    r->holding = r->oldest_partial = r->newest_partial = NULL;
    r->held = 0;
    r->hold_ns = HOLD_FIRST_NS;
    r->wants_room = true;
}

static bool is_crowded(const struct reorder *r, const struct pkt *p)
{
    return r->share != NULL && pkt_share_full(r->share, p);
}

static void keep_partial(struct reorder *r, struct reorder_lane *l, struct tstamp now,
                         struct pkt *p)
{
    pkt_charge(p, r->share);
    l->partial = p;
    l->partial_since = now;
    l->partial_next = NULL;
    l->partial_prev = r->newest_partial;
    *(r->newest_partial != NULL ? &r->newest_partial->partial_next : &r->oldest_partial) = l;
    r->newest_partial = l;
}

static struct pkt *take_partial(struct reorder *r, struct reorder_lane *l)
{
    struct pkt *p = l->partial;
    *(l->partial_prev != NULL ? &l->partial_prev->partial_next : &r->oldest_partial) =
        l->partial_next;
    *(l->partial_next != NULL ? &l->partial_next->partial_prev : &r->newest_partial) =
        l->partial_prev;
    l->partial = NULL;
    return p;
}

static void drop_partial(struct reorder *r, struct reorder_lane *l)
{
    if (l->partial == NULL)
        return;
    r->fragments_lost++;
    pkt_put(take_partial(r, l));
}

/* A larger buffer for the pieces; false: there is none for this share. */
static bool grow_partial(struct reorder *r, struct reorder_lane *l, const struct pkt *next)
{
    struct pkt *whole = l->partial;
    if (whole->len_bytes + next->len_bytes <= whole->cap_bytes)
        return true;
    struct pkt *larger = pkt_new(whole->pool, PKT_LARGE_BYTES);
    if (larger == NULL)
        return false;
    pkt_charge(larger, whole->share);
    if (is_crowded(r, larger)) {
        pkt_put(larger);
        return false;
    }
    memcpy(larger->data, whole->data, whole->len_bytes);
    larger->len_bytes = whole->len_bytes;
    larger->csum_partial = whole->csum_partial;
    pkt_put(whole);
    l->partial = larger;
    return true;
}

static void begin_partial(struct reorder *r, struct reorder_lane *l, struct tstamp now,
                          struct pkt *p)
{
    drop_partial(r, l);
    if (is_crowded(r, p)) {
        r->fragments_lost++;
        pkt_put(p);
        return;
    }
    keep_partial(r, l, now, p);
}

/* Joins pieces; a packet that is whole goes out. */
static void emit(struct reorder *r, struct reorder_lane *l, struct tstamp now, struct pkt *p)
{
    if ((p->flags & (WIRE_DATA_MORE | WIRE_DATA_CONT)) == 0) {
        if (l->partial != NULL)
            drop_partial(r, l);
        pkt_list_push(&r->out, p);
        return;
    }
    if ((p->flags & WIRE_DATA_CONT) == 0) {
        begin_partial(r, l, now, p);
        return;
    }
    if (l->partial == NULL || l->partial->len_bytes + p->len_bytes > WIRE_DATAGRAM_MAX ||
        !grow_partial(r, l, p)) {
        drop_partial(r, l);
        r->fragments_lost++;
        pkt_put(p);
        return;
    }
    struct pkt *whole = l->partial;
    memcpy(whole->data + whole->len_bytes, p->data, p->len_bytes);
    whole->len_bytes += p->len_bytes;
    if ((p->flags & WIRE_DATA_MORE) == 0) {
        ip_parse(whole);
        pkt_list_push(&r->out, take_partial(r, l));
    }
    pkt_put(p);
}

static void deliver(struct reorder *r, struct reorder_lane *l, struct tstamp now, struct pkt *p)
{
    bitring_set(l->seen, REORDER_SEEN, l->next);
    l->next++;
    emit(r, l, now, p);
}

static void list(struct reorder *r, struct reorder_lane *l)
{
    l->listed = true;
    l->list_prev = NULL;
    l->list_next = r->holding;
    if (r->holding != NULL)
        r->holding->list_prev = l;
    r->holding = l;
}

static void unlist(struct reorder *r, struct reorder_lane *l)
{
    *(l->list_prev != NULL ? &l->list_prev->list_next : &r->holding) = l->list_next;
    if (l->list_next != NULL)
        l->list_next->list_prev = l->list_prev;
    l->listed = false;
}

/* Its first packets are next, and wait because they are many. */
static bool is_bursting(const struct reorder_lane *l)
{
    return l->runs != NULL && l->runs->first == l->next;
}

static struct tstamp hole_end(const struct reorder *r, const struct reorder_lane *l)
{
    return tstamp_add(l->runs->since, r->hold_ns);
}

static struct tstamp lane_due(const struct reorder *r, const struct reorder_lane *l)
{
    return is_bursting(l) ? l->burst_at : hole_end(r, l);
}

/* No lane is due before; it may be later, for lanes that were due first may hold nothing now. */
static struct tstamp lanes_due(const struct reorder *r)
{
    int64_t shorter_ns = r->due_hold_ns - r->hold_ns;
    if (r->holding == NULL)
        return TSTAMP_NEVER;
    return shorter_ns > 0 ? tstamp_add(r->due, -shorter_ns) : r->due;
}

static void note_due(struct reorder *r, const struct reorder_lane *l)
{
    bool alone = r->holding == l && l->list_next == NULL;
    struct tstamp due = lane_due(r, l);
    r->due = alone ? due : tstamp_min(lanes_due(r), due);
    r->due_hold_ns = r->hold_ns;
}

static uint32_t burst_packets(const struct reorder_lane *l)
{
    uint32_t part = (l->runs->end - l->runs->first) / RELEASE_PARTS;
    if (!l->in_bursts)
        return UINT32_MAX;
    return part > RELEASE_PACKETS ? part : RELEASE_PACKETS;
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
        deliver(r, l, now, p);
        if (run->first == run->end) {
            l->runs = run->next;
            free_run(r, l, run);
        }
    }
    l->burst_at = tstamp_add(now, RELEASE_EVERY_NS);
    if (l->runs == NULL && l->listed)
        unlist(r, l);
    else if (l->listed)
        note_due(r, l);
}

/* Goes over the first hole. */
static void skip_hole(struct reorder *r, struct reorder_lane *l, struct tstamp now)
{
    uint32_t to = l->runs->first;
    drop_partial(r, l);
    bitring_clear(l->seen, REORDER_SEEN, l->next, to - l->next);
    l->next = to;
    advance(r, l, now);
}

static bool begins_by(const struct reorder_run *run, uint32_t sequence)
{
    return run != NULL && (int32_t)(sequence - run->first) >= 0;
}

/*
 * The last run that begins at or before sequence, or NULL. Each path's packets come in ascending
 * order, so it mostly is the one that grew last. Else marks lead near to it, which searches leave
 * behind them, so that a peer's packets are no dearer for the order in which they come.
 */
static struct reorder_run *find_run(struct reorder_lane *l, uint32_t sequence)
{
    struct reorder_run *found = l->latest;
    struct reorder_run *mark = NULL;
    unsigned passed = 0;
    if (begins_by(found, sequence) && !begins_by(found->next, sequence))
        return found;
    for (struct reorder_run *m = l->marks; begins_by(m, sequence); m = m->next_mark)
        mark = m;
    found = mark;
    for (struct reorder_run *run = found != NULL ? found : l->runs; begins_by(run, sequence);
         run = run->next) {
        found = run;
        if (++passed <= MARK_EVERY || run->is_mark)
            continue;
        struct reorder_run **at = mark != NULL ? &mark->next_mark : &l->marks;
        run->is_mark = true;
        run->next_mark = *at;
        mark = *at = run;
        passed = 0;
    }
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
    r->runs_used++;
    if (wants_runs(r))
        r->wants_room = true;
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
    pkt_charge(p, r->share);
    l->latest = run;
    r->held++;
    if ((p->flags & WIRE_DATA_CONT) == 0)
        l->in_bursts = !ip_is_tcp(p);
    if (!l->listed)
        list(r, l);
    note_due(r, l);
    return true;
}

static void push_late(struct reorder *r, struct reorder_lane *l, uint32_t sequence, struct pkt *p)
{
    bool piece = (p->flags & (WIRE_DATA_MORE | WIRE_DATA_CONT)) != 0;
    if (l->next - sequence > REORDER_SEEN || bitring_get(l->seen, REORDER_SEEN, sequence)) {
        r->duplicates++;
        pkt_put(p);
        return;
    }
    bitring_set(l->seen, REORDER_SEEN, sequence);
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
        bitring_clear(r->unordered_seen, REORDER_SEEN_UNORDERED, r->unordered_next,
                      sequence - r->unordered_next);
        r->unordered_next = sequence + 1;
    } else if (ahead < -REORDER_SEEN_UNORDERED ||
               bitring_get(r->unordered_seen, REORDER_SEEN_UNORDERED, sequence)) {
        r->duplicates++;
        pkt_put(p);
        return;
    }
    bitring_set(r->unordered_seen, REORDER_SEEN_UNORDERED, sequence);
    pkt_list_push(&r->out, p);
}

/* NULL: there is no memory for one more. */
static struct reorder_lane *find_lane(struct reorder *r, uint16_t lane)
{
    if (r->lanes[lane] != NULL)
        return r->lanes[lane];
    r->wants_room = true;
    if (r->spare == NULL)
        return NULL;
    r->used[lane / 64] |= UINT64_C(1) << (lane % 64);
    r->lanes[lane] = r->spare;
    r->spare = NULL;
    return r->lanes[lane];
}

void reorder_push(struct reorder *r, struct tstamp now, uint16_t lane, uint32_t sequence,
                  struct pkt *p)
{
    if (lane == WIRE_LANE_UNORDERED) {
        push_unordered(r, sequence, p);
        return;
    }
    struct reorder_lane *l = find_lane(r, lane);
    if (l == NULL) {
        r->dropped_memory++;
        pkt_put(p);
        return;
    }
    int32_t ahead = (int32_t)(sequence - l->next);
    if (ahead < 0) {
        push_late(r, l, sequence, p);
        return;
    }
    if (ahead == 0 && !is_bursting(l)) {
        deliver(r, l, now, p);
        advance(r, l, now);
        return;
    }
    if (r->held >= REORDER_HELD_MAX || r->free_runs == NULL || is_crowded(r, p)) {
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
        deliver(r, l, now, p);
        advance(r, l, now);
    } else if (!hold(r, l, now, sequence, p)) {
        pkt_put(p);
    }
}

/* When the oldest pieces are given up. */
static struct tstamp partial_end(const struct reorder *r)
{
    const struct reorder_lane *l = r->oldest_partial;
    return l != NULL ? tstamp_add(l->partial_since, PIECES_NS) : TSTAMP_NEVER;
}

void reorder_tick(struct reorder *r, struct tstamp now)
{
    struct reorder_lane *next;
    while (tstamp_reached(partial_end(r), now))
        drop_partial(r, r->oldest_partial);
    if (!tstamp_reached(lanes_due(r), now))
        return;
    for (struct reorder_lane *l = r->holding; l != NULL; l = next) {
        next = l->list_next;
        if (is_bursting(l) && tstamp_reached(l->burst_at, now))
            advance(r, l, now);
        while (l->runs != NULL && !is_bursting(l) && tstamp_reached(hole_end(r, l), now))
            skip_hole(r, l, now);
    }
    r->due = TSTAMP_NEVER;
    r->due_hold_ns = r->hold_ns;
    for (const struct reorder_lane *l = r->holding; l != NULL; l = l->list_next)
        r->due = tstamp_min(r->due, lane_due(r, l));
}

struct tstamp reorder_deadline(const struct reorder *r)
{
    return tstamp_min(partial_end(r), lanes_due(r));
}
