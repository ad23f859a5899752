/* SPDX-License-Identifier: ISC */
/*
 * A thin event loop over epoll, with deadlines in nanoseconds (packaged loops round to
 * milliseconds, too coarse for pacing) and one reading of the clock per turn.
 *
 * The clock is CLOCK_BOOTTIME: after a suspended night keys and addresses are old, and must look
 * it.
 */
#ifndef HAWSER_SYS_LOOP_H
#define HAWSER_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_ERROR = 4 };

/* Lives where its owner put it for as long as it is in the loop. */
struct loop_watch {
    int fd; /* borrowed */
    void (*ready)(void *arg, struct tstamp now,
                  unsigned events); /* LOOP_READ, LOOP_WRITE, and LOOP_ERROR with LOOP_READ */
    void *arg;
    unsigned events;
};

struct loop {
    int epoll_fd;
    bool coarse; /* the kernel has no epoll_pwait2(): milliseconds, rounded up */
};

struct tstamp loop_now(void);

int loop_open(struct loop *l); /* 0 or negative errno */
void loop_close(struct loop *l);
int loop_add(struct loop *l, struct loop_watch *w, unsigned events);
int loop_change(struct loop *l, struct loop_watch *w, unsigned events);
void loop_remove(struct loop *l, struct loop_watch *w);

/*
 * Waits until a descriptor is ready or the deadline is reached, calls what is ready, and returns
 * the time after the wait; a signal ends the wait early. A watch may be removed by a callback.
 */
struct tstamp loop_turn(struct loop *l, struct tstamp deadline);

#endif
