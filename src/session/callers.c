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

/* Its place, or that of the one whose bucket is fullest, which it takes. */
static struct callers_entry *place_of(struct callers *c, const struct callers_entry *who)
{
    struct callers_entry *set = set_of(c, who);
    struct callers_entry *least = &set[0];
    for (unsigned i = 0; i < CALLERS_WAYS; i++) {
        if (set[i].family == who->family && memcmp(set[i].prefix, who->prefix, 8) == 0)
            return &set[i];
        if (tstamp_before(set[i].empty_until, least->empty_until))
            least = &set[i];
    }
    *least = *who;
    return least;
}

bool callers_take(struct callers *c, struct tstamp now, const struct netaddr *from)
{
    const struct callers_entry who = caller_of(from);
    struct callers_entry *at = place_of(c, &who);
    struct bucket b = { .empty_until = at->empty_until,
                        .interval_ns = CALLERS_NS,
                        .burst = CALLERS_BURST };
    bool may = bucket_take(&b, now);
    at->empty_until = b.empty_until;
    return may && bucket_take(&c->all, now);
}
