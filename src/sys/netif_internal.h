/* SPDX-License-Identifier: ISC */
/* One request to the kernel's rtnetlink or netfilter, shared by the files that ask it. */
#ifndef HAWSER_SYS_NETIF_INTERNAL_H
#define HAWSER_SYS_NETIF_INTERNAL_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "base/netaddr.h"

enum {
    NETLINK_BYTES = 32768,        /* what the kernel fills at most in one read of a dump */
    NETLINK_REQUEST_BYTES = 1024, /* more than any of our requests */
};

/* A message whose body is extra_bytes (cleared) at *extra; buf: NETLINK_REQUEST_BYTES. */
struct nlmsghdr *netlink_begin(void *buf, uint16_t type, uint16_t flags, size_t extra_bytes,
                               void **extra);

/*
 * Sends it and calls each for every message of the answer (NULL: only whether it was done). 0 or
 * negative errno.
 */
int netlink_ask(struct nlmsghdr *request, mnl_cb_t each, void *arg);

/* The same of netfilter; subsystem: NFNL_SUBSYS_*; family: NFPROTO_*, or AF_INET or AF_INET6. */
struct nlmsghdr *netfilter_begin(void *buf, uint8_t subsystem, uint8_t message, uint16_t flags,
                                 uint8_t family);
int netfilter_ask(struct nlmsghdr *request, mnl_cb_t each, void *arg);

/* The attributes of one message by type; NULL: it has none of that type. */
struct netlink_attributes {
    const struct nlattr *by_type[64];
};

void netlink_parse(const struct nlmsghdr *h, size_t body_bytes, struct netlink_attributes *out);
/* The same of attributes inside a message. */
void netlink_parse_list(const void *list, size_t bytes, struct netlink_attributes *out);
/* An integer attribute; otherwise: what a missing or shorter one reads as. */
uint32_t netlink_get_u32(const struct nlattr *attr, uint32_t otherwise);

/* AF_INET or AF_INET6 of 4 or 6, and back (0: neither). */
uint8_t netlink_family(uint8_t family);
uint8_t netlink_family_back(uint8_t af);
size_t netlink_address_bytes(uint8_t family);
void netlink_put_address(struct nlmsghdr *h, uint16_t type, uint8_t family, const uint8_t *addr);
/* The address in an attribute; family 0 if it has not the right length. */
struct netaddr netlink_get_address(const struct nlattr *attr, uint8_t family);
/* The gateway of a route or of one of its next hops; an IPv4 route may have an IPv6 one. */
struct netaddr netlink_get_gateway(const struct nlattr *gateway, const struct nlattr *via,
                                   uint8_t family);

#endif
