/* SPDX-License-Identifier: ISC */
#include "guard/firewall/firewall_match.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 8 };

/* What a packet has of that which a rule asks for. */
struct value {
    enum { UNKNOWN, ABSENT, TEXT, NUMBER, ADDRESS } kind; /* ABSENT: no such packet is meant */
    const char *text;
    json_int_t number; /* also of a TEXT that may be written so; 0: none */
    struct netaddr addr;
};

bool firewall_step(struct firewall_walk *w, long n)
{
    w->budget -= n;
    return w->budget > 0;
}

static enum tri tri_not(enum tri t)
{
    return t == TRI_UNKNOWN ? t : t == TRI_YES ? TRI_NO : TRI_YES;
}

/* What the packet has */

static struct value text_value(const char *text)
{
    return (struct value){ .kind = text[0] != '\0' ? TEXT : UNKNOWN, .text = text };
}

static struct value protocol_value(const struct firewall_packet *p)
{
    enum { TCP = 6, UDP = 17 };
    bool is_tcp = p->hook == FIREWALL_FORWARD;
    return (
        struct value){ .kind = TEXT, .text = is_tcp ? "tcp" : "udp", .number = is_tcp ? TCP : UDP };
}

static struct value meta_value(const struct firewall_packet *p, const char *key)
{
    if (strcmp(key, "iifname") == 0 || strcmp(key, "iif") == 0)
        return text_value(p->in);
    if (strcmp(key, "oifname") == 0 || strcmp(key, "oif") == 0)
        return p->hook == FIREWALL_INPUT ? (struct value){ .kind = ABSENT } : text_value(p->out);
    if (strcmp(key, "l4proto") == 0)
        return protocol_value(p);
    if (strcmp(key, "nfproto") == 0)
        return text_value(p->family == 4 ? "ipv4" : "ipv6");
    if (strcmp(key, "protocol") == 0)
        return text_value(p->family == 4 ? "ip" : "ip6");
    return (struct value){ .kind = UNKNOWN };
}

static struct value address_value(const struct netaddr *a)
{
    return (struct value){ .kind = a->family != 0 ? ADDRESS : UNKNOWN, .addr = *a };
}

static struct value ip_value(const struct firewall_packet *p, const char *field)
{
    if (strcmp(field, "saddr") == 0)
        return address_value(&p->from);
    if (strcmp(field, "daddr") == 0)
        return address_value(&p->to);
    if (strcmp(field, "protocol") == 0 || strcmp(field, "nexthdr") == 0)
        return protocol_value(p);
    return (struct value){ .kind = UNKNOWN };
}

static struct value payload_value(const struct firewall_packet *p, const json_t *payload)
{
    const char *protocol = firewall_text_of(payload, "protocol");
    const char *field = firewall_text_of(payload, "field");
    struct value port = { .kind = NUMBER };
    if (protocol == NULL || field == NULL || strcmp(protocol, "ether") == 0 ||
        strcmp(protocol, "vlan") == 0)
        return (struct value){ .kind = UNKNOWN };
    if (strcmp(protocol, "ip") == 0 || strcmp(protocol, "ip6") == 0) {
        bool is_mine = (strcmp(protocol, "ip") == 0) == (p->family == 4);
        return is_mine ? ip_value(p, field) : (struct value){ .kind = ABSENT };
    }
    if (strcmp(protocol, "th") != 0 && strcmp(protocol, protocol_value(p).text) != 0)
        return (struct value){ .kind = ABSENT }; /* of another protocol */
    if (strcmp(field, "dport") == 0)
        port.number = p->to_port;
    else if (strcmp(field, "sport") == 0)
        port.number = p->from_port;
    else
        port.kind = UNKNOWN;
    return port;
}

static struct value ct_value(const struct firewall_packet *p, const char *key)
{
    if (strcmp(key, "state") == 0)
        return text_value(p->reply ? "established" : "new");
    if (strcmp(key, "direction") == 0)
        return text_value(p->reply ? "reply" : "original");
    if (strcmp(key, "status") == 0)
        return text_value("confirmed"); /* not by another's destination NAT */
    return (struct value){ .kind = UNKNOWN };
}

/* What kind of address it is, for this machine. */
static struct value fib_value(const struct firewall_packet *p, const json_t *fib)
{
    const char *result = firewall_text_of(fib, "result");
    const json_t *flags = json_object_get(fib, "flags");
    bool is_target = false;
    for (size_t i = 0; i < json_array_size(flags); i++) {
        const char *flag = json_string_value(json_array_get(flags, i));
        is_target = is_target || (flag != NULL && strcmp(flag, "daddr") == 0);
    }
    if (json_is_string(flags))
        is_target = strcmp(json_string_value(flags), "daddr") == 0;
    if (result == NULL || strcmp(result, "type") != 0)
        return (struct value){ .kind = UNKNOWN };
    return text_value(is_target && p->hook == FIREWALL_INPUT ? "local" : "unicast");
}

static struct value value_of(const struct firewall_packet *p, const json_t *left)
{
    const json_t *o;
    const char *key;
    if ((o = json_object_get(left, "meta")) != NULL)
        return (key = firewall_text_of(o, "key")) != NULL ? meta_value(p, key)
                                                          : (struct value){ .kind = UNKNOWN };
    if ((o = json_object_get(left, "ct")) != NULL)
        return (key = firewall_text_of(o, "key")) != NULL ? ct_value(p, key)
                                                          : (struct value){ .kind = UNKNOWN };
    if ((o = json_object_get(left, "payload")) != NULL)
        return payload_value(p, o);
    if ((o = json_object_get(left, "fib")) != NULL)
        return fib_value(p, o);
    return (struct value){ .kind = UNKNOWN };
}

/* What the rule asks for */

static enum tri compare(struct firewall_walk *w, const struct value *v, const json_t *item,
                        unsigned depth);

/* A name, or the beginning of one before a "*". */
static enum tri compare_name(const char *have, const char *want)
{
    size_t len = strlen(want);
    if (len > 0 && want[len - 1] == '*')
        return strncmp(have, want, len - 1) == 0 ? TRI_YES : TRI_NO;
    return strcmp(have, want) == 0 ? TRI_YES : TRI_NO;
}

static enum tri compare_text(const struct value *v, const char *text)
{
    struct netaddr addr;
    if (strcmp(text, "*") == 0)
        return TRI_YES;
    if (text[0] == '@')
        return TRI_UNKNOWN;
    if (v->kind == TEXT)
        return compare_name(v->text, text);
    if (v->kind == ADDRESS && netaddr_parse(&addr, text) && addr.port == 0)
        return addr.family == v->addr.family && memcmp(addr.addr, v->addr.addr, 16) == 0 ? TRI_YES
                                                                                         : TRI_NO;
    return TRI_UNKNOWN;
}

static enum tri compare_number(const struct value *v, json_int_t number)
{
    if (v->kind == NUMBER || (v->kind == TEXT && v->number != 0))
        return v->number == number ? TRI_YES : TRI_NO;
    return TRI_UNKNOWN; /* of an interface, say */
}

static enum tri compare_prefix(const struct value *v, const json_t *prefix)
{
    char text[NETADDR_STRLEN];
    struct netprefix p;
    const char *addr = firewall_text_of(prefix, "addr");
    json_int_t len = json_integer_value(json_object_get(prefix, "len"));
    if (v->kind != ADDRESS || addr == NULL || len < 0 || len > 128 ||
        snprintf(text, sizeof text, "%s/%d", addr, (int)len) >= (int)sizeof text ||
        !netprefix_parse(&p, text))
        return TRI_UNKNOWN;
    return netprefix_contains(&p, v->addr.family, v->addr.addr) ? TRI_YES : TRI_NO;
}

static enum tri compare_range(const struct value *v, const json_t *range)
{
    const json_t *low = json_array_get(range, 0);
    const json_t *high = json_array_get(range, 1);
    struct netaddr a;
    struct netaddr b;
    if (v->kind == NUMBER && json_is_integer(low) && json_is_integer(high))
        return v->number >= json_integer_value(low) && v->number <= json_integer_value(high)
                   ? TRI_YES
                   : TRI_NO;
    if (v->kind != ADDRESS || !json_is_string(low) || !json_is_string(high) ||
        !netaddr_parse(&a, json_string_value(low)) || !netaddr_parse(&b, json_string_value(high)))
        return TRI_UNKNOWN;
    if (a.family != v->addr.family || b.family != v->addr.family)
        return TRI_NO;
    return memcmp(v->addr.addr, a.addr, 16) >= 0 && memcmp(v->addr.addr, b.addr, 16) <= 0 ? TRI_YES
                                                                                          : TRI_NO;
}

static enum tri compare_any(struct firewall_walk *w, const struct value *v, const json_t *items,
                            unsigned depth)
{
    enum tri any = TRI_NO;
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (!firewall_step(w, 1))
            return TRI_UNKNOWN;
        enum tri one = compare(w, v, json_array_get(items, i), depth);
        if (one == TRI_YES)
            return TRI_YES;
        if (one == TRI_UNKNOWN)
            any = TRI_UNKNOWN;
    }
    return any;
}

static enum tri compare(struct firewall_walk *w, const struct value *v, const json_t *item,
                        unsigned depth)
{
    const json_t *o;
    if (depth == DEPTH_MAX)
        return TRI_UNKNOWN;
    if (json_is_string(item))
        return compare_text(v, json_string_value(item));
    if (json_is_integer(item))
        return compare_number(v, json_integer_value(item));
    if (json_is_array(item))
        return compare_any(w, v, item, depth + 1);
    if ((o = json_object_get(item, "set")) != NULL)
        return json_is_array(o) ? compare_any(w, v, o, depth + 1) : compare(w, v, o, depth + 1);
    if ((o = json_object_get(item, "prefix")) != NULL)
        return compare_prefix(v, o);
    if ((o = json_object_get(item, "range")) != NULL)
        return compare_range(v, o);
    if ((o = json_object_get(item, "elem")) != NULL)
        return compare(w, v, json_object_get(o, "val"), depth + 1);
    return TRI_UNKNOWN;
}

/* Several values at once, each of which must be what stands at its place. */
static enum tri compare_row(struct firewall_walk *w, const json_t *lefts, const json_t *row)
{
    const json_t *elem = json_object_get(row, "elem");
    const json_t *items =
        json_object_get(elem != NULL ? json_object_get(elem, "val") : row, "concat");
    enum tri all = TRI_YES;
    if (json_is_string(row) && strcmp(json_string_value(row), "*") == 0)
        return TRI_YES;
    if (json_array_size(items) != json_array_size(lefts) ||
        !firewall_step(w, (long)json_array_size(items)))
        return TRI_UNKNOWN;
    for (size_t i = 0; i < json_array_size(items); i++) {
        struct value v = value_of(&w->packet, json_array_get(lefts, i));
        enum tri one = v.kind == ABSENT    ? TRI_NO
                       : v.kind == UNKNOWN ? TRI_UNKNOWN
                                           : compare(w, &v, json_array_get(items, i), 0);
        if (one == TRI_NO)
            return TRI_NO;
        if (one == TRI_UNKNOWN)
            all = TRI_UNKNOWN;
    }
    return all;
}

/* One element of a set or map. */
static enum tri match_element(struct firewall_walk *w, const json_t *left, const json_t *element)
{
    const json_t *lefts = json_object_get(left, "concat");
    if (json_is_array(lefts))
        return compare_row(w, lefts, element);
    struct value v = value_of(&w->packet, left);
    if (v.kind == ABSENT)
        return TRI_NO;
    return v.kind == UNKNOWN ? TRI_UNKNOWN : compare(w, &v, element, 0);
}

/* The elements of "@name"; NULL: not known. */
static const json_t *named(const struct firewall_walk *w, const json_t *name)
{
    char key[FIREWALL_KEY_BYTES];
    const char *text = json_string_value(name);
    if (text == NULL || text[0] != '@' || !firewall_key(key, w->family, w->table, text + 1))
        return NULL;
    return json_object_get(json_object_get(w->rules->sets, key), "elem");
}

static enum tri match_equal(struct firewall_walk *w, const json_t *left, const json_t *right)
{
    const char *text = json_string_value(right);
    const json_t *elements = json_object_get(right, "set");
    enum tri any = TRI_NO;
    if (text != NULL && text[0] == '@') {
        elements = named(w, right);
        if (elements == NULL)
            return TRI_UNKNOWN;
    }
    if (!json_is_array(elements))
        return match_element(w, left, right);
    for (size_t i = 0; i < json_array_size(elements); i++) {
        if (!firewall_step(w, 1))
            return TRI_UNKNOWN;
        enum tri one = match_element(w, left, json_array_get(elements, i));
        if (one == TRI_YES)
            return TRI_YES;
        if (one == TRI_UNKNOWN)
            any = TRI_UNKNOWN;
    }
    return any;
}

static enum tri match_order(const struct firewall_walk *w, const json_t *left, const char *op,
                            const json_t *right)
{
    struct value v = value_of(&w->packet, left);
    json_int_t n = json_integer_value(right);
    if (v.kind == ABSENT)
        return TRI_NO;
    if (v.kind != NUMBER || !json_is_integer(right))
        return TRI_UNKNOWN;
    bool is_true = v.number == n ? op[1] == '=' : (op[0] == '<') == (v.number < n);
    return is_true ? TRI_YES : TRI_NO;
}

enum tri firewall_match(struct firewall_walk *w, const json_t *match)
{
    const char *op = firewall_text_of(match, "op");
    const json_t *left = json_object_get(match, "left");
    const json_t *right = json_object_get(match, "right");
    if (op == NULL || left == NULL || right == NULL)
        return TRI_UNKNOWN;
    if (op[0] == '<' || op[0] == '>')
        return match_order(w, left, op, right);
    if (strcmp(op, "==") == 0 || strcmp(op, "in") == 0)
        return match_equal(w, left, right);
    if (strcmp(op, "!=") != 0 && strcmp(op, "!") != 0)
        return TRI_UNKNOWN;
    /* "udp dport != 53" is no rule for TCP either. */
    if (!json_is_array(json_object_get(left, "concat")) &&
        value_of(&w->packet, left).kind == ABSENT)
        return TRI_NO;
    return tri_not(match_equal(w, left, right));
}

enum tri firewall_map(struct firewall_walk *w, const json_t *vmap, const json_t **verdict)
{
    const json_t *key = json_object_get(vmap, "key");
    const json_t *data = json_object_get(vmap, "data");
    const json_t *elements = json_is_string(data) ? named(w, data) : json_object_get(data, "set");
    const json_t *any_other = NULL;
    if (!json_is_array(elements))
        return TRI_UNKNOWN;
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *pair = json_array_get(elements, i);
        const json_t *want = json_array_get(pair, 0);
        const char *text = json_string_value(want);
        *verdict = json_array_get(pair, 1);
        if (text != NULL && strcmp(text, "*") == 0) {
            any_other = *verdict;
            continue;
        }
        enum tri one = firewall_step(w, 1) ? match_element(w, key, want) : TRI_UNKNOWN;
        if (one != TRI_NO)
            return one;
    }
    *verdict = any_other;
    return any_other != NULL ? TRI_YES : TRI_NO;
}
