/* SPDX-License-Identifier: ISC */
#include "session/peers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/state.h"

void peers_init(struct peers *ps, uint64_t seed)
{
    *ps = (struct peers){ .by_key = { .seed = seed } };
    list_init(&ps->touched);
    list_init(&ps->sending);
    list_init(&ps->giving);
    list_init(&ps->silent);
    list_init(&ps->awake);
    list_init(&ps->outdated);
}

void peers_free(struct peers *ps)
{
    free(ps->list);
    hash_clear(&ps->by_key);
    heap_free(&ps->due);
}

static uint32_t code_of(const struct peers *ps, const uint8_t public_key[32])
{
    return hash_code(&ps->by_key, public_key, 32);
}

struct peer *peers_find(const struct peers *ps, const uint8_t public_key[32])
{
    struct hash_walk walk = { .code = code_of(ps, public_key) };
    for (uint32_t i; hash_next(&ps->by_key, &walk, &i);)
        if (memcmp(ps->list[i]->public_key, public_key, 32) == 0)
            return ps->list[i];
    return NULL;
}

int peers_reserve(struct peers *ps, size_t count)
{
    enum { CAPACITY_LEAST = 4 };
    size_t capacity = ps->capacity > 0 ? ps->capacity : CAPACITY_LEAST;
    while (capacity < count)
        capacity *= 2;
    if (capacity > ps->capacity) {
        struct peer **wider = realloc(ps->list, capacity * sizeof(struct peer *));
        if (wider == NULL)
            return -ENOMEM;
        ps->list = wider;
        ps->capacity = capacity;
    }
    int err = heap_reserve(&ps->due, capacity);
    return err < 0 ? err : hash_reserve(&ps->by_key, (uint32_t)count);
}

void peers_add(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    assert(ps->count < ps->capacity);
    p->number = (uint16_t)ps->count;
    ps->list[ps->count++] = p;
    ps->version++;
    hash_add(&ps->by_key, code_of(ps, p->public_key), p->number);
    peers_touch(p);
}

void peers_remove(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    struct peer *last = ps->list[ps->count - 1];
    hash_remove(&ps->by_key, code_of(ps, p->public_key), p->number);
    ps->count--;
    ps->version++;
    if (last == p)
        return;
    uint32_t code = code_of(ps, last->public_key);
    hash_remove(&ps->by_key, code, last->number);
    hash_add(&ps->by_key, code, p->number); /* where there was room for it before */
    ps->list[p->number] = last;
    last->number = p->number;
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
    list_remove(&p->silent);
    list_remove(&p->awake);
    list_remove(&p->outdated);
    heap_remove(&ps->due, &p->due);
    ps->calling -= p->calls_in_vain;
    p->calls_in_vain = false;
}

void peers_suspect(struct peer *p)
{
    list_add(&p->core->peers.silent, &p->silent);
}

void peers_count_calling(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    bool in_vain = p->why.calling && !p->up;
    ps->calling += in_vain;
    ps->calling -= p->calls_in_vain;
    p->calls_in_vain = in_vain;
}

struct peer *peers_first_awake(const struct core *c)
{
    struct list_item *first = list_first(&c->peers.awake);
    return first != NULL ? LIST_OF(first, struct peer, awake) : NULL;
}

struct peer *peers_next_awake(const struct peer *p)
{
    struct list_item *next = list_after(&p->core->peers.awake, &p->awake);
    return next != NULL ? LIST_OF(next, struct peer, awake) : NULL;
}
