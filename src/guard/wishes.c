/* SPDX-License-Identifier: ISC */
#include "guard/wishes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct msg_wish *find(const struct wishes *w, const struct msg_wish *wish)
{
    for (size_t i = 0; i < w->count; i++) {
        struct msg_wish *one = &w->list[i];
        if (memcmp(one->public_key, wish->public_key, sizeof one->public_key) == 0 &&
            strcmp(one->link, wish->link) == 0)
            return one;
    }
    return NULL;
}

int wishes_set(struct wishes *w, const struct msg_wish *wish)
{
    struct msg_wish *one = find(w, wish);
    if (wish->use == WIRE_PATH_ACTIVE) {
        if (one != NULL)
            *one = w->list[--w->count];
        return 0;
    }
    if (one != NULL) {
        *one = *wish;
        return 0;
    }
    if (w->count == WISHES_MAX)
        return -ENOSPC;
    struct msg_wish *wider = realloc(w->list, (w->count + 1) * sizeof *wider);
    if (wider == NULL)
        return -ENOMEM;
    w->list = wider;
    w->list[w->count++] = *wish;
    return 0;
}

void wishes_keep(struct wishes *w, const struct config *c)
{
    for (size_t i = 0; i < w->count;) {
        if (config_peer_of_key(c, w->list[i].public_key) != NULL)
            i++;
        else
            w->list[i] = w->list[--w->count];
    }
}

void wishes_free(struct wishes *w)
{
    free(w->list);
    *w = (struct wishes){ 0 };
}
