/* SPDX-License-Identifier: ISC */
/*
 * Inner packets of the simulated hosts: IPv4 with real TCP, UDP and ICMP headers, because the bond
 * looks into them.
 *
 * Every packet has an id of 32 bits: the low half is the IPv4 identification, the high half stands
 * where the header has no other use for it (TCP's urgent pointer) or at the start of the payload.
 * Segments of data carry their place in the stream at both ends of the payload.
 */
#ifndef HAWSER_SIM_SEGMENT_H
#define HAWSER_SIM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"
#include "sim/check.h"

enum {
    SEGMENT_IP_BYTES = 20,
    SEGMENT_TCP_BYTES = SEGMENT_IP_BYTES + 20 + 12, /* with the timestamp option */
    SEGMENT_QUIC_BYTES = SEGMENT_IP_BYTES + 8 + 28, /* UDP and about QUIC's header and tag */
    SEGMENT_ECHO_BYTES = SEGMENT_IP_BYTES + 8 + 56, /* as ping sends it */
    SEGMENT_RANGES_MAX = 16,
    SEGMENT_TCP_RANGES_MAX = 3,
    SEGMENT_PAYLOAD_MIN = 12,
};

enum segment_kind { SEGMENT_TCP, SEGMENT_QUIC, SEGMENT_UDP, SEGMENT_ECHO };

/* RFC 3168 */
enum segment_ecn { ECN_NOT_CAPABLE = 0, ECN_CAPABLE = 2, ECN_CONGESTION = 3 };

struct segment_range {
    uint32_t start;
    uint32_t end; /* behind it */
};

struct segment {
    enum segment_kind kind;
    enum side from;
    uint16_t port; /* the same at both ends; the identifier of an echo */
    uint32_t id;
    uint8_t ecn; /* enum segment_ecn */
    bool syn;
    bool ack;
    bool ece;           /* congestion was experienced (echoed) */
    bool cwr;           /* the window was reduced */
    bool reply;         /* of an echo */
    uint32_t seq;       /* low 32 bits of the place in the stream; number of an echo or datagram */
    uint32_t ack_seq;   /* all before it was received */
    uint32_t time_us;   /* sender's clock: TCP's timestamp option */
    uint32_t echo_us;   /* and the echoed one */
    uint32_t pn;        /* QUIC: packet number */
    uint32_t largest;   /* QUIC: largest packet number received */
    uint32_t len_bytes; /* of payload */
    size_t range_count;
    struct segment_range ranges[SEGMENT_RANGES_MAX]; /* received out of order */
};

/* Bytes of headers before the payload of a data segment. */
uint32_t segment_header_bytes(enum segment_kind kind);

/*
 * A packet, or a super-packet of count TCP segments of len_bytes each with consecutive ids. NULL:
 * the pool is empty.
 */
struct pkt *segment_build(const struct segment *s, struct pkt_pool *pool, uint16_t count);

/* NULL, or what is wrong with the packet (static words). */
const char *segment_parse(struct segment *s, const uint8_t *data, size_t len_bytes);

/* A packet that the tunnel made itself: an ICMP error. */
bool segment_is_echo(const uint8_t *data, size_t len_bytes);
bool segment_is_icmp_error(const uint8_t *data, size_t len_bytes);

/* The number nearest to `near` with these low 32 bits. */
uint64_t segment_expand(uint32_t low, uint64_t near);

#endif
