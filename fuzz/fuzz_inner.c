/* SPDX-License-Identifier: ISC */
/*
 * The parsers of inner packets. The first four bytes say how the rest is to be seen: as a packet,
 * or as a super-packet with that header and segment size.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/inner.h"
#include "base/pkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum { PREFIX = 4 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void one_packet(const uint8_t *data, size_t len_bytes)
{
    struct inner_info info;
    uint8_t *copy = malloc(len_bytes + 1);
    uint16_t start, offset;
    must(copy != NULL);
    if (inner_parse(data, len_bytes, 1, &info)) {
        size_t address_bytes = info.family == 4 ? 4 : 16;
        must(info.source >= data && info.source + address_bytes <= data + len_bytes);
        must(info.destination + address_bytes <= data + len_bytes);
        must(info.l4_offset <= len_bytes);
    }
    memcpy(copy, data, len_bytes);
    inner_mark_ce(copy, len_bytes);
    if (inner_partial_checksum(copy, len_bytes, &start, &offset))
        must((size_t)start + offset + 2 <= len_bytes);
    memcpy(copy, data, len_bytes);
    inner_finish_checksum(copy, len_bytes);
    free(copy);
}

static void super_packet(struct pkt_pool *pool, const uint8_t prefix[PREFIX], const uint8_t *data,
                         size_t len_bytes)
{
    struct pkt *p = pkt_new(pool, len_bytes);
    uint8_t header[INNER_HEADER_MAX];
    must(p != NULL);
    memcpy(p->data, data, len_bytes);
    p->len_bytes = (uint32_t)len_bytes;
    p->gso = (uint8_t)(PKT_GSO_TCP4 + prefix[0] % 4);
    p->header_bytes = prefix[1];
    p->gso_size = (uint16_t)(1 + (prefix[2] << 4));
    p->l4_offset = prefix[3];
    if (p->header_bytes < len_bytes) {
        size_t payload = len_bytes - p->header_bytes;
        p->seg_count = (uint16_t)((payload + p->gso_size - 1) / p->gso_size);
        for (uint16_t seg = 0; seg < p->seg_count; seg++) {
            size_t n = inner_segment_header(p, seg, header);
            must(n == 0 || n == p->header_bytes);
        }
    }
    pkt_put(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static struct pkt_pool *pool;
    if (pool == NULL)
        pool = pkt_pool_new(4, 4);
    if (pool == NULL || len_bytes < PREFIX || len_bytes > PKT_LARGE_BYTES)
        return 0;
    one_packet(data + PREFIX, len_bytes - PREFIX);
    super_packet(pool, data, data + PREFIX, len_bytes - PREFIX);
    must(pkt_pool_used(pool) == 0);
    return 0;
}
