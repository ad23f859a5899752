/* SPDX-License-Identifier: ISC */
/*
 * Interfaces, routes, rules and filter rules in a network namespace of the test's own, with a TUN
 * device for an interface. Needs root; else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/netif.h"
#include "sys/netif_route.h"
#include "sys/nft.h"
#include "sys/tun.h"

enum { SKIPPED = 77, TABLE = 0x68770000 };

static int tun_fd;
static uint32_t tun_index;

static struct netprefix prefix(const char *text)
{
    struct netprefix p;
    assert_true(netprefix_parse(&p, text));
    return p;
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

/* What a command prints; ip(8) judges what was set up. */
static const char *output(const char *command)
{
    static char text[8192];
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(text, 1, sizeof text - 1, p);
    text[n] = '\0';
    pclose(p);
    return text;
}

static int open_device(void **state)
{
    enum tun_offload offload;
    (void)state;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    tun_fd = tun_open("hw-test", TUN_OFFLOAD_NONE, &offload);
    assert_true(tun_fd >= 0);
    tun_index = if_nametoindex("hw-test");
    return 0;
}

static int close_device(void **state)
{
    (void)state;
    close(tun_fd);
    return 0;
}

static void set_up_device(void)
{
    struct netprefix four = prefix("10.77.0.2/24");
    struct netprefix six = prefix("fd77::2/64");
    assert_int_equal(netif_set_mtu(tun_index, 1380), 0);
    assert_int_equal(netif_add_address(tun_index, &four), 1);
    assert_int_equal(netif_add_address(tun_index, &four), 0); /* again */
    assert_int_equal(netif_add_address(tun_index, &six), 1);
    assert_int_equal(netif_set_up(tun_index, true), 0);
}

static void lists_what_was_set(void **state)
{
    (void)state;
    struct netif_table t;
    struct netaddr four = address("10.77.0.2");
    struct netprefix gone = prefix("10.77.0.2/24");
    set_up_device();
    assert_int_equal(netif_set_gso_max(tun_index, TUN_GSO_BYTES_MAX), 0);
    assert_int_equal(netif_set_queue(tun_index, TUN_QUEUE_PACKETS), 0);
    assert_int_equal(netif_dump(&t), 0);
    const struct netif_info *n = netif_find(&t, "hw-test");
    assert_non_null(n);
    assert_ptr_equal(n, netif_find_index(&t, tun_index));
    assert_true(n->up && n->carrier);
    assert_int_equal(n->mtu_bytes, 1380);
    assert_true(netif_has_address(&t, n->index, &four));
    assert_int_equal(netif_address_of(&t, n->index, 6).addr[15], 2);
    assert_false(n->default_ipv4 || n->default_ipv6);
    assert_null(netif_find(&t, "hw-none"));
    struct netif_table again;
    assert_int_equal(netif_dump(&again), 0);
    assert_true(netif_table_equal(&t, &again));
    again.addresses[0].addr.addr[3] ^= 9;
    assert_false(netif_table_equal(&t, &again));
    netif_table_free(&again);
    assert_false(netif_table_equal(&t, &again));
    netif_table_free(&t);

    assert_int_equal(netif_remove_address(tun_index, &gone), 0);
    assert_int_equal(netif_remove_address(tun_index, &gone), 0); /* again */
    assert_int_equal(netif_set_up(tun_index, false), 0);
    assert_int_equal(netif_dump(&t), 0);
    n = netif_find(&t, "hw-test");
    assert_non_null(n);
    assert_false(n->up || n->carrier);
    assert_int_equal(netif_address_of(&t, n->index, 4).family, 0);
    netif_table_free(&t);
}

/* In any table, but for our own routes: the best for an address first. */
static void finds_default_routes(void **state)
{
    (void)state;
    struct netif_table t;
    const struct netaddr any = { 0 };
    const struct netaddr second = address("10.77.9.2");
    struct netif_route own = { .to = prefix("0.0.0.0/0"), .index = tun_index, .table = TABLE };
    set_up_device();
    assert_int_equal(netif_route_add(&own), 0);
    assert_int_equal(netif_dump(&t), 0);
    assert_null(netif_default_of(&t, tun_index, 4, &any));
    netif_table_free(&t);
    output("ip address add 10.77.9.2/24 dev hw-test; "
           "ip route add default via 10.77.0.9 dev hw-test table 77; "
           "ip route add default via 10.77.9.1 dev hw-test metric 300; "
           "ip route add default via 10.77.0.1 dev hw-test metric 200; "
           "ip -6 route add default dev hw-test");
    assert_int_equal(netif_dump(&t), 0);
    const struct netif_info *n = netif_find(&t, "hw-test");
    assert_true(n->default_ipv4 && n->default_ipv6);
    assert_int_equal(netif_default_of(&t, tun_index, 4, &any)->gateway.addr[3], 1);
    assert_int_equal(netif_default_of(&t, tun_index, 4, &any)->metric, 200);
    assert_int_equal(netif_default_of(&t, tun_index, 4, &second)->metric, 300);
    assert_int_equal(netif_default_of(&t, tun_index, 6, &any)->gateway.family, 0);
    assert_null(netif_default_of(&t, tun_index + 1, 4, &any));
    netif_table_free(&t);
    output("ip route del default metric 200; ip route del default metric 300");
    assert_int_equal(netif_dump(&t), 0);
    assert_false(netif_find(&t, "hw-test")->default_ipv4);
    assert_int_equal(netif_default_of(&t, tun_index, 4, &any)->table, 77);
    netif_table_free(&t);
}

static void finds_odd_default_routes(void **state)
{
    (void)state;
    struct netif_table t;
    const struct netaddr any = { 0 };
    set_up_device();
    output("ip route add 0.0.0.0/0 via inet6 fd77::9 dev hw-test metric 5");
    assert_int_equal(netif_dump(&t), 0);
    const struct netif_default *d = netif_default_of(&t, tun_index, 4, &any);
    assert_non_null(d);
    assert_int_equal(d->gateway.family, 6);
    assert_int_equal(d->gateway.addr[15], 9);
    /* It can be copied to a table of ours. */
    struct netif_route copy = {
        .to = prefix("0.0.0.0/0"), .gateway = d->gateway, .index = tun_index, .table = TABLE
    };
    assert_int_equal(netif_route_add(&copy), 0);
    assert_non_null(strstr(output("ip route show table 1752629248"), "via inet6 fd77::9"));
    netif_table_free(&t);
    output(
        "ip -4 route del default; ip route add default nexthop via 10.77.0.7 dev hw-test weight 1 "
        "nexthop via 10.77.0.8 dev hw-test weight 1");
    assert_int_equal(netif_dump(&t), 0);
    assert_int_equal(netif_default_of(&t, tun_index, 4, &any)->gateway.addr[3], 7);
    netif_table_free(&t);
}

/* Of more than there used to be room for, and one that the kernel uses for want of another. */
static void finds_every_address(void **state)
{
    (void)state;
    struct netif_table t;
    const struct netaddr last = address("10.77.1.40");
    char command[96];
    set_up_device();
    for (unsigned i = 1; i <= 40; i++) {
        snprintf(command, sizeof command, "ip address add 10.77.1.%u/24 dev hw-test", i);
        output(command);
    }
    output("ip address change 10.77.0.2/24 dev hw-test preferred_lft 0 valid_lft 3600");
    assert_int_equal(netif_dump(&t), 0);
    assert_true(netif_has_address(&t, tun_index, &last));
    assert_int_equal(netif_address_of(&t, tun_index, 4).addr[2], 1);
    netif_table_free(&t);
    output("ip address flush dev hw-test; ip address add 10.77.0.2/24 dev hw-test preferred_lft 0 "
           "valid_lft 3600");
    assert_int_equal(netif_dump(&t), 0);
    assert_int_equal(netif_address_of(&t, tun_index, 4).addr[3], 2);
    netif_table_free(&t);
}

static void lists_and_removes_rules(const struct netif_rule *rules, size_t expected)
{
    struct netif_rule *list;
    size_t count;
    assert_int_equal(netif_rules_list(10000, 10003, &list, &count), 0);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        assert_true(netif_rule_equal(&list[i], &rules[i]));
        assert_int_equal(netif_rule_remove(&list[i]), 0);
        assert_int_equal(netif_rule_remove(&list[i]), 0); /* again */
    }
    free(list);
}

static void lists_and_removes_routes(const struct netif_route *routes, size_t expected)
{
    struct netif_route *list;
    size_t count;
    assert_int_equal(netif_routes_list(&list, &count), 0);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < expected; j++)
            same += netif_route_equal(&list[i], &routes[j]);
        assert_int_equal(same, 1);
        assert_int_equal(netif_route_remove(&list[i]), 0);
        assert_int_equal(netif_route_remove(&list[i]), 0); /* again */
    }
    free(list);
}

/* What is added is listed as it was meant, whatever else there is. */
static void lists_its_own_routes_and_rules(void **state)
{
    (void)state;
    const struct netif_rule rules[] = {
        { .family = 4,
          .priority = 10001,
          .table = NETIF_TABLE_MAIN,
          .suppresses = true,
          .suppressed_len = 7 },
        { .family = 4,
          .priority = 10002,
          .table = TABLE,
          .mark = 0x1000000,
          .mask = 0xf000000,
          .not_mark = true },
        { .family = 4, .priority = 10003, .table = TABLE, .from = address("192.0.2.9") },
        { .family = 6, .priority = 10002, .table = TABLE, .mark = 0x1000001, .mask = 0xf00003f },
        { .family = 6, .priority = 10003, .table = TABLE, .from = address("2001:db8::9") },
    };
    const struct netif_route routes[] = {
        { .to = prefix("0.0.0.0/0"), .index = tun_index, .table = TABLE, .mtu_bytes = 1300 },
        { .to = prefix("0.0.0.0/0"), .table = TABLE, .metric = 0x40000001 },
        { .to = prefix("10.99.0.0/16"), .index = tun_index, .table = NETIF_TABLE_MAIN },
        { .to = prefix("::/0"), .index = tun_index, .table = TABLE, .advmss_bytes = 1136 },
        { .to = prefix("10.98.0.0/16"),
          .index = tun_index,
          .table = NETIF_TABLE_MAIN,
          .mtu_bytes = 1280,
          .advmss_bytes = 1156 },
        { .to = prefix("::/0"), .table = TABLE, .metric = 0x40000001 },
        { .to = prefix("0.0.0.0/0"),
          .gateway = address("10.77.0.1"),
          .index = tun_index,
          .table = TABLE + 1 },
        { .to = prefix("0.0.0.0/0"),
          .source = address("10.77.0.2"),
          .index = tun_index,
          .table = TABLE + 2 },
        { .to = prefix("::/0"),
          .source = address("fd77::2"),
          .index = tun_index,
          .table = TABLE + 2 },
    };
    enum { RULES = sizeof rules / sizeof rules[0], ROUTES = sizeof routes / sizeof routes[0] };
    set_up_device();
    for (size_t i = 0; i < RULES; i++)
        assert_int_equal(netif_rule_add(&rules[i]), 0);
    assert_int_equal(netif_rule_add(&rules[0]), 0); /* again */
    for (size_t i = 0; i < ROUTES; i++)
        assert_int_equal(netif_route_add(&routes[i]), 0);
    assert_int_equal(netif_route_add(&routes[0]), -EEXIST);
    output("ip rule add priority 10002 from 192.0.2.1 lookup 77; "
           "ip route add 192.0.2.0/24 dev hw-test table 1752629248");
    const char *text = output("ip rule");
    assert_non_null(strstr(text, "10001:\tfrom all lookup main suppress_prefixlength 7"));
    assert_non_null(strstr(text, "not from all fwmark 0x1000000/0xf000000 lookup 1752629248"));

    assert_non_null(strstr(output("ip route show 10.98.0.0/16"), "mtu 1280 advmss 1156"));
    struct netif_route other = routes[3];
    other.advmss_bytes = 1137;
    assert_false(netif_route_equal(&routes[3], &other));
    lists_and_removes_rules(rules, RULES);
    lists_and_removes_routes(routes, ROUTES);
    assert_null(strstr(output("ip rule"), "1752629248"));
    assert_non_null(strstr(output("ip rule"), "from 192.0.2.1"));
    assert_non_null(strstr(output("ip route show table 1752629248"), "192.0.2.0/24"));
    assert_true(netif_tables_taken(TABLE, TABLE + 63)); /* by the one that stayed */
    assert_false(netif_tables_taken(TABLE + 64, TABLE + 127));
}

static void watches(void **state)
{
    (void)state;
    int fd = netif_watch_open();
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct netprefix four = prefix("10.77.0.2/24");
    assert_true(fd >= 0);
    assert_false(netif_watch_drain(fd));
    assert_int_equal(netif_add_address(tun_index, &four), 1);
    assert_int_equal(poll(&p, 1, 1000), 1);
    assert_true(netif_watch_drain(fd));
    assert_false(netif_watch_drain(fd));
    const char *const changes[] = { "ip rule add priority 77 lookup 77",
                                    "ip -6 rule add priority 77 lookup 77",
                                    "ip link set dev hw-test mtu 1300" };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        output(changes[i]);
        assert_int_equal(poll(&p, 1, 1000), 1);
        assert_true(netif_watch_drain(fd));
    }
    close(fd);
}

static void runs_nft(void **state)
{
    (void)state;
    char error[256];
    pid_t by = 0;
    struct nft_changes changes;
    int fd = nft_watch_open();
    if (system("command -v nft >/dev/null") != 0)
        skip();
    assert_true(fd >= 0);
    assert_false(nft_others_forward());
    assert_int_equal(nft_remove("hw-test", &by), 0); /* there is none */
    assert_int_equal(nft_has_table("hw-test"), 0);
    changes = nft_watch_drain(fd, "hawser_hw_2dtest", by);
    assert_false(changes.ours || changes.others);
    assert_int_equal(nft_run("add table inet hawser_hw_2dtest", error, sizeof error, &by), 0);
    assert_int_equal(nft_has_table("hw-test"), 1);
    changes = nft_watch_drain(fd, "hawser_hw_2dtest", by);
    assert_false(changes.ours || changes.others);
    assert_int_equal(nft_run("add nonsense", error, sizeof error, NULL), -EIO);
    assert_string_not_equal(error, "");
    output("nft add chain inet hawser_hw_2dtest x");
    changes = nft_watch_drain(fd, "hawser_hw_2dtest", by);
    assert_true(changes.ours && !changes.others);
    output("nft add table ip x; "
           "nft 'add chain ip x f { type filter hook forward priority 0; }'");
    changes = nft_watch_drain(fd, "hawser_hw_2dtest", by);
    assert_true(!changes.ours && changes.others);
    assert_true(nft_others_forward());
    output("nft flush ruleset");
    changes = nft_watch_drain(fd, "hawser_hw_2dtest", by);
    assert_true(changes.ours && changes.others);
    assert_false(nft_others_forward());
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_what_was_set, open_device, close_device),
        cmocka_unit_test_setup_teardown(finds_default_routes, open_device, close_device),
        cmocka_unit_test_setup_teardown(finds_odd_default_routes, open_device, close_device),
        cmocka_unit_test_setup_teardown(finds_every_address, open_device, close_device),
        cmocka_unit_test_setup_teardown(lists_its_own_routes_and_rules, open_device, close_device),
        cmocka_unit_test_setup_teardown(watches, open_device, close_device),
        cmocka_unit_test_setup_teardown(runs_nft, open_device, close_device),
    };
    if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) < 0) {
        puts("needs root and /dev/net/tun");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
