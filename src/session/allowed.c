/* SPDX-License-Identifier: ISC */
#include "session/allowed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A binary trie, one bit a level: nodes[0] is the root of IPv4, nodes[1] that of IPv6. */
struct allowed_node {
    uint32_t child[2]; /* 0: none, as no child is a root */
    struct peer *peer; /* borrowed; NULL: no prefix ends here */
};

enum { ROOTS = 2, IPV4_HEADER_MIN = 20, IPV6_HEADER = 40 };

static uint32_t root_of(uint8_t family)
{
    return family == 4 ? 0 : 1;
}

static unsigned bit_of(const uint8_t *addr, unsigned at)
{
    return addr[at / 8] >> (7 - at % 8) & 1;
}

int allowed_init(struct allowed *a)
{
    *a = (struct allowed){ .capacity = 64, .count = ROOTS };
    a->nodes = calloc(a->capacity, sizeof *a->nodes);
    return a->nodes != NULL ? 0 : -ENOMEM;
}

void allowed_free(struct allowed *a)
{
    free(a->nodes);
    *a = (struct allowed){ 0 };
}

static int reserve(struct allowed *a, uint32_t more)
{
    if (a->count + more <= a->capacity)
        return 0;
    uint32_t capacity = (a->count + more) * 2;
    struct allowed_node *nodes = realloc(a->nodes, capacity * sizeof *nodes);
    if (nodes == NULL)
        return -ENOMEM;
    a->nodes = nodes;
    a->capacity = capacity;
    return 0;
}

int allowed_add(struct allowed *a, const struct netprefix *prefix, struct peer *peer)
{
    if (reserve(a, prefix->len) < 0)
        return -ENOMEM;
    uint32_t at = root_of(prefix->family);
    for (unsigned i = 0; i < prefix->len; i++) {
        uint32_t *child = &a->nodes[at].child[bit_of(prefix->addr, i)];
        if (*child == 0) {
            *child = a->count++;
            a->nodes[*child] = (struct allowed_node){ .peer = NULL };
        }
        at = *child;
    }
    a->nodes[at].peer = peer;
    a->last_family = 0;
    return 0;
}

static struct peer *walk(const struct allowed *a, uint8_t family, const uint8_t *addr)
{
    const unsigned bits = family == 4 ? 32 : 128;
    uint32_t at = root_of(family);
    struct peer *best = a->nodes[at].peer;
    for (unsigned i = 0; i < bits; i++) {
        at = a->nodes[at].child[bit_of(addr, i)];
        if (at == 0)
            break;
        if (a->nodes[at].peer != NULL)
            best = a->nodes[at].peer;
    }
    return best;
}

struct peer *allowed_find(struct allowed *a, uint8_t family, const uint8_t *addr)
{
    size_t len = family == 4 ? 4 : 16;
    if (a->last_family == family && memcmp(a->last_addr, addr, len) == 0)
        return a->last_peer;
    a->last_peer = walk(a, family, addr);
    a->last_family = family;
    memcpy(a->last_addr, addr, len);
    return a->last_peer;
}

/* second: the destination, which stands behind the source in both headers. */
static struct peer *find_in(struct allowed *a, const uint8_t *packet, size_t len_bytes, bool second)
{
    if (len_bytes >= IPV4_HEADER_MIN && packet[0] >> 4 == 4)
        return allowed_find(a, 4, packet + (second ? 16 : 12));
    if (len_bytes >= IPV6_HEADER && packet[0] >> 4 == 6)
        return allowed_find(a, 6, packet + (second ? 24 : 8));
    return NULL;
}

struct peer *allowed_source(struct allowed *a, const uint8_t *packet, size_t len_bytes)
{
    return find_in(a, packet, len_bytes, false);
}

struct peer *allowed_destination(struct allowed *a, const uint8_t *packet, size_t len_bytes)
{
    return find_in(a, packet, len_bytes, true);
}
