/* SPDX-License-Identifier: ISC */
/*
 * Whether the packet filter of somebody else (Docker, ufw, firewalld, the administrator) drops what
 * a tunnel needs to pass, and what opens it.
 *
 * The rules are followed for one packet as the kernel would: the base chains of a hook by priority,
 * jumps, returns, sets and maps. What a packet is not known to have (its mark, its flags, limits)
 * is not decided: such a rule is taken to match only where that lets the packet pass, unless it is
 * the rule that accepts it. So a drop is told only where a policy or a rule without such conditions
 * drops; if a rule before it might have accepted the packet all the same, it is told as likely, and
 * of a reply not at all.
 */
#ifndef HAWSER_DAEMON_FIREWALL_H
#define HAWSER_DAEMON_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "ipc/problem.h"
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

struct firewall_rules;

/* NULL: no memory. */
struct firewall_rules *firewall_rules_new(void);
void firewall_rules_free(struct firewall_rules *r);

/* What iptables without a suffix means on this machine. */
void firewall_rules_legacy_default(struct firewall_rules *r, bool is_legacy);

/*
 * Adds what nft -j list ruleset printed (terse: without the elements of sets). Tables of tunnels
 * are left out. 0, -EINVAL when it is not that, or -ENOMEM.
 */
int firewall_rules_add_nft(struct firewall_rules *r, const char *json, size_t len_bytes,
                           bool terse);

/*
 * Adds the filter table as iptables-save printed it. It says more than nft does of the same table,
 * which it replaces unless it is of the older kind (legacy), which nft does not show. family: 4, 6.
 */
int firewall_rules_add_save(struct firewall_rules *r, const char *text, size_t len_bytes,
                            uint8_t family, bool legacy);

/* Whether there is a table of that kind for which iptables-save would tell more. */
bool firewall_rules_want_save(const struct firewall_rules *r, uint8_t family);

void firewall_judge(const struct firewall_rules *r, const struct firewall_question *q,
                    struct firewall_verdict *out);

/* The same for the text of nft -j list ruleset alone. */
int firewall_parse(const char *json, size_t len_bytes, const struct firewall_question *q,
                   struct firewall_verdict *out);

/* Says what is dropped and by whom, with the command that opens it. */
void firewall_explain(const struct firewall_question *q, const struct firewall_verdict *v,
                      struct problem_list *out);

/*
 * Asks all that against the rules that are there now. Waits for the programs that list them, so it
 * is for a process that does nothing else. 0, or negative errno when they cannot be listed; where
 * there is no such program there are no rules.
 */
int firewall_look(const struct firewall_question *questions, size_t count,
                  struct problem_list *out);

#endif
