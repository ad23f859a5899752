/* SPDX-License-Identifier: ISC */
/*
 * What a tunnel sets up in the network: addresses, routes, routing rules, NAT, MSS clamp and
 * forwarding. All of it is found again by the interface's name, so that a start cleans up after a
 * process that was killed.
 *
 * A default route through the tunnel stands in a table of its own, which everything but our own
 * sockets (known by their mark) consults after the main table's more specific routes. Link sockets
 * are bound to their interface and so find its own route in the main table, or, where a gateway
 * is configured, in a table of that link.
 */
#ifndef HAWSER_DAEMON_NETWORK_H
#define HAWSER_DAEMON_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"
#include "sys/netif.h"

struct network {
    char interface[CONFIG_IFNAME_MAX + 1];
    char restore_file[CONFIG_PATH_BYTES_MAX + 16];
    uint32_t index;    /* of our device */
    uint32_t table;    /* of its default routes; the links' follow. Also the mark of our sockets */
    uint32_t priority; /* of the first of our rules */
    struct netprefix *routes; /* owned: what is installed */
    size_t route_count;
    uint32_t resolver_uid; /* who looks names up, past the tunnel */
    bool has_rules[2];     /* IPv4, IPv6 */
    bool filtered;
};

/*
 * Chooses the table, and removes what an earlier process left behind. resolver_uid: the user that
 * looks up the peers' names, which must work before the tunnel does.
 */
void network_begin(struct network *n, const struct config *c, uint32_t resolver_uid);

/* The device is there: sets everything up that the configuration names, and after a change of it,
 * what changed (old: the configuration until now, or NULL). 0, or negative errno when the tunnel
 * could not work; the reason is logged. */
int network_apply(struct network *n, const struct config *c, const struct config *old);

/* The links' own routes, when interfaces came or went. */
void network_links(struct network *n, const struct config *c, const struct netif_table *table);
/* Forgets them first, because the configuration changed. */
void network_links_reset(struct network *n);

void network_set_mtu(struct network *n, uint32_t mtu_bytes);

/* Removes everything. */
void network_end(struct network *n);

#endif
