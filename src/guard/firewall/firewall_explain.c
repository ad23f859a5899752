/* SPDX-License-Identifier: ISC */
/* What is dropped, by whom, and the command that opens it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guard/firewall/firewall_explain.h"

enum { BOTH = FIREWALL_FAMILIES, WHAT_BYTES = 160, NAME_BYTES = 64, COMMAND_BYTES = 400 };

static const char *const family_names[] = { "IPv4", "IPv6", "IPv4 and IPv6" };

struct command {
    char text[COMMAND_BYTES];
    size_t len; /* COMMAND_BYTES: it does not fit */
};

static void add(struct command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct command *c, const char *format, ...)
{
    va_list args;
    if (c->len == sizeof c->text)
        return;
    va_start(args, format);
    int n = vsnprintf(c->text + c->len, sizeof c->text - c->len, format, args);
    va_end(args);
    if (n >= 0 && c->len + (size_t)n < sizeof c->text)
        c->len += (size_t)n;
    else
        c->len = sizeof c->text;
}

/* The next command of several. */
static void next(struct command *c)
{
    if (c->len > 0)
        add(c, "; ");
}

/* A word that neither the shell nor nft takes for something else. */
static bool is_word(const char *s)
{
    bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '_';
    return letter && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_.-")] == '\0';
}

static const char *owner_name(enum firewall_owner owner)
{
    switch (owner) {
    case FIREWALL_NFT:
        return "nftables";
    case FIREWALL_IPTABLES:
        return "iptables";
    case FIREWALL_DOCKER:
        return "Docker";
    case FIREWALL_UFW:
        return "ufw";
    case FIREWALL_FIREWALLD:
        break;
    }
    return "firewalld";
}

/* What is dropped of one family, or of both alike. */
struct finding {
    const struct firewall_question *q;
    const struct firewall_drop *drop; /* the first */
    unsigned families;                /* FIREWALL_IPV4, FIREWALL_IPV6 or BOTH */
    bool from_tunnel;                 /* FIREWALL_FORWARD */
    bool to_tunnel;
};

static void open_by_nft(struct command *c, const struct finding *f, const char *match)
{
    next(c);
    add(c, "nft insert rule %s %s %s %s accept", f->drop->family, f->drop->table, f->drop->chain,
        match);
}

static void open_nft(struct command *c, const struct finding *f)
{
    char match[64];
    if (!is_word(f->drop->table) || !is_word(f->drop->chain) || !is_word(f->q->tunnel))
        return;
    snprintf(match, sizeof match, "iifname %s", f->q->tunnel);
    if (f->from_tunnel)
        open_by_nft(c, f, match);
    snprintf(match, sizeof match, "oifname %s", f->q->tunnel);
    if (f->to_tunnel)
        open_by_nft(c, f, match);
    snprintf(match, sizeof match, "udp dport %u", f->q->port);
    if (f->q->hook == FIREWALL_INPUT)
        open_by_nft(c, f, match);
}

static void open_iptables(struct command *c, const struct finding *f, const char *chain)
{
    const char *program = f->drop->program;
    if (f->from_tunnel) {
        next(c);
        add(c, "%s -I %s -i %s -j ACCEPT", program, chain, f->q->tunnel);
    }
    if (f->to_tunnel) {
        next(c);
        add(c, "%s -I %s -o %s -j ACCEPT", program, chain, f->q->tunnel);
    }
    if (f->q->hook == FIREWALL_INPUT)
        add(c, "%s -I %s -p udp --dport %u -j ACCEPT", program, chain, f->q->port);
}

static void open_ufw(struct command *c, const struct finding *f)
{
    if (f->from_tunnel) {
        next(c);
        add(c, "ufw route allow in on %s", f->q->tunnel);
    }
    if (f->to_tunnel) {
        next(c);
        add(c, "ufw route allow out on %s", f->q->tunnel);
    }
    if (f->q->hook == FIREWALL_INPUT)
        add(c, "ufw allow %u/udp", f->q->port);
}

/* Its zone decides by where a packet comes from, so a LAN must be in it too. */
static void open_firewalld(struct command *c, const struct finding *f)
{
    if (f->q->hook == FIREWALL_INPUT) {
        add(c, "firewall-cmd --permanent --add-port=%u/udp", f->q->port);
    } else {
        add(c, "firewall-cmd --permanent --zone=trusted --add-interface=%s", f->q->tunnel);
        if (f->q->inward && is_word(f->q->other))
            add(c, " --add-interface=%s", f->q->other);
    }
    add(c, " && firewall-cmd --reload");
}

static void open_by_owner(struct command *c, const struct finding *f)
{
    switch (f->drop->owner) {
    case FIREWALL_NFT:
        open_nft(c, f);
        break;
    case FIREWALL_IPTABLES:
        open_iptables(c, f, f->drop->chain);
        break;
    case FIREWALL_DOCKER:
        open_iptables(c, f, "DOCKER-USER");
        break;
    case FIREWALL_UFW:
        open_ufw(c, f);
        break;
    case FIREWALL_FIREWALLD:
        open_firewalld(c, f);
        break;
    }
}

/* What there is of a name that may be shown. */
static void put_plain(char *out, size_t out_bytes, const char *name)
{
    size_t len = 0;
    for (; name[len] != '\0' && len + 1 < out_bytes; len++)
        out[len] = name[len] > ' ' && name[len] <= '~' ? name[len] : '?';
    out[len] = '\0';
}

static void say_what(char *out, size_t out_bytes, const struct finding *f)
{
    const struct firewall_question *q = f->q;
    char other[NAME_BYTES];
    const char *families = family_names[f->families];
    put_plain(other, sizeof other, q->other);
    if (other[0] == '\0')
        snprintf(other, sizeof other, "other interfaces");
    if (q->hook == FIREWALL_INPUT)
        snprintf(out, out_bytes, "%s to UDP port %u (listen)", families, q->port);
    else if (f->from_tunnel && f->to_tunnel)
        snprintf(out, out_bytes, "%s forwarded between %s and %s", families, q->tunnel, other);
    else
        snprintf(out, out_bytes, "%s forwarded from %s to %s", families,
                 f->from_tunnel ? q->tunnel : other, f->from_tunnel ? other : q->tunnel);
}

static void tell(const struct finding *f, struct problem_list *out)
{
    const struct firewall_drop *d = f->drop;
    struct command command = { 0 };
    char what[WHAT_BYTES];
    char table[NAME_BYTES];
    char chain[NAME_BYTES];
    char text[PROBLEM_TEXT_MAX + 1];
    say_what(what, sizeof what, f);
    put_plain(table, sizeof table, d->table);
    put_plain(chain, sizeof chain, d->chain);
    open_by_owner(&command, f);
    snprintf(text, sizeof text, "%s is %sdropped by %s (table %s %s, chain %s); to open it: %s",
             what, d->likely ? "probably " : "", owner_name(d->owner), d->family, table, chain,
             command.len > 0 && command.len < sizeof command.text
                 ? command.text
                 : "accept it before that chain drops it");
    problem_add(out, f->q->hook == FIREWALL_INPUT ? "port-dropped" : "forward-dropped", text);
}

static struct finding finding_of(const struct firewall_question *q,
                                 const struct firewall_verdict *v, enum firewall_family family)
{
    const struct firewall_drop *first = &v->first[family];
    const struct firewall_drop *reply = &v->reply[family];
    struct finding f = { .q = q, .families = family };
    f.drop = first->dropped ? first : reply;
    if (q->hook == FIREWALL_FORWARD) {
        f.from_tunnel = q->inward ? reply->dropped : first->dropped;
        f.to_tunnel = q->inward ? first->dropped : reply->dropped;
    }
    return f;
}

/* One command does for both. */
static bool are_alike(const struct finding *a, const struct finding *b)
{
    return a->drop->owner == b->drop->owner && a->from_tunnel == b->from_tunnel &&
           a->to_tunnel == b->to_tunnel && a->drop->likely == b->drop->likely &&
           (a->drop->owner == FIREWALL_UFW || (strcmp(a->drop->family, b->drop->family) == 0 &&
                                               strcmp(a->drop->table, b->drop->table) == 0 &&
                                               strcmp(a->drop->chain, b->drop->chain) == 0));
}

void firewall_explain(const struct firewall_question *q, const struct firewall_verdict *v,
                      struct problem_list *out)
{
    struct finding ipv4 = finding_of(q, v, FIREWALL_IPV4);
    struct finding ipv6 = finding_of(q, v, FIREWALL_IPV6);
    if (ipv4.drop->dropped && ipv6.drop->dropped && are_alike(&ipv4, &ipv6)) {
        ipv4.families = BOTH;
        tell(&ipv4, out);
        return;
    }
    if (ipv4.drop->dropped)
        tell(&ipv4, out);
    if (ipv6.drop->dropped)
        tell(&ipv6, out);
}
