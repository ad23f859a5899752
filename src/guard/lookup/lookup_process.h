/* SPDX-License-Identifier: ISC */
/*
 * The guard's side of a look-up: the program of lookup.h as a process, its request and its answers.
 */
#ifndef HAWSER_GUARD_LOOKUP_LOOKUP_PROCESS_H
#define HAWSER_GUARD_LOOKUP_LOOKUP_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/tstamp.h"
#include "guard/lookup/lookup.h"
#include "sys/loop.h"

/* Lives where its owner put it while it runs; zero: none runs. */
struct lookup_process {
    struct loop *loop; /* borrowed */
    /* An answer, which fits the request. */
    void (*answer)(void *arg, struct tstamp now, const struct lookup_answer *a);
    void *arg;
    pid_t pid; /* 0: none runs. Of one that has ended it is 0 after the turn of the loop */
    struct loop_watch watch;
    uint8_t name_count; /* of its request */
    uint8_t way_count;
    bool system;
    unsigned answers_left; /* it sends more than that only if it is broken into */
};

/* Nothing is believed but what was asked. */
static inline bool lookup_process_fits(const struct lookup_process *p,
                                       const struct lookup_answer *a)
{
    bool way = a->way == LOOKUP_SYSTEM ? p->system : a->way < p->way_count;
    return way && (a->type == LOOKUP_UNBOUND || a->name < p->name_count);
}

/* 0 or negative errno. */
int lookup_process_start(struct lookup_process *p, const struct lookup_request *q);

/* Ends it, if one runs. */
void lookup_process_stop(struct lookup_process *p);

#endif
