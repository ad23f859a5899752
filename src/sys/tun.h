/* SPDX-License-Identifier: ISC */
/*
 * The TUN device with virtio headers: whole TSO and USO super-packets and partial checksums in both
 * directions, as far as the kernel goes along; each step down is probed when it is opened.
 */
#ifndef HAWSER_SYS_TUN_H
#define HAWSER_SYS_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/pkt.h"

enum {
    TUN_NAME_MAX = 15,
    TUN_PIECES_MAX = 256,      /* of one packet that is written */
    TUN_HEADER_MAX = 192,      /* longest header of a super-packet that is accepted */
    TUN_GSO_BYTES_MAX = 60000, /* a super-packet, cut and sealed, still is one UDP GSO send */
    TUN_QUEUE_PACKETS = 4096,  /* in the kernel's ring: while the engine waits for a CPU */
};

/* What the device does for us, from nothing to everything. */
enum tun_offload { TUN_OFFLOAD_NONE, TUN_OFFLOAD_CSUM, TUN_OFFLOAD_TSO, TUN_OFFLOAD_USO };

const char *tun_offload_name(enum tun_offload offload);

/*
 * Creates the device; most: do not try more than this. Needs CAP_NET_ADMIN. The descriptor (not
 * blocking), or a negative errno: -EBUSY when a device of that name exists.
 */
int tun_open(const char *name, enum tun_offload most, enum tun_offload *in_use);

/* A process has a TUN device of that name open. */
bool tun_is_held(const char *name);

/* The engine's side of a device. */
struct tun {
    int fd; /* borrowed */
    enum tun_offload offload;
    struct pkt_pool *pool;  /* borrowed */
    struct pkt *read_ahead; /* owned: buffer for the next packet */
    uint64_t read_packets;  /* counters */
    uint64_t written_packets;
    uint64_t malformed; /* and of packets thrown away */
    uint64_t no_buffer;
    uint64_t write_errors;
};

void tun_init(struct tun *t, int fd, enum tun_offload offload, struct pkt_pool *pool);
/* Gives the buffer back; the descriptor stays open. */
void tun_clear(struct tun *t);

/* The virtio header as values. */
struct tun_vnet {
    bool needs_csum;
    uint8_t gso_type;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
};

/* Parses a packet and describes it by its virtio header; false: it is malformed. */
bool tun_describe(struct pkt *p, const struct tun_vnet *v);

/* The next packet, whose reference is the caller's, or NULL: none waits, or *error (negative errno,
 * else 0). */
struct pkt *tun_read(struct tun *t, int *error);

/* A packet (or super-packet) to write, in pieces that lie one behind the other. */
struct tun_packet {
    uint8_t gso; /* enum pkt_gso */
    uint16_t gso_size;
    uint16_t header_bytes; /* with gso: IP and transport header */
    bool csum_partial;
    uint16_t csum_start; /* with csum_partial */
    uint16_t csum_offset;
    const struct iovec *pieces;
    size_t piece_count; /* at most TUN_PIECES_MAX */
};

/* 0, or a negative errno, also counted: the packet is dropped. */
int tun_write(struct tun *t, const struct tun_packet *p);

#endif
