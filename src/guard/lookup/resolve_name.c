/* SPDX-License-Identifier: ISC */
#include "guard/lookup/resolve_name.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct resolve_name *name_of(const struct resolve_names *n, const char *host)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcasecmp(n->list[i].host, host) == 0)
            return &n->list[i];
    return NULL;
}

void resolve_names_init(struct resolve_names *n, const struct config_peer *peer)
{
    memset(n, 0, sizeof *n);
    for (size_t i = 0; i < peer->endpoint_count; i++) {
        const struct config_endpoint *e = &peer->endpoints[i];
        if (e->addr.family == 0 && name_of(n, e->host) == NULL)
            n->list[n->count++].host = e->host;
    }
}

/* Filters answer with 0.0.0.0, and groups or mapped addresses are nobody's to call. */
static bool is_callable(const struct netaddr *a)
{
    static const uint8_t unspecified[16];
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }; /* RFC 4291, 2.5.5.2 */
    if (a->family == 4)
        return a->addr[0] != 0 && a->addr[0] < 224;
    return memcmp(a->addr, unspecified, sizeof unspecified) != 0 && a->addr[0] != 0xff &&
           memcmp(a->addr, mapped, sizeof mapped) != 0;
}

bool resolve_name_add(struct resolve_name *n, const struct netaddr *addr)
{
    if (n->fresh_count == ADDRESSES_EACH_MAX || !is_callable(addr) ||
        netaddr_in(n->fresh, n->fresh_count, addr))
        return false;
    n->fresh[n->fresh_count++] = *addr;
    return true;
}

bool resolve_names_missing(const struct resolve_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->list[i].fresh_count == 0)
            return true;
    return false;
}

/* The address at a rank: those of the first one's family and of the other alternate, as long as
 * there are both. */
static const struct netaddr *at_rank(const struct netaddr *list, size_t count, size_t rank)
{
    size_t left[2] = { 0, 0 }; /* of the first one's family, of the other */
    if (rank >= count)
        return NULL;
    for (size_t i = 0; i < count; i++)
        left[list[i].family != list[0].family]++;
    size_t both = left[0] < left[1] ? left[0] : left[1];
    bool other = rank < 2 * both ? rank % 2 == 1 : left[1] > left[0];
    size_t place = rank < 2 * both ? rank / 2 : rank - both;
    for (size_t i = 0; i < count; i++)
        if ((list[i].family != list[0].family) == other && place-- == 0)
            return &list[i];
    return NULL;
}

static void append(struct netaddr out[CORE_ENDPOINTS_MAX], size_t *count,
                   const struct netaddr *addr, uint16_t port)
{
    struct netaddr a = *addr;
    a.port = port;
    if (*count < CORE_ENDPOINTS_MAX && !netaddr_in(out, *count, &a))
        out[(*count)++] = a;
}

size_t resolve_names_merge(const struct resolve_names *n, const struct config_peer *peer,
                           const struct addresses *kept, struct netaddr out[CORE_ENDPOINTS_MAX])
{
    size_t count = 0;
    /* Each endpoint's first, then each one's second: no name with many addresses hides a port. */
    for (size_t rank = 0; rank < ADDRESSES_EACH_MAX; rank++) {
        for (size_t i = 0; i < peer->endpoint_count; i++) {
            const struct config_endpoint *e = &peer->endpoints[i];
            const struct resolve_name *name = e->addr.family == 0 ? name_of(n, e->host) : NULL;
            if (name == NULL && rank == 0)
                append(out, &count, &e->addr, e->addr.port);
            if (name == NULL)
                continue;
            bool fresh = name->fresh_count > 0;
            const struct netaddr *a = at_rank(fresh ? name->fresh : name->found,
                                              fresh ? name->fresh_count : name->found_count, rank);
            if (a != NULL)
                append(out, &count, a, e->port);
        }
    }
    for (size_t rank = 0; rank < ADDRESSES_EACH_MAX; rank++) {
        for (size_t i = 0; i < peer->endpoint_count; i++) {
            const struct config_endpoint *e = &peer->endpoints[i];
            struct netaddr list[ADDRESSES_EACH_MAX];
            size_t have = e->addr.family == 0 ? addresses_get(kept, e->host, list) : 0;
            const struct netaddr *a = at_rank(list, have, rank);
            if (a != NULL)
                append(out, &count, a, e->port);
        }
    }
    return count;
}

/* What is written for people */

struct text {
    char *out;
    size_t size;
    size_t len;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->out + t->len, t->size - t->len, format, args);
    va_end(args);
    if (n > 0)
        t->len = t->len + (size_t)n < t->size ? t->len + (size_t)n : t->size - 1;
}

/* "no answer over dsl, lte, the system's way" */
static void put_reason(struct text *t, const struct resolve_names *n,
                       const struct resolve_name *name, enum lookup_reason reason)
{
    static const char *const words[] = { [LOOKUP_NOT_ASKED] = "not asked",
                                         [LOOKUP_NOT_SENT] = "name servers unreachable",
                                         [LOOKUP_NO_ANSWER] = "no answer",
                                         [LOOKUP_REFUSED] = "name servers refuse",
                                         [LOOKUP_UNKNOWN] = "no such name" };
    bool first = true;
    for (size_t way = 0; way <= LOOKUP_SYSTEM; way++) {
        if (name->reasons[way] != reason || (way >= n->way_count && way != LOOKUP_SYSTEM))
            continue;
        if (first)
            put(t, "%s%s over ", t->out[t->len - 1] == '(' ? "" : "; ", words[reason]);
        put(t, "%s%s", first ? "" : ", ",
            way == LOOKUP_SYSTEM ? "the system's way" : n->ways[way].name);
        first = false;
    }
}

void resolve_names_explain(const struct resolve_names *n, char *out, size_t size)
{
    struct text t = { .out = out, .size = size };
    out[0] = '\0';
    for (size_t i = 0; i < n->count; i++) {
        const struct resolve_name *name = &n->list[i];
        if (!name->failing)
            continue;
        put(&t, "%s%s cannot be looked up (", t.len > 0 ? ", " : "", name->host);
        for (int reason = LOOKUP_NOT_SENT; reason <= LOOKUP_UNKNOWN; reason++)
            put_reason(&t, n, name, (enum lookup_reason)reason);
        put(&t, "%s)", t.out[t.len - 1] == '(' ? "no way to ask" : "");
    }
}
