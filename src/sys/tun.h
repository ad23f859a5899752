/* SPDX-License-Identifier: ISC */
/*
 * The TUN device with virtio headers: whole TSO and USO super-packets and partial checksums in both
 * directions, as far as the kernel goes along; each step down is probed when it is opened.
 */
#ifndef HAWSER_SYS_TUN_H
#define HAWSER_SYS_TUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/pkt.h"

enum {
    TUN_NAME_MAX = 15,
    TUN_GSO_BYTES_MAX = 60000, /* a super-packet, cut and sealed, still is one UDP GSO send */
};

/* What the device does for us, from nothing to everything. */
enum tun_offload { TUN_OFFLOAD_NONE, TUN_OFFLOAD_CSUM, TUN_OFFLOAD_TSO, TUN_OFFLOAD_USO };

struct tun {
    int fd; /* owned */
    char name[TUN_NAME_MAX + 1];
    enum tun_offload offload;
};

/* most: do not try more than this. Needs CAP_NET_ADMIN. 0 or negative errno. */
int tun_open(struct tun *t, const char *name, enum tun_offload most);
void tun_close(struct tun *t);

/*
 * Reads one packet (or super-packet). 1 with *out, whose reference is the caller's; 0: none waits;
 * -ENOBUFS: the pool is empty, one packet was thrown away; -EBADMSG: one was malformed, thrown away;
 * another negative errno: the device is gone.
 */
int tun_read(struct tun *t, struct pkt_pool *pool, struct pkt **out);

/* A packet to write, in pieces that lie one behind the other. */
struct tun_frame {
    enum pkt_gso gso;
    uint16_t gso_size;
    uint16_t header_bytes; /* with gso: IP and transport header */
    bool csum_partial;
    uint16_t csum_start, csum_offset; /* with csum_partial */
    struct iovec *pieces;  /* pieces[0] is free for the virtio header; packet from pieces[1] */
    int piece_count;       /* with pieces[0] */
};

/* 0, or negative errno: -EAGAIN and -EINVAL drop this packet only. */
int tun_write(struct tun *t, const struct tun_frame *f);

const char *tun_offload_name(enum tun_offload o);

#endif
