/* SPDX-License-Identifier: ISC */
#include "session/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "session/state.h"

void peers_init(struct peers *ps)
{
    *ps = (struct peers){ 0 };
    list_init(&ps->touched);
    list_init(&ps->sending);
    list_init(&ps->giving);
}

void peers_free(struct peers *ps)
{
    free(ps->list);
    free(ps->by_key);
    heap_free(&ps->due);
}

/* Where that key is, or the open place where it would go. */
static uint32_t place_of(const struct peers *ps, struct peer *const *by_key, uint32_t mask,
                         const uint8_t public_key[32])
{
    struct rng mix = { ps->seed };
    for (size_t i = 0; i < 32; i += sizeof mix.state) {
        uint64_t part;
        memcpy(&part, public_key + i, sizeof part);
        mix.state = rng_next(&mix) ^ part;
    }
    uint32_t at = (uint32_t)rng_next(&mix) & mask;
    while (by_key[at] != NULL && memcmp(by_key[at]->public_key, public_key, 32) != 0)
        at = (at + 1) & mask;
    return at;
}

struct peer *peers_find(const struct peers *ps, const uint8_t public_key[32])
{
    if (ps->by_key == NULL)
        return NULL;
    return ps->by_key[place_of(ps, ps->by_key, ps->mask, public_key)];
}

int peers_replace(struct peers *ps, struct peer **list, size_t count)
{
    uint32_t size = 4;
    while (size < 2 * count)
        size *= 2;
    struct peer **by_key = calloc(size, sizeof(struct peer *));
    if (by_key == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct peer **place = &by_key[place_of(ps, by_key, size - 1, list[i]->public_key)];
        if (*place != NULL) {
            free(by_key);
            return -EINVAL;
        }
        *place = list[i];
    }
    free(ps->list);
    free(ps->by_key);
    ps->list = list;
    ps->count = count;
    ps->by_key = by_key;
    ps->mask = size - 1;
    for (uint16_t i = 0; i < count; i++) {
        list[i]->number = i;
        peers_touch(list[i]);
    }
    return 0;
}

void peers_touch(struct peer *p)
{
    list_add(&p->core->peers.touched, &p->touched);
}

void peers_stir(struct peer *p)
{
    peers_touch(p);
    list_add(&p->core->peers.sending, &p->sending);
}

void peers_give(struct peer *p)
{
    list_add(&p->core->peers.giving, &p->giving);
}

static struct tstamp deadline_of(const struct peer *p)
{
    return p->bond != NULL ? tstamp_min(p->wake, bond_deadline(p->bond)) : p->wake;
}

void peers_settle(struct peer *p)
{
    heap_set(&p->core->peers.due, &p->due, deadline_of(p));
}

void peers_wake(struct peer *p, struct tstamp at)
{
    if (p->due.place == 0 || tstamp_before(at, p->due.at))
        heap_set(&p->core->peers.due, &p->due, at);
    peers_touch(p);
}

void peers_wake_due(struct core *c, struct tstamp now)
{
    struct heap *due = &c->peers.due;
    for (struct heap_item *first; (first = heap_first(due)) && tstamp_reached(first->at, now);) {
        heap_remove(due, first);
        peers_stir(LIST_OF(first, struct peer, due));
    }
}

struct tstamp peers_deadline(const struct core *c)
{
    const struct heap_item *first = heap_first(&c->peers.due);
    struct tstamp at = first != NULL ? first->at : TSTAMP_NEVER;
    const struct list *touched = &c->peers.touched;
    for (struct list_item *i = list_first(touched); i != NULL; i = list_after(touched, i))
        at = tstamp_min(at, deadline_of(LIST_OF(i, struct peer, touched)));
    return at;
}

struct peer *peers_next_sending(struct core *c)
{
    struct list_item *first = list_first(&c->peers.sending);
    if (first == NULL)
        return NULL;
    list_remove(first);
    return LIST_OF(first, struct peer, sending);
}

bool peers_sends_alone(const struct peer *p)
{
    const struct list *sending = &p->core->peers.sending;
    const struct list_item *first = list_first(sending);
    if (first == &p->sending)
        first = list_after(sending, first);
    return first == NULL;
}

void peers_forget(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    list_remove(&p->touched);
    list_remove(&p->sending);
    list_remove(&p->giving);
    heap_remove(&ps->due, &p->due);
    ps->calling -= p->calls_in_vain;
    p->calls_in_vain = false;
}

void peers_count_calling(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    bool in_vain = p->why.calling && !p->up;
    ps->calling += in_vain;
    ps->calling -= p->calls_in_vain;
    p->calls_in_vain = in_vain;
}
