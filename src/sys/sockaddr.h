/* SPDX-License-Identifier: ISC */
/* Addresses as the system's calls take and give them. */
#ifndef HAWSER_SYS_SOCKADDR_H
#define HAWSER_SYS_SOCKADDR_H

#include <sys/socket.h>

#include "base/netaddr.h"

/* Family 0: it is neither IPv4 nor IPv6. */
struct netaddr sockaddr_get(const struct sockaddr *from);

/* Returns the length. */
socklen_t sockaddr_put(struct sockaddr_storage *out, const struct netaddr *a);

#endif
