/* SPDX-License-Identifier: ISC */
/*
 * Session indexes: from the random 32-bit number in a datagram to the peer that it is for.
 *
 * Sized for a number of peers; each may hold INDEX_PER_PEER numbers at a time. Never fuller
 * than half, so a search is short.
 */
#ifndef HAWSER_SESSION_INDEX_H
#define HAWSER_SESSION_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "session/records.h"

/* Keys in use, before and next, a call under way, and those of refused calls. */
enum { INDEX_PER_PEER = 4 + LIVES_MAX };

struct peer;

struct index_entry {
    uint32_t index;
    struct peer *peer; /* borrowed; NULL: free */
};

struct index_table {
    struct index_entry *entries; /* owned; mask + 1 of them */
    uint32_t mask;
};

int index_init(struct index_table *t, size_t peer_count);
/* Makes room for so many peers, where there is not; everything in it stays. 0 or -ENOMEM. */
int index_reserve(struct index_table *t, size_t peer_count);
void index_free(struct index_table *t);

struct peer *index_find(const struct index_table *t, uint32_t index);
void index_put(struct index_table *t, uint32_t index, struct peer *peer);
/* index 0 is never in the table: removing it does nothing. */
void index_remove(struct index_table *t, uint32_t index);

#endif
