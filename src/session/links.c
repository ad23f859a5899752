/* SPDX-License-Identifier: ISC */
#include "session/links.h"

#include <stdio.h>
#include <string.h>

#include "session/state.h"

bool links_are_ours(const struct peer *p)
{
    return p->calling.initiates && !p->calling.yielded;
}

enum wire_path_use links_local_use(const struct peer *p, uint8_t id)
{
    const struct core_link *link = &p->core->links[id];
    if (!links_are_ours(p))
        return p->paths[id].heard ? wish_of(&p->told.wishes, p->paths[id].remote.name)
                                  : WIRE_PATH_ACTIVE;
    return link->present && link->carrier ? link->use : WIRE_PATH_DOWN;
}

enum wire_path_use links_use(const struct peer *p, uint8_t id)
{
    const struct peer_path *path = &p->paths[id];
    enum wire_path_use use = links_local_use(p, id);
    return path->heard && path->remote.use > use ? (enum wire_path_use)path->remote.use : use;
}

bool links_endpoint(const struct peer *p, const struct core_link *link, unsigned attempt,
                    struct netaddr *out)
{
    const struct netaddr *fit[CORE_ENDPOINTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < p->calling.endpoint_count; i++) {
        const struct netaddr *e =
            &p->calling.endpoints[(p->calling.endpoint + i) % p->calling.endpoint_count];
        if (e->family == 6 ? link->has_ipv6 : link->has_ipv4)
            fit[count++] = e;
    }
    if (count == 0)
        return false;
    *out = *fit[attempt % count];
    return true;
}

bool links_endpoint_known(const struct peer *p, const struct netaddr *a)
{
    for (size_t i = 0; i < p->calling.endpoint_count; i++)
        if (netaddr_equal(&p->calling.endpoints[i], a))
            return true;
    return false;
}

int links_find_peers(const struct peer *p, const char *link)
{
    for (uint8_t id = 0; !links_are_ours(p) && id < WIRE_PATHS_MAX; id++)
        if (p->paths[id].opened && p->paths[id].heard &&
            strcmp(p->paths[id].remote.name, link) == 0)
            return id;
    return -1;
}

bool links_peer_link(const struct peer *p, const char *link, struct core_peer_link *out)
{
    int id = links_find_peers(p, link);
    if (id < 0)
        return false;
    *out = (struct core_peer_link){ .ours = links_local_use(p, (uint8_t)id),
                                    .theirs = (enum wire_path_use)p->paths[id].remote.use };
    return true;
}

/* Lower is better. */
static int64_t rank(const struct peer *p, uint8_t id)
{
    static const int64_t by_state[] = {
        [BOND_PATH_UP] = 0,      [BOND_PATH_PROBING] = 1, [BOND_PATH_STANDBY] = 2,
        [BOND_PATH_SUSPECT] = 3, [BOND_PATH_DOWN] = 4,    [BOND_PATH_CLOSED] = 5,
    };
    bool unusable = links_local_use(p, id) == WIRE_PATH_DOWN;
    int64_t state = by_state[bond_path_state(p->bond, id)];
    return (state + (unusable ? 8 : 0)) * 3600 * NS_PER_S + bond_path_srtt_ns(p->bond, id);
}

int links_best(const struct peer *p)
{
    int best = -1;
    int64_t best_rank = 0;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        if (!p->paths[id].opened)
            continue;
        int64_t r = rank(p, id);
        if (best < 0 || r < best_rank) {
            best = id;
            best_rank = r;
        }
    }
    return best;
}

bool links_all_down(const struct peer *p)
{
    int best = links_best(p);
    return best >= 0 && bond_path_state(p->bond, (uint8_t)best) == BOND_PATH_DOWN;
}

void links_name(const struct peer *p, uint8_t id, char out[WIRE_LINK_NAME_MAX + 1])
{
    const struct peer_path *path = &p->paths[id];
    const char *name = "";
    if (p->calling.initiates && !p->calling.yielded)
        name = p->core->links[id].name;
    else if (path->heard)
        name = path->remote.name;
    if (name[0] != '\0')
        memcpy(out, name, WIRE_LINK_NAME_MAX + 1);
    else
        snprintf(out, WIRE_LINK_NAME_MAX + 1, "path%u", id);
}

uint32_t links_inner_mtu(const struct peer *p)
{
    uint32_t least = 0;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        const struct peer_path *path = &p->paths[id];
        /* Not what a search begins with: hosts that hear of an MTU remember it for minutes. */
        if (!path->opened || path->mtu.settled_bytes == 0)
            continue;
        uint32_t inner = path->mtu.settled_bytes - WIRE_OVERHEAD_BYTES;
        if (least == 0 || inner < least)
            least = inner;
    }
    return least;
}

uint32_t links_far_inner_mtu(const struct peer *p)
{
    uint32_t least = 0;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        const struct peer_path *path = &p->paths[id];
        uint32_t bytes = path->remote.datagram_bytes;
        if (!path->opened || !path->heard || bytes < WIRE_DATAGRAM_MIN)
            continue;
        if (least == 0 || bytes - WIRE_OVERHEAD_BYTES < least)
            least = bytes - WIRE_OVERHEAD_BYTES;
    }
    return least;
}
