/* SPDX-License-Identifier: ISC */
#include "base/arena.h"

#include <stdlib.h>

enum { TIMES_FREE = 4 };

static bool may_take(const struct arena_share *s, size_t bytes)
{
    const struct arena *a = s->arena;
    if (a == NULL || a->limit_bytes == 0 || s->sure)
        return true;
    if (bytes > a->limit_bytes || a->used_bytes > a->limit_bytes - bytes)
        return false;
    size_t left = a->limit_bytes - bytes - a->used_bytes;
    return (s->used_bytes + bytes) / TIMES_FREE <= left;
}

void *arena_take(struct arena_share *s, size_t count, size_t bytes)
{
    void *memory = may_take(s, count * bytes) ? calloc(count, bytes) : NULL;
    if (memory == NULL) {
        s->refused = true;
        return NULL;
    }
    s->used_bytes += count * bytes;
    if (s->arena != NULL)
        s->arena->used_bytes += count * bytes;
    return memory;
}

void arena_give(struct arena_share *s, void *memory, size_t count, size_t bytes)
{
    if (memory == NULL)
        return;
    free(memory);
    s->used_bytes -= count * bytes;
    if (s->arena != NULL)
        s->arena->used_bytes -= count * bytes;
}
