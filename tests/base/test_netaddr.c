/* SPDX-License-Identifier: ISC */
/* Addresses and prefixes as text and as values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/netaddr.h"

static const struct {
    const char *text;
    uint8_t family; /* 0: refused */
    uint16_t port;
    const char *back; /* NULL: as it was */
} addresses[] = {
    { "192.0.2.1", 4, 0, NULL },
    { "192.0.2.1:4297", 4, 4297, NULL },
    { "192.0.2.1:65535", 4, 65535, NULL },
    { "192.0.2.1:0", 4, 0, "192.0.2.1" },
    { "2001:db8::1", 6, 0, NULL },
    { "[2001:db8::1]:4297", 6, 4297, NULL },
    { "[::]:1", 6, 1, NULL },
    { "::", 6, 0, NULL },
    { "2001:DB8:0:0:0:0:0:1", 6, 0, "2001:db8::1" },
    { "::ffff:192.0.2.1", 6, 0, NULL },
    { "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 6, 65535, NULL },
    { "", 0, 0, NULL },
    { ":", 0, 0, NULL },
    { ":4297", 0, 0, NULL },
    { "192.0.2", 0, 0, NULL },
    { "192.0.2.256", 0, 0, NULL },
    { "192.0.2.1:", 0, 0, NULL },
    { "192.0.2.1:65536", 0, 0, NULL },
    { "192.0.2.1:99999999999999999999", 0, 0, NULL },
    { "192.0.2.1:-1", 0, 0, NULL },
    { "192.0.2.1: 1", 0, 0, NULL },
    { "192.0.2.1:1x", 0, 0, NULL },
    { "[192.0.2.1]:1", 0, 0, NULL },
    { "[2001:db8::1]", 0, 0, NULL },
    { "[2001:db8::1]4297", 0, 0, NULL },
    { "[]:1", 0, 0, NULL },
    { "example.org:4297", 0, 0, NULL },
    { "0000000000000000000000000000000000000000000000000000000000000000000000:1", 0, 0, NULL },
};

static void addresses_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct netaddr a;
        char buf[NETADDR_STRLEN];
        bool ok = netaddr_parse(&a, addresses[i].text);
        if (ok != (addresses[i].family != 0))
            fail_msg("\"%s\" was %s", addresses[i].text, ok ? "taken" : "refused");
        if (!ok)
            continue;
        assert_int_equal(a.family, addresses[i].family);
        assert_int_equal(a.port, addresses[i].port);
        const char *back = addresses[i].back != NULL ? addresses[i].back : addresses[i].text;
        assert_ptr_equal(netaddr_format(&a, buf), buf);
        assert_string_equal(buf, back);
    }
}

static void an_ipv4_address_is_padded_with_zeros(void **state)
{
    (void)state;
    struct netaddr a;
    memset(&a, 0xff, sizeof a);
    assert_true(netaddr_parse(&a, "192.0.2.1:7"));
    static const uint8_t expected[16] = { 192, 0, 2, 1 };
    assert_memory_equal(a.addr, expected, sizeof expected);
    assert_int_equal(a.scope, 0);
}

static void every_field_makes_a_difference(void **state)
{
    (void)state;
    struct netaddr a = { .family = 6, .port = 1, .scope = 2, .addr = { [15] = 1 } };
    struct netaddr b = a;
    assert_true(netaddr_equal(&a, &b));
    b.port = 2;
    assert_false(netaddr_equal(&a, &b));
    b = a;
    b.scope = 0;
    assert_false(netaddr_equal(&a, &b));
    b = a;
    b.addr[15] = 2;
    assert_false(netaddr_equal(&a, &b));
    b = a;
    b.family = 4;
    assert_false(netaddr_equal(&a, &b));
}

static void no_address_has_a_name(void **state)
{
    (void)state;
    struct netaddr none = { 0 };
    char buf[NETADDR_STRLEN];
    assert_string_equal(netaddr_format(&none, buf), "none");
}

static const struct {
    const char *text;
    bool ok;
    const char *back; /* as parsed; NULL: as it was */
    const char *masked;
} prefixes[] = {
    { "10.1.2.3/8", true, NULL, "10.0.0.0/8" },
    { "10.1.2.3", true, "10.1.2.3/32", "10.1.2.3/32" },
    { "0.0.0.0/0", true, NULL, "0.0.0.0/0" },
    { "255.255.255.255/0", true, NULL, "0.0.0.0/0" },
    { "10.255.255.255/13", true, NULL, "10.248.0.0/13" },
    { "2001:db8:ffff::1/33", true, NULL, "2001:db8:8000::/33" },
    { "2001:db8::1", true, "2001:db8::1/128", "2001:db8::1/128" },
    { "::/0", true, NULL, "::/0" },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", true, NULL,
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127" },
    { "10.0.0.0/33", false, NULL, NULL },
    { "::/129", false, NULL, NULL },
    { "10.0.0.0/", false, NULL, NULL },
    { "10.0.0.0/-1", false, NULL, NULL },
    { "10.0.0.0/8 ", false, NULL, NULL },
    { "10.0.0.0:1/8", false, NULL, NULL },
    { "/8", false, NULL, NULL },
    { "", false, NULL, NULL },
};

static void prefixes_are_read_masked_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct netprefix p;
        char buf[NETADDR_STRLEN];
        bool ok = netprefix_parse(&p, prefixes[i].text);
        if (ok != prefixes[i].ok)
            fail_msg("\"%s\" was %s", prefixes[i].text, ok ? "taken" : "refused");
        if (!ok)
            continue;
        const char *back = prefixes[i].back != NULL ? prefixes[i].back : prefixes[i].text;
        assert_string_equal(netprefix_format(&p, buf), back);
        netprefix_mask(&p);
        assert_string_equal(netprefix_format(&p, buf), prefixes[i].masked);
    }
}

static const struct {
    const char *prefix;
    const char *address;
    bool inside;
} memberships[] = {
    { "10.0.0.0/8", "10.255.0.1", true },      { "10.0.0.0/8", "11.0.0.1", false },
    { "10.9.9.9/8", "10.1.1.1", true },        { "0.0.0.0/0", "203.0.113.1", true },
    { "192.0.2.128/25", "192.0.2.128", true }, { "192.0.2.128/25", "192.0.2.127", false },
    { "192.0.2.1/32", "192.0.2.1", true },     { "192.0.2.1/32", "192.0.2.0", false },
    { "2001:db8::/32", "2001:db8:1::", true }, { "2001:db8::/32", "2001:db9::", false },
    { "2001:db8::/127", "2001:db8::1", true }, { "2001:db8::/127", "2001:db8::2", false },
    { "::/0", "2001:db8::1", true },           { "::/0", "192.0.2.1", false },
    { "0.0.0.0/0", "2001:db8::1", false },
};

static void a_prefix_contains_what_begins_like_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof memberships / sizeof *memberships; i++) {
        struct netprefix p;
        struct netaddr a;
        assert_true(netprefix_parse(&p, memberships[i].prefix));
        assert_true(netaddr_parse(&a, memberships[i].address));
        if (netprefix_contains(&p, a.family, a.addr) != memberships[i].inside)
            fail_msg("%s in %s", memberships[i].address, memberships[i].prefix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(an_ipv4_address_is_padded_with_zeros),
        cmocka_unit_test(every_field_makes_a_difference),
        cmocka_unit_test(no_address_has_a_name),
        cmocka_unit_test(prefixes_are_read_masked_and_written),
        cmocka_unit_test(a_prefix_contains_what_begins_like_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
