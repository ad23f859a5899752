/* SPDX-License-Identifier: ISC */
#include "session/peers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/state.h"

enum { PEERS_ROOM_ANY = 1 << 30, ROUNDS_LATELY = 16 };

void peers_init(struct peers *ps, uint64_t seed)
{
    *ps = (struct peers){ .by_key = { .seed = seed } };
    list_init(&ps->touched);
    list_init(&ps->sending);
    list_init(&ps->early);
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
    list_add(&p->core->peers.touched, &p->places.touched);
}

static int64_t turn_bytes(const struct peers *ps)
{
    uint32_t bytes = PEERS_ROUND_BYTES / (ps->in_turn + 1);
    if (bytes > PEERS_TURN_BYTES)
        return PEERS_TURN_BYTES;
    return bytes > PEERS_TURN_LEAST_BYTES ? bytes : PEERS_TURN_LEAST_BYTES;
}

/* Once a round each gets what it may send in it. */
static void begin_round(struct peer *p)
{
    struct turn *t = &p->turn;
    bool lately = p->core->peers.round - t->round <= ROUNDS_LATELY;
    t->sent_much = lately && t->sent_bytes > PEERS_EARLY_BYTES;
    t->round = p->core->peers.round;
    t->sent_bytes = 0;
    t->left_bytes = (t->left_bytes < 0 ? t->left_bytes : 0) + turn_bytes(&p->core->peers);
}

/* Before those in turn if it has sent next to nothing in this round and before. */
static void take_place(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    struct turn *t = &p->turn;
    if (t->round != ps->round)
        begin_round(p);
    t->early = !t->sent_much && t->left_bytes > 0 && t->sent_bytes < PEERS_EARLY_BYTES;
    ps->in_turn += !t->early;
    list_add(t->early ? &ps->early : &ps->sending, &p->places.sending);
}

static void leave_place(struct peer *p)
{
    p->core->peers.in_turn -= list_has(&p->places.sending) && !p->turn.early;
    list_remove(&p->places.sending);
}

void peers_stir(struct peer *p)
{
    peers_touch(p);
    if (!list_has(&p->places.sending))
        take_place(p);
}

void peers_give(struct peer *p)
{
    list_add(&p->core->peers.giving, &p->places.giving);
}

static struct tstamp deadline_of(const struct peer *p)
{
    struct tstamp at = tstamp_min(p->clocks.wake, p->share.due);
    return p->bond != NULL ? tstamp_min(at, bond_deadline(p->bond)) : at;
}

void peers_settle(struct peer *p)
{
    heap_set(&p->core->peers.due, &p->places.due, deadline_of(p));
}

void peers_wake(struct peer *p, struct tstamp at)
{
    if (p->places.due.place == 0 || tstamp_before(at, p->places.due.at))
        heap_set(&p->core->peers.due, &p->places.due, at);
    peers_touch(p);
}

void peers_wake_due(struct core *c, struct tstamp now)
{
    struct heap *due = &c->peers.due;
    for (struct heap_item *first; (first = heap_first(due)) && tstamp_reached(first->at, now);) {
        heap_remove(due, first);
        peers_stir(LIST_OF(first, struct peer, places.due));
    }
}

struct tstamp peers_deadline(const struct core *c)
{
    const struct heap_item *first = heap_first(&c->peers.due);
    struct tstamp at = first != NULL ? first->at : TSTAMP_NEVER;
    const struct list *touched = &c->peers.touched;
    for (struct list_item *i = list_first(touched); i != NULL; i = list_after(touched, i))
        at = tstamp_min(at, deadline_of(LIST_OF(i, struct peer, places.touched)));
    return at;
}

/* The next round begins when all that were in turn have had theirs. */
static void count_turn(struct peers *ps)
{
    if (ps->turns_left == 0) {
        ps->round++;
        ps->turns_left = ps->in_turn;
    }
    if (ps->turns_left > 0)
        ps->turns_left--;
}

struct peer *peers_next_sending(struct core *c)
{
    struct peers *ps = &c->peers;
    struct list_item *next = list_first(&ps->early);
    if (next == NULL || ps->in_turn == 0)
        count_turn(ps);
    if (next == NULL && (next = list_first(&ps->sending)) == NULL)
        return NULL;
    struct peer *p = LIST_OF(next, struct peer, places.sending);
    if (p->turn.left_bytes <= 0)
        begin_round(p);
    leave_place(p);
    return p;
}

void peers_take(struct peer *p)
{
    leave_place(p);
    p->turn.early = false;
}

void peers_sent(struct peer *p, size_t bytes)
{
    struct turn *t = &p->turn;
    t->sent_bytes += (uint32_t)bytes;
    t->left_bytes -= (int64_t)bytes;
    /* What one sends alone is owed to nobody. */
    if (t->left_bytes <= -PEERS_TURN_LEAST_BYTES)
        t->left_bytes = 1 - PEERS_TURN_LEAST_BYTES;
}

int64_t peers_room_bytes(const struct peer *p)
{
    const struct peers *ps = &p->core->peers;
    const struct list_item *other = list_first(&ps->early);
    if (other == &p->places.sending)
        other = list_after(&ps->early, other);
    if (other == NULL && (other = list_first(&ps->sending)) == &p->places.sending)
        other = list_after(&ps->sending, other);
    if (other == NULL)
        return PEERS_ROOM_ANY;
    int64_t left_bytes = p->turn.left_bytes;
    if (p->turn.early && left_bytes > PEERS_EARLY_BYTES)
        left_bytes = PEERS_EARLY_BYTES;
    return left_bytes > 0 ? left_bytes : 0;
}

void peers_forget(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    list_remove(&p->places.touched);
    leave_place(p);
    list_remove(&p->places.giving);
    list_remove(&p->places.silent);
    list_remove(&p->places.awake);
    list_remove(&p->places.outdated);
    heap_remove(&ps->due, &p->places.due);
    ps->calling -= p->calling.in_vain;
    p->calling.in_vain = false;
}

void peers_suspect(struct peer *p)
{
    list_add(&p->core->peers.silent, &p->places.silent);
}

void peers_count_calling(struct peer *p)
{
    struct peers *ps = &p->core->peers;
    bool in_vain = p->calling.why.calling && !p->up;
    ps->calling += in_vain;
    ps->calling -= p->calling.in_vain;
    p->calling.in_vain = in_vain;
}

struct peer *peers_first_awake(const struct core *c)
{
    struct list_item *first = list_first(&c->peers.awake);
    return first != NULL ? LIST_OF(first, struct peer, places.awake) : NULL;
}

struct peer *peers_next_awake(const struct peer *p)
{
    struct list_item *next = list_after(&p->core->peers.awake, &p->places.awake);
    return next != NULL ? LIST_OF(next, struct peer, places.awake) : NULL;
}
