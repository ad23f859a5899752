/* SPDX-License-Identifier: ISC */
/*
 * No tunnel: inner packets cross one link as they are. The reference that the bond is compared
 * with.
 */
#ifndef HAWSER_SIM_DIRECT_H
#define HAWSER_SIM_DIRECT_H

#include "sim/net.h"
#include "sim/wires.h"

struct direct {
    struct net *net; /* not owned */
    size_t via;
    struct wires wires;
};

/* Becomes the net's carrier. */
void direct_init(struct direct *d, struct net *net, const struct linkspecs *specs, size_t via,
                 uint64_t seed);
void direct_free(struct direct *d);

#endif
