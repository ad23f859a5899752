/* SPDX-License-Identifier: ISC */
/* What rates, windows and turns of this module count in. */
#ifndef HAWSER_BOND_FRAME_H
#define HAWSER_BOND_FRAME_H

enum {
    FRAME_BYTES = 1514, /* a full Ethernet frame */
    FRAME_BITS = 8 * FRAME_BYTES,
};

#endif
