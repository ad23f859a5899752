/* SPDX-License-Identifier: ISC */
/*
 * Merges inner packets that follow each other in one flow into a super-packet, so that the tunnel
 * device is written once for all of them.
 *
 * What the receiving host sees is what it would have seen from the packets one by one: they are
 * merged only where cutting the super-packet up again gives the same packets back. Never waits for
 * more.
 */
#ifndef HAWSER_BOND_COALESCE_H
#define HAWSER_BOND_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"
#include "bond/inner.h"

enum { COALESCE_PACKETS_MAX = 128 };

/* What the device takes. */
struct coalesce_device {
    bool tcp; /* TCP super-packets */
    bool udp; /* UDP super-packets */
};

/*
 * What to write: the header_bytes of header, then of each of the count packets what follows its
 * own first header_bytes. header_bytes is 0 for a plain packet, which is written as it is.
 */
struct coalesced {
    size_t count;      /* packets that it is made of, at least 1 */
    uint8_t gso;       /* enum pkt_gso */
    uint16_t gso_size; /* with gso: payload bytes of all packets but the last */
    uint16_t header_bytes;
    bool csum_partial; /* the checksum field holds the pseudo-header's sum; where, as virtio says */
    uint16_t csum_start;
    uint16_t csum_offset;
    uint8_t header[INNER_HEADER_MAX];
};

/*
 * Takes as many of the first packets of batch (count >= 1, only the first COALESCE_PACKETS_MAX are
 * looked at) as make one. A first packet with a partial checksum that stays alone gets its
 * pseudo-header's sum written in place.
 */
void coalesce(struct pkt *const *batch, size_t count, const struct coalesce_device *device,
              struct coalesced *out);

#endif
