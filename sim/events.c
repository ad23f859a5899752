/* SPDX-License-Identifier: ISC */
#include "sim/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_FIRST_CAPACITY = 1024 };

void *sim_alloc(size_t count, size_t item_bytes)
{
    return sim_grow(NULL, 0, count, item_bytes);
}

void *sim_grow(void *old, size_t old_count, size_t new_count, size_t item_bytes)
{
    char *grown = reallocarray(old, new_count, item_bytes);
    if (grown == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    memset(grown + old_count * item_bytes, 0, (new_count - old_count) * item_bytes);
    return grown;
}

void events_init(struct events *e, struct tstamp start)
{
    *e = (struct events){ .start = start, .now = start, .capacity = EVENTS_FIRST_CAPACITY };
    e->heap = sim_alloc(e->capacity, sizeof(*e->heap));
}

void events_free(struct events *e)
{
    free(e->heap);
    *e = (struct events){ 0 };
}

static bool event_before(const struct event *a, const struct event *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->order < b->order;
}

void events_add(struct events *e, struct tstamp at, event_run *run, void *owner, uint64_t value)
{
    if (e->count == e->capacity) {
        e->heap = sim_grow(e->heap, e->capacity, 2 * e->capacity, sizeof(*e->heap));
        e->capacity *= 2;
    }
    struct event added = { .at = tstamp_max(at, e->now),
                           .order = e->next_order++,
                           .run = run,
                           .owner = owner,
                           .value = value };
    size_t i = e->count++;
    while (i > 0 && event_before(&added, &e->heap[(i - 1) / 2])) {
        e->heap[i] = e->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    e->heap[i] = added;
}

static struct event events_pop(struct events *e)
{
    struct event first = e->heap[0];
    struct event moved = e->heap[--e->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= e->count)
            break;
        if (child + 1 < e->count && event_before(&e->heap[child + 1], &e->heap[child]))
            child++;
        if (!event_before(&e->heap[child], &moved))
            break;
        e->heap[i] = e->heap[child];
        i = child;
    }
    e->heap[i] = moved;
    return first;
}

void events_run(struct events *e, struct tstamp until)
{
    while (!e->stopped && e->count > 0 && tstamp_reached(e->heap[0].at, until)) {
        struct event next = events_pop(e);
        e->now = next.at;
        next.run(next.owner, next.value);
    }
    if (!e->stopped)
        e->now = tstamp_max(e->now, until);
}

void events_stop(struct events *e)
{
    e->stopped = true;
}

void timer_init(struct timer *t, struct events *e, void (*run)(void *owner), void *owner)
{
    *t = (struct timer){
        .events = e, .run = run, .owner = owner, .at = TSTAMP_NEVER, .armed = TSTAMP_NEVER
    };
}

/* An event that was overtaken by an earlier setting finds another time armed, and does nothing. */
static void timer_look(void *owner, uint64_t armed_ns)
{
    struct timer *t = owner;
    if ((uint64_t)t->armed.ns != armed_ns)
        return;
    t->armed = TSTAMP_NEVER;
    if (tstamp_is_never(t->at))
        return;
    if (!tstamp_reached(t->at, t->events->now)) {
        timer_set(t, t->at);
        return;
    }
    t->at = TSTAMP_NEVER;
    t->run(t->owner);
}

void timer_set(struct timer *t, struct tstamp at)
{
    t->at = at;
    struct tstamp wake = tstamp_max(at, t->events->now);
    if (tstamp_is_never(at) || !tstamp_before(wake, t->armed))
        return;
    t->armed = wake;
    events_add(t->events, wake, timer_look, t, (uint64_t)wake.ns);
}

void timer_stop(struct timer *t)
{
    t->at = TSTAMP_NEVER;
}
