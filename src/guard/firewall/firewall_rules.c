/* SPDX-License-Identifier: ISC */
#include "guard/firewall/firewall_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct firewall_rules *firewall_rules_new(void)
{
    struct firewall_rules *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->chains = json_object();
    r->sets = json_object();
    if (r->chains != NULL && r->sets != NULL)
        return r;
    firewall_rules_free(r);
    return NULL;
}

void firewall_rules_free(struct firewall_rules *r)
{
    if (r == NULL)
        return;
    json_decref(r->chains);
    json_decref(r->sets);
    free(r);
}

void firewall_rules_legacy_default(struct firewall_rules *r, bool is_legacy)
{
    r->legacy_is_default = is_legacy;
}

const char *firewall_text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

bool firewall_key(char key[FIREWALL_KEY_BYTES], const char *family, const char *table,
                  const char *name)
{
    if (family == NULL || table == NULL || name == NULL)
        return false;
    return snprintf(key, FIREWALL_KEY_BYTES, "%s\n%s\n%s", family, table, name) <
           FIREWALL_KEY_BYTES;
}

json_t *firewall_chain(struct firewall_rules *r, const char *family, const char *table,
                       const char *name)
{
    char key[FIREWALL_KEY_BYTES];
    if (!firewall_key(key, family, table, name))
        return NULL;
    json_t *chain = json_object_get(r->chains, key);
    if (chain != NULL)
        return chain;
    chain =
        json_pack("{s:s, s:s, s:s, s:[]}", "family", family, "table", table, "name", name, "rules");
    if (chain == NULL || json_object_set_new(r->chains, key, chain) < 0)
        return NULL;
    return chain;
}

/* Families whose packets a tunnel carries, and not the tables of a tunnel itself. */
static bool is_others(const char *family, const char *table)
{
    if (family == NULL || table == NULL)
        return false;
    if (strcmp(family, "ip") != 0 && strcmp(family, "ip6") != 0 && strcmp(family, "inet") != 0)
        return false;
    return strncmp(table, "hawser_", strlen("hawser_")) != 0;
}

static int add_chain(struct firewall_rules *r, const json_t *o)
{
    static const char *const members[] = { "hook", "prio", "policy", "type" };
    json_t *chain = firewall_chain(r, firewall_text_of(o, "family"), firewall_text_of(o, "table"),
                                   firewall_text_of(o, "name"));
    if (chain == NULL)
        return 0; /* it has no name that could be jumped to */
    json_object_set_new(chain, "source", json_string(FIREWALL_SOURCE_NFT));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(o, members[i]);
        if (value != NULL && json_object_set(chain, members[i], value) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_rule(struct firewall_rules *r, const json_t *o)
{
    json_t *expr = json_object_get(o, "expr");
    json_t *chain = firewall_chain(r, firewall_text_of(o, "family"), firewall_text_of(o, "table"),
                                   firewall_text_of(o, "chain"));
    if (chain == NULL || !json_is_array(expr))
        return 0;
    return json_array_append(json_object_get(chain, "rules"), expr) < 0 ? -ENOMEM : 0;
}

static int add_set(struct firewall_rules *r, const json_t *o, bool terse)
{
    char key[FIREWALL_KEY_BYTES];
    json_t *elements = json_object_get(o, "elem");
    if (!firewall_key(key, firewall_text_of(o, "family"), firewall_text_of(o, "table"),
                      firewall_text_of(o, "name")))
        return 0;
    json_t *set = json_object();
    if (set == NULL || json_object_set_new(r->sets, key, set) < 0)
        return -ENOMEM;
    if (json_is_array(elements))
        return json_object_set(set, "elem", elements) < 0 ? -ENOMEM : 0;
    return terse ? 0 : json_object_set_new(set, "elem", json_array());
}

static int add_item(struct firewall_rules *r, const json_t *item, bool terse)
{
    const json_t *o;
    const char *family;
    if ((o = json_object_get(item, "chain")) == NULL &&
        (o = json_object_get(item, "rule")) == NULL && (o = json_object_get(item, "set")) == NULL &&
        (o = json_object_get(item, "map")) == NULL)
        return 0;
    family = firewall_text_of(o, "family");
    if (!is_others(family, firewall_text_of(o, "table")))
        return 0;
    if (o == json_object_get(item, "chain"))
        return add_chain(r, o);
    if (o == json_object_get(item, "rule"))
        return add_rule(r, o);
    return add_set(r, o, terse);
}

int firewall_rules_add_nft(struct firewall_rules *r, const char *json, size_t len_bytes, bool terse)
{
    json_t *all = json_loadb(json, len_bytes, 0, NULL);
    json_t *items = json_object_get(all, "nftables");
    int err = json_is_array(items) ? 0 : -EINVAL;
    for (size_t i = 0; err == 0 && i < json_array_size(items); i++)
        err = add_item(r, json_array_get(items, i), terse);
    json_decref(all);
    return err;
}

bool firewall_rules_want_save(const struct firewall_rules *r, uint8_t family)
{
    static const char *const names[] = { "FORWARD", "INPUT" };
    char key[FIREWALL_KEY_BYTES];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (firewall_key(key, family == 4 ? "ip" : "ip6", "filter", names[i]) &&
            json_object_get(r->chains, key) != NULL)
            return true;
    return false;
}
