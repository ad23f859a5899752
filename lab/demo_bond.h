/* SPDX-License-Identifier: ISC */
/*
 * A client and a server daemon in a lab, with fresh keys: what the demonstration shows.
 */
#ifndef HAWSER_LAB_DEMO_BOND_H
#define HAWSER_LAB_DEMO_BOND_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/linkspec.h"

enum { BOND_STATE_BYTES = 12 };

struct bond;

/* What the client says of one link. */
struct bond_link {
    char state[BOND_STATE_BYTES];
    double rx_bps;
    double rtt_ms;
};

/* Writes the configurations and starts both; NULL with the reason logged. specs is borrowed. */
struct bond *bond_start(const char *lab_id, const struct linkspecs *specs);

/* Stops both and removes their files; bond_stop(NULL) is legal. */
void bond_stop(struct bond *bond);

/* How each link is, in the order of specs; false if the client does not answer. */
bool bond_status(struct bond *bond, struct bond_link links[LINKSPEC_LINKS_MAX]);

/* "hawser link NAME up|down" at the client; false with the reason logged. */
bool bond_set_link(struct bond *bond, const char *name, bool up);

/* False once one of the daemons has ended. */
bool bond_is_running(struct bond *bond);

/* What the daemons logged, to stderr. */
void bond_print_logs(const struct bond *bond);

#endif
