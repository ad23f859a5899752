/* SPDX-License-Identifier: ISC */
#include "guard/network/ruleset.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/nft.h"

enum { DNS_NAME_MAX = 255, DNS_LABEL_MAX = 63, RAW_BYTES_MAX = 16 };

static const char syn[] = "tcp flags & (syn|rst) == syn";

/* Which chains there are to be. */
struct chains {
    bool nat, into, clamp, question, answer, leave;
};

static const char *family_word(uint8_t family)
{
    return family == 6 ? "ip6" : "ip";
}

static void put_prefix(FILE *to, const struct netprefix *p)
{
    char text[NETADDR_STRLEN];
    fputs(netprefix_format(p, text), to);
}

static bool is_within(const struct netprefix *inner, const struct netprefix *outer)
{
    return outer->len < inner->len && netprefix_contains(outer, inner->family, inner->addr);
}

/* " ip saddr != { … }" of the prefixes of a family, or nothing if there are none. */
static void put_not_from(FILE *to, const struct ruleset *r, uint8_t family)
{
    const char *before = "";
    for (size_t i = 0; i < r->accepted_count; i++) {
        if (r->accepted[i].family != family)
            continue;
        if (*before == '\0')
            fprintf(to, " %s saddr != { ", family_word(family));
        fputs(before, to);
        put_prefix(to, &r->accepted[i]);
        before = ", ";
    }
    if (*before != '\0')
        fputs(" }", to);
}

static void put_lan_set(FILE *to, const struct ruleset *r)
{
    fputs("iifname { ", to);
    for (size_t i = 0; i < r->lan_count; i++)
        fprintf(to, "%s\"%s\"", i > 0 ? ", " : "", r->lans[i]);
    fputs(" }", to);
}

static void put_link_set(FILE *to, const struct ruleset *r, const char *match)
{
    fprintf(to, "%s { ", match);
    for (size_t i = 0; i < r->link_count; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again = again || strcmp(r->links[j].interface, r->links[i].interface) == 0;
        if (!again)
            fprintf(to, "%s\"%s\"", i > 0 ? ", " : "", r->links[i].interface);
    }
    fputs(" }", to);
}

/* " ip saddr ADDRESS", of the tunnel's device. */
static void put_own(FILE *to, const struct netprefix *own)
{
    struct netaddr address = { .family = own->family };
    char text[NETADDR_STRLEN];
    memcpy(address.addr, own->addr, sizeof address.addr);
    fprintf(to, " %s saddr %s", family_word(own->family), netaddr_format(&address, text));
}

/* What a program of this machine goes on to send from the tunnel's address gets out, too. */
static void put_direct_nat(FILE *to, const struct ruleset *r)
{
    if (r->lan_count > 0) {
        fputs("  ", to);
        put_lan_set(to, r);
        put_link_set(to, r, " oifname");
        fputs(" masquerade\n", to);
    }
    for (size_t i = 0; i < r->own_count; i++) {
        put_link_set(to, r, "  oifname");
        put_own(to, &r->own[i]);
        fputs(" masquerade\n", to);
    }
}

static void put_nat(FILE *to, const struct ruleset *r)
{
    const char *tunnel = r->interface;
    fputs(" chain nat {\n  type nat hook postrouting priority srcnat;\n", to);
    if (r->masquerade)
        fprintf(to, "  iifname \"%s\" oifname != \"%s\" masquerade\n", tunnel, tunnel);
    for (uint8_t family = 4; family <= 6 && r->lan_count > 0; family += 2) {
        if (family == 6 && !r->lan_ipv6)
            continue;
        fputs("  ", to);
        put_lan_set(to, r);
        fprintf(to, " oifname \"%s\" meta nfproto ipv%u", tunnel, family);
        put_not_from(to, r, family);
        fputs(" masquerade\n", to);
    }
    if (r->direct && r->link_count > 0)
        put_direct_nat(to, r);
    fputs(" }\n", to);
}

/*
 * Masquerading hides the peers, but anybody on a network of this machine could send to them by a
 * route through it. A destination that was translated is a port that somebody here forwards.
 */
static void put_into(FILE *to, const struct ruleset *r)
{
    fprintf(to,
            " chain into {\n  type filter hook forward priority filter;\n"
            "  oifname != \"%s\" accept\n  iifname \"%s\" accept\n",
            r->interface, r->interface);
    for (size_t i = 0; i < r->lan_count; i++) /* no set: see put_held() */
        fprintf(to, "  iifname \"%s\" accept\n", r->lans[i]);
    fputs("  ct state established,related accept\n  ct status dnat accept\n  counter drop\n }\n",
          to);
}

/* True: within the prefix of that fit, and within no other that is. */
static bool is_outermost_within(const struct ruleset *r, const struct netprefix *p, size_t fit)
{
    if (!is_within(p, &r->fits[fit].prefix))
        return false;
    for (size_t i = 0; i < r->fit_count; i++)
        if (is_within(&r->fits[i].prefix, &r->fits[fit].prefix) && is_within(p, &r->fits[i].prefix))
            return false;
    return true;
}

/* direction: "saddr" or "daddr" */
static void put_fit(FILE *to, const struct ruleset *r, size_t fit, const char *direction)
{
    const struct ruleset_fit *f = &r->fits[fit];
    const char *family = family_word(f->prefix.family);
    const char *before = "";
    fprintf(to, " meta nfproto ipv%u", f->prefix.family);
    if (f->prefix.len > 0) {
        fprintf(to, " %s %s ", family, direction);
        put_prefix(to, &f->prefix);
    }
    for (size_t i = 0; i < r->fit_count; i++) {
        if (!is_outermost_within(r, &r->fits[i].prefix, fit))
            continue;
        if (*before == '\0')
            fprintf(to, " %s %s != { ", family, direction);
        fputs(before, to);
        put_prefix(to, &r->fits[i].prefix);
        before = ", ";
    }
    if (*before != '\0')
        fputs(" }", to);
    fprintf(to, " %s tcp option maxseg size > %" PRIu32 " tcp option maxseg size set %" PRIu32 "\n",
            syn, f->mss_bytes, f->mss_bytes);
}

static void put_clamp(FILE *to, const struct ruleset *r)
{
    fprintf(to,
            " chain clamp {\n  type filter hook forward priority mangle;\n"
            "  iifname \"%s\" %s tcp option maxseg size set rt mtu\n"
            "  oifname \"%s\" %s tcp option maxseg size set rt mtu\n",
            r->interface, syn, r->interface, syn);
    for (size_t i = 0; i < r->fit_count; i++) {
        if (r->fits[i].mss_bytes == 0)
            continue;
        fprintf(to, "  iifname \"%s\"", r->interface);
        put_fit(to, r, i, "saddr");
        fprintf(to, "  oifname \"%s\"", r->interface);
        put_fit(to, r, i, "daddr");
    }
    fputs(" }\n", to);
}

/* Answers */

static bool shares_interface(const struct ruleset *r, const struct ruleset_link *link)
{
    for (size_t i = 0; i < r->link_count; i++)
        if (&r->links[i] != link && strcmp(r->links[i].interface, link->interface) == 0)
            return true;
    return false;
}

/*
 * A connection begins over the link. What answers a flow that this machine began before there were
 * rules would pass for it. So TCP's first packet alone counts, and others not while the rules are
 * young.
 */
static void put_question(FILE *to, const struct ruleset *r, const struct ruleset_link *link,
                         const struct netaddr *address)
{
    static const char *const firsts[] = { "tcp flags & (fin|syn|rst|ack) == syn",
                                          "meta l4proto != tcp" };
    char text[NETADDR_STRLEN];
    uint32_t mark = numbers_mark(r->numbers, link->slot);
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0] - r->young; i++) {
        fprintf(to, "  iifname \"%s\"", link->interface);
        if (address != NULL)
            fprintf(to, " %s daddr %s", family_word(address->family),
                    netaddr_format(address, text));
        fprintf(to, " ct state new %s ct mark set ct mark & 0x%08" PRIx32 " | 0x%08" PRIx32 "\n",
                firsts[i], ~r->numbers->mask, mark);
    }
}

static void put_questions(FILE *to, const struct ruleset *r)
{
    for (size_t i = 0; i < r->link_count; i++) {
        const struct ruleset_link *link = &r->links[i];
        if (!shares_interface(r, link)) {
            put_question(to, r, link, NULL);
            continue;
        }
        for (size_t j = 0; j < 2; j++)
            if (link->addresses[j].family != 0)
                put_question(to, r, link, &link->addresses[j]);
    }
}

static void put_marking(FILE *to, const struct ruleset *r)
{
    for (size_t i = 0; i < r->link_count; i++) {
        uint32_t mark = numbers_mark(r->numbers, r->links[i].slot);
        fprintf(to,
                "  ct direction reply ct mark & 0x%08" PRIx32 " == 0x%08" PRIx32
                " meta mark set meta mark & 0x%08" PRIx32 " | 0x%08" PRIx32 "\n",
                r->numbers->mask, mark, ~r->numbers->mask, mark);
    }
}

/* Look-ups */

/* A name as in a DNS question, letters in capitals; returns its length, 0: it is none. */
static size_t encode_name(const char *name, uint8_t out[DNS_NAME_MAX + 1])
{
    size_t at = 0;
    while (*name != '\0') {
        size_t len = strcspn(name, ".");
        if (len == 0 || len > DNS_LABEL_MAX || at + len + 2 > DNS_NAME_MAX)
            return 0;
        out[at++] = (uint8_t)len;
        for (size_t i = 0; i < len; i++)
            out[at++] = (uint8_t)toupper((unsigned char)name[i]);
        name += len;
        name += *name == '.';
    }
    out[at++] = 0;
    return at;
}

/* Compares the question's name, letters without case (RFC 4343). */
static void put_name_match(FILE *to, const uint8_t *name, size_t len)
{
    enum { QUESTION_AT = 20 }; /* behind the headers of UDP and DNS */
    for (size_t at = 0; at < len; at += RAW_BYTES_MAX) {
        size_t n = len - at < RAW_BYTES_MAX ? len - at : RAW_BYTES_MAX;
        fprintf(to, " @th,%zu,%zu & 0x", (QUESTION_AT + at) * 8, n * 8);
        for (size_t i = 0; i < n; i++)
            fprintf(to, "%02x", isupper(name[at + i]) ? 0xdf : 0xff);
        fputs(" == 0x", to);
        for (size_t i = 0; i < n; i++)
            fprintf(to, "%02x", name[at + i]);
    }
}

/* The name and each domain above it: a resolver may ask its way down from the root. */
static void put_lookups(FILE *to, const struct ruleset *r)
{
    uint8_t name[DNS_NAME_MAX + 1];
    if (r->name_count > 0) /* our own go by the link that they are marked for */
        fprintf(to, "  meta mark & 0x%08" PRIx32 " == 0x%08" PRIx32 " return\n",
                numbers_common_mask(r->numbers), r->numbers->mark);
    for (size_t i = 0; i < r->name_count; i++) {
        size_t len = encode_name(r->names[i], name);
        for (size_t at = 0; at < len; at += 1 + (size_t)name[at]) {
            fputs("  udp dport 53", to);
            put_name_match(to, name + at, len - at);
            fprintf(to, " meta mark set meta mark & 0x%08" PRIx32 " | 0x%08" PRIx32 "\n",
                    ~r->numbers->mask, numbers_mark(r->numbers, NUMBERS_SLOT_LOOKUP));
        }
    }
}

/* Leave */

/* Another prefix holds all of it. */
static bool is_covered(const struct ruleset *r, const struct netprefix *p)
{
    for (size_t i = 0; i < r->held_count; i++)
        if (is_within(p, &r->held[i]))
            return true;
    return false;
}

/* Of more prefixes than rules are good for; a set may not name the same address twice. */
static void put_held_set(FILE *to, const struct ruleset *r, uint8_t family)
{
    const char *before = "";
    fprintf(to, "  %s daddr { ", family_word(family));
    for (size_t i = 0; i < r->held_count; i++) {
        const struct netprefix *p = &r->held[i];
        if (p->family != family || is_covered(r, p))
            continue;
        fputs(before, to);
        put_prefix(to, p);
        before = ", ";
    }
    fputs(" } counter drop\n", to);
}

/*
 * Drops what is held. A few prefixes are rules of their own: while the kernel exchanges a set, what
 * is in it may be missed.
 */
static void put_held(FILE *to, const struct ruleset *r, uint8_t family)
{
    enum { RULES_MAX = 32 };
    const struct netprefix *list[RULES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < r->held_count; i++) {
        const struct netprefix *p = &r->held[i];
        if (p->family != family || is_covered(r, p))
            continue;
        if (count < RULES_MAX)
            list[count] = p;
        count++;
    }
    for (size_t i = 0; count <= RULES_MAX && i < count; i++) {
        if (list[i]->len == 0)
            fprintf(to, "  meta nfproto ipv%u", family);
        else
            fprintf(to, "  %s daddr ", family_word(family));
        if (list[i]->len != 0)
            put_prefix(to, list[i]);
        fputs(" counter drop\n", to);
    }
    if (count > RULES_MAX)
        put_held_set(to, r, family);
}

/* What belongs into the tunnel, but for what a link cannot do without. */
static void put_blocked(FILE *to, const struct ruleset *r)
{
    fputs("  udp sport 68 udp dport 67 accept\n  udp sport 546 udp dport 547 accept\n"
          "  ip daddr { 169.254.0.0/16, 224.0.0.0/4, 255.255.255.255 } accept\n"
          "  ip6 daddr { fe80::/10, ff00::/8 } accept\n",
          to);
    put_held(to, r, 4);
    put_held(to, r, 6);
}

/*
 * What has an address that no one outside knows, or no one is to know: of a flow that began while
 * its packets went into the tunnel, until it is forgotten (guard/network/stale.h), or of none that
 * could be translated.
 */
static void put_private(FILE *to, const struct ruleset *r)
{
    for (size_t i = 0; i < r->own_count; i++) {
        fputs(" ", to);
        put_own(to, &r->own[i]);
        fputs(" counter drop\n", to);
    }
    for (size_t i = 0; i < r->lan_count; i++)
        fprintf(to,
                "  iifname \"%s\" ct direction original ct status & snat == 0 counter drop\n"
                "  iifname \"%s\" ct direction reply ct status & dnat == 0 counter drop\n"
                "  iifname \"%s\" ct state invalid,untracked counter drop\n",
                r->lans[i], r->lans[i], r->lans[i]);
}

/* What is about to leave by a link. No set decides that: see put_held(). */
static void put_leave(FILE *to, const struct ruleset *r)
{
    const struct numbers *n = r->numbers;
    fprintf(to, " chain held {\n  meta mark & 0x%08" PRIx32 " == 0x%08" PRIx32 " accept\n",
            numbers_common_mask(n), n->mark);
    for (size_t i = 0; i < r->other_count; i++)
        fprintf(to, "  meta mark & 0x%08" PRIx32 " == 0x%08" PRIx32 " accept\n", r->others[i].mask,
                r->others[i].mark);
    for (size_t i = 0; i < r->near_count; i++) {
        fprintf(to, "  oifname \"%s\" %s daddr ", r->near[i].interface,
                family_word(r->near[i].prefix.family));
        put_prefix(to, &r->near[i].prefix);
        fputs(" accept\n", to);
    }
    if (r->block)
        put_blocked(to, r);
    else
        put_private(to, r);
    fputs(" }\n chain leave {\n  type filter hook postrouting priority 300;\n", to);
    for (size_t i = 0; i < r->link_count; i++)
        fprintf(to, "  oifname \"%s\" goto held\n", r->links[i].interface);
    fputs(" }\n", to);
}

/*
 * A chain that stays is not deleted and made anew: while the kernel exchanges the two, packets may
 * meet neither. Its rules are exchanged at once. Naming a chain makes deleting it legal.
 */
static void put_head(FILE *to, const char *table, const struct chains *w)
{
    const struct {
        const char *name;
        bool wanted;
    } chains[] = { { "nat", w->nat },           { "into", w->into },     { "clamp", w->clamp },
                   { "question", w->question }, { "answer", w->answer }, { "leave", w->leave },
                   { "held", w->leave } }; /* behind what names it */
    fprintf(to, "add table inet %s\nflush table inet %s\n", table, table);
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++)
        if (!chains[i].wanted)
            fprintf(to, "add chain inet %s %s\ndelete chain inet %s %s\n", table, chains[i].name,
                    table, chains[i].name);
    fprintf(to, "table inet %s {\n", table);
}

static void put_questions_chain(FILE *to, const struct ruleset *r)
{
    fputs(" chain question {\n  type filter hook prerouting priority mangle;\n", to);
    put_questions(to, r);
    put_marking(to, r);
    fputs(" }\n", to);
}

static void put_answers_chain(FILE *to, const struct ruleset *r)
{
    fputs(" chain answer {\n  type route hook output priority mangle;\n", to);
    if (r->answers)
        put_marking(to, r);
    put_lookups(to, r);
    fputs(" }\n", to);
}

static void put_table(FILE *to, const struct ruleset *r)
{
    char table[NFT_TABLE_NAME_BYTES];
    bool answers = r->answers && r->link_count > 0;
    bool stands_in = r->direct && r->link_count > 0;
    const struct chains w = { .nat = r->masquerade || r->lan_count > 0 ||
                                     (stands_in && r->own_count > 0),
                              .into = r->masquerade,
                              .clamp = r->mss_clamp,
                              .question = answers,
                              .answer = answers || r->name_count > 0,
                              .leave = (r->block && r->link_count > 0) || (stands_in && answers) };
    if (!w.nat && !w.clamp && !w.question && !w.answer && !w.leave)
        return;
    put_head(to, nft_table_name(table, r->interface), &w);
    if (w.nat)
        put_nat(to, r);
    if (w.into)
        put_into(to, r);
    if (w.clamp)
        put_clamp(to, r);
    if (w.question)
        put_questions_chain(to, r);
    if (w.answer)
        put_answers_chain(to, r);
    if (w.leave)
        put_leave(to, r);
    fputs("}\n", to);
}

char *ruleset_text(const struct ruleset *r)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    if (to == NULL)
        return NULL;
    put_table(to, r);
    bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
