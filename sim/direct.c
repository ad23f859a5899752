/* SPDX-License-Identifier: ISC */
#include "sim/direct.h"

#include <string.h>

static void carry(void *carrier, enum side from, struct pkt *p)
{
    struct direct *d = carrier;
    enum link_direction direction = from == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
    wires_send(d->wires, d->user, d->via, direction, p->data, p->len_bytes,
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
    d->wires = &d->own;
    wires_init(&d->own, net->events, specs, seed);
    wires_attach(&d->own, WIRES_CARRIER, receive, d);
    for (int i = 0; i < LINK_DIRECTIONS; i++) {
        /* The hosts have no checksums that would find out. */
        struct link_config config = specs->link[via].config[i];
        config.corrupt = 0.0;
        config.duplicate = 0.0;
        link_set_config(&d->own.link[via][i], &config);
    }
    net->carry = carry;
    net->carrier = d;
}

void direct_join(struct direct *d, struct net *net, struct wires *wires, size_t via)
{
    *d = (struct direct){ .net = net, .via = via, .user = WIRES_FOREIGN, .wires = wires };
    wires_attach(wires, WIRES_FOREIGN, receive, d);
    net->carry = carry;
    net->carrier = d;
}

void direct_free(struct direct *d)
{
    wires_free(&d->own);
}
