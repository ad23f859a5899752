/* SPDX-License-Identifier: ISC */
/*
 * An IPv4 or IPv6 address with port, and an address prefix, as plain values without any system
 * type, so that the core and the simulator can hold and compare them.
 */
#ifndef HAWSER_BASE_NETADDR_H
#define HAWSER_BASE_NETADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETADDR_STRLEN = 64 };

struct netaddr {
    uint8_t family;   /* 4, 6, or 0: none */
    uint16_t port;    /* host order */
    uint32_t scope;   /* IPv6 interface index of a link-local address, else 0 */
    uint8_t addr[16]; /* IPv4 in the first four bytes, the rest zero */
};

struct netprefix {
    uint8_t family; /* 4 or 6 */
    uint8_t len;    /* bits */
    uint8_t addr[16];
};

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b);
bool netaddr_in(const struct netaddr *list, size_t count, const struct netaddr *addr);

/* "192.0.2.1", "192.0.2.1:4297", "2001:db8::1", "[2001:db8::1]:4297"; false if it is none. */
bool netaddr_parse(struct netaddr *out, const char *text);

/* The same back; the port only if it is not 0. Returns buf. */
const char *netaddr_format(const struct netaddr *a, char buf[NETADDR_STRLEN]);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone (full length). Host bits are kept. */
bool netprefix_parse(struct netprefix *out, const char *text);
const char *netprefix_format(const struct netprefix *p, char buf[NETADDR_STRLEN]);

/* addr: 4 or 16 bytes, as family says (4 or 6). */
bool netprefix_contains(const struct netprefix *p, uint8_t family, const uint8_t *addr);

/* Clears the bits behind the prefix length. */
void netprefix_mask(struct netprefix *p);

#endif
