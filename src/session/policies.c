/* SPDX-License-Identifier: ISC */
#include "session/policies.h"

#include <string.h>

#include "session/links.h"
#include "session/state.h"

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
        const struct core_policy *a = &p->core->policies[i];
        table[i] = (struct bond_policy){ .used = a->used,
                                         .mode = a->mode,
                                         .class = a->class,
                                         .pinned = a->link_count > 0,
                                         .fallback = a->fallback };
    }
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        links_name(p, id, link);
        for (unsigned i = 0; i < BOND_POLICIES_MAX; i++)
            if (names_link(&p->core->policies[i], link))
                table[i].paths |= 1U << id;
    }
    return bond_set_policies(p->bond, table);
}
