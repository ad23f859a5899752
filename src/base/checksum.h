/* SPDX-License-Identifier: ISC */
/*
 * The Internet checksum (RFC 1071). Sums of stretches add up as long as each but the last has an
 * even length: 2^32 words fit.
 */
#ifndef HAWSER_BASE_CHECKSUM_H
#define HAWSER_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum of data, added to a running sum. */
uint64_t checksum_add(const uint8_t *data, size_t len_bytes, uint64_t sum);

/* The 16 bits of a sum. Over what holds its own checksum they are 0xffff. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* Writes the checksum of an IPv4 header (at least 20 bytes) into it. */
void checksum_ipv4(uint8_t *header, size_t len_bytes);

#endif
