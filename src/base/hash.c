/* SPDX-License-Identifier: ISC */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { SIZE_LEAST = 8, COUNT_MOST = 1 << 30 };

void hash_clear(struct hash *h)
{
    free(h->places);
    *h = (struct hash){ .seed = h->seed };
}

uint32_t hash_code(const struct hash *h, const void *key, size_t len_bytes)
{
    const uint8_t *from = key;
    struct rng mix = { h->seed ^ len_bytes };
    for (size_t at = 0; at < len_bytes; at += sizeof mix.state) {
        size_t left = len_bytes - at;
        uint64_t part = 0;
        memcpy(&part, from + at, left < sizeof part ? left : sizeof part);
        mix.state = rng_next(&mix) ^ part;
    }
    return (uint32_t)rng_next(&mix);
}

static void put(struct hash_place *places, uint32_t mask, struct hash_place p)
{
    uint32_t at = p.code & mask;
    while (places[at].value != 0)
        at = (at + 1) & mask;
    places[at] = p;
}

int hash_reserve(struct hash *h, uint32_t count)
{
    uint32_t size = h->places != NULL ? h->mask + 1 : SIZE_LEAST;
    if (count > COUNT_MOST)
        return -ENOMEM;
    while (size < 2 * count)
        size *= 2;
    if (h->places != NULL && size == h->mask + 1)
        return 0;
    struct hash_place *wider = calloc(size, sizeof *wider);
    if (wider == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; h->places != NULL && i <= h->mask; i++)
        if (h->places[i].value != 0)
            put(wider, size - 1, h->places[i]);
    free(h->places);
    h->places = wider;
    h->mask = size - 1;
    return 0;
}

int hash_add(struct hash *h, uint32_t code, uint32_t value)
{
    int err = hash_reserve(h, h->count + 1);
    if (err < 0)
        return err;
    put(h->places, h->mask, (struct hash_place){ .code = code, .value = value + 1 });
    h->count++;
    return 0;
}

bool hash_next(const struct hash *h, struct hash_walk *walk, uint32_t *value)
{
    while (h->places != NULL) {
        const struct hash_place *p = &h->places[(walk->code + walk->steps) & h->mask];
        if (p->value == 0)
            break;
        walk->steps++;
        if (p->code == walk->code) {
            *value = p->value - 1;
            return true;
        }
    }
    return false;
}

/* Linear probing without tombstones: what was pushed past the hole moves back into it. */
static void close_hole(struct hash *h, uint32_t hole)
{
    for (uint32_t at = (hole + 1) & h->mask; h->places[at].value != 0; at = (at + 1) & h->mask) {
        uint32_t home = h->places[at].code & h->mask;
        if (((at - home) & h->mask) >= ((at - hole) & h->mask)) {
            h->places[hole] = h->places[at];
            hole = at;
        }
    }
    h->places[hole] = (struct hash_place){ 0 };
}

void hash_remove(struct hash *h, uint32_t code, uint32_t value)
{
    struct hash_walk walk = { .code = code };
    for (uint32_t found; hash_next(h, &walk, &found);) {
        if (found != value)
            continue;
        close_hole(h, (code + walk.steps - 1) & h->mask);
        h->count--;
        return;
    }
}
