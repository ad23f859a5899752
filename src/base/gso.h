/* SPDX-License-Identifier: ISC */
/*
 * Cuts a super-packet into the packets that it stands for. What base/gro.h merged gives the same
 * packets again.
 */
#ifndef HAWSER_BASE_GSO_H
#define HAWSER_BASE_GSO_H

#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"

enum { GSO_HEADER_MAX = 192 }; /* longest IP and transport header that is cut */

/*
 * The header of segment seg of super-packet p (p->gso is not NONE) into out: lengths, IPv4 id and
 * checksum, TCP sequence and flags set; the transport checksum is left partial. Returns its length,
 * 0 if p is malformed (a header that does not hold).
 */
size_t gso_header(const struct pkt *p, uint16_t seg, uint8_t out[GSO_HEADER_MAX]);

#endif
