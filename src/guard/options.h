/* SPDX-License-Identifier: ISC */
/* How the guard was started. */
#ifndef HAWSER_GUARD_OPTIONS_H
#define HAWSER_GUARD_OPTIONS_H

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

#endif
