/* SPDX-License-Identifier: ISC */
#include "guard/presence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEER_ENTRIES_MAX = 2 * WIRE_PATHS_MAX };

static bool is_of(const struct presence_entry *e, const uint8_t public_key[32])
{
    return memcmp(e->public_key, public_key, sizeof e->public_key) == 0;
}

/* NULL: there is none; *others: of the same peer. */
static struct presence_entry *find(struct presence *p, enum presence_kind kind,
                                   const uint8_t public_key[32], const char *link, size_t *others)
{
    struct presence_entry *found = NULL;
    *others = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct presence_entry *e = &p->list[i];
        if (!is_of(e, public_key))
            continue;
        if (e->kind == kind && strcmp(e->link, link) == 0)
            found = e;
        else
            ++*others;
    }
    return found;
}

static void add(struct presence *p, enum presence_kind kind, const uint8_t public_key[32],
                const char *link)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 16 : 2 * p->capacity;
        struct presence_entry *wider = realloc(p->list, capacity * sizeof *wider);
        if (wider == NULL)
            return;
        p->list = wider;
        p->capacity = capacity;
    }
    struct presence_entry *e = &p->list[p->count++];
    *e = (struct presence_entry){ .kind = kind };
    memcpy(e->public_key, public_key, sizeof e->public_key);
    snprintf(e->link, sizeof e->link, "%s", link);
}

void presence_set(struct presence *p, enum presence_kind kind, const uint8_t public_key[32],
                  const char *link, bool is)
{
    size_t others;
    struct presence_entry *e = find(p, kind, public_key, link, &others);
    if (e == NULL && is && others < PEER_ENTRIES_MAX)
        add(p, kind, public_key, link);
    else if (e != NULL && !is)
        *e = p->list[--p->count];
}

bool presence_take(struct presence *p, const uint8_t public_key[32], struct presence_entry *out)
{
    struct presence_entry *first = NULL;
    for (size_t i = 0; i < p->count; i++) {
        struct presence_entry *e = &p->list[i];
        if (is_of(e, public_key) && (first == NULL || e->kind < first->kind))
            first = e;
    }
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
