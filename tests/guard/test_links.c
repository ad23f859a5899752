/* SPDX-License-Identifier: ISC */
/*
 * What is told of the links as interfaces come, go and change. The tables of interfaces are made
 * up; the sockets are bound to TUN devices in a network namespace of the test's own. Needs root;
 * else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/lookup/lookup.h"
#include "guard/network/links.h"
#include "sys/tun.h"

enum { SKIPPED = 77, DEVICES = 2, TOLD_MAX = 64, FAKES_MAX = 4 };

static struct tstamp now = { NS_PER_S };

/* What the guard would pass on to the engine. */
struct told {
    struct msg_link list[TOLD_MAX];
    char bound[TOLD_MAX][IFNAMSIZ]; /* the interface of the socket that came along */
    size_t count;
    bool deaf;
};

static bool hear(void *arg, const struct msg_link *link, int fd)
{
    struct told *t = arg;
    socklen_t len = IFNAMSIZ;
    if (t->deaf)
        return false;
    assert_true(t->count < TOLD_MAX);
    t->list[t->count] = *link;
    t->bound[t->count][0] = '\0';
    if (fd >= 0)
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, t->bound[t->count], &len), 0);
    t->count++;
    return true;
}

/* The newest word, of which there is exactly one since the last call. */
static const struct msg_link *only(struct told *t)
{
    assert_int_equal(t->count, 1);
    t->count = 0;
    return &t->list[0];
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

/* An interface with what the kernel would list of it. */
struct fake {
    struct netif_info info;
    struct netaddr addresses[2];
    size_t address_count;
    bool default_ipv4;
    bool default_ipv6;
    struct netaddr gateway_ipv4;
};

/* One that is up, with an IPv4 address and default route. */
static struct fake interface(const char *name, uint32_t index)
{
    struct fake f = {
        .info = { .index = index, .up = true, .carrier = true, .mtu_bytes = 1500 },
        .addresses = { address("192.168.8.100") },
        .address_count = 1,
        .default_ipv4 = true,
        .gateway_ipv4 = address("192.168.8.1"),
    };
    snprintf(f.info.name, sizeof f.info.name, "%s", name);
    return f;
}

static void add_default(struct netif_table *t, const struct fake *f, uint8_t family)
{
    enum { MAIN = 254 };
    t->defaults[t->default_count++] =
        (struct netif_default){ .index = f->info.index,
                                .family = family,
                                .gateway = family == 4 ? f->gateway_ipv4 : (struct netaddr){ 0 },
                                .table = MAIN };
}

struct fake_table {
    struct netif_info list[FAKES_MAX];
    struct netif_address addresses[2 * FAKES_MAX];
    struct netif_default defaults[2 * FAKES_MAX];
    struct netif_table t;
};

static const struct netif_table *fill(struct fake_table *out, const struct fake *fakes,
                                      size_t count)
{
    struct netif_table *t = &out->t;
    *t = (struct netif_table){ .list = out->list,
                               .addresses = out->addresses,
                               .defaults = out->defaults };
    for (size_t k = 0; k < count; k++) {
        const struct fake *f = &fakes[k];
        struct netif_info *n = &t->list[t->count++];
        *n = f->info;
        n->default_ipv4 = f->default_ipv4;
        n->default_ipv6 = f->default_ipv6;
        for (size_t i = 0; i < f->address_count; i++)
            t->addresses[t->address_count++] =
                (struct netif_address){ .index = n->index, .addr = f->addresses[i] };
        if (f->default_ipv4)
            add_default(t, f, 4);
        if (f->default_ipv6)
            add_default(t, f, 6);
    }
    return t;
}

static void update(struct links *l, const struct fake *fakes, size_t count)
{
    struct fake_table table;
    links_discover(l, fill(&table, fakes, count));
    links_update(l, now, &table.t);
}

static struct links links(struct told *t, const struct config *c)
{
    struct links l = { .tunnel = "hw-tunnel", .tell = hear, .arg = t, .retry = TSTAMP_NEVER };
    links_configure(&l, c);
    return l;
}

static struct config_link named(const char *name, const char *device)
{
    struct config_link c = { .role = WIRE_PATH_ACTIVE };
    snprintf(c.name, sizeof c.name, "%s", name);
    snprintf(c.interface, sizeof c.interface, "%s", device);
    return c;
}

/* A link with a name, and its interface, up, for update(). */
struct one {
    struct told told;
    struct config_link link;
    struct config config;
    struct links links;
    struct fake interface;
};

static void one_link(struct one *o)
{
    *o = (struct one){ .link = named("dsl", "hw-0"), .interface = interface("hw-0", 7) };
    o->config = (struct config){ .links = &o->link, .link_count = 1 };
    o->links = links(&o->told, &o->config);
}

static void follows_a_named_link(void **state)
{
    (void)state;
    struct one o;
    one_link(&o);
    update(&o.links, NULL, 0);
    const struct msg_link *m = only(&o.told);
    assert_false(m->link.present);
    assert_string_equal(m->link.name, "dsl");
    assert_string_equal(m->why, "interface hw-0 does not exist");
    assert_string_equal(msg_link_why_name(m->why_code), "no-interface");
    update(&o.links, NULL, 0);
    assert_int_equal(o.told.count, 0);

    update(&o.links, &o.interface, 1);
    assert_string_equal(o.told.bound[0], "hw-0");
    m = only(&o.told);
    assert_true(m->link.present && m->link.carrier && m->link.has_ipv4);
    assert_false(m->link.has_ipv6);
    assert_string_equal(m->why, "");
    update(&o.links, &o.interface, 1);
    assert_int_equal(o.told.count, 0);

    o.interface.addresses[0] = address("192.168.8.101"); /* DHCP */
    update(&o.links, &o.interface, 1);
    assert_string_equal(o.told.bound[0], ""); /* the socket goes on serving */
    assert_int_equal(only(&o.told)->link.local_ipv4.addr[3], 101);
    o.interface.gateway_ipv4 = address("192.168.8.2");
    update(&o.links, &o.interface, 1);
    assert_int_equal(only(&o.told)->link.gateway_ipv4.addr[3], 2);
    o.interface.info.mtu_bytes = 1400;
    update(&o.links, &o.interface, 1);
    assert_int_equal(only(&o.told)->link.mtu_bytes, 1400);
    o.interface.info.index = 8; /* pulled out and plugged in between two looks */
    update(&o.links, &o.interface, 1);
    assert_string_equal(o.told.bound[0], "hw-0");
    assert_true(only(&o.told)->link.present);
}

static void says_why_a_link_waits(void **state)
{
    (void)state;
    struct one o;
    one_link(&o);
    o.interface.info.up = o.interface.info.carrier = false;
    update(&o.links, &o.interface, 1);
    assert_string_equal(only(&o.told)->why, "interface hw-0 is down");
    o.interface.info.up = true;
    update(&o.links, &o.interface, 1);
    const struct msg_link *m = only(&o.told);
    assert_string_equal(m->why, "interface hw-0 has no carrier");
    assert_string_equal(msg_link_why_name(m->why_code), "no-carrier");
    assert_true(m->link.present && !m->link.carrier);
    o.interface.info.carrier = true;
    o.interface.address_count = 0;
    update(&o.links, &o.interface, 1);
    assert_string_equal(only(&o.told)->why, "interface hw-0 has no address");
    o.link.address = address("192.168.8.7");
    links_configure(&o.links, &o.config);
    o.interface.address_count = 1;
    update(&o.links, &o.interface, 1);
    m = only(&o.told);
    assert_string_equal(m->why, "interface hw-0 does not have the address 192.168.8.7");
    assert_false(m->link.present);
}

/* With a default route of one family alone, only that one is used; with none, both. */
static void chooses_the_families(void **state)
{
    (void)state;
    struct one o;
    one_link(&o);
    o.interface.addresses[o.interface.address_count++] = address("2001:db8::2");
    update(&o.links, &o.interface, 1);
    const struct msg_link *m = only(&o.told);
    assert_true(m->link.has_ipv4 && !m->link.has_ipv6);
    o.interface.default_ipv6 = true; /* without a router, as over PPP */
    update(&o.links, &o.interface, 1);
    m = only(&o.told);
    assert_true(m->link.has_ipv4 && m->link.has_ipv6);
    assert_int_equal(m->link.gateway_ipv6.family, 6);
    o.interface.default_ipv4 = false;
    update(&o.links, &o.interface, 1);
    m = only(&o.told);
    assert_true(!m->link.has_ipv4 && m->link.has_ipv6);
    assert_int_equal(m->link.gateway_ipv4.family, 0);
    o.interface.default_ipv6 = false;
    update(&o.links, &o.interface, 1);
    m = only(&o.told);
    assert_true(m->link.has_ipv4 && m->link.has_ipv6);
}

static void finds_links_by_itself(void **state)
{
    (void)state;
    struct told t = { 0 };
    struct config c = { .links_auto = true };
    struct links l = links(&t, &c);
    /* Two modems of one kind, the tunnel, and something without a default route. */
    struct fake n[] = { interface("hw-0", 7), interface("hw-1", 8), interface("hw-tunnel", 9),
                        interface("lo", 1) };
    n[3].default_ipv4 = false;
    update(&l, n, 4);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.list[0].link.name, "hw-0");
    assert_string_equal(t.bound[0], "hw-0");
    assert_string_equal(t.list[1].link.name, "hw-1");
    assert_string_equal(t.bound[1], "hw-1");
    const uint16_t number = t.list[1].link.link;
    assert_int_not_equal(number, t.list[0].link.link);
    t.count = 0;
    n[1].default_ipv4 = false;
    update(&l, n, 4);
    assert_string_equal(only(&t)->why, "interface hw-1 has no default route");
    n[1].default_ipv4 = true;
    update(&l, n, 4);
    assert_string_equal(t.bound[0], "hw-1");
    assert_int_equal(only(&t)->link.link, number); /* the one it had */

    /* Exchanged names: each link goes with its name. */
    n[0].info.index = 8;
    n[1].info.index = 7;
    update(&l, n, 4);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.bound[0], t.list[0].link.name);
    assert_string_equal(t.bound[1], t.list[1].link.name);
}

/* Names are asked for over links before an engine has heard of them. */
static void lists_the_ways_to_ask_names(void **state)
{
    (void)state;
    struct told t = { .deaf = true };
    struct config_link list[] = { named("dsl", "hw-0"), named("lte", "hw-1"), named("sat", "hw-2"),
                                  named("off", "hw-0") };
    struct config c = { .links = list, .link_count = 4 };
    struct config by_itself = { .links_auto = true };
    struct lookup_way ways[LOOKUP_WAYS_MAX];
    struct fake n[] = { interface("hw-0", 7), interface("hw-1", 8) };
    struct fake_table table;
    list[0].address = address("192.168.8.100");
    struct links l = links(&t, &c);
    assert_true(links_choose(&l, "off", MSG_CHOICE_DOWN));
    assert_int_equal(links_ways(&l, fill(&table, n, 2), ways), 2);
    assert_string_equal(ways[0].name, "dsl");
    assert_string_equal(ways[0].interface, "hw-0");
    assert_true(netaddr_equal(&ways[0].source, &list[0].address));
    assert_int_equal(ways[0].mark, links_mark(&l, 0));
    assert_string_equal(ways[1].name, "lte");
    assert_int_equal(ways[1].slot, 1);
    n[1].info.carrier = false;
    assert_int_equal(links_ways(&l, fill(&table, n, 2), ways), 1);
    l = links(&t, &by_itself);
    n[0].default_ipv4 = false;
    n[1].info.carrier = true;
    links_discover(&l, fill(&table, n, 2));
    assert_int_equal(links_ways(&l, fill(&table, n, 2), ways), 1);
    assert_string_equal(ways[0].name, "hw-1");
}

/* Under ever new names links still get numbers, those of the ones that went. */
static void does_not_run_out_of_numbers(void **state)
{
    (void)state;
    struct told t = { 0 };
    struct config c = { .links_auto = true };
    struct links l = links(&t, &c);
    char holders[WIRE_PATHS_MAX][IFNAMSIZ] = { "" }; /* as the engine knows them */
    for (unsigned i = 0; i < 3 * WIRE_PATHS_MAX; i++) {
        char name[IFNAMSIZ];
        struct fake n = interface("hw-0", 7);
        snprintf(name, sizeof name, "ppp%u", i);
        snprintf(n.info.name, sizeof n.info.name, "%s", name);
        t.count = 0;
        update(&l, &n, 1);
        const struct msg_link *m = NULL;
        for (size_t j = 0; j < t.count; j++) {
            const struct core_link *told = &t.list[j].link;
            char *holder = holders[told->link];
            /* One goes before another comes. */
            assert_true(*holder == '\0' || *told->name == '\0' || strcmp(holder, told->name) == 0);
            snprintf(holder, IFNAMSIZ, "%s", told->name);
            if (strcmp(told->name, name) == 0)
                m = &t.list[j];
        }
        assert_non_null(m);
        assert_true(m->link.link < WIRE_PATHS_MAX);
        assert_non_null(strstr(m->why, "no socket on ppp")); /* there is no such interface */
        assert_false(tstamp_is_never(l.retry));
    }
}

/* Whether a link of that name is told to be there, or to wait. */
static bool is_known(const struct links *l, const char *name)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (l->slots[i].is_told && strcmp(l->slots[i].told.link.name, name) == 0)
            return true;
    return false;
}

static void forgets_interfaces_that_went(void **state)
{
    (void)state;
    const struct tstamp before = now;
    struct told t = { 0 };
    struct config c = { .links_auto = true };
    struct links l = links(&t, &c);
    struct fake n[] = { interface("hw-0", 7), interface("hw-1", 8), interface("hw-2", 9) };
    update(&l, n, 3);
    assert_true(links_choose(&l, "hw-2", MSG_CHOICE_DOWN));
    update(&l, n, 3);
    now = tstamp_add(now, NS_PER_S);
    update(&l, n, 1);
    assert_int_equal(tstamp_sub(l.retry, now), 60 * NS_PER_S);
    now = tstamp_add(now, 59 * NS_PER_S);
    update(&l, n, 1);
    assert_true(is_known(&l, "hw-1")); /* it waits */
    update(&l, n, 2);
    update(&l, n, 1); /* it was there for a moment: the minute begins anew */
    now = tstamp_add(now, 59 * NS_PER_S);
    update(&l, n, 1);
    assert_true(is_known(&l, "hw-1"));
    now = tstamp_add(now, NS_PER_S);
    t.count = 0;
    update(&l, n, 1);
    assert_string_equal(only(&t)->link.name, "");
    assert_false(is_known(&l, "hw-1"));
    assert_true(is_known(&l, "hw-0"));
    assert_true(is_known(&l, "hw-2")); /* somebody said that it is not to be used */
    assert_true(tstamp_is_never(l.retry));
    update(&l, n, 3);
    assert_true(is_known(&l, "hw-1"));
    now = before;
}

/* The rows of the table in links.h, one after the other. */
static void goes_through_its_states(void **state)
{
    (void)state;
    struct one o;
    one_link(&o);
    const struct link_slot *s = &o.links.slots[0];
    assert_int_equal(s->state, LINK_WAITING);
    update(&o.links, NULL, 0);
    assert_int_equal(s->state, LINK_WAITING);
    update(&o.links, &o.interface, 1);
    assert_int_equal(s->state, LINK_READY);
    assert_int_equal(s->socket_index, 7);
    o.interface.info.carrier = false;
    update(&o.links, &o.interface, 1);
    assert_int_equal(s->state, LINK_CUT);
    assert_int_equal(s->socket_index, 7);
    o.interface.info.carrier = true;
    o.interface.info.index = 9;
    update(&o.links, &o.interface, 1);
    assert_int_equal(s->state, LINK_READY);
    assert_int_equal(s->socket_index, 9);
    update(&o.links, NULL, 0);
    assert_int_equal(s->state, LINK_WAITING);
    assert_int_equal(s->socket_index, 0);
    struct fake away = interface("hw-away", 7); /* no such device: no socket */
    snprintf(o.link.interface, sizeof o.link.interface, "hw-away");
    links_configure(&o.links, &o.config);
    update(&o.links, &away, 1);
    assert_int_equal(s->state, LINK_WAITING);
    assert_false(tstamp_is_never(o.links.retry));
    snprintf(o.link.interface, sizeof o.link.interface, "hw-0");
    links_configure(&o.links, &o.config);
    update(&o.links, &o.interface, 1);
    assert_int_equal(s->state, LINK_READY);
    snprintf(o.link.interface, sizeof o.link.interface, "hw-1");
    links_configure(&o.links, &o.config);
    assert_int_equal(s->state, LINK_WAITING);
    snprintf(o.link.interface, sizeof o.link.interface, "hw-0");
    links_configure(&o.links, &o.config);
    update(&o.links, &o.interface, 1);
    links_untold(&o.links);
    assert_int_equal(s->state, LINK_WAITING);
    o.told.count = 0;
    update(&o.links, &o.interface, 1);
    assert_int_equal(s->state, LINK_READY);
    o.config.link_count = 0;
    links_configure(&o.links, &o.config);
    assert_int_equal(s->state, LINK_GONE);
    update(&o.links, &o.interface, 1);
    assert_int_equal(s->state, LINK_FREE);
    assert_string_equal(o.told.list[o.told.count - 1].link.name, "");
    o.config.link_count = 1;
    links_configure(&o.links, &o.config);
    update(&o.links, &o.interface, 1);
    o.config.link_count = 0;
    links_configure(&o.links, &o.config);
    links_untold(&o.links); /* a new engine knows nothing of it */
    assert_int_equal(s->state, LINK_FREE);
}

/* A choice and an advice reach the engine without anybody's help. */
static void another_use_is_due(void **state)
{
    (void)state;
    struct one o;
    one_link(&o);
    update(&o.links, &o.interface, 1);
    assert_false(o.links.due);
    assert_false(links_choose(&o.links, "nobody", MSG_CHOICE_DOWN));
    assert_false(o.links.due);
    const struct quota_advice slow = { .limit_bps = 1000 };
    links_advise(&o.links, 0, &slow);
    assert_true(o.links.due);
    o.told.count = 0;
    update(&o.links, &o.interface, 1);
    assert_int_equal(only(&o.told)->link.limit_up_bps, 1000);
    assert_false(o.links.due);
    links_advise(&o.links, 0, &slow);
    assert_false(o.links.due);
    assert_true(links_choose(&o.links, "dsl", MSG_CHOICE_DOWN));
    assert_true(o.links.due);
    update(&o.links, &o.interface, 1);
    assert_int_equal(only(&o.told)->link.use, WIRE_PATH_DOWN);
}

static void tells_a_new_engine_everything(void **state)
{
    (void)state;
    struct told t = { .deaf = true };
    struct config_link list[] = { named("a", "hw-0"), named("b", "hw-1") };
    struct config c = { .links = list, .link_count = 2 };
    struct links l = links(&t, &c);
    struct fake n[] = { interface("hw-0", 7), interface("hw-1", 8) };
    update(&l, n, 2);
    t.deaf = false;
    for (unsigned i = 0; i < 2; i++) {
        update(&l, n, 2);
        assert_int_equal(t.count, 2);
        assert_string_equal(t.bound[0], "hw-0");
        assert_string_equal(t.bound[1], "hw-1");
        t.count = 0;
        links_untold(&l);
    }
    update(&l, n, 2);
    t.count = 0;
    c.link_count = 1; /* a reload takes one away */
    links_configure(&l, &c);
    update(&l, n, 2);
    assert_false(only(&t)->link.present);
    assert_string_equal(t.list[0].link.name, "");
}

/* A reload takes the last endpoint away, and a later one gives it back. */
static void has_none_while_nobody_is_called(void **state)
{
    (void)state;
    struct one o;
    one_link(&o);
    update(&o.links, &o.interface, 1);
    assert_string_equal(o.told.bound[0], "hw-0");
    assert_true(only(&o.told)->link.present);
    o.links.is_idle = true;
    update(&o.links, &o.interface, 1);
    const struct msg_link *m = only(&o.told);
    assert_false(m->link.present);
    assert_string_equal(m->link.name, "");
    update(&o.links, &o.interface, 1);
    assert_int_equal(o.told.count, 0);
    o.links.is_idle = false;
    update(&o.links, &o.interface, 1);
    assert_string_equal(o.told.bound[0], "hw-0");
    assert_string_equal(only(&o.told)->link.name, "dsl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_none_while_nobody_is_called),
        cmocka_unit_test(follows_a_named_link),
        cmocka_unit_test(says_why_a_link_waits),
        cmocka_unit_test(chooses_the_families),
        cmocka_unit_test(finds_links_by_itself),
        cmocka_unit_test(lists_the_ways_to_ask_names),
        cmocka_unit_test(does_not_run_out_of_numbers),
        cmocka_unit_test(forgets_interfaces_that_went),
        cmocka_unit_test(goes_through_its_states),
        cmocka_unit_test(another_use_is_due),
        cmocka_unit_test(tells_a_new_engine_everything),
    };
    int fds[DEVICES];
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root");
        return SKIPPED;
    }
    for (int i = 0; i < DEVICES; i++) {
        enum tun_offload offload;
        char name[IFNAMSIZ];
        snprintf(name, sizeof name, "hw-%d", i);
        fds[i] = tun_open(name, TUN_OFFLOAD_NONE, &offload);
        if (fds[i] < 0)
            return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < DEVICES; i++)
        close(fds[i]);
    return failed;
}
