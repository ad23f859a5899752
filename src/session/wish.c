/* SPDX-License-Identifier: ISC */
#include "session/wish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* count: there is none. */
static size_t find(const struct wish_list *w, const char *link)
{
    size_t i = 0;
    while (i < w->count && strcmp(w->list[i].link, link) != 0)
        i++;
    return i;
}

enum wire_path_use wish_of(const struct wish_list *w, const char *link)
{
    size_t i = find(w, link);
    return i < w->count ? w->list[i].use : WIRE_PATH_ACTIVE;
}

int wish_set(struct wish_list *w, const char *link, enum wire_path_use use)
{
    size_t i = find(w, link);
    if (use == WIRE_PATH_ACTIVE) {
        if (i < w->count)
            w->list[i] = w->list[--w->count];
        return 0;
    }
    if (i == WIRE_PATHS_MAX)
        return -ENOSPC;
    snprintf(w->list[i].link, sizeof w->list[i].link, "%s", link);
    w->list[i].use = use;
    if (i == w->count)
        w->count++;
    return 0;
}
