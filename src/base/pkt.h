/* SPDX-License-Identifier: ISC */
/*
 * Packets and the pool they live in.
 *
 * A pool holds a fixed number of buffers in two sizes: small ones for one packet, large ones for a
 * TSO/USO super-packet of up to 64 KB. Memory is reserved at once and touched on first use, so an
 * idle engine stays small. Nothing is allocated after pkt_pool_new(). Buffers are counted: a
 * super-packet is kept until its last segment needs no repeat any more.
 *
 * Owners share a pool by dynamic thresholds (Choudhury and Hahne, 1998): each may have four times
 * as many buffers as are free, without those kept aside. So one that wants all gets four fifths and
 * leaves the rest free; of several that want all, each gets the same.
 *
 * Not thread-safe: a pool belongs to one engine.
 */
#ifndef HAWSER_BASE_PKT_H
#define HAWSER_BASE_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"

enum {
    PKT_HEADROOM = 64,       /* bytes kept free before data */
    PKT_TAILROOM = 32,       /* and behind the capacity */
    PKT_SMALL_BYTES = 2048,  /* capacity of a small buffer */
    PKT_LARGE_BYTES = 65536, /* capacity of a large one */
};

/* What the segments of a super-packet are; PKT_GSO_NONE is a plain packet. */
enum pkt_gso { PKT_GSO_NONE, PKT_GSO_TCP4, PKT_GSO_TCP6, PKT_GSO_UDP4, PKT_GSO_UDP6 };

struct pkt_pool;

/* What ip_parse() (base/ip.h) found in the headers of the inner packet. All zero: no IP. */
struct pkt_ip {
    uint8_t family;          /* 4 or 6: the addresses are there; 0: this is no IP packet */
    uint8_t tos;             /* DSCP and ECN */
    uint8_t protocol;        /* behind IPv6 extension headers, as far as they hold */
    uint8_t flags;           /* enum ip_flag */
    uint8_t l4_offset;       /* bytes to the transport header; 0: none in this packet */
    uint16_t payload_offset; /* behind the transport header, or that of IP where there is none */
};

/* The buffers of one owner. All zero: none. */
struct pkt_share {
    size_t small;
    size_t large;
};

struct pkt {
    struct pkt *next;        /* for the list of its present owner */
    struct pkt_pool *pool;   /* where it goes back to */
    struct pkt_share *share; /* that it counts in; NULL: none */
    uint8_t *data;           /* first byte of the inner packet */
    uint32_t len_bytes;
    uint32_t cap_bytes; /* from the first data position after pkt_new() */
    uint32_t refs;
    uint8_t policy;        /* set by the driver: which of the core's policies; 0: none */
    uint8_t gso;           /* enum pkt_gso */
    bool csum_partial;     /* the transport checksum holds the pseudo-header sum only */
    uint8_t flags;         /* for its present owner */
    uint32_t flow_hash;    /* of the inner 5-tuple, set by the bond */
    struct tstamp time;    /* set by the owner: arrival or enqueue time */
    uint16_t gso_size;     /* payload bytes of a segment, where gso is not NONE */
    uint16_t header_bytes; /* inner IP and transport header that each segment repeats */
    uint16_t seg_count;    /* 1 for a plain packet */
    uint16_t seg_next;     /* first segment that has not left the flow queue */
    struct pkt_ip ip;      /* set where it enters */
};

/* Numbers of buffers of each size; NULL with errno set when memory cannot be reserved. */
struct pkt_pool *pkt_pool_new(size_t small_count, size_t large_count);
void pkt_pool_free(struct pkt_pool *pool);

/*
 * A packet of at least cap_bytes (<= PKT_LARGE_BYTES) with one reference, empty, all fields clear,
 * seg_count 1. NULL when the pool has none left: the caller counts a drop.
 */
struct pkt *pkt_new(struct pkt_pool *pool, size_t cap_bytes);

static inline void pkt_ref(struct pkt *p)
{
    p->refs++;
}

/* For pkt_put(): nobody has a reference any more. */
void pkt_free(struct pkt *p);

/* Gives one reference back; pkt_put(NULL) is legal. */
static inline void pkt_put(struct pkt *p)
{
    if (p != NULL && --p->refs == 0)
        pkt_free(p);
}

/* Buffers handed out now, for status and leak tests. */
size_t pkt_pool_used(const struct pkt_pool *pool);

/* Counts p in a share (NULL: in none), and no longer in another. The share must outlive that. */
void pkt_charge(struct pkt *p, struct pkt_share *share);

/* The owner has more buffers of the size of p than it may: its part to give some back. */
bool pkt_share_full(const struct pkt_share *share, const struct pkt *p);

/* A first-in first-out list of packets. */
struct pkt_list {
    struct pkt *head;
    struct pkt *tail;
    size_t count;
};

static inline void pkt_list_push(struct pkt_list *l, struct pkt *p)
{
    p->next = NULL;
    if (l->tail != NULL)
        l->tail->next = p;
    else
        l->head = p;
    l->tail = p;
    l->count++;
}

static inline struct pkt *pkt_list_pop(struct pkt_list *l)
{
    struct pkt *p = l->head;
    if (p != NULL) {
        l->head = p->next;
        if (l->head == NULL)
            l->tail = NULL;
        l->count--;
        p->next = NULL;
    }
    return p;
}

/* Gives every packet of the list back. */
void pkt_list_clear(struct pkt_list *l);

/*
 * Bytes of segment seg (0 .. seg_count - 1) as it will cross the tunnel: for a plain packet its
 * length.
 */
static inline uint32_t pkt_seg_bytes(const struct pkt *p, uint16_t seg)
{
    if (p->gso == PKT_GSO_NONE)
        return p->len_bytes;
    uint32_t rest = p->len_bytes - p->header_bytes - (uint32_t)seg * p->gso_size;
    return p->header_bytes + (rest < p->gso_size ? rest : p->gso_size);
}

#endif
