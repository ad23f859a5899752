/* SPDX-License-Identifier: ISC */
#include "base/checksum.h"

#include "base/be.h"

enum { IPV4_CHECKSUM_AT = 10 };

uint64_t checksum_add(const uint8_t *data, size_t len_bytes, uint64_t sum)
{
    const uint8_t *words_end = data + len_bytes / 4 * 4;
    for (; data < words_end; data += 4)
        sum += be32_get(data);
    if ((len_bytes & 2) != 0) {
        sum += be16_get(data);
        data += 2;
    }
    if ((len_bytes & 1) != 0)
        sum += (uint64_t)*data << 8;
    return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

void checksum_ipv4(uint8_t *header, size_t len_bytes)
{
    be16_put(header + IPV4_CHECKSUM_AT, 0);
    be16_put(header + IPV4_CHECKSUM_AT,
             (uint16_t)~checksum_fold(checksum_add(header, len_bytes, 0)));
}
