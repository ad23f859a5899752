/* SPDX-License-Identifier: ISC */
/*
 * What a tunnel sets up in the network: its device's addresses, routes, routing rules, packet
 * filter and kernel settings.
 *
 * network_update() computes all of it from the configuration, the links and what was told, and
 * makes the kernel agree. It is called after every change of the network, so what another program
 * removes is put back. It needs no device to hold back what must not leave by a link: that is in
 * place from network_begin() to network_end(), and outlives a process that is killed.
 *
 * Where packets find their way, in the order of the rules (IPv4 and IPv6 alike). First, for all
 * tunnels of the machine:
 *       our sockets and answers, by the mark of a link: to the table of that link
 * Then, tunnel by tunnel:
 *   +1  everything: to the main table, but for its routes to wide prefixes
 *   +2  look-ups of the peers' names while no session is up, by their mark, and all questions of
 *       this machine to name servers, for their source address: to the table of a link
 *   +3  what has the address of a link: to the table of that link
 *   +4  everything without a mark of ours: to the tunnel's table
 * The tunnel's table has the wide prefixes of allowed-ips by the tunnel, and under `fallback =
 * block` an unreachable route behind each; other prefixes stand in the main table.
 */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_H
#define HAWSER_GUARD_NETWORK_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "config/config.h"
#include "guard/network/network_state.h"
#include "sys/netif.h"

struct links;

/* Chooses the numbers. 0 or negative errno; logged. */
int network_begin(struct network *n, const struct config *c);

/* The device is there, or another one than before. */
void network_take_device(struct network *n);

/*
 * Brings everything up to date. 0, or negative errno when the tunnel could not work; the reason is
 * logged. -ENODEV: the device has gone; take another one and call again.
 */
int network_update(struct network *n, const struct config *c, const struct links *l,
                   const struct netif_table *t, struct tstamp now);

/* When network_update() is to be called again at the latest, whatever else happens. */
struct tstamp network_deadline(const struct network *n, struct tstamp now);

/* Of the device. */
void network_set_mtu(struct network *n, uint32_t mtu_bytes);

/* Removes everything. 0 or negative errno: some of it may stand; logged. */
int network_end(struct network *n);
/* Leaves everything to the next process, and lets go of memory and descriptors. */
void network_free(struct network *n);

#endif
