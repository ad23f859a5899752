/* SPDX-License-Identifier: ISC */
/*
 * Virtual time: a queue of events and timers over it.
 *
 * Events run in the order of their times, those of one time in the order in which they were added.
 * An event adds others at its own time or later. Running out of memory ends the program.
 */
#ifndef HAWSER_SIM_EVENTS_H
#define HAWSER_SIM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"

typedef void event_run(void *owner, uint64_t value);

struct event {
    struct tstamp at;
    uint64_t order;
    event_run *run;
    void *owner; /* handed to run; not owned */
    uint64_t value;
};

struct events {
    struct tstamp start;
    struct tstamp now;
    uint64_t next_order;
    bool stopped;
    struct event *heap; /* owned */
    size_t count;
    size_t capacity;
};

void events_init(struct events *e, struct tstamp start);
void events_free(struct events *e);

/* A time in the past counts as now. */
void events_add(struct events *e, struct tstamp at, event_run *run, void *owner, uint64_t value);

/* Runs everything up to and at that time, unless events_stop() is called; now is then that time. */
void events_run(struct events *e, struct tstamp until);
void events_stop(struct events *e);

/* One deadline that may be moved at any time. Its function runs once for each setting. */
struct timer {
    struct events *events; /* not owned */
    void (*run)(void *owner);
    void *owner;
    struct tstamp at;    /* NEVER: off */
    struct tstamp armed; /* of the event that will look at it next */
};

void timer_init(struct timer *t, struct events *e, void (*run)(void *owner), void *owner);
void timer_set(struct timer *t, struct tstamp at);
void timer_stop(struct timer *t);

/* malloc() that ends the program when there is no memory: a simulation cannot go on then. */
void *sim_alloc(size_t count, size_t item_bytes);
void *sim_grow(void *old, size_t old_count, size_t new_count, size_t item_bytes);

#endif
