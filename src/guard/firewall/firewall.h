/* SPDX-License-Identifier: ISC */
/*
 * Whether the packet filter of somebody else (Docker, ufw, firewalld, the administrator) drops what
 * a tunnel needs to pass, and what opens it: what is asked, and what is found.
 */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "sys/netif.h"

enum { FIREWALL_NAME_MAX = 255 }; /* NFT_NAME_MAXLEN - 1 */

enum firewall_hook {
    FIREWALL_FORWARD, /* a connection through the tunnel: TCP */
    FIREWALL_INPUT,   /* a peer that calls us: UDP */
};

enum firewall_family { FIREWALL_IPV4, FIREWALL_IPV6, FIREWALL_FAMILIES };

struct firewall_question {
    enum firewall_hook hook;
    char tunnel[NETIF_NAME_MAX + 1];
    char other[NETIF_NAME_MAX + 1]; /* the interface on the other side; empty: not known */
    bool inward;                    /* connections begin there, as those of a LAN do */
    bool asked[FIREWALL_FAMILIES];
    /* Beyond the tunnel, and on the other side; family 0: not known. */
    struct netaddr inside[FIREWALL_FAMILIES];
    struct netaddr outside[FIREWALL_FAMILIES];
    uint16_t port; /* FIREWALL_INPUT */
};

/* Who made the chain, and so what opens it. */
enum firewall_owner {
    FIREWALL_NFT,
    FIREWALL_IPTABLES,
    FIREWALL_DOCKER,
    FIREWALL_UFW,
    FIREWALL_FIREWALLD,
};

struct firewall_drop {
    bool dropped; /* or rejected */
    bool likely;  /* but a rule that could not be decided may accept it */
    enum firewall_owner owner;
    bool legacy;      /* a table that nft does not show */
    char program[20]; /* iptables, iptables-nft or iptables-legacy */
    char family[8];   /* of the table */
    char table[FIREWALL_NAME_MAX + 1];
    char chain[FIREWALL_NAME_MAX + 1]; /* the base chain */
};

struct firewall_verdict {
    struct firewall_drop first[FIREWALL_FAMILIES]; /* packet of a connection */
    struct firewall_drop reply[FIREWALL_FAMILIES]; /* FIREWALL_FORWARD */
};

#endif
