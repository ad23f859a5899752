/* SPDX-License-Identifier: ISC */
/*
 * The values that a configuration line may hold, from text: pure functions, true and a value, or
 * false for text that is not exactly one such value.
 */
#ifndef HAWSER_CONFIG_VALUE_H
#define HAWSER_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* "yes" or "no". */
bool value_bool(const char *text, bool *out);

/* A decimal number within min .. max, digits only. */
bool value_uint(const char *text, uint32_t min, uint32_t max, uint32_t *out);

/*
 * A packet mark whose slot bits are zero, and the mask of the bits that count: VALUE or VALUE/MASK,
 * decimal or with 0x. The mask holds the value, and its lowest low_bits bits are side by side;
 * without one all bits count.
 */
bool value_mark(const char *text, unsigned low_bits, uint32_t *value, uint32_t *mask);

/* "20mbit", "1.5gbit", "800kbit", "64000bit"; decimal multiples, above 0, at most 1000 gbit. */
bool value_rate_bps(const char *text, uint64_t *out);

/* "50gb/month", "1.5tb/month", "500mb/month"; decimal multiples, above 0, at most 1000 tb. */
bool value_quota_bytes(const char *text, uint64_t *out);

/* "500mb", "1.5gb". */
bool value_memory_bytes(const char *text, uint64_t *out);

/* 1 .. len_max letters, digits, '-', '_' and '.', beginning with a letter or digit. */
bool value_name(const char *text, size_t len_max);

/* What the kernel takes as the name of a network interface, and a file name can hold. */
bool value_ifname(const char *text);

/* A user name as useradd(8) makes them. */
bool value_user(const char *text);

/* A DSCP: a number or its name of RFC 2474, 2597, 3246, 5865 or 8622. */
bool value_dscp(const char *text, uint8_t *out);

/* A host name (RFC 1123, underscores let pass); the last label is no number, so no bad IPv4. */
bool value_host_name(const char *text);

/* NAME, NAME:PORT, IPv4, IPv4:PORT, [IPv6] or [IPv6]:PORT, all of them also with /udp behind;
 * without PORT it is WIRE_PORT. */
bool value_endpoint(const char *text, struct config_endpoint *out);

/* PORT (all addresses), IPv4:PORT or [IPv6]:PORT; 0.0.0.0 and [::] are all of one family. */
bool value_listen(const char *text, struct netaddr *out);

/* An address alone that a host can have: not unspecified, not multicast. */
bool value_host_address(const char *text, struct netaddr *out);

/* Such an address with its prefix length; an address alone has the full length. */
bool value_host_prefix(const char *text, struct netprefix *out);

/* Edit distance (Levenshtein 1966), letters compared without case; at most 32 bytes of each count.
 */
size_t value_distance(const char *a, const char *b);

/* Whether one may be meant by the other: at most a third of the letters differ. */
bool value_near(const char *a, const char *b);

#endif
