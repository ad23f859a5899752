/* SPDX-License-Identifier: ISC */
/* What the files of the firewall share. */
#ifndef HAWSER_DAEMON_FIREWALL_INTERNAL_H
#define HAWSER_DAEMON_FIREWALL_INTERNAL_H

#include <jansson.h>

#include "daemon/firewall.h"

/*
 * Both lists are objects by key: family, table and name. A chain has these as strings, hook, prio
 * and policy if it is a base chain, source, and rules: an array of each rule's expressions as nft
 * writes them. A set or map has its elem, or nothing when its elements are not known.
 */
struct firewall_rules {
    json_t *chains; /* owned */
    json_t *sets;   /* owned */
    bool legacy_is_default;
};

#define FIREWALL_SOURCE_NFT "nft"
#define FIREWALL_SOURCE_SAVE "iptables"
#define FIREWALL_SOURCE_LEGACY "legacy"
#define FIREWALL_LEGACY_TABLE "filter/legacy" /* beside nft's of the same name */

enum { FIREWALL_KEY_BYTES = 800 };

/* False: a name is missing or too long. */
bool firewall_key(char key[FIREWALL_KEY_BYTES], const char *family, const char *table,
                  const char *name);

/* A chain by its names, made if there is none; borrowed. NULL: no memory or no such name. */
json_t *firewall_chain(struct firewall_rules *r, const char *family, const char *table,
                       const char *name);

/* The string member; NULL if there is none. */
const char *firewall_text_of(const json_t *object, const char *member);

/* firewall_match.c: one packet against one condition */

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
