/* SPDX-License-Identifier: ISC */
#include "bond/receive/acker.h"

#include <stddef.h>
#include <string.h>

#include "base/bitring.h"

static void free_rings(struct acker *a)
{
    arena_give(a->memory, a->came, a->size / 64, sizeof *a->came);
    arena_give(a->memory, a->came_us, a->size, sizeof *a->came_us);
}

void acker_init(struct acker *a, struct arena_share *memory)
{
    memset(a, 0, sizeof *a);
    a->memory = memory;
    a->due = TSTAMP_NEVER;
    a->lowest_late = UINT64_MAX;
    acker_resize(a, ACKER_FIRST);
}

void acker_free(struct acker *a)
{
    if (a->memory == NULL)
        return;
    free_rings(a);
    memset(a, 0, sizeof *a);
}

/* No number below it is told again: it was there for the oldest acknowledgement remembered. */
static uint64_t lowest_told(const struct acker *a)
{
    return a->reported[a->reports % ACKER_REPORTS];
}

static void note_room(struct acker *a)
{
    a->room_until = a->size < ACKER_MOST ? lowest_told(a) + a->size : UINT64_MAX;
}

bool acker_resize(struct acker *a, uint64_t size)
{
    uint64_t *came = arena_take(a->memory, size / 64, sizeof *came);
    uint32_t *came_us = arena_take(a->memory, size, sizeof *came_us);
    if (came == NULL || came_us == NULL) {
        arena_give(a->memory, came, size / 64, sizeof *came);
        arena_give(a->memory, came_us, size, sizeof *came_us);
        a->room_until = UINT64_MAX;
        return false;
    }
    uint64_t most = size < a->size ? size : a->size;
    for (uint64_t pn = a->next > most ? a->next - most : 0; pn < a->next; pn++) {
        if (bitring_get(a->came, a->size, pn))
            bitring_set(came, size, pn);
        came_us[pn & (size - 1)] = a->came_us[pn & (a->size - 1)];
    }
    free_rings(a);
    a->came = came;
    a->came_us = came_us;
    a->size = size;
    note_room(a);
    return true;
}

void acker_make_room(struct acker *a, uint64_t pn)
{
    while (pn >= a->room_until)
        if (!acker_resize(a, a->size > 0 ? 2 * a->size : (uint64_t)ACKER_FIRST))
            return;
}

void acker_give_back(struct acker *a)
{
    if (a->size > ACKER_FIRST && tstamp_is_never(a->due))
        acker_resize(a, ACKER_FIRST);
}

void acker_retry_growth(struct acker *a)
{
    note_room(a);
}

static uint32_t clock_us(struct tstamp t)
{
    return (uint32_t)(t.ns / NS_PER_US);
}

/* Numbers below it were there to be told by the last acknowledgement. */
static uint64_t told_up_to(const struct acker *a)
{
    return a->reported[(a->reports + ACKER_REPORTS - 1) % ACKER_REPORTS];
}

void acker_record(struct acker *a, struct tstamp now, uint64_t pn, bool eliciting)
{
    bool gap = pn > a->next;
    if (pn + a->size < a->next || a->size == 0)
        return;
    if (pn >= a->next) {
        bitring_clear(a->came, a->size, a->next, pn - a->next);
        a->next = pn + 1;
        a->largest_at = now;
    }
    bitring_set(a->came, a->size, pn);
    a->came_us[pn & (a->size - 1)] = clock_us(now);
    if (pn < told_up_to(a) && pn < a->lowest_late)
        a->lowest_late = pn;
    if (!eliciting)
        return;
    const uint64_t packets = a->patient ? ACKER_PATIENT_PACKETS : ACKER_PACKETS;
    struct tstamp due = tstamp_add(now, ACKER_DELAY_NS);
    if (++a->pending >= packets || gap)
        due = tstamp_max(now, tstamp_add(a->last_sent, ACKER_SPACING_NS));
    a->due = tstamp_min(a->due, due);
}

/* Adds the run of received numbers that ends at *pn (inclusive), moves *pn below it. */
static uint32_t take_run(const struct acker *a, uint64_t *pn, uint64_t floor, bool received)
{
    uint64_t from = bitring_run(a->came, a->size, *pn, floor, received);
    uint32_t n = (uint32_t)(*pn - from);
    *pn = from;
    return n;
}

/* Times of the numbers from end down to floor; false: no room for them all, or of no use. */
static bool add_times(const struct acker *a, uint64_t end, uint64_t floor, struct wire_ack *out,
                      uint32_t *last_us)
{
    for (uint64_t pn = end; pn > floor; pn--) {
        uint32_t us = a->came_us[(pn - 1) & (a->size - 1)];
        struct wire_ack_time *t = &out->times[out->time_count];
        if (out->time_us - us > ACKER_TIMED_US && out->time_us - us < UINT32_MAX / 2)
            return false;
        if (out->time_count > 0 && *last_us - us <= a->same_us) {
            t[-1].count++;
            continue;
        }
        if (out->time_count == WIRE_ACK_TIMES_MAX)
            return false;
        t->count = 1;
        t->back_us = out->time_count > 0 ? (int32_t)(*last_us - us) : 0;
        *last_us = us;
        out->time_count++;
    }
    return true;
}

/* Fills in the ranges from *pn down, with times of the numbers that came since last. */
static void add_ranges(const struct acker *a, uint64_t *pn, uint64_t floor, uint64_t last,
                       struct wire_ack *out)
{
    uint32_t last_us = 0;
    bool timing = true;
    while (out->range_count < WIRE_ACK_RANGES_MAX) {
        struct wire_ack_range *r = &out->ranges[out->range_count];
        r->gap = take_run(a, pn, floor, false);
        uint64_t end = *pn;
        r->len = take_run(a, pn, floor, true);
        if (r->len == 0)
            break;
        out->range_count++;
        /* The largest number is always timed, others only by the first that reports them. */
        uint64_t timed = out->time_count == 0 && last >= end ? end - 1 : last;
        timing = timing && add_times(a, end, *pn > timed ? *pn : timed, out, &last_us);
    }
    while (out->time_count > 1 && wire_ack_bytes(out) > WIRE_FRAME_BYTES_MAX)
        out->time_count--; /* the oldest times, which are the least of use */
}

/* Where the one to build begins: one above a number that was received. */
static uint64_t begin_at(struct acker *a, uint64_t floor)
{
    uint64_t pn = a->resumed ? 0 : a->resume;
    if (pn > floor)
        take_run(a, &pn, floor, false);
    a->resumed = pn > floor;
    return a->resumed ? pn : a->next;
}

bool acker_build(struct acker *a, struct tstamp now, struct wire_ack *out)
{
    if (a->next == 0)
        return false;
    uint64_t last = told_up_to(a);
    uint64_t floor = lowest_told(a);
    if (a->next - floor > a->size)
        floor = a->next - a->size;
    uint64_t pn = begin_at(a, floor);
    out->largest = (uint32_t)(pn - 1);
    out->time_us = a->came_us[(pn - 1) & (a->size - 1)];
    out->delay_us = a->resumed ? clock_us(now) - out->time_us
                               : (uint32_t)(tstamp_sub(now, a->largest_at) / NS_PER_US);
    out->range_count = 0;
    out->time_count = 0;
    add_ranges(a, &pn, floor, a->lowest_late < last ? a->lowest_late : last, out);
    bool all = out->range_count < WIRE_ACK_RANGES_MAX || a->lowest_late >= pn;
    if (a->resumed || a->resume <= floor)
        a->resume = all ? 0 : pn;
    if (!a->resumed) {
        a->reported[a->reports++ % ACKER_REPORTS] = a->next;
        if (a->room_until != UINT64_MAX)
            note_room(a);
    }
    if (a->resume == 0)
        a->lowest_late = UINT64_MAX;
    a->pending = 0;
    a->due = a->resume > 0 ? tstamp_add(now, ACKER_SPACING_NS) : TSTAMP_NEVER;
    a->last_sent = now;
    return out->range_count > 0;
}
