/* SPDX-License-Identifier: ISC */
#include "base/icmp.h"

#include <string.h>

#include "base/checksum.h"
#include "base/gso.h"
#include "base/ip.h"

enum {
    PROTO_ICMP = 1,
    PROTO_ICMPV6 = 58,
    IPV4_DF = 0x4000,
    ICMP_HEADER = 8,
    HOP_LIMIT = 64,
    TOS_CONTROL = 0xc0, /* RFC 1812, section 4.3.2.5: internetwork control */
    TYPE_UNREACHABLE = 3,
    CODE_FRAGMENTATION_NEEDED = 4,
    TYPE_V6_TOO_BIG = 2,
    TYPE_V6_ECHO = 128, /* all below are errors */
    TYPE_V6_REDIRECT = 137,
    WHOLE_V4_MAX = 576, /* RFC 1812, section 4.3.2.3 */
    WHOLE_V6_MAX = 1280,
};

static bool is_host4(const uint8_t *addr)
{
    return addr[0] != 0 && addr[0] != 127 && addr[0] < 224;
}

static bool is_host6(const uint8_t *addr)
{
    static const uint8_t none[16];
    return addr[0] != 0xff && memcmp(addr, none, 15) != 0; /* nor is ::1 one that is elsewhere */
}

/* RFC 1812, section 4.3.2.7: errors beget no errors; what cannot be told from one is taken for it.
 */
static bool is_error4(const struct pkt *p)
{
    if (p->ip.protocol != PROTO_ICMP)
        return false;
    if (p->ip.l4_offset == 0 || ip_end(p) <= p->ip.l4_offset)
        return true;
    uint8_t type = *ip_transport(p);
    return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

static bool is_error6(const struct pkt *p)
{
    if (p->ip.l4_offset == 0 && !ip_is(p, IP_FRAGMENT))
        return true; /* behind more headers than are followed */
    if (p->ip.protocol != PROTO_ICMPV6)
        return false;
    if (p->ip.l4_offset == 0 || ip_end(p) <= p->ip.l4_offset)
        return true;
    uint8_t type = *ip_transport(p);
    return type < TYPE_V6_ECHO || type == TYPE_V6_REDIRECT;
}

static bool is_answered(const struct pkt *p)
{
    if (!ip_is(p, IP_WHOLE) || ip_is(p, IP_LATER))
        return false;
    if (p->ip.family == 4)
        return (be16_get(p->data + 6) & IPV4_DF) != 0 && is_host4(ip_source(p)) &&
               is_host4(ip_destination(p)) && !is_error4(p);
    return is_host6(ip_source(p)) && is_host6(ip_destination(p)) && !is_error6(p);
}

/* The begin of the packet that is told of; returns its bytes, 0: its header does not hold. */
static size_t quote(const struct pkt *p, uint8_t *to, size_t most)
{
    if (p->gso == PKT_GSO_NONE) {
        size_t len = ip_end(p) < most ? ip_end(p) : most;
        memcpy(to, p->data, len);
        return len;
    }
    uint8_t header[GSO_HEADER_MAX];
    size_t header_bytes = gso_header(p, 0, header);
    size_t len = pkt_seg_bytes(p, 0);
    if (header_bytes == 0)
        return 0;
    len = len < most ? len : most;
    memcpy(to, header, header_bytes < len ? header_bytes : len);
    if (len > header_bytes)
        memcpy(to + header_bytes, p->data + header_bytes, len - header_bytes);
    return len;
}

static void finish4(struct pkt *out, const struct pkt *p, uint32_t mtu_bytes)
{
    uint8_t *d = out->data;
    uint8_t *icmp = d + IP_V4_HEADER_BYTES;
    d[0] = 0x45;
    d[1] = TOS_CONTROL;
    be16_put(d + 2, (uint16_t)out->len_bytes);
    be16_put(d + 6, IPV4_DF);
    d[8] = HOP_LIMIT;
    d[9] = PROTO_ICMP;
    memcpy(d + 12, ip_destination(p), 4);
    memcpy(d + 16, ip_source(p), 4);
    checksum_ipv4(d, IP_V4_HEADER_BYTES);
    icmp[0] = TYPE_UNREACHABLE;
    icmp[1] = CODE_FRAGMENTATION_NEEDED;
    be16_put(icmp + 6, (uint16_t)mtu_bytes);
    uint64_t sum = checksum_add(icmp, out->len_bytes - IP_V4_HEADER_BYTES, 0);
    be16_put(icmp + 2, (uint16_t)~checksum_fold(sum));
}

static void finish6(struct pkt *out, const struct pkt *p, uint32_t mtu_bytes)
{
    uint8_t *d = out->data;
    uint8_t *icmp = d + IP_V6_HEADER_BYTES;
    uint32_t icmp_bytes = out->len_bytes - IP_V6_HEADER_BYTES;
    d[0] = 0x60;
    be16_put(d + 4, (uint16_t)icmp_bytes);
    d[6] = PROTO_ICMPV6;
    d[7] = HOP_LIMIT;
    memcpy(d + 8, ip_destination(p), 16);
    memcpy(d + 24, ip_source(p), 16);
    icmp[0] = TYPE_V6_TOO_BIG;
    be32_put(icmp + 4, mtu_bytes);
    uint64_t sum = checksum_add(d + 8, 32, (uint64_t)PROTO_ICMPV6 + icmp_bytes);
    sum = checksum_add(icmp, icmp_bytes, sum);
    be16_put(icmp + 2, (uint16_t)~checksum_fold(sum));
}

struct pkt *icmp_too_big(struct pkt_pool *pool, const struct pkt *p, uint32_t mtu_bytes)
{
    struct pkt *out = is_answered(p) ? pkt_new(pool, WHOLE_V6_MAX) : NULL;
    if (out == NULL)
        return NULL;
    bool ipv4 = p->ip.family == 4;
    size_t header = ICMP_HEADER + (ipv4 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES);
    memset(out->data, 0, header);
    size_t quoted = quote(p, out->data + header, (ipv4 ? WHOLE_V4_MAX : WHOLE_V6_MAX) - header);
    if (quoted == 0) {
        pkt_put(out);
        return NULL;
    }
    out->len_bytes = (uint32_t)(header + quoted);
    if (ipv4)
        finish4(out, p, mtu_bytes);
    else
        finish6(out, p, mtu_bytes);
    ip_parse(out);
    return out;
}
