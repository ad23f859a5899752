/* SPDX-License-Identifier: ISC */
#include "guard/network/numbers.h"

#include <errno.h>
#include <stdlib.h>

#include "sys/netif_route.h"

enum {
    TABLE_BASE = 0x68770000, /* "hw": far from the numbers that people choose */
    PRIORITY_BASE = 10000,
    MARK_SHIFT = 24,
    MARK_MASK = 0x0f00003f,
    OWNER_BASE = 0x40000000, /* worse than any other metric */
    OWNER_MASK = 0x3fffffff,
};

/* FNV-1a, 32 bits */
static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name != '\0'; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

/* The metric that marks the set as some tunnel's; 0: nobody's. */
static uint32_t owner_of(const struct netif_route *list, size_t count, const struct numbers *n)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].table == n->table && list[i].metric >= OWNER_BASE)
            return list[i].metric;
    return 0;
}

/* A set that is ours already, else the first that is nobody's. */
static bool choose(const struct netif_route *list, size_t count, uint32_t hash, bool is_ours,
                   struct numbers *n)
{
    for (uint32_t i = 0; i < NUMBERS_SETS; i++) {
        uint32_t set = 1 + (hash + i) % NUMBERS_SETS;
        *n = (struct numbers){ .table = TABLE_BASE + set * NUMBERS_SLOTS,
                               .link_priority = NUMBERS_LINK_FIRST + set - 1,
                               .priority = PRIORITY_BASE + set * NUMBERS_PRIORITIES_EACH,
                               .mark = set << MARK_SHIFT,
                               .mask = MARK_MASK,
                               .owner = OWNER_BASE | (hash & OWNER_MASK) };
        if (owner_of(list, count, n) == (is_ours ? n->owner : 0) &&
            !netif_tables_taken(n->table, n->table + NUMBERS_SLOTS - 1))
            return true;
    }
    return false;
}

int numbers_choose(struct numbers *n, const char *interface, uint32_t mark, uint32_t mask)
{
    struct netif_route *list = NULL;
    size_t count = 0;
    uint32_t hash = hash_name(interface);
    int err = netif_routes_list(&list, &count);
    bool found =
        err == 0 && (choose(list, count, hash, true, n) || choose(list, count, hash, false, n));
    free(list);
    if (mark != 0) {
        n->mark = mark;
        n->mask = mask;
    }
    if (err < 0)
        return err;
    return found ? 0 : -EBUSY;
}
