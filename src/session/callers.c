/* SPDX-License-Identifier: ISC */
#include "session/callers.h"

#include <string.h>

#include "base/rng.h"

void callers_init(struct callers *c, uint64_t key)
{
    memset(c, 0, sizeof *c);
    c->key = key;
    c->all = (struct bucket){ .interval_ns = CALLERS_ALL_NS, .burst = CALLERS_ALL_BURST };
}

static struct callers_entry caller_of(const struct netaddr *from)
{
    struct callers_entry who = { .family = from->family };
    memcpy(who.prefix, from->addr, from->family == 6 ? sizeof who.prefix : 4);
    return who;
}

static struct callers_entry *set_of(struct callers *c, const struct callers_entry *who)
{
    struct rng mix = { c->key ^ who->family };
    uint64_t prefix;
    memcpy(&prefix, who->prefix, sizeof prefix);
    mix.state = rng_next(&mix) ^ prefix;
    return c->list[rng_next(&mix) % CALLERS_SETS];
}

static bool matters_less(const struct callers_entry *e, const struct callers_entry *than)
{
    if ((e->peer == NULL) != (than->peer == NULL))
        return e->peer == NULL;
    return tstamp_before(e->empty_until, than->empty_until);
}

/* Its place, or that of the one that matters least, which it takes. */
static struct callers_entry *place_of(struct callers *c, const struct callers_entry *who)
{
    struct callers_entry *set = set_of(c, who);
    struct callers_entry *least = &set[0];
    for (unsigned i = 0; i < CALLERS_WAYS; i++) {
        if (set[i].family == who->family && memcmp(set[i].prefix, who->prefix, 8) == 0)
            return &set[i];
        if (matters_less(&set[i], least))
            least = &set[i];
    }
    *least = *who;
    return least;
}

/* What was opened with that mac2, which says from which address and port, too. */
static struct callers_opened *opened_of(struct callers *c, const uint8_t mac2[WIRE_MAC_BYTES],
                                        uint32_t *tag)
{
    struct rng mix = { c->key };
    uint64_t place;
    memcpy(&place, mac2, sizeof place);
    memcpy(tag, mac2 + sizeof place, sizeof *tag);
    mix.state = rng_next(&mix) ^ place;
    return &c->opened[rng_next(&mix) % CALLERS_OPENED];
}

static bool take_of_address(struct callers_entry *at, struct tstamp now)
{
    struct bucket b = { .empty_until = at->empty_until,
                        .interval_ns = CALLERS_NS,
                        .burst = CALLERS_BURST };
    bool may = bucket_take(&b, now);
    at->empty_until = b.empty_until;
    return may;
}

bool callers_take(struct callers *c, struct tstamp now, const struct netaddr *from,
                  const uint8_t mac2[WIRE_MAC_BYTES])
{
    const struct callers_entry who = caller_of(from);
    uint32_t tag;
    struct callers_opened *opened = opened_of(c, mac2, &tag);
    bool again = opened->count > 0 && opened->tag == tag;
    if (again && opened->count >= CALLERS_SAME)
        return false;
    struct callers_entry *at = place_of(c, &who);
    c->all.burst = at->peer != NULL ? CALLERS_ALL_BURST : CALLERS_STRANGERS_BURST;
    if (!take_of_address(at, now) || !bucket_take(&c->all, now))
        return false;
    *opened =
        (struct callers_opened){ .tag = tag, .count = again ? (uint8_t)(opened->count + 1) : 1 };
    return true;
}

void callers_give_back(struct callers *c, const struct netaddr *from)
{
    const struct callers_entry who = caller_of(from);
    struct callers_entry *at = place_of(c, &who);
    at->empty_until = tstamp_add(at->empty_until, -CALLERS_NS);
    bucket_give_back(&c->all);
}

/* Of the addresses of a peer the one where it was silent for longest, when there are enough. */
static struct callers_entry *surplus_of(struct callers *c, const void *peer)
{
    struct callers_entry *oldest = NULL;
    unsigned count = 0;
    for (unsigned i = 0; i < CALLERS_SETS * CALLERS_WAYS; i++) {
        struct callers_entry *e = &c->list[i / CALLERS_WAYS][i % CALLERS_WAYS];
        if (e->peer != peer)
            continue;
        count++;
        if (oldest == NULL || tstamp_before(e->answered, oldest->answered))
            oldest = e;
    }
    return count > CALLERS_OF_PEER ? oldest : NULL;
}

void callers_answered(struct callers *c, struct tstamp now, const struct netaddr *from,
                      const void *peer)
{
    const struct callers_entry who = caller_of(from);
    struct callers_entry *at = place_of(c, &who);
    at->peer = peer;
    at->answered = now;
    struct callers_entry *surplus = surplus_of(c, peer);
    if (surplus != NULL)
        surplus->peer = NULL;
}
