/* SPDX-License-Identifier: ISC */
/* The paths of one bond. */
#ifndef HAWSER_BOND_SEND_PATH_SET_H
#define HAWSER_BOND_SEND_PATH_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "bond/path/path.h"
#include "wire/wire.h"

struct path_set {
    struct path at[WIRE_PATHS_MAX]; /* by id */
    uint32_t known;                 /* bit mask of those that are ready */
};

/* Bit mask of paths. */
#define ANY_PATH UINT32_MAX

/* The paths of the association in the order of their ids; NULL begins and ends. */
static inline struct path *next_path(const struct path_set *set, const struct path *p)
{
    uint32_t left = p == NULL ? set->known : set->known & (~1U << p->id);
    return left == 0 ? NULL : (struct path *)(uintptr_t)&set->at[__builtin_ctz(left)];
}

#define for_each_path(set, p)                                                                      \
    for (struct path *p = next_path(set, NULL); p != NULL; p = next_path(set, p))

static inline bool any_usable(const struct path_set *set)
{
    for_each_path (set, p)
        if (path_usable(p))
            return true;
    return false;
}

static inline uint32_t usable_mask(const struct path_set *set)
{
    uint32_t usable = 0;
    for_each_path (set, p)
        if (path_usable(p))
            usable |= 1U << p->id;
    return usable;
}

#endif
