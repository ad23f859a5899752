/* SPDX-License-Identifier: ISC */
/*
 * The network interfaces of this machine: what is there, when it changes, and how to set up our
 * own.
 */
#ifndef HAWSER_SYS_NETIF_H
#define HAWSER_SYS_NETIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"

enum { NETIF_NAME_MAX = 15, NETIF_MAX = 1024 };

struct netif_info {
    uint32_t index;
    char name[NETIF_NAME_MAX + 1];
    bool up;      /* set up by the administrator */
    bool carrier; /* and able to send */
    uint32_t mtu_bytes;
    bool default_ipv4; /* the main table has a default route through it */
    bool default_ipv6;
};

/* A usable address of global scope. */
struct netif_address {
    uint32_t index;        /* of its interface */
    struct netaddr addr;   /* port 0 */
    struct netprefix near; /* who is reached through the interface without a router */
    bool deprecated;       /* used only where there is no other one */
};

/* A default route, of any table. */
struct netif_default {
    uint32_t index;         /* of its interface */
    uint8_t family;         /* 4 or 6 */
    struct netaddr gateway; /* family 0: none is needed; an IPv4 route may have an IPv6 gateway */
    struct netaddr source;  /* the address that the route prefers; family 0: none */
    uint32_t table;
    uint32_t metric;
};

struct netif_table {
    struct netif_info *list; /* owned, as the next two */
    size_t count;
    struct netif_address *addresses; /* in the kernel's order */
    size_t address_count;
    struct netif_default *defaults;
    size_t default_count;
};

/* What is there now; 0 or negative errno. The table is to be freed in any case. */
int netif_dump(struct netif_table *out);
void netif_table_free(struct netif_table *t);

bool netif_table_equal(const struct netif_table *a, const struct netif_table *b);

/* NULL: none of that name or number. */
struct netif_info *netif_find(const struct netif_table *t, const char *name);
struct netif_info *netif_find_index(const struct netif_table *t, uint32_t index);

/* The best address of a family (4 or 6); family 0 in the result: none. */
struct netaddr netif_address_of(const struct netif_table *t, uint32_t index, uint8_t family);
bool netif_has_address(const struct netif_table *t, uint32_t index, const struct netaddr *addr);

/*
 * The default route through an interface for packets of a source address (family 0: any): one that
 * prefers that address or whose gateway is in its network, else of the main table, else of the
 * lowest metric. NULL: there is none.
 */
const struct netif_default *netif_default_of(const struct netif_table *t, uint32_t index,
                                             uint8_t family, const struct netaddr *source);

/* A descriptor that becomes readable when interfaces, addresses, routes or rules change, or -errno.
 */
int netif_watch_open(void);
/* Takes all that waits; true: something changed, so netif_dump() again. */
bool netif_watch_drain(int fd);

/* Our own device. 0 or negative errno. */

/* 1: added; 0: it was there already. */
int netif_add_address(uint32_t index, const struct netprefix *address);
int netif_remove_address(uint32_t index, const struct netprefix *address);
int netif_set_up(uint32_t index, bool up);
int netif_set_mtu(uint32_t index, uint32_t mtu_bytes);
/* The largest super-packet that TCP hands to the device. */
int netif_set_gso_max(uint32_t index, uint32_t bytes);
/* Packets that wait for a TUN device's reader; the kernel drops what is more. */
int netif_set_queue(uint32_t index, uint32_t packets);

#endif
