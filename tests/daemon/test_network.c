/* SPDX-License-Identifier: ISC */
/*
 * What a tunnel sets up in the network, that a reload changes only what it must, and that nothing
 * is left: in a network namespace of the test's own, judged by ip(8) and nft(8). Needs root; else
 * exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/network.h"
#include "daemon/sysctl.h"
#include "sys/tun.h"

enum { SKIPPED = 77, OUTPUT_BYTES = 16384, RESOLVER = 12345 };

static char directory[] = "/tmp/hawser-network-XXXXXX";

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

/* All that could be left behind. */
static void snapshot(char out[OUTPUT_BYTES])
{
    const char *text = output("ip rule; ip -6 rule; ip route show table all; "
                              "ip -6 route show table all | grep -v multicast; nft list ruleset; "
                              "cat /proc/sys/net/ipv4/ip_forward "
                              "/proc/sys/net/ipv4/conf/hw-link/rp_filter "
                              "/proc/sys/net/ipv6/conf/default/accept_ra");
    snprintf(out, OUTPUT_BYTES, "%s", text);
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
};

static int set_up(void **state)
{
    static struct tunnel t;
    enum tun_offload offload;
    memset(&t, 0, sizeof t);
    t.fds[0] = tun_open("hw-test", TUN_OFFLOAD_NONE, &offload);
    t.fds[1] = tun_open("hw-link", TUN_OFFLOAD_NONE, &offload);
    assert_true(t.fds[0] >= 0 && t.fds[1] >= 0);
    t.addresses[0] = prefix("10.77.0.2/24");
    t.addresses[1] = prefix("fd77::2/64");
    t.allowed[0] = prefix("10.77.0.1/32");
    t.allowed[1] = prefix("192.168.7.0/24");
    t.allowed[2] = prefix("0.0.0.0/0");
    t.allowed[3] = prefix("::/0");
    t.peer = (struct config_peer){ .name = "vps", .allowed = t.allowed, .allowed_count = 4 };
    t.config = (struct config){ .interface = "hw-test",
                                .addresses = t.addresses,
                                .address_count = 2,
                                .routes = true,
                                .mss_clamp = true,
                                .peers = &t.peer,
                                .peer_count = 1 };
    snprintf(t.config.control, sizeof t.config.control, "%s/sock", directory);
    *state = &t;
    return 0;
}

static int take_down(void **state)
{
    struct tunnel *t = *state;
    close(t->fds[0]);
    close(t->fds[1]);
    return 0;
}

static void begin_and_apply(struct network *n, const struct config *c)
{
    network_begin(n, c, RESOLVER);
    assert_int_equal(network_apply(n, c, NULL), 0);
}

static void leaves_nothing(void **state)
{
    struct tunnel *t = *state;
    static char before[OUTPUT_BYTES], after[OUTPUT_BYTES];
    char table[64];
    struct network n;
    snapshot(before);
    t->config.nat = true;
    begin_and_apply(&n, &t->config);
    snprintf(table, sizeof table, "ip route show table %u", n.table);
    assert_true(shows(table, "default dev hw-test"));
    assert_true(shows("ip route show table main", "192.168.7.0/24 dev hw-test"));
    assert_false(shows("ip route show table main", "default"));
    assert_true(shows("ip address show dev hw-test", "10.77.0.2/24"));
    assert_true(shows("ip address show dev hw-test", "fd77::2/64"));
    assert_true(shows("ip link show dev hw-test", "mtu 1420"));
    assert_true(shows("ip rule", "uidrange 12345-12345 lookup main"));
    assert_true(shows("nft list ruleset", "masquerade"));
    assert_true(shows("nft list ruleset", "maxseg size set rt mtu"));
    assert_int_equal(sysctl_get("net/ipv4/ip_forward"), 1);
    assert_int_equal(sysctl_get("net/ipv6/conf/default/accept_ra"), 2);
    network_set_mtu(&n, 1380);
    assert_true(shows("ip link show dev hw-test", "mtu 1380"));

    /* One that was killed has left all of it to the next one. */
    free(n.routes);
    struct network next;
    network_begin(&next, &t->config, RESOLVER);
    assert_int_equal(next.table, n.table);
    assert_false(shows("ip rule", "uidrange"));
    assert_false(shows("nft list ruleset", "masquerade"));
    assert_int_equal(sysctl_get("net/ipv4/ip_forward"), 0);
    assert_int_equal(network_apply(&next, &t->config, NULL), 0);
    network_end(&next);
    output("ip link set dev hw-test down; ip address flush dev hw-test");
    snapshot(after);
    assert_string_equal(after, before);
}

static void reload_changes_what_it_must(void **state)
{
    struct tunnel *t = *state;
    struct network n;
    begin_and_apply(&n, &t->config);
    struct config next = t->config;
    struct config_peer peer = t->peer;
    struct netprefix allowed[] = { t->allowed[0], prefix("192.168.8.0/24"), t->allowed[2] };
    struct netprefix addresses[] = { t->addresses[0], prefix("fd77::3/64") };
    peer.allowed = allowed;
    peer.allowed_count = 3;
    next.peers = &peer;
    next.addresses = addresses;
    next.mss_clamp = false;
    network_set_mtu(&n, 1380);
    assert_int_equal(network_apply(&n, &next, &t->config), 0);
    assert_false(shows("ip route", "192.168.7.0/24"));
    assert_true(shows("ip route", "192.168.8.0/24 dev hw-test"));
    assert_true(shows("ip route", "10.77.0.1 dev hw-test"));
    assert_false(shows("ip -6 route show table all", "default dev hw-test"));
    assert_false(shows("ip address show dev hw-test", "fd77::2/64"));
    assert_true(shows("ip address show dev hw-test", "fd77::3/64"));
    assert_false(shows("nft list ruleset", "maxseg"));
    assert_true(shows("ip link show dev hw-test", "mtu 1380")); /* what was measured stays */
    next.routes = false;
    assert_int_equal(network_apply(&n, &next, &next), 0);
    assert_false(shows("ip route", "192.168.8.0/24"));
    network_end(&n);
}

/* A link with a router of its own: its sockets alone go by it. */
static void gives_a_link_its_router(void **state)
{
    struct tunnel *t = *state;
    static char before[OUTPUT_BYTES], after[OUTPUT_BYTES];
    struct network n;
    struct netif_table table;
    char route[64];
    char rule[64];
    output("ip address add 192.168.8.100/24 dev hw-link; ip link set dev hw-link up; "
           "echo 1 >/proc/sys/net/ipv4/conf/hw-link/rp_filter");
    snapshot(before);
    t->link = (struct config_link){ .name = "lte", .interface = "hw-link" };
    assert_true(netaddr_parse(&t->link.gateway, "192.168.8.1"));
    t->config.links = &t->link;
    t->config.link_count = 1;
    begin_and_apply(&n, &t->config);
    assert_int_equal(netif_dump(&table), 0);
    snprintf(route, sizeof route, "ip route show table %u", n.table + 1);
    snprintf(rule, sizeof rule, "fwmark 0x%x oif hw-link lookup %u", n.table, n.table + 1);
    for (unsigned i = 0; i < 2; i++) { /* and it may be said again */
        network_links(&n, &t->config, &table);
        assert_true(shows(route, "default via 192.168.8.1 dev hw-link"));
        assert_true(shows("ip rule", rule));
    }
    assert_int_equal(sysctl_get("net/ipv4/conf/hw-link/rp_filter"), 2);
    /* The name goes to another interface. */
    output("ip link set dev hw-link down; ip link set dev hw-link name hw-other; "
           "ip link set dev hw-other up; ip link add hw-link type bridge; "
           "ip link set dev hw-link up");
    output("ip route replace table $(ip rule | sed -n 's/.*oif hw-link lookup //p') "
           "default via 192.168.8.1 dev hw-other onlink");
    netif_table_free(&table);
    assert_int_equal(netif_dump(&table), 0);
    network_links(&n, &t->config, &table);
    assert_true(shows(route, "default via 192.168.8.1 dev hw-link"));
    output("ip link delete hw-link; ip link set dev hw-other down; "
           "ip link set dev hw-other name hw-link; ip link set dev hw-link up; "
           "ip address replace 192.168.8.100/24 dev hw-link");
    netif_table_free(&table);
    assert_int_equal(netif_dump(&table), 0);
    network_links(&n, &t->config, &table);
    network_links_reset(&n);
    assert_string_equal(output(route), "");
    assert_false(shows("ip rule", rule));
    network_links(&n, &t->config, &table);
    assert_true(shows("ip rule", rule));
    netif_table_free(&table);
    network_end(&n);
    output("ip link set dev hw-test down; ip address flush dev hw-test");
    snapshot(after);
    assert_string_equal(after, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaves_nothing, set_up, take_down),
        cmocka_unit_test_setup_teardown(reload_changes_what_it_must, set_up, take_down),
        cmocka_unit_test_setup_teardown(gives_a_link_its_router, set_up, take_down),
    };
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root");
        return SKIPPED;
    }
    if (mkdtemp(directory) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
