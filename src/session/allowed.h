/* SPDX-License-Identifier: ISC */
/*
 * Allowed addresses: which peer an inner address belongs to, by longest prefix.
 *
 * The same table routes packets that leave and checks the source of packets that came in. It is
 * built when the peers change and only read on the packet path. Of two equal prefixes the later
 * one counts.
 */
#ifndef HAWSER_SESSION_ALLOWED_H
#define HAWSER_SESSION_ALLOWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"

struct allowed_node;
struct peer;
struct pkt;

struct allowed {
    struct allowed_node *nodes; /* owned; two roots first, then in order of insertion */
    uint32_t count;
    uint32_t capacity;
    uint32_t prefixes; /* of peers */
    uint32_t removed;  /* whose nodes are still there */
    /* the last answer: packets come in trains */
    uint8_t last_family; /* 0: none */
    uint8_t last_addr[16];
    struct peer *last_peer;
};

int allowed_init(struct allowed *a);
void allowed_free(struct allowed *a);

/* -ENOMEM or 0. The peer is borrowed; who had the prefix has it no longer. */
int allowed_add(struct allowed *a, const struct netprefix *prefix, struct peer *peer);

/* Does nothing where another peer has the prefix by now. */
void allowed_remove(struct allowed *a, const struct netprefix *prefix, const struct peer *peer);
/* More was removed than is there: made anew it would need less memory. */
bool allowed_is_sparse(const struct allowed *a);

/* addr: 4 or 16 bytes by family (4 or 6). NULL: nobody's. */
struct peer *allowed_find(struct allowed *a, uint8_t family, const uint8_t *addr);

/* The same for the addresses of a parsed packet; NULL also for what is no IP packet. */
struct peer *allowed_source(struct allowed *a, const struct pkt *p);
struct peer *allowed_destination(struct allowed *a, const struct pkt *p);

#endif
