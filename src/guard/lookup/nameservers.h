/* SPDX-License-Identifier: ISC */
/*
 * The name servers that this machine knows of and that are not on this machine: those of
 * /etc/resolv.conf, or, where that names only a forwarder here, those that the forwarder's own
 * list names.
 */
#ifndef HAWSER_GUARD_LOOKUP_NAMESERVERS_H
#define HAWSER_GUARD_LOOKUP_NAMESERVERS_H

#include <stddef.h>

#include "base/netaddr.h"
#include "config/limits.h"

enum { NAMESERVERS_MAX = 4 };

struct nameserver {
    struct netaddr addr;              /* port 0 */
    char zone[CONFIG_IFNAME_MAX + 1]; /* of a link-local address: the interface; empty: any */
};

/* Those of a text like resolv.conf(5), each once. */
size_t nameservers_parse(const char *text, struct nameserver out[NAMESERVERS_MAX]);

size_t nameservers_read(struct nameserver out[NAMESERVERS_MAX]);

#endif
