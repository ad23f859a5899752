/* SPDX-License-Identifier: ISC */
#include "guard/network/network_told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void network_set_peer_mtu(struct network *n, size_t peer, uint32_t mtu_bytes)
{
    n->told.peer_mtu_bytes[peer] = mtu_bytes;
}

void network_set_peer_fit(struct network *n, size_t peer, uint32_t fit_bytes)
{
    n->told.peer_fit_bytes[peer] = fit_bytes;
}

void network_set_path_up(struct network *n, bool is_up)
{
    n->told.path_up = is_up;
}

void network_set_lookups(struct network *n, bool past_the_tunnel, int slot)
{
    n->told.lookups = past_the_tunnel;
    n->told.lookup_slot = slot;
}

int network_set_accepted(struct network *n, const struct netprefix *list, size_t count)
{
    struct netprefix *copy = calloc(count + 1, sizeof *copy);
    if (copy == NULL)
        return -ENOMEM;
    if (count > 0)
        memcpy(copy, list, count * sizeof *copy);
    free(n->told.accepted);
    n->told.accepted = copy;
    n->told.accepted_count = count;
    return 0;
}
