/* SPDX-License-Identifier: ISC */
#include "session/policies.h"

#include <string.h>

#include "session/links.h"
#include "session/peers.h"
#include "session/state.h"

enum { PEERS_PER_TURN = 16 }; /* each may take memory for its bands: 40 us */

#define AGAIN_NS NS_PER_S

static bool names_link(const struct core_policy *a, const char *link)
{
    for (uint8_t i = 0; i < a->link_count; i++)
        if (strcmp(a->links[i], link) == 0)
            return true;
    return false;
}

int policies_apply(struct peer *p)
{
    struct bond_policy table[BOND_POLICIES_MAX] = { 0 };
    if (p->bond == NULL)
        return 0; /* they are applied when it is made */
    char link[WIRE_LINK_NAME_MAX + 1];
    for (unsigned i = 0; i < BOND_POLICIES_MAX; i++) {
        const struct core_policy *a = &p->core->policies.list[i];
        table[i] = (struct bond_policy){ .used = a->used,
                                         .mode = a->mode,
                                         .class = a->class,
                                         .pinned = a->link_count > 0,
                                         .fallback = a->fallback };
    }
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        links_name(p, id, link);
        for (unsigned i = 0; i < BOND_POLICIES_MAX; i++)
            if (names_link(&p->core->policies.list[i], link))
                table[i].paths |= 1U << id;
    }
    int err = bond_set_policies(p->bond, table);
    if (err == 0)
        list_remove(&p->places.outdated);
    return err;
}

void policies_change(struct core *c, const struct core_policy policies[CORE_POLICIES_MAX])
{
    if (memcmp(c->policies.list, policies, sizeof c->policies.list) == 0)
        return;
    memcpy(c->policies.list, policies, sizeof c->policies.list);
    for (struct peer *p = peers_first_awake(c); p != NULL; p = peers_next_awake(p))
        list_add(&c->peers.outdated, &p->places.outdated);
    c->policies.look_at = c->now;
}

void policies_tick(struct core *c, struct tstamp now)
{
    struct list_item *i;
    if (tstamp_before(now, c->policies.look_at))
        return;
    for (unsigned n = 0; n < PEERS_PER_TURN && (i = list_first(&c->peers.outdated)) != NULL; n++) {
        struct peer *p = LIST_OF(i, struct peer, places.outdated);
        if (policies_apply(p) < 0) {
            c->policies.look_at = tstamp_add(now, AGAIN_NS);
            list_remove(i);
            list_add(&c->peers.outdated, i); /* behind the others */
            return;
        }
        peers_stir(p);
    }
}

struct tstamp policies_deadline(const struct core *c)
{
    return list_is_empty(&c->peers.outdated) ? TSTAMP_NEVER : c->policies.look_at;
}
