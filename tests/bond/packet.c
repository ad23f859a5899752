/* SPDX-License-Identifier: ISC */
#include "bond/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/cursor.h"
#include "base/ip.h"

enum { IPV4 = 20, UDP = 8, TCP = 20, PROTO_TCP = 6, PROTO_UDP = 17, TCP_ACK = 0x10 };

static struct pkt *begin(struct pkt_pool *pool, struct writer *w, uint8_t protocol, uint32_t bytes)
{
    struct pkt *p = pkt_new(pool, bytes);
    assert_non_null(p);
    p->len_bytes = bytes;
    *w = writer_of(p->data, bytes);
    write_u16(w, 0x4500);
    write_u16(w, (uint16_t)bytes);
    write_u32(w, 0x00004000); /* id 0, do not fragment */
    write_u8(w, 64);
    write_u8(w, protocol);
    write_u16(w, 0);
    write_u32(w, 0x0a000001);
    write_u32(w, 0x0a000002);
    checksum_ipv4(p->data, IPV4);
    return p;
}

struct pkt *packet_udp(struct pkt_pool *pool, uint16_t flow, uint32_t number, uint32_t bytes)
{
    struct writer w;
    struct pkt *p = begin(pool, &w, PROTO_UDP, bytes);
    write_u16(&w, flow);
    write_u16(&w, 7);
    write_u16(&w, (uint16_t)(bytes - IPV4));
    write_u16(&w, 0);
    write_u32(&w, number);
    for (uint32_t i = PACKET_UDP_LEAST; i < bytes; i++)
        write_u8(&w, (uint8_t)(number + i));
    assert_true(writer_ok(&w));
    ip_parse(p);
    return p;
}

static void write_tcp(struct writer *w, uint16_t flow, uint32_t ack)
{
    write_u16(w, flow);
    write_u16(w, 80);
    write_u32(w, 0);
    write_u32(w, ack);
    write_u16(w, TCP / 4 << 12 | TCP_ACK);
    write_u16(w, 1000);
    write_u32(w, 0);
}

struct pkt *packet_tcp_ack(struct pkt_pool *pool, uint16_t flow, uint32_t ack)
{
    struct writer w;
    struct pkt *p = begin(pool, &w, PROTO_TCP, IPV4 + TCP);
    write_tcp(&w, flow, ack);
    ip_parse(p);
    return p;
}

struct pkt *packet_tcp_super(struct pkt_pool *pool, uint16_t flow, uint16_t segments,
                             uint16_t gso_size)
{
    struct writer w;
    uint32_t bytes = IPV4 + TCP + (uint32_t)segments * gso_size;
    struct pkt *p = begin(pool, &w, PROTO_TCP, bytes);
    write_tcp(&w, flow, 0);
    for (uint32_t i = IPV4 + TCP; i < bytes; i++)
        write_u8(&w, (uint8_t)i);
    p->gso = PKT_GSO_TCP4;
    p->gso_size = gso_size;
    p->header_bytes = IPV4 + TCP;
    p->seg_count = segments;
    p->csum_partial = true;
    ip_parse(p);
    return p;
}

uint16_t packet_flow(const struct pkt *p)
{
    return (uint16_t)(p->data[IPV4] << 8 | p->data[IPV4 + 1]);
}

uint32_t packet_number(const struct pkt *p)
{
    struct reader r = reader_of(p->data + IPV4 + UDP, 4);
    return read_u32(&r);
}

bool packet_whole(const struct pkt *p)
{
    if (p->len_bytes < PACKET_UDP_LEAST || p->data[0] != 0x45 ||
        (uint32_t)(p->data[2] << 8 | p->data[3]) != p->len_bytes)
        return false;
    uint32_t number = packet_number(p);
    for (uint32_t i = PACKET_UDP_LEAST; i < p->len_bytes; i++)
        if (p->data[i] != (uint8_t)(number + i))
            return false;
    return checksum_fold(checksum_add(p->data, IPV4, 0)) == 0xffff;
}
