/* SPDX-License-Identifier: ISC */
#include "engine/peer_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void peer_set_clear(struct peer_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        free((void *)(uintptr_t)s->list[i].allowed);
    if (s->list != NULL)
        explicit_bzero(s->list, (s->expected + 1) * sizeof *s->list);
    free(s->list);
    *s = (struct peer_set){ 0 };
}

int peer_set_begin(struct peer_set *s, size_t expected)
{
    peer_set_clear(s);
    s->list = calloc(expected + 1, sizeof *s->list);
    if (s->list == NULL)
        return -ENOMEM;
    s->expected = expected;
    return 0;
}

int peer_set_add(struct peer_set *s, const struct msg_peer *m)
{
    if (s->list == NULL || s->count == s->expected)
        return -EBADMSG;
    struct netprefix *allowed = calloc((size_t)m->allowed_count + 1, sizeof *allowed);
    if (allowed == NULL)
        return -ENOMEM;
    memcpy(allowed, m->allowed, m->allowed_count * sizeof *allowed);
    struct core_peer_config *p = &s->list[s->count++];
    memcpy(p->name, m->name, sizeof p->name);
    memcpy(p->public_key, m->public_key, sizeof p->public_key);
    memcpy(p->preshared_key, m->preshared_key, sizeof p->preshared_key);
    p->initiate = m->initiate;
    p->allowed = allowed;
    p->allowed_count = m->allowed_count;
    return 0;
}

bool peer_set_complete(const struct peer_set *s)
{
    return s->list != NULL && s->count == s->expected;
}

int peer_set_find(const struct peer_set *s, const uint8_t public_key[32])
{
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(s->list[i].public_key, public_key, 32) == 0)
            return (int)i;
    return -ENOENT;
}
