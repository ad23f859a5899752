/* SPDX-License-Identifier: ISC */
#include "sim/segment.h"

#include <assert.h>

#include "base/cursor.h"
#include "base/ip.h"

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TCP_SYN = 0x02,
    TCP_ACK = 0x10,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
    OPTION_NOP = 1,
    OPTION_SACK = 5,
    OPTION_TIMESTAMP = 8,
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_ECHO = 8,
    WINDOW_FIELD = 0x8000, /* 8 MB at a scale of 8 */
};

static uint8_t protocol_of(enum segment_kind kind)
{
    switch (kind) {
    case SEGMENT_TCP:
        return PROTOCOL_TCP;
    case SEGMENT_QUIC:
    case SEGMENT_UDP:
        return PROTOCOL_UDP;
    case SEGMENT_ECHO:
        return PROTOCOL_ICMP;
    }
    return 0;
}

uint32_t segment_header_bytes(enum segment_kind kind)
{
    switch (kind) {
    case SEGMENT_TCP:
        return SEGMENT_TCP_BYTES;
    case SEGMENT_QUIC:
        return SEGMENT_QUIC_BYTES;
    case SEGMENT_UDP:
    case SEGMENT_ECHO:
        return SEGMENT_IP_BYTES + 8;
    }
    return 0;
}

uint64_t segment_expand(uint32_t low, uint64_t near)
{
    int32_t distance = (int32_t)(low - (uint32_t)near);
    return near + (uint64_t)(int64_t)distance;
}

static uint16_t checksum(const uint8_t *data, size_t len_bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < len_bytes; i += 2)
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put_address(struct writer *w, enum side side)
{
    const uint8_t address[4] = { 10, 77, 0, side == SIDE_SERVER ? 1 : 2 };
    write_bytes(w, address, sizeof(address));
}

static void put_ip(struct writer *w, const struct segment *s, uint32_t len_bytes)
{
    write_u8(w, 0x45);
    write_u8(w, s->ecn);
    write_u16(w, (uint16_t)len_bytes);
    write_u16(w, (uint16_t)s->id);
    write_u16(w, 0x4000); /* do not fragment */
    write_u8(w, 64);
    write_u8(w, protocol_of(s->kind));
    write_u16(w, 0);
    put_address(w, s->from);
    put_address(w, s->from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT);
    uint16_t sum = checksum(w->start, SEGMENT_IP_BYTES);
    w->start[10] = (uint8_t)(sum >> 8);
    w->start[11] = (uint8_t)sum;
}

static void put_tcp(struct writer *w, const struct segment *s)
{
    size_t option_bytes = 12 + (s->range_count > 0 ? 4 + 8 * s->range_count : 0);
    unsigned flags = (s->syn ? TCP_SYN : 0U) | (s->ack ? TCP_ACK : 0U) | (s->ece ? TCP_ECE : 0U) |
                     (s->cwr ? TCP_CWR : 0U);
    write_u16(w, s->port);
    write_u16(w, s->port);
    write_u32(w, s->seq);
    write_u32(w, s->ack_seq);
    write_u8(w, (uint8_t)((20 + option_bytes) / 4 << 4));
    write_u8(w, (uint8_t)flags);
    write_u16(w, WINDOW_FIELD);
    write_u16(w, 0);
    write_u16(w, (uint16_t)(s->id >> 16));
    write_u8(w, OPTION_NOP);
    write_u8(w, OPTION_NOP);
    write_u8(w, OPTION_TIMESTAMP);
    write_u8(w, 10);
    write_u32(w, s->time_us);
    write_u32(w, s->echo_us);
    if (s->range_count == 0)
        return;
    write_u8(w, OPTION_NOP);
    write_u8(w, OPTION_NOP);
    write_u8(w, OPTION_SACK);
    write_u8(w, (uint8_t)(2 + 8 * s->range_count));
    for (size_t i = 0; i < s->range_count; i++) {
        write_u32(w, s->ranges[i].start);
        write_u32(w, s->ranges[i].end);
    }
}

/* A data packet's header has SEGMENT_QUIC_BYTES; an acknowledgement is as long as its ranges. */
static void put_quic(struct writer *w, const struct segment *s)
{
    write_u16(w, (uint16_t)(s->id >> 16));
    write_u8(w, (uint8_t)((s->syn ? TCP_SYN : 0) | (s->ack ? TCP_ACK : 0) | (s->ece ? TCP_ECE : 0) |
                          (s->cwr ? TCP_CWR : 0)));
    write_u8(w, (uint8_t)s->range_count);
    write_u32(w, s->seq);
    write_u32(w, s->ack_seq);
    write_u32(w, s->time_us);
    write_u32(w, s->echo_us);
    write_u32(w, s->pn);
    write_u32(w, s->largest);
    for (size_t i = 0; i < s->range_count; i++) {
        write_u32(w, s->ranges[i].start);
        write_u32(w, s->ranges[i].end);
    }
}

static void put_udp(struct writer *w, const struct segment *s, uint32_t len_bytes)
{
    write_u16(w, s->port);
    write_u16(w, s->port);
    write_u16(w, (uint16_t)(len_bytes - SEGMENT_IP_BYTES));
    write_u16(w, 0);
}

static void put_echo(struct writer *w, const struct segment *s)
{
    write_u8(w, s->reply ? ICMP_ECHO_REPLY : ICMP_ECHO);
    write_u8(w, 0);
    write_u16(w, 0);
    write_u16(w, s->port);
    write_u16(w, (uint16_t)s->seq);
}

static uint32_t packet_bytes(const struct segment *s, uint16_t count)
{
    uint32_t ranges_bytes = (uint32_t)s->range_count * 8;
    if (s->kind == SEGMENT_TCP && ranges_bytes > 0)
        ranges_bytes += 4;
    return segment_header_bytes(s->kind) + ranges_bytes + count * s->len_bytes;
}

struct pkt *segment_build(const struct segment *s, struct pkt_pool *pool, uint16_t count)
{
    assert(s->range_count <=
           (s->kind == SEGMENT_TCP ? SEGMENT_TCP_RANGES_MAX : SEGMENT_RANGES_MAX));
    uint32_t len_bytes = packet_bytes(s, count);
    struct pkt *p = pkt_new(pool, len_bytes);
    if (p == NULL)
        return NULL;
    p->len_bytes = len_bytes;
    struct writer w = writer_of(p->data, len_bytes);
    put_ip(&w, s, len_bytes);
    if (s->kind == SEGMENT_TCP)
        put_tcp(&w, s);
    else if (s->kind == SEGMENT_ECHO)
        put_echo(&w, s);
    else
        put_udp(&w, s, len_bytes);
    if (s->kind == SEGMENT_QUIC) {
        put_quic(&w, s);
    } else if (s->kind != SEGMENT_TCP) {
        write_u16(&w, (uint16_t)(s->id >> 16));
        write_u32(&w, s->seq);
        write_u32(&w, s->time_us);
    } else if (count > 1) {
        p->gso = PKT_GSO_TCP4;
        p->gso_size = (uint16_t)s->len_bytes;
        p->header_bytes = SEGMENT_TCP_BYTES;
        p->seg_count = count;
        p->csum_partial = true;
    }
    bool stream = s->kind == SEGMENT_TCP || s->kind == SEGMENT_QUIC;
    for (uint32_t i = 0; stream && s->len_bytes >= SEGMENT_PAYLOAD_MIN && i < count; i++) {
        write_u32(&w, s->seq + i * s->len_bytes);
        write_room(&w, s->len_bytes - 8);
        write_u32(&w, ~(s->seq + i * s->len_bytes));
    }
    assert(writer_ok(&w));
    ip_parse(p);
    return p;
}

static void get_flags(struct segment *s, uint8_t flags)
{
    s->syn = flags & TCP_SYN;
    s->ack = flags & TCP_ACK;
    s->ece = flags & TCP_ECE;
    s->cwr = flags & TCP_CWR;
}

static void get_ranges(struct reader *r, struct segment *s, size_t count)
{
    if (count > SEGMENT_RANGES_MAX)
        r->failed = true;
    for (size_t i = 0; reader_ok(r) && i < count; i++) {
        s->ranges[i].start = read_u32(r);
        s->ranges[i].end = read_u32(r);
    }
    s->range_count = count;
}

static void get_tcp(struct reader *r, struct segment *s)
{
    s->port = read_u16(r);
    read_u16(r);
    s->seq = read_u32(r);
    s->ack_seq = read_u32(r);
    size_t option_bytes = (size_t)(read_u8(r) >> 4) * 4 - 20;
    get_flags(s, read_u8(r));
    read_u32(r);
    s->id |= (uint32_t)read_u16(r) << 16;
    if (option_bytes < 12)
        r->failed = true;
    read_u32(r);
    s->time_us = read_u32(r);
    s->echo_us = read_u32(r);
    if (option_bytes > 12) {
        read_u32(r);
        get_ranges(r, s, (option_bytes - 16) / 8);
    }
}

static void get_quic(struct reader *r, struct segment *s)
{
    s->id |= (uint32_t)read_u16(r) << 16;
    get_flags(s, read_u8(r));
    size_t count = read_u8(r);
    s->seq = read_u32(r);
    s->ack_seq = read_u32(r);
    s->time_us = read_u32(r);
    s->echo_us = read_u32(r);
    s->pn = read_u32(r);
    s->largest = read_u32(r);
    get_ranges(r, s, count);
}

/* Number and time are the first bytes of the payload. */
static void get_datagram(struct reader *r, struct segment *s)
{
    s->len_bytes = (uint32_t)reader_left(r);
    s->id |= (uint32_t)read_u16(r) << 16;
    s->seq = read_u32(r);
    s->time_us = read_u32(r);
}

static void get_transport(struct reader *r, struct segment *s, uint8_t protocol)
{
    if (protocol == PROTOCOL_TCP) {
        s->kind = SEGMENT_TCP;
        get_tcp(r, s);
    } else if (protocol == PROTOCOL_ICMP) {
        s->kind = SEGMENT_ECHO;
        s->reply = read_u8(r) == ICMP_ECHO_REPLY;
        read_bytes(r, 3);
        s->port = read_u16(r);
        read_u16(r);
        get_datagram(r, s);
    } else {
        s->port = read_u16(r);
        read_bytes(r, 6);
        /* QUIC and plain datagrams are told apart by the port: odd ones are QUIC's. */
        s->kind = s->port % 2 == 1 ? SEGMENT_QUIC : SEGMENT_UDP;
        if (s->kind == SEGMENT_QUIC)
            get_quic(r, s);
        else
            get_datagram(r, s);
    }
}

const char *segment_parse(struct segment *s, const uint8_t *data, size_t len_bytes)
{
    *s = (struct segment){ 0 };
    struct reader r = reader_of(data, len_bytes);
    if (len_bytes < SEGMENT_IP_BYTES || checksum(data, SEGMENT_IP_BYTES) != 0)
        return "the IP header's checksum is wrong";
    read_u8(&r);
    s->ecn = read_u8(&r) & 3;
    if (read_u16(&r) != len_bytes)
        return "the IP header's length is wrong";
    s->id = read_u16(&r);
    read_bytes(&r, 3);
    uint8_t protocol = read_u8(&r);
    read_u16(&r);
    read_bytes(&r, 3);
    s->from = read_u8(&r) == 1 ? SIDE_SERVER : SIDE_CLIENT;
    read_u32(&r);
    get_transport(&r, s, protocol);
    bool stream = s->kind == SEGMENT_TCP || s->kind == SEGMENT_QUIC;
    if (stream)
        s->len_bytes = (uint32_t)reader_left(&r);
    if (!reader_ok(&r))
        return "the transport header is cut off";
    if (!stream || s->len_bytes < SEGMENT_PAYLOAD_MIN)
        return NULL;
    uint32_t first = read_u32(&r);
    read_bytes(&r, s->len_bytes - 8);
    uint32_t last = read_u32(&r);
    return first != s->seq || last != ~s->seq ? "the payload is not that of its place" : NULL;
}

bool segment_is_echo(const uint8_t *data, size_t len_bytes)
{
    return len_bytes > SEGMENT_IP_BYTES && data[0] == 0x45 && data[9] == PROTOCOL_ICMP;
}

bool segment_is_icmp_error(const uint8_t *data, size_t len_bytes)
{
    return len_bytes > SEGMENT_IP_BYTES && data[0] == 0x45 && data[9] == PROTOCOL_ICMP &&
           data[SEGMENT_IP_BYTES] == ICMP_UNREACHABLE;
}
