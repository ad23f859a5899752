/* SPDX-License-Identifier: ISC */
/*
 * What is known of the names of one peer: values, and how they make the list that the engine is
 * told, and the sentence for people.
 */
#ifndef HAWSER_GUARD_LOOKUP_RESOLVE_NAME_H
#define HAWSER_GUARD_LOOKUP_RESOLVE_NAME_H

#include "config/config.h"
#include "guard/lookup/addresses.h"
#include "guard/lookup/lookup.h"

struct resolve_name {
    const char *host;                         /* borrowed: of the configuration */
    struct netaddr found[ADDRESSES_EACH_MAX]; /* by the last attempt that found any */
    size_t found_count;
    struct netaddr fresh[ADDRESSES_EACH_MAX]; /* by the attempt under way */
    size_t fresh_count;
    enum lookup_reason reasons[LOOKUP_WAYS_MAX + 1]; /* why there is nothing, by way */
    bool failing;                                    /* the last attempt found nothing */
};

struct resolve_names {
    struct resolve_name list[LOOKUP_NAMES_MAX]; /* each once, whatever its ports */
    size_t count;
    struct lookup_way ways[LOOKUP_WAYS_MAX]; /* of the last attempt */
    size_t way_count;
};

void resolve_names_init(struct resolve_names *n, const struct config_peer *peer);

/* Of the attempt under way; false: it is no address of a host, known already, or too many. */
bool resolve_name_add(struct resolve_name *n, const struct netaddr *addr);

/* Some name has no address by the attempt under way. */
bool resolve_names_missing(const struct resolve_names *n);

/* The addresses of a peer as resolver_config.found() tells them; returns how many. */
size_t resolve_names_merge(const struct resolve_names *n, const struct config_peer *peer,
                           const struct addresses *kept, struct netaddr out[CORE_ENDPOINTS_MAX]);

/* Which names failed, over which ways and why; empty: none. Cut to size. */
void resolve_names_explain(const struct resolve_names *n, char *out, size_t size);

#endif
