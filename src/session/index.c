/* SPDX-License-Identifier: ISC */
#include "session/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static size_t size_for(size_t peer_count)
{
    size_t size = 16;
    while (size < peer_count * INDEX_PER_PEER * 2)
        size *= 2;
    return size;
}

int index_init(struct index_table *t, size_t peer_count)
{
    size_t size = size_for(peer_count);
    t->mask = (uint32_t)(size - 1);
    t->entries = calloc(size, sizeof *t->entries);
    return t->entries != NULL ? 0 : -ENOMEM;
}

void index_free(struct index_table *t)
{
    free(t->entries);
    *t = (struct index_table){ 0 };
}

/* The place of index, or the free one where it would go. Indexes are random: no hash is needed. */
static uint32_t place_of(const struct index_table *t, uint32_t index)
{
    uint32_t at = index & t->mask;
    while (t->entries[at].peer != NULL && t->entries[at].index != index)
        at = (at + 1) & t->mask;
    return at;
}

int index_reserve(struct index_table *t, size_t peer_count)
{
    struct index_table wider;
    if (size_for(peer_count) <= (size_t)t->mask + 1)
        return 0;
    int err = index_init(&wider, peer_count);
    if (err < 0)
        return err;
    for (uint32_t i = 0; i <= t->mask; i++)
        if (t->entries[i].peer != NULL)
            index_put(&wider, t->entries[i].index, t->entries[i].peer);
    index_free(t);
    *t = wider;
    return 0;
}

struct peer *index_find(const struct index_table *t, uint32_t index)
{
    return t->entries[place_of(t, index)].peer;
}

void index_put(struct index_table *t, uint32_t index, struct peer *peer)
{
    uint32_t at = place_of(t, index);
    assert(index != 0 && t->entries[at].peer == NULL);
    t->entries[at] = (struct index_entry){ .index = index, .peer = peer };
}

/* Linear probing without tombstones: what was pushed past the hole moves back into it. */
void index_remove(struct index_table *t, uint32_t index)
{
    uint32_t hole = place_of(t, index);
    if (t->entries[hole].peer == NULL)
        return;
    for (uint32_t at = (hole + 1) & t->mask; t->entries[at].peer != NULL; at = (at + 1) & t->mask) {
        uint32_t home = t->entries[at].index & t->mask;
        if (((at - home) & t->mask) >= ((at - hole) & t->mask)) {
            t->entries[hole] = t->entries[at];
            hole = at;
        }
    }
    t->entries[hole] = (struct index_entry){ 0 };
}
