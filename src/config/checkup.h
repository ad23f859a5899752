/* SPDX-License-Identifier: ISC */
/*
 * What a configuration needs of this machine: its hook, the engine's user, the nft program, TUN
 * devices, interfaces of LANs. The file itself may be right without them, so only "hawserd --check"
 * looks.
 */
#ifndef HAWSER_CONFIG_CHECKUP_H
#define HAWSER_CONFIG_CHECKUP_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

/* Where things are looked for; tests look elsewhere. */
struct checkup_places {
    const char *const *nft; /* paths of the program; ends with NULL */
    const char *tun;
};

extern const struct checkup_places checkup_system;

/*
 * Prints a line for each thing that is missing to to: "FILE:LINE: what and how to mend it", or
 * "note: ..." where the tunnel works without it, or it may come with the start. False: something
 * that is needed is missing.
 */
bool checkup_run(const struct config *c, const char *file, const struct checkup_places *places,
                 FILE *to);

#endif
