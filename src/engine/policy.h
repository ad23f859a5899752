/* SPDX-License-Identifier: ISC */
/*
 * The policies of the engine: which one an inner packet belongs to, and what each has matched.
 *
 * The first policy that matches a packet counts. Later fragments of a datagram have no ports, so
 * they go with their first one, as long as it is remembered. Policies that keep their name over a
 * change keep their number, and so what waits of them, and their counters.
 */
#ifndef HAWSER_ENGINE_POLICY_H
#define HAWSER_ENGINE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"
#include "config/filter.h"
#include "config/limits.h"
#include "ipc/msg.h"

enum { POLICY_FRAGMENTS = 64 }; /* datagrams whose first fragment is remembered, a power of two */

struct policy {
    char name[CONFIG_NAME_MAX + 1];
    uint8_t number; /* of the core, from 1 */
    uint64_t dscps;
    struct filter filter; /* owned */
    struct core_policy action;
    uint64_t packets; /* inner ones, the segments of super-packets counted */
    uint64_t bytes;
};

struct policy_fragment {
    uint64_t key; /* addresses, protocol and identification, mixed; 0: free */
    uint8_t policy;
};

struct policy_set {
    struct policy list[CONFIG_POLICIES_MAX];
    size_t count;
    size_t expected; /* while they come in */
    struct policy_fragment fragments[POLICY_FRAGMENTS];
};

/* Begins anew with none; expected: how many will come. -EINVAL: too many. */
int policy_set_begin(struct policy_set *s, size_t expected);
/* 0, -EBADMSG (one too many, or a filter that must not run) or -ENOMEM. */
int policy_set_add(struct policy_set *s, const struct msg_policy *m);
bool policy_set_complete(const struct policy_set *s);
/* Gives each its number, where the names are the same that of before, with the counters. */
void policy_set_follow(struct policy_set *s, const struct policy_set *before);
/* The table for the core. */
void policy_set_actions(const struct policy_set *s, struct core_policy out[CORE_POLICIES_MAX]);
void policy_set_clear(struct policy_set *s);

/* Sets p->policy of a parsed packet, and counts. */
void policy_set_match(struct policy_set *s, struct pkt *p);

#endif
