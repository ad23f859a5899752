/* SPDX-License-Identifier: ISC */
/* From headers to the sections of a struct config, and what a section lacks where it ends. */
#include "config/section.h"

#include <stdint.h>
#include <string.h>

#include "config/keys.h"
#include "config/value.h"

static void need_key(struct config_parser *p, enum config_key key, const char *kind,
                     const char *name, const char *hint)
{
    if (p->seen[key] == 0)
        config_fault(p, p->section_line, "[%s %s] has no %s: %s", kind, name, config_key_name(key),
                     hint);
}

/* Keys that do nothing without another one. */
static void check_link_keys(struct config_parser *p)
{
    const struct config_link *link = config_this_link(p);
    if (p->seen[CONFIG_LINK_STANDBY_WHEN] != 0 && link->role != WIRE_PATH_STANDBY)
        config_fault(p, p->seen[CONFIG_LINK_STANDBY_WHEN],
                     "standby-when is for links with role = standby: add that, or remove it");
    if (p->seen[CONFIG_LINK_QUOTA_RESET_DAY] != 0 && p->seen[CONFIG_LINK_QUOTA] == 0)
        config_fault(p, p->seen[CONFIG_LINK_QUOTA_RESET_DAY],
                     "quota-reset-day, but no quota: add one, as 50gb/month, or remove it");
}

/* What the section that ends here lacks. */
static void end_section(struct config_parser *p)
{
    switch (p->section) {
    case CONFIG_SECTION_PEER:
        need_key(p, CONFIG_PEER_PUBLIC_KEY, "peer", config_this_peer(p)->name,
                 "add what hawser pubkey prints on the peer");
        need_key(p, CONFIG_PEER_ALLOWED_IPS, "peer", config_this_peer(p)->name,
                 "add what is behind this peer, as 10.77.0.2/32 or 0.0.0.0/0");
        break;
    case CONFIG_SECTION_LINK:
        need_key(p, CONFIG_LINK_INTERFACE, "link", config_this_link(p)->name,
                 "add the name of the interface, as eth1");
        check_link_keys(p);
        break;
    case CONFIG_SECTION_POLICY:
        if (p->seen[CONFIG_POLICY_FALLBACK] != 0 && p->seen[CONFIG_POLICY_LINKS] == 0)
            config_fault(p, p->seen[CONFIG_POLICY_FALLBACK],
                         "fallback without links says nothing: name links, or remove it");
        break;
    case CONFIG_SECTION_NONE:
    case CONFIG_SECTION_TUNNEL:
    case CONFIG_SECTION_SKIPPED:
        break;
    }
}

static void begin_tunnel(struct config_parser *p, const char *name)
{
    if (*name != '\0')
        config_fault(p, p->line, "[tunnel] takes no name: write [tunnel]");
    if (p->file != 0) {
        config_fault(p, p->line,
                     "[tunnel] belongs in %s: the files of its directory hold peers, links and "
                     "policies",
                     p->files[0].path);
        return;
    }
    if (p->tunnel_line != 0) {
        config_fault(p, p->line, "[tunnel] is in line %u already: a file holds one tunnel",
                     p->tunnel_line);
        return;
    }
    p->tunnel_line = p->line;
    p->section = CONFIG_SECTION_TUNNEL;
}

/* Whether a peer, link or policy may have the name; twin: where another has it, or NULL. */
static bool check_name(struct config_parser *p, const char *kind, const char *name, size_t len_max,
                       const struct config_place *twin)
{
    char quoted[CONFIG_QUOTE_BYTES];
    char where[CONFIG_WHERE_BYTES];
    if (*name == '\0') {
        config_fault(p, p->line, "[%s] has no name: write for example [%s %s]", kind, kind,
                     strcmp(kind, "peer") == 0   ? "vps"
                     : strcmp(kind, "link") == 0 ? "dsl"
                                                 : "calls");
        return false;
    }
    if (!value_name(name, len_max)) {
        config_fault(p, p->line,
                     "[%s NAME]: %s is no name: up to %zu letters, digits and - _ ., no spaces",
                     kind, config_quote(name, quoted), len_max);
        return false;
    }
    if (twin != NULL) {
        config_fault(p, p->line, "[%s %s] is in %s already: names are used once", kind, name,
                     config_where(p, *twin, p->file, where));
        return false;
    }
    return true;
}

static void begin_peer(struct config_parser *p, const char *name)
{
    struct config *c = p->config;
    const struct config_peer *twin = config_find_peer(c, name);
    p->peer_headers++;
    p->key = "[peer NAME]";
    if (!check_name(p, "peer", name, CONFIG_NAME_MAX, twin != NULL ? &twin->at : NULL) ||
        config_is_full(p, c->peer_count, CONFIG_PEERS_MAX))
        return;
    struct config_peer *list = config_grow(p, c->peers, c->peer_count, sizeof *list);
    if (list == NULL)
        return;
    c->peers = list;
    struct config_peer *peer = &list[c->peer_count++];
    memcpy(peer->name, name, strlen(name) + 1);
    peer->at = config_here(p);
    uint32_t code = hash_code(&c->peers_by_name, name, strlen(name));
    if (hash_add(&c->peers_by_name, code, (uint32_t)(peer - c->peers)) < 0)
        p->no_memory = true;
    memset(&p->seen[CONFIG_PEER_PUBLIC_KEY], 0,
           (CONFIG_LINK_INTERFACE - CONFIG_PEER_PUBLIC_KEY) * sizeof p->seen[0]);
    p->section = CONFIG_SECTION_PEER;
}

static void begin_link(struct config_parser *p, const char *name)
{
    struct config *c = p->config;
    const struct config_link *twin = config_find_link(c, name);
    p->link_headers++;
    p->key = "[link NAME]";
    if (!check_name(p, "link", name, CONFIG_LINK_NAME_MAX, twin != NULL ? &twin->at : NULL) ||
        config_is_full(p, c->link_count, CONFIG_LINKS_MAX))
        return;
    struct config_link *list = config_grow(p, c->links, c->link_count, sizeof *list);
    if (list == NULL)
        return;
    c->links = list;
    struct config_link *link = &list[c->link_count++];
    memcpy(link->name, name, strlen(name) + 1);
    link->at = config_here(p);
    link->quota.reset_day = 1;
    memset(&p->seen[CONFIG_LINK_INTERFACE], 0,
           (CONFIG_POLICY_MATCH - CONFIG_LINK_INTERFACE) * sizeof p->seen[0]);
    p->section = CONFIG_SECTION_LINK;
}

static void begin_policy(struct config_parser *p, const char *name)
{
    struct config *c = p->config;
    const struct config_policy *twin = config_find_policy(c, name);
    p->key = "[policy NAME]";
    if (!check_name(p, "policy", name, CONFIG_NAME_MAX, twin != NULL ? &twin->at : NULL) ||
        config_is_full(p, c->policy_count, CONFIG_POLICIES_MAX))
        return;
    struct config_policy *list = config_grow(p, c->policies, c->policy_count, sizeof *list);
    if (list == NULL)
        return;
    c->policies = list;
    struct config_policy *policy = &list[c->policy_count++];
    memcpy(policy->name, name, strlen(name) + 1);
    policy->at = config_here(p);
    policy->action.used = true;
    policy->action.fallback = true;
    memset(&p->seen[CONFIG_POLICY_MATCH], 0,
           (CONFIG_KEY_COUNT - CONFIG_POLICY_MATCH) * sizeof p->seen[0]);
    p->section = CONFIG_SECTION_POLICY;
}

static const struct section_rule {
    const char *name;
    const char *usage;
    void (*begin)(struct config_parser *p, const char *name);
} sections[] = {
    { "tunnel", "[tunnel]", begin_tunnel },
    { "peer", "[peer NAME]", begin_peer },
    { "link", "[link NAME]", begin_link },
    { "policy", "[policy NAME]", begin_policy },
};

static void fault_unknown_section(struct config_parser *p, const char *word)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    char quoted[CONFIG_QUOTE_BYTES];
    p->unknown_headers++;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        size_t distance = value_distance(word, sections[i].name);
        if (value_near(word, sections[i].name) && distance < best) {
            best = distance;
            nearest = sections[i].usage;
        }
    }
    config_quote(word, quoted);
    if (nearest != NULL)
        config_fault(p, p->line, "%s is no section: the nearest is %s", quoted, nearest);
    else
        config_fault(
            p, p->line,
            "%s is no section: there are [tunnel], [peer NAME], [link NAME] and [policy NAME]",
            quoted);
}

void config_parse_header(struct config_parser *p, const char *text)
{
    char word[CONFIG_ERROR_BYTES];
    size_t len = strlen(text);
    end_section(p);
    p->section = CONFIG_SECTION_SKIPPED; /* until the header proves good */
    p->section_line = p->line;
    if (text[len - 1] != ']') {
        config_fault(p, p->line, "the header does not end in ]");
        return;
    }
    if (len - 1 > sizeof word) {
        config_fault(p, p->line, "the header is too long");
        return;
    }
    memcpy(word, text + 1, len - 2);
    word[len - 2] = '\0';
    for (len -= 2; len > 0 && strchr(" \t", word[len - 1]) != NULL; len--)
        word[len - 1] = '\0';
    char *start = word + strspn(word, " \t");
    char *name = start + strcspn(start, " \t");
    if (*name != '\0')
        *name++ = '\0';
    name += strspn(name, " \t");

    const struct section_rule *rule = sections;
    while (strcmp(rule->name, start) != 0) {
        if (++rule == sections + sizeof sections / sizeof sections[0]) {
            fault_unknown_section(p, start);
            return;
        }
    }
    rule->begin(p, name);
}

void config_parse_end(struct config_parser *p)
{
    end_section(p);
    p->section = CONFIG_SECTION_NONE;
}
