/* SPDX-License-Identifier: ISC */
#include "guard/network/links.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "guard/lookup/lookup.h"
#include "sys/udp.h"

enum { RETRY_S = 5, FORGET_S = 60 };

static void set_state(struct link_slot *s, enum link_state next, uint32_t socket_index)
{
    s->state = next;
    s->socket_index = socket_index;
}

/* What the engine has of it is of no use any more. */
static void lose_socket(struct link_slot *s)
{
    if (link_is_used(s))
        set_state(s, LINK_WAITING, 0);
}

static void release(struct link_slot *s, const char *why)
{
    log_info("link %s: %s", s->config.name, why);
    set_state(s, s->is_told ? LINK_GONE : LINK_FREE, 0);
}

/* The engine forgets it; one that cannot be told is not there. */
static void tell_gone(struct links *l, struct link_slot *s)
{
    const struct msg_link nothing = { .link.link = (uint16_t)(s - l->slots) };
    l->tell(l->arg, &nothing, -1);
    s->is_told = false;
    set_state(s, LINK_FREE, 0);
}

static struct link_slot *slot_named(struct links *l, const char *name)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (link_is_used(&l->slots[i]) && strcmp(l->slots[i].config.name, name) == 0)
            return &l->slots[i];
    return NULL;
}

static struct link_slot *slot_in(struct links *l, enum link_state state)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (l->slots[i].state == state)
            return &l->slots[i];
    return NULL;
}

/* One that was never used, or else one whose link has gone; NULL: there are too many. */
static struct link_slot *slot_free(struct links *l)
{
    struct link_slot *s = slot_in(l, LINK_FREE);
    if (s != NULL)
        return s;
    s = slot_in(l, LINK_GONE);
    /* Interfaces that come under ever new names: one that is away gives its number. */
    if (s == NULL && l->is_auto && (s = slot_in(l, LINK_WAITING)) != NULL)
        release(s, "forgotten, as its interface is away and others need its number");
    if (s != NULL && s->state == LINK_GONE)
        tell_gone(l, s);
    return s;
}

static void slot_take(struct links *l, const struct config_link *config)
{
    struct link_slot *s = slot_named(l, config->name);
    if (s == NULL && (s = slot_free(l)) != NULL) {
        *s = (struct link_slot){ .state = LINK_WAITING, .away_since = TSTAMP_NEVER };
    } else if (s == NULL) {
        log_warn("link %s is left out: there are %d links already", config->name, WIRE_PATHS_MAX);
        return;
    } else if (strcmp(s->config.interface, config->interface) != 0 ||
               !netaddr_equal(&s->config.address, &config->address)) {
        lose_socket(s);
    }
    s->config = *config;
}

void links_configure(struct links *l, const struct config *c)
{
    bool was_auto = l->is_auto;
    l->is_auto = c->links_auto;
    l->udp_gso = c->engine.udp_gso;
    l->udp_gro = c->engine.udp_gro;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        struct link_slot *s = &l->slots[i];
        bool stays =
            was_auto == l->is_auto && (l->is_auto || config_find_link(c, s->config.name) != NULL);
        if (link_is_used(s) && !stays)
            release(s, "removed");
    }
    for (size_t i = 0; i < c->link_count; i++)
        slot_take(l, &c->links[i]);
}

/* Every interface with a default route is a link, named after it. */
void links_discover(struct links *l, const struct netif_table *table)
{
    for (size_t i = 0; l->is_auto && i < table->count; i++) {
        const struct netif_info *n = &table->list[i];
        struct config_link link = { .role = WIRE_PATH_ACTIVE };
        if ((!n->default_ipv4 && !n->default_ipv6) || strcmp(n->name, l->tunnel) == 0)
            continue;
        snprintf(link.name, sizeof link.name, "%s", n->name);
        snprintf(link.interface, sizeof link.interface, "%s", n->name);
        if (slot_named(l, link.name) == NULL)
            slot_take(l, &link);
    }
}

/* Whether packets of a family may find their way out of the interface. */
static bool can_carry(const struct link_slot *s, const struct netif_table *t, uint32_t index,
                      uint8_t family)
{
    const struct config_link *c = &s->config;
    if (c->address.family != 0 && c->address.family != family)
        return false;
    if (netif_address_of(t, index, family).family == 0)
        return false;
    /* With a default route of one family alone, only that one leads anywhere. */
    return netif_default_of(t, index, family, &c->address) != NULL ||
           netif_default_of(t, index, family == 6 ? 4 : 6, &c->address) == NULL ||
           c->gateway.family == family;
}

static void fill_family(const struct link_slot *s, const struct netif_table *t, uint32_t index,
                        uint8_t family, struct core_link *out)
{
    const struct config_link *c = &s->config;
    const struct netif_default *d = netif_default_of(t, index, family, &c->address);
    struct netaddr *local = family == 6 ? &out->local_ipv6 : &out->local_ipv4;
    struct netaddr *gateway = family == 6 ? &out->gateway_ipv6 : &out->gateway_ipv4;
    bool *has = family == 6 ? &out->has_ipv6 : &out->has_ipv4;
    *has = can_carry(s, t, index, family);
    if (*has)
        *local = c->address.family == family ? c->address : netif_address_of(t, index, family);
    /* A route without a router is told by the unspecified address. */
    if (c->gateway.family == family)
        *gateway = c->gateway;
    else if (d != NULL)
        *gateway = d->gateway;
    if (c->gateway.family == family || d != NULL)
        gateway->family = family;
}

static uint64_t stricter(uint64_t a_bps, uint64_t b_bps)
{
    if (a_bps == 0 || b_bps == 0)
        return a_bps > b_bps ? a_bps : b_bps;
    return a_bps < b_bps ? a_bps : b_bps;
}

/* How the link is to be used: by hand, else by its quota, else by its role. */
static void describe_use(const struct link_slot *s, struct core_link *out)
{
    static const enum wire_path_use chosen[] = { [MSG_CHOICE_ACTIVE] = WIRE_PATH_ACTIVE,
                                                 [MSG_CHOICE_STANDBY] = WIRE_PATH_STANDBY,
                                                 [MSG_CHOICE_DOWN] = WIRE_PATH_DOWN };
    const struct config_link *c = &s->config;
    out->use = (uint8_t)(s->choice == MSG_CHOICE_NONE ? c->role : chosen[s->choice]);
    out->cost = c->cost;
    if (c->standby_busy)
        out->flags = WIRE_PATH_BUSY;
    if (s->advice.used_up && s->choice == MSG_CHOICE_NONE) {
        out->use = WIRE_PATH_STANDBY;
        out->flags = WIRE_PATH_LAST_RESORT;
    }
    out->limit_up_bps = stricter(c->max_up_bps, s->advice.limit_bps);
    out->limit_down_bps = stricter(c->max_down_bps, s->advice.limit_bps);
}

static void waits(struct msg_link *out, enum msg_link_why code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void waits(struct msg_link *out, enum msg_link_why code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out->why, sizeof out->why, format, args);
    va_end(args);
    out->why_code = (uint8_t)code;
}

/* What is to be told of a link; why is empty if it can be used. */
static void describe(const struct links *l, const struct link_slot *s,
                     const struct netif_table *table, struct msg_link *out)
{
    const struct config_link *c = &s->config;
    const struct netif_info *n = netif_find(table, c->interface);
    char text[NETADDR_STRLEN];
    memset(out, 0, sizeof *out);
    out->link.link = (uint16_t)(s - l->slots);
    describe_use(s, &out->link);
    if (l->is_idle)
        return; /* without a name: nobody needs it */
    memcpy(out->link.name, c->name, sizeof c->name);
    if (n == NULL) {
        waits(out, MSG_LINK_NO_INTERFACE, "interface %s does not exist", c->interface);
        return;
    }
    if (c->address.family != 0 && !netif_has_address(table, n->index, &c->address)) {
        waits(out, MSG_LINK_NO_ADDRESS, "interface %s does not have the address %s", c->interface,
              netaddr_format(&c->address, text));
        return;
    }
    if (l->is_auto && !n->default_ipv4 && !n->default_ipv6) {
        waits(out, MSG_LINK_NO_ROUTE, "interface %s has no default route", c->interface);
        return;
    }
    fill_family(s, table, n->index, 4, &out->link);
    fill_family(s, table, n->index, 6, &out->link);
    out->link.mtu_bytes = n->mtu_bytes;
    out->link.present = true;
    out->link.carrier = n->carrier && (out->link.has_ipv4 || out->link.has_ipv6);
    if (!n->up)
        waits(out, MSG_LINK_DOWN, "interface %s is down", c->interface);
    else if (!n->carrier)
        waits(out, MSG_LINK_NO_CARRIER, "interface %s has no carrier", c->interface);
    else if (!out->link.carrier)
        waits(out, MSG_LINK_NO_ADDRESS, "interface %s has no address", c->interface);
}

uint32_t links_mark(const struct links *l, size_t slot)
{
    return l->numbers != NULL ? numbers_mark(l->numbers, NUMBERS_SLOT_LINK + (unsigned)slot) : 0;
}

/* A socket bound to the link's interface, or negative errno. */
static int open_socket(const struct links *l, const struct link_slot *s)
{
    struct udp u;
    struct udp_options options = { .local = s->config.address,
                                   .interface = s->config.interface,
                                   .mark = links_mark(l, (size_t)(s - l->slots)),
                                   .no_gso = !l->udp_gso,
                                   .no_gro = !l->udp_gro };
    int err = udp_open(&u, &options);
    return err < 0 ? err : u.fd;
}

static bool same_message(const struct msg_link *a, const struct msg_link *b)
{
    uint8_t x[MSG_BYTES_MAX];
    uint8_t y[MSG_BYTES_MAX];
    size_t n = msg_encode(&(struct msg){ .type = MSG_LINK, .link = *a }, x);
    size_t m = msg_encode(&(struct msg){ .type = MSG_LINK, .link = *b }, y);
    return n == m && memcmp(x, y, n) == 0;
}

static void log_change(const struct link_slot *s, const struct msg_link *now)
{
    if (now->link.name[0] == '\0' || (s->is_told && strcmp(s->told.why, now->why) == 0))
        return;
    if (now->why[0] != '\0')
        log_info("link %s waits: %s", s->config.name, now->why);
    else
        log_info("link %s is ready on %s", s->config.name, s->config.interface);
}

/* The link has no socket: it waits for another reason than what describe() found. */
static void wait_for_socket(struct links *l, struct tstamp now, const struct link_slot *s, int err,
                            struct msg_link *out)
{
    out->link.present = false;
    out->link.carrier = false;
    waits(out, MSG_LINK_NO_SOCKET, "no socket on %s: %s", s->config.interface, strerror(-err));
    l->retry = tstamp_min(l->retry, tstamp_add(now, RETRY_S * NS_PER_S));
}

static void slot_update(struct links *l, struct tstamp now, struct link_slot *s,
                        const struct netif_table *table)
{
    const struct netif_info *n = netif_find(table, s->config.interface);
    struct msg_link next;
    int fd = -1;
    describe(l, s, table, &next);
    if (next.link.present && s->socket_index != n->index && (fd = open_socket(l, s)) < 0)
        wait_for_socket(l, now, s, fd, &next);
    if (next.link.present)
        set_state(s, next.link.carrier ? LINK_READY : LINK_CUT, n->index);
    else
        set_state(s, LINK_WAITING, 0);
    if (fd < 0 && s->is_told && same_message(&s->told, &next))
        return;
    log_change(s, &next);
    s->is_told = l->tell(l->arg, &next, fd);
    s->told = next;
    if (!s->is_told)
        lose_socket(s);
    if (fd >= 0) {
        struct udp u = { .fd = fd };
        udp_close(&u); /* the engine has its own descriptor of it */
    }
}

/* Interfaces that come under ever new names leave no list of those that were. */
static void forget_away(struct links *l, struct tstamp now, struct link_slot *s,
                        const struct netif_table *table)
{
    if (netif_find(table, s->config.interface) != NULL) {
        s->away_since = TSTAMP_NEVER;
        return;
    }
    if (tstamp_is_never(s->away_since))
        s->away_since = now;
    struct tstamp ends = tstamp_add(s->away_since, FORGET_S * NS_PER_S);
    if (s->choice != MSG_CHOICE_NONE)
        return;
    if (tstamp_reached(ends, now))
        release(s, "forgotten, as there has been no such interface for a minute");
    else
        l->retry = tstamp_min(l->retry, ends);
}

void links_update(struct links *l, struct tstamp now, const struct netif_table *table)
{
    l->retry = TSTAMP_NEVER;
    l->due = false;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        struct link_slot *s = &l->slots[i];
        if (l->is_auto && link_is_used(s))
            forget_away(l, now, s, table);
        if (s->state == LINK_GONE)
            tell_gone(l, s);
        else if (link_is_used(s) && (!l->is_idle || s->is_told))
            slot_update(l, now, s, table);
    }
}

size_t links_ways(const struct links *l, const struct netif_table *table, struct lookup_way *out)
{
    size_t count = 0;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        const struct link_slot *s = &l->slots[i];
        struct msg_link m;
        if (link_is_used(s))
            describe(l, s, table, &m);
        if (!link_is_used(s) || !m.link.carrier || m.link.use == WIRE_PATH_DOWN)
            continue;
        struct lookup_way *way = &out[count++];
        *way = (struct lookup_way){ .slot = (uint8_t)i,
                                    .mark = links_mark(l, i),
                                    .source = s->config.address };
        memcpy(way->name, s->config.name, sizeof way->name);
        memcpy(way->interface, s->config.interface, sizeof way->interface);
    }
    return count;
}

bool links_choose(struct links *l, const char *name, enum msg_choice choice)
{
    struct link_slot *s = slot_named(l, name);
    if (s != NULL)
        s->choice = (uint8_t)choice;
    l->due = l->due || s != NULL;
    return s != NULL;
}

void links_advise(struct links *l, size_t slot, const struct quota_advice *advice)
{
    struct quota_advice *last = &l->slots[slot].advice;
    l->due = l->due || last->used_up != advice->used_up || last->limit_bps != advice->limit_bps;
    *last = *advice;
}

void links_untold(struct links *l)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        struct link_slot *s = &l->slots[i];
        s->is_told = false;
        lose_socket(s);
        if (s->state == LINK_GONE)
            set_state(s, LINK_FREE, 0);
    }
}
