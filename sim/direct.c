/* SPDX-License-Identifier: ISC */
#include "sim/direct.h"

#include <string.h>

static void carry(void *carrier, enum side from, struct pkt *p)
{
    struct direct *d = carrier;
    enum link_direction direction = from == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
    wires_send(&d->wires, d->via, direction, p->data, p->len_bytes,
               p->len_bytes + LINK_HEADER_BYTES);
    pkt_put(p);
}

static void receive(void *owner, size_t link, enum link_direction direction, const uint8_t *data,
                    size_t len_bytes)
{
    struct direct *d = owner;
    (void)link;
    enum side to = direction == LINK_UP ? SIDE_SERVER : SIDE_CLIENT;
    struct pkt *p = pkt_new(d->net->pool[to], len_bytes);
    if (p == NULL) {
        d->net->pool_empty++;
        return;
    }
    memcpy(p->data, data, len_bytes);
    p->len_bytes = (uint32_t)len_bytes;
    net_deliver(d->net, to, p);
}

void direct_init(struct direct *d, struct net *net, const struct linkspecs *specs, size_t via,
                 uint64_t seed)
{
    *d = (struct direct){ .net = net, .via = via };
    wires_init(&d->wires, net->events, specs, seed, receive, d);
    for (int i = 0; i < LINK_DIRECTIONS; i++) {
        /* The hosts have no checksums that would find out. */
        struct link_config config = specs->link[via].config[i];
        config.corrupt = 0.0;
        config.duplicate = 0.0;
        link_set_config(&d->wires.link[via][i], &config);
    }
    net->carry = carry;
    net->carrier = d;
}

void direct_free(struct direct *d)
{
    wires_free(&d->wires);
}
