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

enum { NETIF_NAME_MAX = 15, NETIF_ADDRESSES_MAX = 16, NETIF_MAX = 1024 };

struct netif_info {
    uint32_t index;
    char name[NETIF_NAME_MAX + 1];
    bool up;      /* set up by the administrator */
    bool carrier; /* and able to send */
    uint32_t mtu_bytes;
    /* Usable addresses of global scope, port 0, in the kernel's order. */
    struct netaddr addresses[NETIF_ADDRESSES_MAX];
    size_t address_count;
    bool default_ipv4; /* the main table has a default route through it */
    bool default_ipv6;
    struct netaddr gateway_ipv4; /* of that route; family 0: none, the link needs no gateway */
    struct netaddr gateway_ipv6;
};

struct netif_table {
    struct netif_info *list; /* owned */
    size_t count;
};

/* What is there now; 0 or negative errno. The table is to be freed in any case. */
int netif_dump(struct netif_table *out);
void netif_table_free(struct netif_table *t);

/* NULL: none of that name or number. */
struct netif_info *netif_find(const struct netif_table *t, const char *name);
struct netif_info *netif_find_index(const struct netif_table *t, uint32_t index);

/* The first address of a family (4 or 6); family 0 in the result: none. */
struct netaddr netif_address(const struct netif_info *n, uint8_t family);
bool netif_has_address(const struct netif_info *n, const struct netaddr *addr);

/* A descriptor that becomes readable when interfaces, addresses or routes change, or -errno. */
int netif_watch_open(void);
/* Takes all that waits; true: something changed, so netif_dump() again. */
bool netif_watch_drain(int fd);

/* Our own device. 0 or negative errno; an address that is there already is no error. */
int netif_add_address(uint32_t index, const struct netprefix *address);
int netif_remove_address(uint32_t index, const struct netprefix *address);
int netif_set_up(uint32_t index, bool up);
int netif_set_mtu(uint32_t index, uint32_t mtu_bytes);
/* The largest super-packet that TCP hands to the device. */
int netif_set_gso_max(uint32_t index, uint32_t bytes);
/* Packets that wait for a TUN device's reader; the kernel drops what is more. */
int netif_set_queue(uint32_t index, uint32_t packets);

#endif
