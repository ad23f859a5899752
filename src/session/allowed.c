/* SPDX-License-Identifier: ISC */
#include "session/allowed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"

/*
 * A binary trie without the nodes that only lead on: a child's prefix is longer than its parent's
 * by one bit or more. nodes[0] is the root of IPv4, nodes[1] that of IPv6.
 */
struct allowed_node {
    uint32_t child[2];       /* 0: none, as no child is a root */
    struct peer *peer;       /* borrowed; NULL: no prefix of anybody's */
    struct netprefix prefix; /* what comes after it may differ from what is looked for */
};

enum { ROOTS = 2, SPARE_MIN = 64 };

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
    if (a->nodes == NULL)
        return -ENOMEM;
    a->nodes[root_of(4)].prefix.family = 4;
    a->nodes[root_of(6)].prefix.family = 6;
    return 0;
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
    uint32_t capacity = a->capacity + a->capacity / 2 + more;
    struct allowed_node *nodes = realloc(a->nodes, capacity * sizeof *nodes);
    if (nodes == NULL)
        return -ENOMEM;
    a->nodes = nodes;
    a->capacity = capacity;
    return 0;
}

static uint32_t add_node(struct allowed *a, const struct netprefix *prefix, unsigned len)
{
    struct allowed_node *n = &a->nodes[a->count];
    *n = (struct allowed_node){ .prefix = *prefix };
    n->prefix.len = (uint8_t)len;
    return a->count++;
}

/* So many of the first bits are alike, up to most. */
static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned most)
{
    unsigned i = 0;
    while (i < most && bit_of(a, i) == bit_of(b, i))
        i++;
    return i;
}

/* The node of the prefix, which may be new: of two prefixes in the same place the parting node. */
static uint32_t find_place(struct allowed *a, const struct netprefix *prefix)
{
    uint32_t at = root_of(prefix->family);
    while (a->nodes[at].prefix.len < prefix->len) {
        uint32_t *child = &a->nodes[at].child[bit_of(prefix->addr, a->nodes[at].prefix.len)];
        if (*child == 0)
            return *child = add_node(a, prefix, prefix->len);
        const struct netprefix *there = &a->nodes[*child].prefix;
        unsigned most = there->len < prefix->len ? there->len : prefix->len;
        unsigned common = common_bits(there->addr, prefix->addr, most);
        if (common < there->len) {
            uint32_t parting = add_node(a, prefix, common);
            a->nodes[parting].child[bit_of(there->addr, common)] = *child;
            *child = parting;
        }
        at = *child;
    }
    return at;
}

int allowed_add(struct allowed *a, const struct netprefix *prefix, struct peer *peer)
{
    if (reserve(a, 2) < 0) /* where it parts from another, and itself */
        return -ENOMEM;
    struct allowed_node *n = &a->nodes[find_place(a, prefix)];
    a->prefixes += n->peer == NULL;
    n->peer = peer;
    a->last_family = 0;
    return 0;
}

/* NULL: the prefix has no node. */
static struct allowed_node *exact(const struct allowed *a, const struct netprefix *prefix)
{
    struct allowed_node *n = &a->nodes[root_of(prefix->family)];
    while (n->prefix.len < prefix->len) {
        uint32_t next = n->child[bit_of(prefix->addr, n->prefix.len)];
        n = &a->nodes[next];
        if (next == 0 || !netprefix_contains(&n->prefix, prefix->family, prefix->addr))
            return NULL;
    }
    return n->prefix.len == prefix->len ? n : NULL;
}

void allowed_remove(struct allowed *a, const struct netprefix *prefix, const struct peer *peer)
{
    struct allowed_node *n = exact(a, prefix);
    if (n == NULL || n->peer != peer)
        return;
    n->peer = NULL;
    a->prefixes--;
    a->removed++;
    a->last_family = 0;
}

bool allowed_is_sparse(const struct allowed *a)
{
    return a->removed > a->prefixes + SPARE_MIN;
}

static struct peer *walk(const struct allowed *a, uint8_t family, const uint8_t *addr)
{
    const unsigned bits = family == 4 ? 32 : 128;
    const struct allowed_node *n = &a->nodes[root_of(family)];
    struct peer *best = n->peer;
    while (n->prefix.len < bits) {
        uint32_t next = n->child[bit_of(addr, n->prefix.len)];
        n = &a->nodes[next];
        if (next == 0 || !netprefix_contains(&n->prefix, family, addr))
            break;
        if (n->peer != NULL)
            best = n->peer;
    }
    return best;
}

/* By itself: what it needs of the stack would be taken for every packet. */
__attribute__((noinline)) static struct peer *find_anew(struct allowed *a, uint8_t family,
                                                        const uint8_t *addr)
{
    a->last_peer = walk(a, family, addr);
    a->last_family = family;
    memcpy(a->last_addr, addr, family == 4 ? 4 : 16);
    return a->last_peer;
}

static inline struct peer *find(struct allowed *a, uint8_t family, const uint8_t *addr)
{
    bool same = a->last_family == family &&
                (family == 4 ? memcmp(a->last_addr, addr, 4) : memcmp(a->last_addr, addr, 16)) == 0;
    return same ? a->last_peer : find_anew(a, family, addr);
}

struct peer *allowed_find(struct allowed *a, uint8_t family, const uint8_t *addr)
{
    return find(a, family, addr);
}

struct peer *allowed_source(struct allowed *a, const struct pkt *p)
{
    return p->ip.family != 0 ? find(a, p->ip.family, ip_source(p)) : NULL;
}

struct peer *allowed_destination(struct allowed *a, const struct pkt *p)
{
    return p->ip.family != 0 ? find(a, p->ip.family, ip_destination(p)) : NULL;
}
