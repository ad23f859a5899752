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
    assert_int_equal(netif_add_address(tun_index, &four), 0);
    assert_int_equal(netif_add_address(tun_index, &four), 0); /* again */
    assert_int_equal(netif_add_address(tun_index, &six), 0);
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
    assert_true(netif_has_address(n, &four));
    assert_int_equal(netif_address(n, 6).addr[15], 2);
    assert_false(n->default_ipv4 || n->default_ipv6);
    assert_null(netif_find(&t, "hw-none"));
    netif_table_free(&t);

    assert_int_equal(netif_remove_address(tun_index, &gone), 0);
    assert_int_equal(netif_remove_address(tun_index, &gone), 0); /* again */
    assert_int_equal(netif_set_up(tun_index, false), 0);
    assert_int_equal(netif_dump(&t), 0);
    n = netif_find(&t, "hw-test");
    assert_non_null(n);
    assert_false(n->up || n->carrier);
    assert_int_equal(netif_address(n, 4).family, 0);
    netif_table_free(&t);
}

static void finds_default_routes(void **state)
{
    (void)state;
    struct netif_table t;
    struct netif_route four = { .to = prefix("0.0.0.0/0"),
                                .gateway = address("10.77.0.1"),
                                .index = tun_index,
                                .table = NETIF_TABLE_MAIN };
    struct netif_route six = { .to = prefix("::/0"),
                               .index = tun_index,
                               .table = NETIF_TABLE_MAIN };
    struct netif_route aside = { .to = prefix("0.0.0.0/0"), .index = tun_index, .table = TABLE };
    set_up_device();
    assert_int_equal(netif_route_add(&aside), 0);
    assert_int_equal(netif_dump(&t), 0);
    assert_false(netif_find(&t, "hw-test")->default_ipv4); /* of another table */
    netif_table_free(&t);
    assert_int_equal(netif_route_add(&four), 0);
    assert_int_equal(netif_route_add(&four), -EEXIST);
    assert_int_equal(netif_route_add(&six), 0);
    assert_int_equal(netif_dump(&t), 0);
    const struct netif_info *n = netif_find(&t, "hw-test");
    assert_true(n->default_ipv4 && n->default_ipv6);
    assert_int_equal(n->gateway_ipv4.addr[3], 1);
    assert_int_equal(n->gateway_ipv6.family, 0);
    netif_table_free(&t);
    assert_int_equal(netif_route_remove(&four), 0);
    assert_int_equal(netif_route_remove(&four), 0); /* again */
    assert_int_equal(netif_dump(&t), 0);
    assert_false(netif_find(&t, "hw-test")->default_ipv4);
    netif_table_free(&t);
}

static void purges_only_its_own(void **state)
{
    (void)state;
    struct netif_rule rules[] = {
        { .family = 4, .priority = 10001, .table = NETIF_TABLE_MAIN, .no_default = true },
        { .family = 4, .priority = 10002, .table = TABLE, .mark = TABLE, .not_mark = true },
        { .family = 6, .priority = 10002, .table = TABLE, .mark = TABLE, .interface = "hw-test" },
        { .family = 4, .priority = 10002, .table = TABLE, .uid = 1234 },
    };
    struct netif_route route = { .to = prefix("0.0.0.0/0"), .index = tun_index, .table = TABLE };
    set_up_device();
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        assert_int_equal(netif_rule_add(&rules[i]), 0);
    assert_int_equal(netif_rule_add(&rules[0]), 0); /* again */
    assert_int_equal(netif_route_add(&route), 0);
    output("ip rule add priority 10002 from 192.0.2.1 lookup 77; "
           "ip route add 192.0.2.0/24 dev hw-test table 1752629248");
    const char *text = output("ip rule");
    assert_non_null(strstr(text, "10001:\tfrom all lookup main suppress_prefixlength 0"));
    assert_non_null(strstr(text, "10002:\tnot from all fwmark 0x68770000 lookup 1752629248"));
    assert_non_null(strstr(text, "uidrange 1234-1234"));
    assert_non_null(strstr(output("ip -6 rule"), "oif hw-test"));

    assert_int_equal(netif_rules_purge(10000, 10003), 0);
    assert_int_equal(netif_routes_purge(TABLE, TABLE + 63), 0);
    text = output("ip rule");
    assert_null(strstr(text, "10001:"));
    assert_null(strstr(text, "fwmark"));
    assert_non_null(strstr(text, "from 192.0.2.1"));
    assert_null(strstr(output("ip -6 rule"), "oif"));
    text = output("ip route show table 1752629248");
    assert_null(strstr(text, "default"));
    assert_non_null(strstr(text, "192.0.2.0/24"));
    assert_true(netif_tables_taken(TABLE, TABLE + 63, "hw-test")); /* by the one that stayed */
    assert_false(netif_tables_taken(TABLE + 64, TABLE + 127, "hw-test"));
}

static void purges_more_than_fit_at_once(void **state)
{
    (void)state;
    enum { MANY = 700 };
    set_up_device();
    for (unsigned i = 0; i < MANY; i++) {
        struct netif_route route = { .to = { .family = 4, .len = 32 },
                                     .index = tun_index,
                                     .table = TABLE };
        route.to.addr[0] = 172;
        route.to.addr[2] = (uint8_t)(i >> 8);
        route.to.addr[3] = (uint8_t)i;
        assert_int_equal(netif_route_add(&route), 0);
    }
    assert_int_equal(netif_routes_purge(TABLE, TABLE), 0);
    assert_null(strstr(output("ip route show table 1752629248 2>&1"), "172."));
}

static void watches(void **state)
{
    (void)state;
    int fd = netif_watch_open();
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct netprefix four = prefix("10.77.0.2/24");
    assert_true(fd >= 0);
    assert_false(netif_watch_drain(fd));
    assert_int_equal(netif_add_address(tun_index, &four), 0);
    assert_int_equal(poll(&p, 1, 1000), 1);
    assert_true(netif_watch_drain(fd));
    assert_false(netif_watch_drain(fd));
    close(fd);
}

static void filters(void **state)
{
    (void)state;
    char error[256];
    struct nft_rules rules = { .interface = "hw-test", .masquerade = true, .mss_clamp = true };
    if (system("command -v nft >/dev/null") != 0)
        skip();
    assert_int_equal(nft_remove("hw-test"), 0); /* there is none */
    assert_int_equal(nft_apply(&rules, error, sizeof error), 0);
    assert_int_equal(nft_apply(&rules, error, sizeof error), 0); /* replaced, not added */
    const char *text = output("nft list ruleset");
    const char *first = strstr(text, "masquerade");
    assert_non_null(first);
    assert_null(strstr(first + 1, "masquerade"));
    assert_non_null(strstr(text, "maxseg size set rt mtu"));
    rules.masquerade = false;
    assert_int_equal(nft_apply(&rules, error, sizeof error), 0);
    assert_null(strstr(output("nft list ruleset"), "masquerade"));
    assert_int_equal(nft_remove("hw-test"), 0);
    assert_string_equal(output("nft list ruleset"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_what_was_set, open_device, close_device),
        cmocka_unit_test_setup_teardown(finds_default_routes, open_device, close_device),
        cmocka_unit_test_setup_teardown(purges_only_its_own, open_device, close_device),
        cmocka_unit_test_setup_teardown(purges_more_than_fit_at_once, open_device, close_device),
        cmocka_unit_test_setup_teardown(watches, open_device, close_device),
        cmocka_unit_test_setup_teardown(filters, open_device, close_device),
    };
    if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) < 0) {
        puts("needs root and /dev/net/tun");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
