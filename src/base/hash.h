/* SPDX-License-Identifier: ISC */
/*
 * A keyed hash table: from the code of a key to small numbers, as places in a list of the caller's.
 * The keys stay with the caller, who compares those that are offered: two keys may have one code.
 * Who does not know the seed cannot choose keys that meet. Finding, adding and removing take
 * constant time. A table that is all zero is empty; the order of what it offers is nobody's to rely
 * on.
 */
#ifndef HAWSER_BASE_HASH_H
#define HAWSER_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_place {
    uint32_t code;
    uint32_t value; /* plus one; 0: free */
};

struct hash {
    uint64_t seed;             /* the caller's, before the first code is made */
    struct hash_place *places; /* owned; mask + 1 of them, never fuller than half; NULL: none yet */
    uint32_t mask;
    uint32_t count;
};

/* Empty, with the seed as it was. */
void hash_clear(struct hash *h);

uint32_t hash_code(const struct hash *h, const void *key, size_t len_bytes);

/* Room for so many in all: hash_add() takes no memory. 0 or -ENOMEM: it is as it was. */
int hash_reserve(struct hash *h, uint32_t count);

/* value: below UINT32_MAX. 0, or -ENOMEM: it is as it was. */
int hash_add(struct hash *h, uint32_t code, uint32_t value);
/* Does nothing where they do not stand there together. */
void hash_remove(struct hash *h, uint32_t code, uint32_t value);

/* Where a search is. */
struct hash_walk {
    uint32_t code;
    uint32_t steps;
};

/* The next value of a code, one a call; walk begins as { .code = code }. False: there is no other.
 */
bool hash_next(const struct hash *h, struct hash_walk *walk, uint32_t *value);

#endif
