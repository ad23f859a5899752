/* SPDX-License-Identifier: ISC */
/*
 * What the demonstration shows: live bars on a terminal, one line a second elsewhere, and the table
 * at the end.
 */
#ifndef HAWSER_LAB_DEMO_SCREEN_H
#define HAWSER_LAB_DEMO_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/demo_bond.h"
#include "sim/linkspec.h"

/* One moment. */
struct demo_view {
    const char *phase;
    double left_s; /* of the whole demonstration */
    const struct linkspecs *specs;
    const struct bond_link *links;
    double flow_bps; /* of the TCP connection */
};

struct demo_result {
    double alone_bps[LINKSPEC_LINKS_MAX];
    double bond_bps;
    double cut_bps;      /* while one link is cut */
    double returned_bps; /* after its return */
    double silence_ms;   /* longest, from the cut to the end */
    size_t cut_link;
};

/* Call it several times a second. */
void demo_screen_draw(const struct demo_view *view);

/* Ends the live part, so that what follows is printed below it. */
void demo_screen_end(void);

void demo_screen_table(const struct linkspecs *specs, const struct demo_result *result);

#endif
