/* SPDX-License-Identifier: ISC */
#include "session/too_big.h"

#include "base/icmp.h"
#include "session/state.h"

enum {
    ANSWERS_BURST = 32,
    ANSWERS_A_SECOND = 50,
    ANSWERS_MAX = 64, /* that wait for the device, of all peers */
};

void too_big_look(struct core *c, struct tstamp now, struct peer *p, const struct pkt *pkt)
{
    uint32_t mtu_bytes = p->news.mtu_bytes;
    if (mtu_bytes == 0 || pkt_seg_bytes(pkt, 0) <= mtu_bytes || c->tun.answers.count >= ANSWERS_MAX)
        return;
    p->mtu.too_big.interval_ns = NS_PER_S / ANSWERS_A_SECOND;
    p->mtu.too_big.burst = ANSWERS_BURST;
    if (!bucket_take(&p->mtu.too_big, now))
        return;
    struct pkt *answer = icmp_too_big(c->pool, pkt, mtu_bytes);
    if (answer != NULL)
        pkt_list_push(&c->tun.answers, answer);
}
