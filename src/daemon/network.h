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
#ifndef HAWSER_DAEMON_NETWORK_H
#define HAWSER_DAEMON_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/tstamp.h"
#include "config/config.h"
#include "daemon/numbers.h"
#include "daemon/routing.h"
#include "daemon/sysctl.h"
#include "ipc/restored.h"
#include "sys/netif.h"
#include "sys/nft.h"

struct links;

/* A way out of a link in one family. */
struct network_way {
    bool exists;
    struct netaddr gateway; /* family 0: none is needed */
    struct netaddr source;  /* our address there; family 0: none */
    uint32_t metric;        /* of the route it was found by */
};

struct network_link {
    unsigned slot; /* its place in struct links */
    char interface[CONFIG_IFNAME_MAX + 1];
    uint32_t index; /* of the interface; 0: there is none, or it is down */
    bool is_standby;
    struct network_way ways[2]; /* IPv4, IPv6 */
};

struct network {
    char interface[CONFIG_IFNAME_MAX + 1];
    struct numbers numbers;
    uint32_t index;     /* of our device; 0: there is none */
    bool device_is_new; /* nobody has taken anything away from it yet */
    uint32_t mtu_bytes;
    uint32_t peer_mtu_bytes[CONFIG_PEERS_MAX]; /* of the routes to them; 0: the device's */
    uint32_t peer_fit_bytes[CONFIG_PEERS_MAX]; /* what TCP's packets are kept to; 0: the MTU */
    struct network_link links[WIRE_PATHS_MAX];
    size_t link_count;
    bool path_up;               /* of a peer that has wide prefixes */
    bool lookups;               /* of names go past the tunnel */
    int lookup_slot;            /* over this link; -1: as the main table says */
    struct netprefix *accepted; /* owned: sources that the peers take as they are */
    size_t accepted_count;

    struct netprefix *addresses; /* owned: what the device was given */
    size_t address_count;
    struct routing applied;    /* owned: what the kernel was made to have */
    struct tstamp young_until; /* see ruleset.young */
    char *ruleset;             /* owned: what nft was given; NULL: nothing */
    int way[2];    /* to the Internet, for which flows were looked through: as in daemon/stale.h */
    int flows_err; /* that was told last */
    struct tstamp flows_again; /* when they are looked through once more; NEVER: they are not */
    bool filter_touched;       /* by another program */
    bool others_changed;       /* rules of others; whoever looks at these clears it */
    bool filter_failed;        /* and that was told, as something that is */
    bool filter_needed;        /* needed or not */
    char settings_file[SYSCTL_FILE_BYTES];
    int settings_err; /* that was told last */
    int nft_fd;       /* owned: tells of changes of rules; -1: none */
    pid_t nft_by;
    struct restored restored;
    struct tstamp told_at; /* of the newest word in the log on it */
};

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

/* Rules changed: network_update() is to be called if that is true. */
bool network_filter_changed(struct network *n);

/* These are taken into account by the next network_update(). */
void network_set_mtu(struct network *n, uint32_t mtu_bytes);
/* Of the routes to a peer, by its place in the configuration; 0: the device's. */
void network_set_peer_mtu(struct network *n, size_t peer, uint32_t mtu_bytes);
/* The largest packet to a peer that is not cut, where that is less than the MTU; 0: it is not. */
void network_set_peer_fit(struct network *n, size_t peer, uint32_t fit_bytes);
void network_set_path_up(struct network *n, bool is_up);
void network_set_lookups(struct network *n, bool past_the_tunnel, int slot);
/* Takes a copy; 0 or -ENOMEM. */
int network_set_accepted(struct network *n, const struct netprefix *list, size_t count);

/* Removes everything. 0 or negative errno: some of it may stand; logged. */
int network_end(struct network *n);
/* Leaves everything to the next process, and lets go of memory and descriptors. */
void network_free(struct network *n);

#endif
