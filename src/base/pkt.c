/* SPDX-License-Identifier: ISC */
#include "base/pkt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SHARE_FACTOR = 4, /* buffers of an owner for each that is free: arbitrary */
    ASIDE_PART = 16,  /* of the pool no owner's queue takes; it is for what comes and goes */
};

struct shelf {
    uint8_t *memory;  /* owned; count slots of slot_bytes */
    struct pkt *free; /* slots that were used before and came back */
    size_t count;
    size_t fresh; /* slots below this index were handed out at least once */
    size_t slot_bytes;
    size_t cap_bytes;
    size_t used;
};

struct pkt_pool {
    struct shelf small;
    struct shelf large;
};

static int shelf_open(struct shelf *s, size_t count, size_t cap_bytes)
{
    size_t slot = sizeof(struct pkt) + PKT_HEADROOM + cap_bytes + PKT_TAILROOM;
    s->slot_bytes = (slot + 63) & ~(size_t)63;
    s->cap_bytes = cap_bytes;
    s->count = count;
    if (count == 0)
        return 0;
    void *m = mmap(NULL, s->slot_bytes * count, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m == MAP_FAILED)
        return -errno;
    s->memory = m;
    return 0;
}

static void shelf_close(struct shelf *s)
{
    if (s->memory != NULL)
        munmap(s->memory, s->slot_bytes * s->count);
}

static struct pkt *shelf_take(struct shelf *s)
{
    struct pkt *p = s->free;
    if (p != NULL)
        s->free = p->next;
    else if (s->fresh < s->count)
        p = (struct pkt *)(void *)(s->memory + s->slot_bytes * s->fresh++);
    else
        return NULL;
    s->used++;
    return p;
}

struct pkt_pool *pkt_pool_new(size_t small_count, size_t large_count)
{
    struct pkt_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    if (shelf_open(&pool->small, small_count, PKT_SMALL_BYTES) < 0 ||
        shelf_open(&pool->large, large_count, PKT_LARGE_BYTES) < 0) {
        pkt_pool_free(pool);
        errno = ENOMEM;
        return NULL;
    }
    return pool;
}

void pkt_pool_free(struct pkt_pool *pool)
{
    if (pool == NULL)
        return;
    shelf_close(&pool->small);
    shelf_close(&pool->large);
    free(pool);
}

struct pkt *pkt_new(struct pkt_pool *pool, size_t cap_bytes)
{
    struct shelf *s = cap_bytes <= PKT_SMALL_BYTES ? &pool->small : &pool->large;
    struct pkt *p = cap_bytes <= s->cap_bytes ? shelf_take(s) : NULL;
    if (p == NULL)
        return NULL;
    memset(p, 0, sizeof *p);
    p->pool = pool;
    p->data = (uint8_t *)(p + 1) + PKT_HEADROOM;
    p->cap_bytes = (uint32_t)s->cap_bytes;
    p->refs = 1;
    p->seg_count = 1;
    return p;
}

static bool is_small(const struct pkt *p)
{
    return p->cap_bytes == PKT_SMALL_BYTES;
}

void pkt_charge(struct pkt *p, struct pkt_share *share)
{
    if (p->share != NULL)
        --*(is_small(p) ? &p->share->small : &p->share->large);
    if (share != NULL)
        ++*(is_small(p) ? &share->small : &share->large);
    p->share = share;
}

bool pkt_share_full(const struct pkt_share *share, const struct pkt *p)
{
    const struct shelf *s = is_small(p) ? &p->pool->small : &p->pool->large;
    size_t taken = s->used + s->count / ASIDE_PART;
    size_t has = is_small(p) ? share->small : share->large;
    return taken >= s->count ? has > 0 : has > SHARE_FACTOR * (s->count - taken);
}

void pkt_free(struct pkt *p)
{
    struct shelf *s = is_small(p) ? &p->pool->small : &p->pool->large;
    if (p->share != NULL)
        pkt_charge(p, NULL);
    p->next = s->free;
    s->free = p;
    s->used--;
}

size_t pkt_pool_used(const struct pkt_pool *pool)
{
    return pool->small.used + pool->large.used;
}

void pkt_list_clear(struct pkt_list *l)
{
    for (struct pkt *p; (p = pkt_list_pop(l)) != NULL;)
        pkt_put(p);
}
