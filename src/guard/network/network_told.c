/* SPDX-License-Identifier: ISC */
#include "guard/network/network_told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int network_set_peer(struct network *n, size_t peer, const struct network_peer *to, bool *changed)
{
    enum { LEAST = 8 };
    struct network_told *t = &n->told;
    const struct network_peer before = network_get_peer(n, peer);
    *changed = before.mtu_bytes != to->mtu_bytes || before.fit_bytes != to->fit_bytes;
    if (!*changed)
        return 0;
    size_t count = t->peer_count > 0 ? t->peer_count : LEAST;
    while (count <= peer)
        count *= 2;
    if (count > t->peer_count) {
        struct network_peer *wider = realloc(t->peers, count * sizeof *wider);
        if (wider == NULL)
            return -ENOMEM;
        memset(wider + t->peer_count, 0, (count - t->peer_count) * sizeof *wider);
        t->peers = wider;
        t->peer_count = count;
    }
    t->peers[peer] = *to;
    return 0;
}

void network_forget_peers(struct network *n)
{
    free(n->told.peers);
    n->told.peers = NULL;
    n->told.peer_count = 0;
}

struct network_peer network_get_peer(const struct network *n, size_t peer)
{
    return peer < n->told.peer_count ? n->told.peers[peer] : (struct network_peer){ 0 };
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
