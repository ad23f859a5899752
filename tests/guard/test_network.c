/* SPDX-License-Identifier: ISC */
/*
 * What a tunnel sets up in the network, that it is put back, that a reload changes only what it
 * must, and that nothing is left: in a network namespace of the test's own, judged by ip(8) and
 * nft(8). Needs root; else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/network/links.h"
#include "guard/network/network.h"
#include "guard/network/network_filter.h"
#include "guard/network/network_told.h"
#include "guard/network/sysctl.h"
#include "sys/tun.h"

enum { SKIPPED = 77, OUTPUT_BYTES = 32768 };

static const struct tstamp now = { NS_PER_S };

static const char *output(const char *command)
{
    static char text[OUTPUT_BYTES];
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(text, 1, sizeof text - 1, p);
    text[n] = '\0';
    pclose(p);
    return text;
}

static bool shows(const char *command, const char *text)
{
    return strstr(output(command), text) != NULL;
}

/* All that could be left behind. Sorted, as the kernel lists its tables in no fixed order. */
static void snapshot(char out[OUTPUT_BYTES])
{
    const char *text =
        output("{ ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; } | "
               "grep -v -e multicast -e anycast -e fe80 | sort; nft list ruleset; "
               "cat /proc/sys/net/ipv4/ip_forward "
               "/proc/sys/net/ipv4/conf/hw-link/rp_filter "
               "/proc/sys/net/ipv6/conf/default/accept_ra");
    snprintf(out, OUTPUT_BYTES, "%s", text);
}

/* Word of the first line that differs is enough. */
static void assert_same_lines(const char *a, const char *b)
{
    while (*a != '\0' && strcspn(a, "\n") == strcspn(b, "\n") &&
           strncmp(a, b, strcspn(a, "\n")) == 0) {
        a += strcspn(a, "\n") + (strchr(a, '\n') != NULL);
        b += strcspn(b, "\n") + (strchr(b, '\n') != NULL);
    }
    if (strcmp(a, b) != 0)
        fail_msg("\"%.*s\" instead of \"%.*s\"", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"),
                 b);
}

static struct netprefix prefix(const char *text)
{
    struct netprefix p;
    assert_true(netprefix_parse(&p, text));
    return p;
}

struct tunnel {
    int fds[2]; /* the tunnel's device, and one for a link */
    struct config config;
    struct config_peer peer;
    struct config_link link;
    struct netprefix addresses[2];
    struct netprefix allowed[4];
    struct links links;
    struct network network;
    char before[OUTPUT_BYTES];
};

static int open_device(const char *name)
{
    enum tun_offload offload;
    int fd = tun_open(name, TUN_OFFLOAD_NONE, &offload);
    assert_true(fd >= 0);
    return fd;
}

static int set_up(void **state)
{
    static struct tunnel t;
    memset(&t, 0, sizeof t);
    t.fds[1] = open_device("hw-link");
    output(
        "ip address add 192.168.8.100/24 dev hw-link; ip link set dev hw-link up; "
        "echo 1 >/proc/sys/net/ipv4/conf/hw-link/rp_filter; echo 0 >/proc/sys/net/ipv4/ip_forward");
    snapshot(t.before);
    t.fds[0] = open_device("hw-test");
    t.addresses[0] = prefix("10.77.0.2/24");
    t.addresses[1] = prefix("fd77::2/64");
    t.allowed[0] = prefix("10.77.0.1/32");
    t.allowed[1] = prefix("192.168.7.0/24");
    t.allowed[2] = prefix("0.0.0.0/0");
    t.allowed[3] = prefix("::/0");
    t.peer = (struct config_peer){ .name = "vps", .allowed = t.allowed, .allowed_count = 4 };
    t.link = (struct config_link){ .name = "lte", .interface = "hw-link" };
    assert_true(netaddr_parse(&t.link.gateway, "192.168.8.1"));
    t.config = (struct config){ .interface = "hw-test",
                                .addresses = t.addresses,
                                .address_count = 2,
                                .network.routes = true,
                                .network.mss_clamp = true,
                                .network.fallback = CONFIG_FALLBACK_BLOCK,
                                .links = &t.link,
                                .link_count = 1,
                                .peers = &t.peer,
                                .peer_count = 1 };
    links_configure(&t.links, &t.config);
    assert_int_equal(network_begin(&t.network, &t.config), 0);
    *state = &t;
    return 0;
}

static int update(struct tunnel *t)
{
    struct netif_table table;
    assert_int_equal(netif_dump(&table), 0);
    int err = network_update(&t->network, &t->config, &t->links, &table, now);
    netif_table_free(&table);
    return err;
}

static void begin(struct tunnel *t)
{
    network_take_device(&t->network);
    assert_int_equal(update(t), 0);
}

static int take_down(void **state)
{
    struct tunnel *t = *state;
    static char after[OUTPUT_BYTES];
    network_end(&t->network);
    network_free(&t->network);
    close(t->fds[0]);
    snapshot(after);
    close(t->fds[1]);
    assert_same_lines(after, t->before);
    return 0;
}

static bool table_shows(const struct tunnel *t, unsigned slot, const char *text)
{
    char command[96];
    snprintf(command, sizeof command, "ip route show table %u; ip -6 route show table %u",
             t->network.numbers.table + slot, t->network.numbers.table + slot);
    return shows(command, text);
}

/* Where a packet of this machine goes, with a mark. */
static bool goes(const char *to, uint32_t mark, const char *how)
{
    char command[96];
    snprintf(command, sizeof command, "ip route get %s mark %u 2>&1", to, mark);
    return shows(command, how);
}

static uint32_t restored(const struct tunnel *t, enum restored_what what)
{
    return t->network.restored.count[what];
}

static void sets_up_all(void **state)
{
    struct tunnel *t = *state;
    uint32_t link_mark = numbers_mark(&t->network.numbers, NUMBERS_SLOT_LINK);
    t->config.network.nat = true;
    begin(t);
    assert_true(table_shows(t, 0, "default dev hw-test"));
    assert_true(table_shows(t, 0, "unreachable default"));
    assert_true(table_shows(t, 1, "default via 192.168.8.1 dev hw-link"));
    assert_true(shows("ip route show table main", "192.168.7.0/24 dev hw-test"));
    assert_false(shows("ip route show table main", "default"));
    assert_true(goes("192.0.2.1", 0, "dev hw-test"));
    assert_true(goes("192.0.2.1", link_mark, "via 192.168.8.1 dev hw-link"));
    assert_true(goes("192.0.2.1", link_mark | 0x4000, "via 192.168.8.1 dev hw-link"));
    assert_true(goes("192.168.8.7", 0, "dev hw-link"));
    assert_true(shows("ip address show dev hw-test", "10.77.0.2/24"));
    assert_true(shows("ip address show dev hw-test", "fd77::2/64"));
    assert_true(shows("ip link show dev hw-test", "mtu 1420"));
    assert_true(shows("nft list ruleset", "masquerade"));
    assert_true(shows("nft list ruleset", "maxseg size set rt mtu"));
    assert_true(shows("nft list ruleset", "chain leave"));
    assert_int_equal(sysctl_get("net/ipv4/ip_forward"), 1);
    assert_int_equal(sysctl_get("net/ipv6/conf/default/accept_ra"), 2);
    assert_int_equal(sysctl_get("net/ipv4/conf/hw-link/rp_filter"), 2);
    assert_int_equal(sysctl_get("net/ipv4/conf/hw-test/send_redirects"), 0);
    network_set_mtu(&t->network, 1380);
    assert_true(shows("ip link show dev hw-test", "mtu 1380"));
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        assert_int_equal(restored(t, (enum restored_what)i), 0);
}

/* One that was killed has left all of it to the next one, and in between nothing leaves by a link.
 */
static void outlives_its_process(void **state)
{
    struct tunnel *t = *state;
    t->config.network.nat = true;
    begin(t);
    uint32_t table = t->network.numbers.table;
    network_free(&t->network);
    close(t->fds[0]);
    output("ip route add default via 192.168.8.1 dev hw-link; "
           "ip route add 0.0.0.0/1 via 192.168.8.1 dev hw-link");
    assert_true(goes("192.0.2.1", 0, "No route to host"));
    assert_true(goes("100.64.0.1", 0, "No route to host"));
    assert_true(shows("nft list ruleset", "chain leave"));
    t->fds[0] = open_device("hw-test");
    assert_int_equal(network_begin(&t->network, &t->config), 0);
    assert_int_equal(t->network.numbers.table, table);
    assert_int_equal(update(t), 0); /* without a device */
    assert_true(goes("192.0.2.1", 0, "No route to host"));
    begin(t);
    assert_true(goes("192.0.2.1", 0, "dev hw-test"));
    output("ip route del default; ip route del 0.0.0.0/1");
}

static void puts_back_what_others_remove(void **state)
{
    struct tunnel *t = *state;
    static char before[OUTPUT_BYTES], after[OUTPUT_BYTES];
    t->config.network.nat = true;
    /* Without what the kernel adds by itself, in its own time. */
    static const char all[] =
        "{ ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; } | "
        "grep -v -e multicast -e anycast -e fe80 -e '^local fd' | sort; ip -o address show dev "
        "hw-test scope "
        "global; "
        "ip link show dev hw-test; nft list ruleset; cat "
        "/proc/sys/net/ipv4/ip_forward";
    static const struct {
        const char *command;
        enum restored_what what;
    } changes[] = {
        { "for p in $(ip rule | sed -n 's/\\(10[0-9]*\\):.*/\\1/p'); do ip rule del priority $p; "
          "done",
          RESTORED_RULES },
        { "ip route flush table all proto 197", RESTORED_ROUTES },
        { "ip -6 route flush table all proto 197", RESTORED_ROUTES },
        { "nft flush ruleset", RESTORED_FILTER },
        { "ip link set dev hw-test mtu 1300", RESTORED_MTU },
        { "ip address del 10.77.0.2/24 dev hw-test", RESTORED_ADDRESS },
        { "ip link set dev hw-test down", RESTORED_UP },
        { "echo 0 >/proc/sys/net/ipv4/ip_forward", RESTORED_SETTINGS },
    };
    begin(t);
    snprintf(before, sizeof before, "%s", output(all));
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        output(changes[i].command);
        assert_string_not_equal(output(all), before);
        network_filter_changed(&t->network);
        uint32_t so_far = restored(t, changes[i].what);
        assert_int_equal(update(t), 0);
        snprintf(after, sizeof after, "%s", output(all));
        assert_same_lines(after, before);
        assert_true(restored(t, changes[i].what) > so_far);
    }
    struct restored count = t->network.restored;
    assert_int_equal(update(t), 0); /* nothing to do any more */
    assert_memory_equal(&count, &t->network.restored, sizeof count);
}

static void asks_for_another_device(void **state)
{
    struct tunnel *t = *state;
    begin(t);
    output("ip link del hw-test");
    assert_int_equal(update(t), -ENODEV);
    assert_true(goes("192.0.2.1", 0, "No route to host"));
    close(t->fds[0]);
    t->fds[0] = open_device("hw-test");
    begin(t);
    assert_true(goes("192.0.2.1", 0, "dev hw-test"));
    assert_true(shows("ip address show dev hw-test", "10.77.0.2/24"));
}

static void reload_changes_what_it_must(void **state)
{
    struct tunnel *t = *state;
    struct netprefix allowed[] = { t->allowed[0], prefix("192.168.8.128/25"), t->allowed[2] };
    struct netprefix addresses[] = { t->addresses[0], prefix("fd77::3/64") };
    begin(t);
    network_set_mtu(&t->network, 1380);
    t->peer.allowed = allowed;
    t->peer.allowed_count = 3;
    t->config.addresses = addresses;
    t->config.network.mss_clamp = false;
    assert_int_equal(update(t), 0);
    assert_false(shows("ip route", "192.168.7.0/24"));
    assert_true(shows("ip route", "192.168.8.128/25 dev hw-test"));
    assert_true(shows("ip route", "10.77.0.1 dev hw-test"));
    assert_false(shows("ip -6 route show table all", "default dev hw-test"));
    assert_false(shows("ip address show dev hw-test", "fd77::2/64"));
    assert_true(shows("ip address show dev hw-test", "fd77::3/64"));
    assert_false(shows("nft list ruleset", "maxseg"));
    assert_true(shows("ip link show dev hw-test", "mtu 1380")); /* what was measured stays */
    /* IPv4 alone goes into the tunnel: IPv6 goes nowhere, instead of by a link. */
    assert_true(table_shows(t, 0, "unreachable default"));
    t->config.network.routes = false;
    t->config.network.fallback = CONFIG_FALLBACK_NONE;
    assert_int_equal(update(t), 0);
    assert_false(shows("ip route", "192.168.8.128/25"));
    assert_false(shows("nft list ruleset", "hawser"));
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        assert_int_equal(restored(t, (enum restored_what)i), 0);
}

static void set_peer(struct tunnel *t, size_t peer, uint32_t mtu_bytes, uint32_t fit_bytes)
{
    const struct network_peer to = { .mtu_bytes = mtu_bytes, .fit_bytes = fit_bytes };
    bool changed;
    assert_int_equal(network_set_peer(&t->network, peer, &to, &changed), 0);
    assert_true(changed);
}

/* A peer that carries less than the device has its MTU on its routes; a link that stands in, not.
 */
static void routes_have_the_mtu_of_their_peer(void **state)
{
    struct tunnel *t = *state;
    struct config_peer peers[2] = { t->peer, { .name = "office" } };
    struct netprefix office[] = { prefix("10.77.0.9/32"), prefix("fd77::9/128") };
    peers[1].allowed = office;
    peers[1].allowed_count = 2;
    t->config.peers = peers;
    t->config.peer_count = 2;
    set_peer(t, 1, 1300, 0);
    begin(t);
    assert_true(shows("ip route show 10.77.0.9", "scope link mtu 1300"));
    assert_true(shows("ip -6 route show fd77::9", "mtu 1300"));
    assert_false(shows("ip route show 10.77.0.1", "mtu"));
    set_peer(t, 0, 1280, 0);
    set_peer(t, 1, 1310, 0);
    assert_int_equal(update(t), 0);
    assert_true(shows("ip route show 10.77.0.9", "mtu 1310"));
    assert_true(shows("ip route show 10.77.0.1", "mtu 1280"));
    assert_true(table_shows(t, 0, "scope link mtu 1280"));
    output("ip route change 10.77.0.9 dev hw-test proto 197 scope link");
    assert_int_equal(update(t), 0);
    assert_true(shows("ip route show 10.77.0.9", "mtu 1310"));
    assert_int_equal(restored(t, RESTORED_ROUTES), 1);
    t->config.network.fallback = CONFIG_FALLBACK_DIRECT;
    assert_int_equal(update(t), 0);
    assert_true(table_shows(t, 0, "default via 192.168.8.1 dev hw-link"));
    assert_false(shows("ip route show table all dev hw-link", "mtu"));
    set_peer(t, 0, 0, 0);
    set_peer(t, 1, 0, 0);
    assert_int_equal(update(t), 0);
    assert_false(shows("ip route show 10.77.0.9; ip -6 route show fd77::9", "mtu"));
    assert_int_equal(restored(t, RESTORED_ROUTES), 1);
    t->config.peers = &t->peer;
    t->config.peer_count = 1;
}

/* Where packets of the MTU are cut, TCP is kept to what is not. */
static void tcp_fits_what_a_peer_carries(void **state)
{
    static const char clamp[] = "nft list ruleset | sed -n '/chain clamp/,/}/p'";
    struct tunnel *t = *state;
    struct config_peer peers[2] = { t->peer, { .name = "office" } };
    struct netprefix office[] = { prefix("10.88.0.0/16"), prefix("fd88::/48") };
    struct netprefix within[] = { prefix("10.88.7.0/24"), prefix("10.99.0.0/16") };
    peers[0].allowed = within;
    peers[0].allowed_count = 2;
    peers[1].allowed = office;
    peers[1].allowed_count = 2;
    t->config.peers = peers;
    t->config.peer_count = 2;
    t->config.network.mss_clamp = true;
    set_peer(t, 1, 1280, 1196);
    begin(t);
    assert_true(shows("ip route show 10.88.0.0/16", "mtu 1280 advmss 1156"));
    assert_true(shows("ip -6 route show fd88::/48", "mtu 1280 advmss 1136"));
    assert_false(shows("ip route show 10.88.7.0/24; ip route show 10.99.0.0/16", "advmss"));
    assert_true(shows(clamp, "maxseg size set 1156"));
    assert_true(shows(clamp, "ip daddr != 10.88.7.0/24"));
    assert_true(shows(clamp, "ip6 saddr fd88::/48"));
    assert_false(shows(clamp, "10.99."));
    set_peer(t, 1, 1280, 1216);
    assert_int_equal(update(t), 0);
    assert_true(shows("ip route show 10.88.0.0/16", "mtu 1280 advmss 1176"));
    assert_true(shows(clamp, "maxseg size set 1176"));
    output("ip route change 10.88.0.0/16 dev hw-test proto 197 scope link mtu 1280");
    assert_int_equal(update(t), 0);
    assert_true(shows("ip route show 10.88.0.0/16", "mtu 1280 advmss 1176"));
    t->config.network.mss_clamp = false;
    assert_int_equal(update(t), 0);
    assert_false(shows(clamp, "maxseg"));
    t->config.network.mss_clamp = true;
    set_peer(t, 1, 1280, 0);
    assert_int_equal(update(t), 0);
    assert_false(shows("ip route; ip -6 route", "advmss"));
    assert_true(shows(clamp, "rt mtu"));
    assert_false(shows(clamp, "10.88."));
    t->config.peers = &t->peer;
    t->config.peer_count = 1;
    set_peer(t, 1, 0, 0);
}

static void a_link_stands_in(void **state)
{
    struct tunnel *t = *state;
    t->config.network.fallback = CONFIG_FALLBACK_DIRECT;
    begin(t);
    assert_true(goes("192.0.2.1", 0, "via 192.168.8.1 dev hw-link"));
    assert_false(table_shows(t, 0, "unreachable default"));
    network_set_path_up(&t->network, true);
    assert_int_equal(update(t), 0);
    assert_true(goes("192.0.2.1", 0, "dev hw-test"));
    network_set_path_up(&t->network, false);
    assert_int_equal(update(t), 0);
    assert_true(goes("192.0.2.1", 0, "via 192.168.8.1 dev hw-link"));
}

/* Names are asked for over the link that is to be asked, and by nothing else. */
static void look_ups_go_by_a_link(void **state)
{
    struct tunnel *t = *state;
    static struct config_endpoint endpoint = { .host = "vps.example", .port = 4297 };
    uint32_t mark = numbers_mark(&t->network.numbers, NUMBERS_SLOT_LOOKUP);
    t->peer.endpoints = &endpoint;
    t->peer.endpoint_count = 1;
    begin(t);
    assert_false(shows("nft list ruleset", "th dport 53"));
    assert_true(goes("192.0.2.1", mark, "unreachable"));
    network_set_lookups(&t->network, true, 0);
    assert_int_equal(update(t), 0);
    assert_true(goes("192.0.2.1", mark, "via 192.168.8.1 dev hw-link"));
    assert_true(shows("nft list ruleset", "udp dport 53"));
    /* With the link's source address from the start. */
    assert_true(
        shows("ip route get 192.0.2.1 ipproto udp dport 53", "via 192.168.8.1 dev hw-link"));
    assert_false(goes("192.0.2.1", 0, "hw-link"));
    assert_int_equal(update(t), 0);
    assert_int_equal(restored(t, RESTORED_RULES), 0);
    network_set_lookups(&t->network, false, 0);
    assert_int_equal(update(t), 0);
    assert_false(shows("ip route get 192.0.2.1 ipproto udp dport 53", "hw-link"));
    assert_false(shows("nft list ruleset", "udp dport 53"));
}

/* The name goes to another interface. */
static void follows_a_link(void **state)
{
    struct tunnel *t = *state;
    begin(t);
    output("ip link set dev hw-link down; ip link set dev hw-link name hw-other; "
           "ip link set dev hw-other up; ip link add hw-link type bridge; "
           "ip address add 192.168.8.101/24 dev hw-link; ip link set dev hw-link up");
    assert_int_equal(update(t), 0);
    assert_true(table_shows(t, 1, "default via 192.168.8.1 dev hw-link"));
    output("ip link delete hw-link; ip link set dev hw-other down; "
           "ip link set dev hw-other name hw-link; "
           "echo 1 >/proc/sys/net/ipv4/conf/hw-link/rp_filter");
    assert_int_equal(update(t), 0);
    assert_false(table_shows(t, 1, "default"));
    output("ip link set dev hw-link up; ip address replace 192.168.8.100/24 dev hw-link");
    assert_int_equal(update(t), 0);
    assert_true(table_shows(t, 1, "default via 192.168.8.1 dev hw-link"));
}

/* Two tunnels never share a set of tables, whatever their names; and one that has gone gives its
 * set back. */
static void tunnels_have_numbers_of_their_own(void **state)
{
    struct tunnel *t = *state;
    static struct network others[NUMBERS_SETS];
    struct config c = { .interface = "hw-none" };
    begin(t);
    for (unsigned i = 0; i < NUMBERS_SETS - 1; i++) {
        snprintf(c.interface, sizeof c.interface, "hw-t%u", i);
        assert_int_equal(network_begin(&others[i], &c), 0);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(others[i].numbers.mark, others[j].numbers.mark);
        assert_int_not_equal(others[i].numbers.table, t->network.numbers.table);
        struct netif_table none = { 0 };
        assert_int_equal(network_update(&others[i], &c, &t->links, &none, now), 0);
    }
    snprintf(c.interface, sizeof c.interface, "hw-more");
    assert_int_equal(network_begin(&others[NUMBERS_SETS - 1], &c), -EBUSY);
    network_free(&others[NUMBERS_SETS - 1]);
    for (unsigned i = 0; i < NUMBERS_SETS - 1; i++) {
        network_end(&others[i]);
        network_free(&others[i]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, take_down)
    const struct CMUnitTest tests[] = {
        TEST(sets_up_all),
        TEST(outlives_its_process),
        TEST(puts_back_what_others_remove),
        TEST(asks_for_another_device),
        TEST(reload_changes_what_it_must),
        TEST(routes_have_the_mtu_of_their_peer),
        TEST(tcp_fits_what_a_peer_carries),
        TEST(a_link_stands_in),
        TEST(look_ups_go_by_a_link),
        TEST(follows_a_link),
        TEST(tunnels_have_numbers_of_their_own),
    };
#undef TEST
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root");
        return SKIPPED;
    }
    /* Addresses that come by themselves come too late for a snapshot. */
    output("echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
