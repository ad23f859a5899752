/* SPDX-License-Identifier: ISC */
/*
 * The guard: the privileged process. It opens what the engine is to use, sets up the network and
 * watches it, looks names up, runs the hook, and restarts an engine that ends. It never reads a
 * packet of the network, and does for the engine only what the configuration names.
 */
#ifndef HAWSER_DAEMON_GUARD_H
#define HAWSER_DAEMON_GUARD_H

#include <stdbool.h>

#include "config/unit.h"

struct guard_options {
    const char *config_path;
    bool verbose;
    bool journal;               /* what is logged goes to the journal or syslog */
    char unit[UNIT_NAME_BYTES]; /* of the configuration file, as "hawserd@office"; or empty */
    bool is_unit;               /* it is that unit which runs */
    int ready_fd;               /* -1, or where GUARD_DETACHED and GUARD_READY are written */
    /* NULL, or what sends the log elsewhere once most of what can go wrong has not. */
    void (*detach_log)(void);
};

enum { GUARD_DETACHED = 'd', GUARD_READY = 'r' };

/* Runs until it is told to stop; the program's exit code. */
int guard_main(const struct guard_options *options);

/*
 * Removes what a daemon of that interface has left in the network when it was killed. The program's
 * exit code; refused while one runs.
 */
int guard_clean(const char *interface, const char *control);

#endif
