/* SPDX-License-Identifier: ISC */
#include "guard/firewall/firewall_walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "guard/firewall/firewall_match.h"

enum {
    JUMPS_MAX = 16,                       /* as the kernel: NFT_JUMP_STACK_SIZE */
    STEPS_MAX = TABLE_SIZE(1000000, 500), /* rules and elements looked at, for one packet */
    BASE_CHAINS_MAX = 64,
    PORT_WEB = 443,
    PORT_CLIENT = 40000,
};

/* What becomes of the packet after a rule or a chain. */
enum outcome { NEXT, RETURN, ACCEPT, DROP };

static enum outcome walk_chain(struct firewall_walk *w, const json_t *chain, unsigned depth);

static const json_t *target_of(const struct firewall_walk *w, const json_t *jump)
{
    char key[FIREWALL_KEY_BYTES];
    if (!firewall_key(key, w->family, w->table, firewall_text_of(jump, "target")))
        return NULL;
    return json_object_get(w->rules->chains, key);
}

/* A jump that may not be made: only that it may accept matters. */
static void walk_perhaps(struct firewall_walk *w, const json_t *chain, unsigned depth)
{
    struct firewall_walk aside = *w;
    if (walk_chain(&aside, chain, depth) == ACCEPT || aside.likely)
        w->likely = true;
    w->budget = aside.budget;
}

static enum outcome jump(struct firewall_walk *w, const json_t *o, bool is_goto, bool is_sure,
                         bool *may_return, unsigned depth)
{
    const json_t *chain = target_of(w, o);
    enum outcome end = NEXT;
    if (chain == NULL)
        return NEXT;
    if (is_sure)
        end = walk_chain(w, chain, depth + 1);
    else
        walk_perhaps(w, chain, depth + 1);
    if (end == ACCEPT || end == DROP || !is_goto)
        return end;
    *may_return = *may_return || !is_sure;
    return is_sure ? RETURN : NEXT;
}

/*
 * The rule's verdict, when its conditions hold for sure, or perhaps. *may_return: what follows in
 * the chain may not be reached.
 */
static enum outcome conclude(struct firewall_walk *w, const char *verdict, const json_t *value,
                             bool is_sure, bool *may_return, unsigned depth)
{
    if (strcmp(verdict, "jump") == 0 || strcmp(verdict, "goto") == 0)
        return jump(w, value, verdict[0] == 'g', is_sure, may_return, depth);
    if (strcmp(verdict, "drop") == 0 || strcmp(verdict, "reject") == 0)
        return is_sure ? DROP : NEXT;
    if (strcmp(verdict, "return") == 0) {
        *may_return = *may_return || !is_sure;
        return is_sure ? RETURN : NEXT;
    }
    if (strcmp(verdict, "accept") != 0 && strcmp(verdict, "queue") != 0)
        return NEXT; /* continue */
    /* What takes packets from a queue may drop them, but nobody can tell. */
    w->likely = w->likely || !is_sure;
    return is_sure ? ACCEPT : NEXT;
}

static bool is_verdict(const char *name)
{
    static const char *const names[] = { "accept", "drop", "reject",   "return",
                                         "jump",   "goto", "continue", "queue" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Statements that change or note something and let the rule go on. */
static bool is_passing(const char *name)
{
    static const char *const names[] = { "counter", "log",     "mangle",    "notrack",    "set",
                                         "map",     "dup",     "ct helper", "ct timeout", "secmark",
                                         "flow",    "last",    "add",       "update",     "delete",
                                         "comment", "synproxy" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Of a match or target that nft does not translate. */
static enum outcome foreign(const json_t *xt, enum tri *all)
{
    const char *type = firewall_text_of(xt, "type");
    const char *name = firewall_text_of(xt, "name");
    if (type == NULL || name == NULL || strcmp(type, "target") != 0) {
        if (name == NULL || strcmp(name, "comment") != 0)
            *all = TRI_UNKNOWN;
        return NEXT;
    }
    return strcmp(name, "REJECT") == 0 && *all == TRI_YES ? DROP : NEXT;
}

/* The first pair of an object; NULL: it is none. */
static const char *first_member(const json_t *object, json_t **value)
{
    void *at = json_object_iter((json_t *)object);
    if (at == NULL)
        return NULL;
    *value = json_object_iter_value(at);
    return json_object_iter_key(at);
}

static enum outcome look_up(struct firewall_walk *w, const json_t *vmap, enum tri all,
                            bool *may_return, unsigned depth)
{
    const json_t *found = NULL;
    json_t *value = NULL;
    enum tri has = firewall_map(w, vmap, &found);
    if (has == TRI_NO)
        return NEXT;
    if (has == TRI_UNKNOWN) { /* any verdict of it may come */
        w->likely = true;
        *may_return = true;
        return NEXT;
    }
    const char *verdict = first_member(found, &value);
    return verdict == NULL ? NEXT : conclude(w, verdict, value, all == TRI_YES, may_return, depth);
}

static enum outcome walk_rule(struct firewall_walk *w, const json_t *rule, bool *may_return,
                              unsigned depth)
{
    enum tri all = TRI_YES;
    enum outcome end = NEXT;
    for (size_t i = 0; end == NEXT && i < json_array_size(rule); i++) {
        json_t *value = NULL;
        const char *name = first_member(json_array_get(rule, i), &value);
        enum tri one = TRI_YES;
        if (name == NULL || is_passing(name))
            continue;
        if (is_verdict(name))
            return conclude(w, name, value, all == TRI_YES, may_return, depth);
        if (strcmp(name, "vmap") == 0)
            end = look_up(w, value, all, may_return, depth);
        else if (strcmp(name, "xt") == 0)
            end = foreign(value, &all);
        else
            one = strcmp(name, "match") == 0 ? firewall_match(w, value) : TRI_UNKNOWN;
        if (one == TRI_NO)
            return NEXT;
        if (one == TRI_UNKNOWN)
            all = TRI_UNKNOWN;
    }
    return end;
}

/* Where a rule of the user's own goes, by what makes the other rules. */
static void notice(struct firewall_walk *w, const char *name)
{
    w->docker_user = w->docker_user || strcmp(name, "DOCKER-USER") == 0;
    w->ufw_user =
        w->ufw_user || strncmp(name, "ufw-user-", 9) == 0 || strncmp(name, "ufw6-user-", 10) == 0;
    w->firewalld =
        w->firewalld || strcmp(name, "FORWARD_direct") == 0 || strcmp(name, "INPUT_direct") == 0;
}

static enum outcome walk_chain(struct firewall_walk *w, const json_t *chain, unsigned depth)
{
    const json_t *rules = json_object_get(chain, "rules");
    bool may_return = false;
    if (depth > JUMPS_MAX)
        return NEXT;
    notice(w, firewall_text_of(chain, "name"));
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        if (!firewall_step(w, 1 + (long)json_array_size(rule))) {
            w->likely = true;
            return ACCEPT; /* never told: nobody can tell what would have come */
        }
        enum outcome end = walk_rule(w, rule, &may_return, depth);
        if (end == DROP && may_return)
            end = RETURN;
        if (end != NEXT)
            return end == RETURN ? NEXT : end;
    }
    return NEXT;
}

/* Base chains */

static bool is_of(const json_t *chain, const char *hook, uint8_t family)
{
    const char *its_hook = firewall_text_of(chain, "hook");
    const char *its_family = firewall_text_of(chain, "family");
    const char *type = firewall_text_of(chain, "type");
    if (its_hook == NULL || strcmp(its_hook, hook) != 0 ||
        (type != NULL && strcmp(type, "nat") == 0))
        return false;
    return strcmp(its_family, "inet") == 0 || strcmp(its_family, family == 4 ? "ip" : "ip6") == 0;
}

static json_int_t priority_of(const json_t *chain)
{
    return json_integer_value(json_object_get(chain, "prio"));
}

/* Those of a hook, in the order in which the kernel asks them. */
static size_t base_chains(const struct firewall_rules *r, const char *hook, uint8_t family,
                          const json_t *out[BASE_CHAINS_MAX])
{
    size_t count = 0;
    const char *key;
    json_t *chain;
    json_object_foreach(r->chains, key, chain)
    {
        if (!is_of(chain, hook, family) || count == BASE_CHAINS_MAX)
            continue;
        size_t at = count++;
        for (; at > 0 && priority_of(out[at - 1]) > priority_of(chain); at--)
            out[at] = out[at - 1];
        out[at] = chain;
    }
    return count;
}

static bool drops(struct firewall_walk *w, const json_t *chain)
{
    const char *policy = firewall_text_of(chain, "policy");
    w->family = firewall_text_of(chain, "family");
    w->table = firewall_text_of(chain, "table");
    w->likely = false;
    w->docker_user = false;
    w->ufw_user = false;
    w->firewalld = strcmp(w->table, "firewalld") == 0;
    enum outcome end = walk_chain(w, chain, 0);
    if (end == NEXT)
        end = policy != NULL && strcmp(policy, "drop") == 0 ? DROP : ACCEPT;
    return end == DROP;
}

static enum firewall_owner owner_of(const struct firewall_walk *w, const char *source)
{
    if (w->firewalld)
        return FIREWALL_FIREWALLD;
    if (w->ufw_user)
        return FIREWALL_UFW;
    if (w->docker_user)
        return FIREWALL_DOCKER;
    return strcmp(source, FIREWALL_SOURCE_NFT) == 0 ? FIREWALL_NFT : FIREWALL_IPTABLES;
}

static void describe(const struct firewall_walk *w, const json_t *chain, struct firewall_drop *out)
{
    const char *source = firewall_text_of(chain, "source");
    bool is_legacy = source != NULL && strcmp(source, FIREWALL_SOURCE_LEGACY) == 0;
    bool is_default = is_legacy == w->rules->legacy_is_default;
    out->dropped = true;
    out->likely = w->likely;
    out->legacy = is_legacy;
    out->owner = owner_of(w, source != NULL ? source : FIREWALL_SOURCE_NFT);
    snprintf(out->program, sizeof out->program, "%s%s",
             w->packet.family == 4 ? "iptables" : "ip6tables",
             is_default  ? ""
             : is_legacy ? "-legacy"
                         : "-nft");
    snprintf(out->family, sizeof out->family, "%s", w->family);
    snprintf(out->table, sizeof out->table, "%s", is_legacy ? "filter" : w->table);
    snprintf(out->chain, sizeof out->chain, "%s", firewall_text_of(chain, "name"));
}

static void judge_packet(const struct firewall_rules *r, const struct firewall_packet *p,
                         struct firewall_drop *out)
{
    const json_t *chains[BASE_CHAINS_MAX];
    struct firewall_walk w = { .rules = r, .packet = *p, .budget = STEPS_MAX };
    size_t count =
        base_chains(r, p->hook == FIREWALL_FORWARD ? "forward" : "input", p->family, chains);
    for (size_t i = 0; i < count; i++) {
        if (!drops(&w, chains[i]) || (p->reply && w.likely))
            continue;
        describe(&w, chains[i], out);
        return;
    }
}

static struct firewall_packet packet_of(const struct firewall_question *q, enum firewall_family f,
                                        bool reply)
{
    bool from_tunnel = q->hook == FIREWALL_FORWARD && q->inward == reply;
    struct firewall_packet p = { .hook = q->hook,
                                 .family = f == FIREWALL_IPV4 ? 4 : 6,
                                 .reply = reply,
                                 .in = from_tunnel ? q->tunnel : q->other,
                                 .out = from_tunnel ? q->other : q->tunnel,
                                 .from = from_tunnel ? q->inside[f] : q->outside[f],
                                 .to = from_tunnel ? q->outside[f] : q->inside[f],
                                 .from_port = reply ? PORT_WEB : PORT_CLIENT,
                                 .to_port = reply ? PORT_CLIENT : PORT_WEB };
    if (q->hook == FIREWALL_INPUT)
        p.to_port = q->port;
    return p;
}

void firewall_judge(const struct firewall_rules *r, const struct firewall_question *q,
                    struct firewall_verdict *out)
{
    memset(out, 0, sizeof *out);
    for (enum firewall_family f = FIREWALL_IPV4; f < FIREWALL_FAMILIES; f++) {
        struct firewall_packet first = packet_of(q, f, false);
        struct firewall_packet reply = packet_of(q, f, true);
        if (!q->asked[f])
            continue;
        judge_packet(r, &first, &out->first[f]);
        if (q->hook == FIREWALL_FORWARD)
            judge_packet(r, &reply, &out->reply[f]);
    }
}

int firewall_parse(const char *json, size_t len_bytes, const struct firewall_question *q,
                   struct firewall_verdict *out)
{
    struct firewall_rules *r = firewall_rules_new();
    memset(out, 0, sizeof *out);
    int err = r == NULL ? -ENOMEM : firewall_rules_add_nft(r, json, len_bytes, false);
    if (err == 0)
        firewall_judge(r, q, out);
    firewall_rules_free(r);
    return err;
}
