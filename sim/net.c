/* SPDX-License-Identifier: ISC */
#include "sim/net.h"

#include <assert.h>

void net_init(struct net *n, struct events *events, struct check *check)
{
    *n = (struct net){ .events = events, .check = check };
}

void net_attach(struct net *n, enum side side, uint16_t port,
                void (*receive)(void *owner, const struct segment *s), void *owner)
{
    assert(port >= NET_PORT_FIRST && port < NET_PORT_FIRST + NET_PORTS_MAX);
    n->endpoints[side][port - NET_PORT_FIRST] = (struct net_endpoint){ receive, owner };
}

/* Ids of a super-packet share their high half, so that the low one can be counted up. */
static uint32_t take_ids(struct net *n, enum side side, uint16_t count)
{
    uint32_t id = n->next_id[side];
    if ((id >> 16) != (id + count - 1) >> 16)
        id = (id + count) & ~UINT32_C(0xffff);
    n->next_id[side] = id + count;
    return id;
}

void net_send(struct net *n, struct segment *s, uint16_t count)
{
    s->id = take_ids(n, s->from, count);
    struct pkt *p = segment_build(s, n->pool[s->from], count);
    if (p == NULL) {
        n->pool_empty++;
        return;
    }
    p->time = n->events->now;
    for (uint16_t i = 0; i < count; i++)
        check_inner_sent(n->check, s->from, s->id + i, pkt_seg_bytes(p, i));
    n->sent[s->from] += count;
    n->carry(n->carrier, s->from, p);
}

void net_deliver(struct net *n, enum side to, struct pkt *p)
{
    struct segment s;
    uint32_t len_bytes = p->len_bytes;
    if (segment_is_icmp_error(p->data, p->len_bytes)) {
        n->icmp_errors++;
        pkt_put(p);
        return;
    }
    const char *wrong = segment_parse(&s, p->data, p->len_bytes);
    pkt_put(p);
    if (wrong == NULL && s.from == to)
        wrong = "it came back to its sender";
    unsigned index = (unsigned)s.port - NET_PORT_FIRST;
    if (wrong == NULL && (index >= NET_PORTS_MAX || n->endpoints[to][index].receive == NULL))
        wrong = "no flow has its port";
    if (wrong != NULL) {
        check_fail(n->check, "delivered packet of %u bytes: %s", len_bytes, wrong);
        return;
    }
    check_inner_delivered(n->check, s.from, s.id, len_bytes);
    n->delivered[s.from]++;
    n->last_delivery[s.from] = n->events->now;
    n->endpoints[to][index].receive(n->endpoints[to][index].owner, &s);
}
