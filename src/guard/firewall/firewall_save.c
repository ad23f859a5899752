/* SPDX-License-Identifier: ISC */
/* What iptables-save prints, turned into the expressions that nft would print for it. */
#include "guard/firewall/firewall_save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/netaddr.h"

enum { WORDS_MAX = 128, WORD_BYTES = 256, LINE_BYTES = 4096 };

struct words {
    size_t count;
    char list[WORDS_MAX][WORD_BYTES];
};

/* Words between blanks; quotes keep blanks, a backslash keeps a quote. Jansson takes no broken
 * UTF-8, so only ASCII is kept. False: too many words. */
static bool split(const char *line, struct words *w)
{
    w->count = 0;
    for (const char *c = line; *c != '\0';) {
        size_t len = 0;
        bool quoted = false;
        if (*c == ' ') {
            c++;
            continue;
        }
        if (w->count == WORDS_MAX)
            return false;
        for (; *c != '\0' && (quoted || *c != ' '); c++) {
            if (*c == '"') {
                quoted = !quoted;
                continue;
            }
            if (*c == '\\' && c[1] != '\0')
                c++;
            if (len + 1 < WORD_BYTES)
                w->list[w->count][len++] = (unsigned char)*c < 0x80 ? *c : '?';
        }
        w->list[w->count++][len] = '\0';
    }
    return true;
}

/* One rule on its way into the other form. */
struct conversion {
    uint8_t family;
    const struct words *words;
    size_t at;
    bool negated;
    bool failed;  /* no memory */
    json_t *expr; /* owned */
};

static const char *next_word(struct conversion *c)
{
    return c->at < c->words->count ? c->words->list[c->at++] : "";
}

static void append(struct conversion *c, json_t *expression)
{
    if (json_array_append_new(c->expr, expression) < 0)
        c->failed = true;
}

/* Takes over left and right. */
static void add_match(struct conversion *c, json_t *left, json_t *right)
{
    json_t *match = json_object();
    json_t *expression = json_object();
    if (json_object_set_new(match, "op", json_string(c->negated ? "!=" : "==")) < 0 ||
        json_object_set(match, "left", left) < 0 || json_object_set(match, "right", right) < 0)
        c->failed = true;
    json_decref(left);
    json_decref(right);
    if (json_object_set_new(expression, "match", match) < 0)
        c->failed = true;
    append(c, expression);
}

/* What nobody can decide. */
static void add_unknown(struct conversion *c)
{
    append(c, json_pack("{s:n}", "xt"));
}

static void add_verdict(struct conversion *c, const char *name)
{
    append(c, json_pack("{s:n}", name));
}

static void add_interface(struct conversion *c, const char *key)
{
    const char *name = next_word(c);
    size_t len = strlen(name);
    char pattern[WORD_BYTES];
    snprintf(pattern, sizeof pattern, "%s", name);
    if (len > 0 && pattern[len - 1] == '+')
        pattern[len - 1] = '*';
    add_match(c, json_pack("{s:{s:s}}", "meta", "key", key), json_string(pattern));
}

static void add_address(struct conversion *c, const char *field)
{
    struct netprefix p;
    char text[NETADDR_STRLEN];
    const char *word = next_word(c);
    if (!netprefix_parse(&p, word)) {
        add_unknown(c);
        return;
    }
    netprefix_format(&p, text);
    text[strcspn(text, "/")] = '\0';
    add_match(c,
              json_pack("{s:{s:s, s:s}}", "payload", "protocol", c->family == 4 ? "ip" : "ip6",
                        "field", field),
              json_pack("{s:{s:s, s:i}}", "prefix", "addr", text, "len", (int)p.len));
}

static void add_protocol(struct conversion *c)
{
    const char *name = next_word(c);
    char *end;
    long number = strtol(name, &end, 10);
    bool is_number = *name != '\0' && *end == '\0';
    if (strcmp(name, "all") != 0)
        add_match(c, json_pack("{s:{s:s}}", "meta", "key", "l4proto"),
                  is_number ? json_integer(number) : json_string(name));
}

/* "53", "1024:65535" or ":1023". */
static json_t *port_item(const char *text)
{
    enum { PORT_MAX = 65535 };
    char *end;
    long low = *text == ':' ? 0 : strtol(text, &end, 10);
    if (*text == ':')
        end = (char *)(uintptr_t)text;
    if (*end == '\0')
        return json_integer(low);
    long high = end[1] == '\0' ? PORT_MAX : strtol(end + 1, NULL, 10);
    return json_pack("{s:[i, i]}", "range", (int)low, (int)high);
}

/* One or several between commas. */
static void add_ports(struct conversion *c, const char *field)
{
    char word[WORD_BYTES];
    char *rest = word;
    json_t *items = json_array();
    snprintf(word, sizeof word, "%s", next_word(c));
    for (char *one; (one = strsep(&rest, ",")) != NULL;)
        json_array_append_new(items, port_item(one));
    add_match(c, json_pack("{s:{s:s, s:s}}", "payload", "protocol", "th", "field", field),
              json_pack("{s:o}", "set", items));
}

/* "RELATED,ESTABLISHED" in nft's small letters. */
static void add_states(struct conversion *c)
{
    char word[WORD_BYTES];
    char *rest = word;
    json_t *items = json_array();
    snprintf(word, sizeof word, "%s", next_word(c));
    for (char *letter = word; *letter != '\0'; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter + ('a' - 'A'));
    for (char *one; (one = strsep(&rest, ",")) != NULL;)
        json_array_append_new(items, json_string(one));
    add_match(c, json_pack("{s:{s:s}}", "ct", "key", "state"), json_pack("{s:o}", "set", items));
}

/* Only the target's type can be decided. */
static void add_address_type(struct conversion *c)
{
    char word[WORD_BYTES];
    snprintf(word, sizeof word, "%s", next_word(c));
    for (char *letter = word; *letter != '\0'; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter + ('a' - 'A'));
    add_match(c, json_pack("{s:{s:s, s:[s]}}", "fib", "result", "type", "flags", "daddr"),
              json_string(word));
}

/* True: the rule's end, as what follows are the target's own options. */
static bool add_target(struct conversion *c, bool is_goto, const struct firewall_rules *r,
                       const char *table)
{
    static const struct {
        const char *target;
        const char *verdict;
    } verdicts[] = { { "ACCEPT", "accept" }, { "DROP", "drop" },   { "REJECT", "reject" },
                     { "RETURN", "return" }, { "QUEUE", "queue" }, { "NFQUEUE", "queue" } };
    const char *name = next_word(c);
    char key[FIREWALL_KEY_BYTES];
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (strcmp(name, verdicts[i].target) == 0) {
            add_verdict(c, verdicts[i].verdict);
            return true;
        }
    }
    if (firewall_key(key, c->family == 4 ? "ip" : "ip6", table, name) &&
        json_object_get(r->chains, key) != NULL)
        append(c, json_pack("{s:{s:s}}", is_goto ? "goto" : "jump", "target", name));
    return true; /* others change or note something */
}

/* An option that is not known, with what belongs to it. */
static void skip(struct conversion *c)
{
    while (c->at < c->words->count && c->words->list[c->at][0] != '-' &&
           strcmp(c->words->list[c->at], "!") != 0)
        c->at++;
    add_unknown(c);
}

/* Some match without any option; those of these are known or not by themselves. */
static void add_module(struct conversion *c)
{
    static const char *const plain[] = { "tcp",   "udp",       "icmp",    "icmp6",   "conntrack",
                                         "state", "multiport", "comment", "addrtype" };
    const char *name = next_word(c);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(name, plain[i]) == 0)
            return;
    add_unknown(c);
}

static bool is_any(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* False: the rule is complete. */
static bool convert_option(struct conversion *c, const struct firewall_rules *r, const char *table)
{
    const char *o = next_word(c);
    if (is_any(o, "-i", "--in-interface"))
        add_interface(c, "iifname");
    else if (is_any(o, "-o", "--out-interface"))
        add_interface(c, "oifname");
    else if (is_any(o, "-p", "--protocol"))
        add_protocol(c);
    else if (is_any(o, "-s", "--source"))
        add_address(c, "saddr");
    else if (is_any(o, "-d", "--destination"))
        add_address(c, "daddr");
    else if (is_any(o, "--dport", "--dports"))
        add_ports(c, "dport");
    else if (is_any(o, "--sport", "--sports"))
        add_ports(c, "sport");
    else if (is_any(o, "--ctstate", "--state"))
        add_states(c);
    else if (strcmp(o, "--dst-type") == 0)
        add_address_type(c);
    else if (strcmp(o, "--comment") == 0)
        next_word(c);
    else if (strcmp(o, "-m") == 0)
        add_module(c);
    else if (is_any(o, "-j", "-g"))
        return !add_target(c, o[1] == 'g', r, table);
    else
        skip(c);
    return true;
}

/* cut: only the beginning of a rule that is too long, so what it does is not known. */
static int add_rule(struct firewall_rules *r, uint8_t family, const char *table,
                    const struct words *w, bool cut)
{
    struct conversion c = { .family = family, .words = w, .at = 2, .expr = json_array() };
    json_t *chain = firewall_chain(r, family == 4 ? "ip" : "ip6", table, w->list[1]);
    if (cut) {
        add_unknown(&c);
        add_verdict(&c, "accept");
    }
    for (bool more = !cut; more && c.at < w->count;) {
        c.negated = strcmp(w->list[c.at], "!") == 0;
        c.at += c.negated;
        more = convert_option(&c, r, table);
    }
    if (chain == NULL || c.failed) {
        json_decref(c.expr);
        return chain == NULL ? 0 : -ENOMEM;
    }
    return json_array_append_new(json_object_get(chain, "rules"), c.expr) < 0 ? -ENOMEM : 0;
}

/* ":FORWARD DROP [0:0]", or "-" where there is no policy. */
static int add_chain(struct firewall_rules *r, uint8_t family, const char *table, bool legacy,
                     const struct words *w)
{
    const char *name = w->list[0] + 1;
    bool is_forward = strcmp(name, "FORWARD") == 0;
    json_t *chain = firewall_chain(r, family == 4 ? "ip" : "ip6", table, name);
    if (chain == NULL)
        return 0;
    json_object_set_new(chain, "source",
                        json_string(legacy ? FIREWALL_SOURCE_LEGACY : FIREWALL_SOURCE_SAVE));
    if (!is_forward && strcmp(name, "INPUT") != 0)
        return 0;
    json_object_set_new(chain, "hook", json_string(is_forward ? "forward" : "input"));
    json_object_set_new(chain, "prio", json_integer(0));
    return json_object_set_new(chain, "policy",
                               json_string(strcmp(w->list[1], "DROP") == 0 ? "drop" : "accept"));
}

/* What nft told of the same table. */
static void forget_table(struct firewall_rules *r, uint8_t family, const char *table)
{
    const char *key;
    json_t *chain;
    void *next;
    json_object_foreach_safe(r->chains, next, key, chain)
    {
        if (strcmp(firewall_text_of(chain, "family"), family == 4 ? "ip" : "ip6") == 0 &&
            strcmp(firewall_text_of(chain, "table"), table) == 0)
            json_object_del(r->chains, key);
    }
}

struct saved {
    struct firewall_rules *rules;
    uint8_t family;
    bool legacy;
    bool in_filter; /* among the lines of that table */
    struct words words;
};

static int add_line(struct saved *s, const char *line, bool cut)
{
    const char *table = s->legacy ? FIREWALL_LEGACY_TABLE : "filter";
    if (line[0] == '*') {
        s->in_filter = strcmp(line, "*filter") == 0;
        if (s->in_filter && !s->legacy)
            forget_table(s->rules, s->family, table);
    }
    if (!s->in_filter || (line[0] != ':' && line[0] != '-'))
        return 0;
    cut = !split(line, &s->words) || cut;
    if (s->words.count < 2)
        return 0;
    if (line[0] == ':')
        return add_chain(s->rules, s->family, table, s->legacy, &s->words);
    return strcmp(s->words.list[0], "-A") == 0
               ? add_rule(s->rules, s->family, table, &s->words, cut)
               : 0;
}

int firewall_rules_add_save(struct firewall_rules *r, const char *text, size_t len_bytes,
                            uint8_t family, bool legacy)
{
    char line[LINE_BYTES];
    int err = 0;
    struct saved *s = calloc(1, sizeof *s); /* too large for the stack */
    if (s == NULL)
        return -ENOMEM;
    s->rules = r;
    s->family = family;
    s->legacy = legacy;
    for (size_t at = 0; err == 0 && at < len_bytes;) {
        const char *end = memchr(text + at, '\n', len_bytes - at);
        size_t len = end != NULL ? (size_t)(end - text) - at : len_bytes - at;
        bool cut = len >= LINE_BYTES;
        snprintf(line, sizeof line, "%.*s", (int)(cut ? LINE_BYTES - 1 : len), text + at);
        err = add_line(s, line, cut);
        at += len + 1;
    }
    free(s);
    return err;
}
