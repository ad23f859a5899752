/* SPDX-License-Identifier: ISC */
/* The rules of all packet filters of this machine, as nft writes them. */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_RULES_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Whether there is a table of that kind for which iptables-save would tell more. */
bool firewall_rules_want_save(const struct firewall_rules *r, uint8_t family);

#endif
