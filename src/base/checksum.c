/* SPDX-License-Identifier: ISC */
#include "base/checksum.h"

#include <string.h>

#include "base/be.h"

enum { IPV4_CHECKSUM_AT = 10 };

/*
 * Words are added in the machine's byte order and turned round once: the sum of swapped words is
 * the swapped sum (RFC 1071, section 2, B).
 */
uint64_t checksum_add(const uint8_t *data, size_t len_bytes, uint64_t sum)
{
    const uint8_t *words_end = data + len_bytes / 4 * 4;
    uint64_t words = 0;
    uint8_t folded[2];
    for (; data < words_end; data += 4) {
        uint32_t word;
        memcpy(&word, data, sizeof word);
        words += word;
    }
    memcpy(folded, &(uint16_t){ checksum_fold(words) }, sizeof folded);
    sum += be16_get(folded);
    if ((len_bytes & 2) != 0) {
        sum += be16_get(data);
        data += 2;
    }
    if ((len_bytes & 1) != 0)
        sum += (uint64_t)*data << 8;
    return sum;
}

void checksum_ipv4(uint8_t *header, size_t len_bytes)
{
    be16_put(header + IPV4_CHECKSUM_AT, 0);
    be16_put(header + IPV4_CHECKSUM_AT,
             (uint16_t)~checksum_fold(checksum_add(header, len_bytes, 0)));
}
