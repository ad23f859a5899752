/* SPDX-License-Identifier: ISC */
#include "session/wish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
    if (i == w->count) {
        struct wish *list = realloc(w->list, (i + 1) * sizeof *list);
        if (list == NULL)
            return -ENOMEM;
        w->list = list;
        w->count++;
    }
    snprintf(w->list[i].link, sizeof w->list[i].link, "%s", link);
    w->list[i].use = use;
    return 0;
}

void wish_free(struct wish_list *w)
{
    free(w->list);
    *w = (struct wish_list){ 0 };
}
