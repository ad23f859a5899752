/* SPDX-License-Identifier: ISC */
/*
 * The flows that the kernel tracks for packet filters (conntrack), over ctnetlink: what of a flow's
 * addresses is translated is decided at its first packet, and holds as long as it is tracked.
 */
#ifndef HAWSER_SYS_CONNTRACK_H
#define HAWSER_SYS_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"

/* Of its first packet as it came in, and of the answers to it as they come in; ports are 0. */
struct conntrack_flow {
    struct netaddr from, to;
    struct netaddr reply_from, reply_to;
};

/*
 * Forgets those flows of both families that are to be: their next packets begin new ones. *count:
 * how many. 0 or negative errno; -EOPNOTSUPP or -EINVAL: the kernel cannot list them.
 */
int conntrack_forget(bool (*is_to_be)(void *arg, const struct conntrack_flow *flow), void *arg,
                     size_t *count);

#endif
