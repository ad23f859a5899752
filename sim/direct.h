/* SPDX-License-Identifier: ISC */
/*
 * No tunnel: inner packets cross one link as they are. The reference that the bond is compared
 * with, and the foreign traffic beside it.
 */
#ifndef HAWSER_SIM_DIRECT_H
#define HAWSER_SIM_DIRECT_H

#include "sim/net.h"
#include "sim/wires.h"

enum { DIRECT_MTU_BYTES = 1500 }; /* of a link without a tunnel */

struct direct {
    struct net *net; /* not owned */
    size_t via;
    enum wires_user user;
    struct wires *wires; /* not owned if another's */
    struct wires own;
};

/* Becomes the net's carrier. */
void direct_init(struct direct *d, struct net *net, const struct linkspecs *specs, size_t via,
                 uint64_t seed);
/* The same over a link of wires that others use. */
void direct_join(struct direct *d, struct net *net, struct wires *wires, size_t via);
void direct_free(struct direct *d);

#endif
