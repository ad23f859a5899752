/* SPDX-License-Identifier: ISC */
#include "base/gso.h"

#include <string.h>

#include "base/checksum.h"
#include "base/ip.h"

static void cut_transport(const struct pkt *p, uint16_t seg, uint8_t *l4, uint32_t l4_bytes)
{
    if (p->gso == PKT_GSO_UDP4 || p->gso == PKT_GSO_UDP6) {
        be16_put(l4 + 4, (uint16_t)l4_bytes);
        return;
    }
    be32_put(l4 + 4, be32_get(l4 + 4) + (uint32_t)seg * p->gso_size);
    if (seg + 1 < p->seg_count)
        l4[13] &= (uint8_t) ~(IP_TCP_FIN | IP_TCP_PSH);
    if (seg > 0)
        l4[13] &= (uint8_t)~IP_TCP_CWR;
}

size_t gso_header(const struct pkt *p, uint16_t seg, uint8_t out[GSO_HEADER_MAX])
{
    bool ipv4 = p->gso == PKT_GSO_TCP4 || p->gso == PKT_GSO_UDP4;
    bool tcp = p->gso == PKT_GSO_TCP4 || p->gso == PKT_GSO_TCP6;
    size_t l4 = p->ip.l4_offset;
    size_t least = l4 + (tcp ? IP_TCP_HEADER_BYTES : IP_UDP_HEADER_BYTES);
    if (p->gso == PKT_GSO_NONE || p->header_bytes > GSO_HEADER_MAX || p->header_bytes < least ||
        l4 < (ipv4 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES) || p->header_bytes > p->len_bytes ||
        seg >= p->seg_count)
        return 0;
    uint32_t bytes = pkt_seg_bytes(p, seg);
    memcpy(out, p->data, p->header_bytes);
    if (ipv4) {
        be16_put(out + 2, (uint16_t)bytes);
        be16_put(out + 4, (uint16_t)(be16_get(out + 4) + seg));
        checksum_ipv4(out, l4);
    } else {
        be16_put(out + 4, (uint16_t)(bytes - IP_V6_HEADER_BYTES));
    }
    cut_transport(p, seg, out + l4, bytes - (uint32_t)l4);
    return p->header_bytes;
}
