/* SPDX-License-Identifier: ISC */
/* One packet against one condition of a rule. */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_MATCH_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_MATCH_H

#include "guard/firewall/firewall.h"
#include "guard/firewall/firewall_rules.h"

enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };

struct firewall_packet {
    enum firewall_hook hook;
    uint8_t family; /* 4 or 6 */
    bool reply;
    const char *in;      /* interface; empty: not known */
    const char *out;     /* the same; FIREWALL_FORWARD */
    struct netaddr from; /* family 0: not known */
    struct netaddr to;
    uint16_t from_port;
    uint16_t to_port;
};

/* One walk through the rules. */
struct firewall_walk {
    const struct firewall_rules *rules;
    struct firewall_packet packet;
    long budget; /* steps left: chains may refer to each other in more ways than can be followed */
    /* The table that is walked through. */
    const char *family;
    const char *table;
    bool likely;      /* a rule that could not be decided may accept the packet */
    bool docker_user; /* chains in which a rule would have come in time */
    bool ufw_user;
    bool firewalld;
};

/* Takes n steps; false: there are none left. */
bool firewall_step(struct firewall_walk *w, long n);

/* {"op", "left", "right"} */
enum tri firewall_match(struct firewall_walk *w, const json_t *match);

/* The verdict of a map for this packet, borrowed. TRI_NO: it has none. */
enum tri firewall_map(struct firewall_walk *w, const json_t *vmap, const json_t **verdict);

#endif
