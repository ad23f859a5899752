/* SPDX-License-Identifier: ISC */
#include "guard/presence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 2 * WIRE_PATHS_MAX, CAPACITY_LEAST = 4 };

/* NULL: there is none. */
static struct presence_entry *find(struct presence *p, enum presence_kind kind, const char *link)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->list[i].kind == kind && strcmp(p->list[i].link, link) == 0)
            return &p->list[i];
    return NULL;
}

static void add(struct presence *p, enum presence_kind kind, const char *link)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? CAPACITY_LEAST : 2 * (size_t)p->capacity;
        struct presence_entry *wider = realloc(p->list, capacity * sizeof *wider);
        if (wider == NULL)
            return;
        p->list = wider;
        p->capacity = (uint8_t)capacity;
    }
    struct presence_entry *e = &p->list[p->count++];
    *e = (struct presence_entry){ .kind = kind };
    snprintf(e->link, sizeof e->link, "%s", link);
}

void presence_set(struct presence *p, enum presence_kind kind, const char *link, bool is)
{
    struct presence_entry *e = find(p, kind, link);
    if (e == NULL && is && p->count < ENTRIES_MAX)
        add(p, kind, link);
    else if (e != NULL && !is)
        *e = p->list[--p->count];
}

bool presence_take(struct presence *p, struct presence_entry *out)
{
    struct presence_entry *first = NULL;
    for (size_t i = 0; i < p->count; i++)
        if (first == NULL || p->list[i].kind < first->kind)
            first = &p->list[i];
    if (first == NULL)
        return false;
    *out = *first;
    *first = p->list[--p->count];
    return true;
}

void presence_free(struct presence *p)
{
    free(p->list);
    *p = (struct presence){ 0 };
}
