/* SPDX-License-Identifier: ISC */
/*
 * Looking names up, but for asking: the messages of the program, the list of name servers, and what
 * answers come to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "guard/lookup/lookup.h"
#include "guard/lookup/nameservers.h"
#include "guard/lookup/resolve_name.h"

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

static void a_request_comes_through_and_nothing_else(void **state)
{
    (void)state;
    uint8_t data[LOOKUP_BYTES_MAX];
    uint8_t again[LOOKUP_BYTES_MAX];
    static struct lookup_request q, out;
    memset(&q, 0, sizeof q);
    q.uid = 1;
    q.gid = 2;
    q.system = true;
    q.name_count = LOOKUP_NAMES_MAX;
    for (size_t i = 0; i < LOOKUP_NAMES_MAX; i++)
        memset(q.names[i], 'a', CONFIG_HOST_MAX);
    q.way_count = LOOKUP_WAYS_MAX;
    for (size_t i = 0; i < LOOKUP_WAYS_MAX; i++)
        q.ways[i] = (struct lookup_way){ .slot = (uint8_t)i,
                                         .name = "a-long-name-123",
                                         .interface = "another-name-12",
                                         .mark = 0x68770001,
                                         .source = address("2001:db8::1") };
    size_t len = lookup_encode_request(&q, data);
    assert_true(len > 0); /* the most fits */
    assert_true(lookup_decode_request(&out, data, len));
    assert_int_equal(lookup_encode_request(&out, again), len);
    assert_memory_equal(data, again, len);
    assert_string_equal(out.ways[31].interface, "another-name-12");
    for (size_t i = 0; i < len; i++)
        assert_false(lookup_decode_request(&out, data, i));
    data[len] = 0;
    assert_false(lookup_decode_request(&out, data, len + 1));
    q.name_count = LOOKUP_NAMES_MAX + 1;
    assert_int_equal(lookup_encode_request(&q, data), 0);
}

static void an_answer_comes_through_and_nothing_else(void **state)
{
    (void)state;
    const struct lookup_answer good[] = {
        { .type = LOOKUP_FOUND, .way = 3, .name = 7, .addr = address("192.0.2.1") },
        { .type = LOOKUP_FOUND, .way = LOOKUP_SYSTEM, .name = 0, .addr = address("2001:db8::1") },
        { .type = LOOKUP_NOTHING, .way = 0, .name = 1, .reason = LOOKUP_UNKNOWN },
        { .type = LOOKUP_UNBOUND, .way = 31, .error = 1 },
    };
    uint8_t data[LOOKUP_BYTES_MAX];
    uint8_t again[LOOKUP_BYTES_MAX];
    struct lookup_answer out;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t len = lookup_encode_answer(&good[i], data);
        assert_true(len > 0);
        assert_true(lookup_decode_answer(&out, data, len));
        assert_int_equal(lookup_encode_answer(&out, again), len);
        assert_memory_equal(data, again, len);
        for (size_t j = 0; j < len; j++)
            assert_false(lookup_decode_answer(&out, data, j));
        data[len] = 0;
        assert_false(lookup_decode_answer(&out, data, len + 1));
    }
    const struct {
        size_t at;
        uint8_t value;
    } bad[] = { { 0, 0 }, { 0, 4 }, { 1, LOOKUP_SYSTEM + 1 }, { 2, LOOKUP_NAMES_MAX }, { 3, 0 },
                { 3, 5 }, { 5, 1 } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t len = lookup_encode_answer(&good[0], data);
        data[bad[i].at] = bad[i].value;
        assert_false(lookup_decode_answer(&out, data, len));
    }
}

static void name_servers_elsewhere_are_listed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *list;
    } cases[] = {
        { "", "" },
        { "nameserver 192.0.2.1\n", "192.0.2.1" },
        { "nameserver\t192.0.2.1 # one\nnameserver 2001:db8::1", "192.0.2.1 2001:db8::1" },
        { "nameserver 127.0.0.53\nnameserver ::1\nnameserver 0.0.0.0\noptions edns0\n", "" },
        { "nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 127.0.0.1\n", "192.0.2.1" },
        { " nameserver 192.0.2.1\n#nameserver 192.0.2.2\nnameserver192.0.2.3\n", "" },
        { "nameserver fe80::1%eth0\nnameserver fe80::1%eth1\nnameserver fe80::1\n",
          "fe80::1%eth0 fe80::1%eth1 fe80::1" },
        { "nameserver 192.0.2.1%eth0\nnameserver fe80::1%\nnameserver fe80::1%a/b\n", "" },
        { "nameserver 192.0.2.1:53\nnameserver x\nnameserver\nnameserver 192.0.2\r\n", "" },
        { "nameserver 192.0.2.1\r\nnameserver 192.0.2.2\r\n", "192.0.2.1 192.0.2.2" },
        { "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
          "nameserver 192.0.2.4\nnameserver 192.0.2.5\n",
          "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nameserver list[NAMESERVERS_MAX];
        char text[256] = "";
        char one[NETADDR_STRLEN];
        size_t len = 0;
        size_t count = nameservers_parse(cases[i].text, list);
        for (size_t j = 0; j < count; j++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s%s", j > 0 ? " " : "",
                                    netaddr_format(&list[j].addr, one),
                                    list[j].zone[0] != '\0' ? "%" : "", list[j].zone);
        assert_string_equal(text, cases[i].list);
    }
}

/* Peers with endpoints a.test:1, a.test:443, 192.0.2.9:5, b.test:2 */
static struct config_endpoint endpoints[4] = {
    { .host = "a.test", .port = 1 },
    { .host = "A.test", .port = 443 },
    { .port = 5, .addr = { .family = 4, .port = 5, .addr = { 192, 0, 2, 9 } } },
    { .host = "b.test", .port = 2 },
};
static const struct config_peer peer = { .name = "vps",
                                         .endpoints = endpoints,
                                         .endpoint_count = 4 };

static const char *merged(const struct resolve_names *n, const struct addresses *kept)
{
    static char out[CORE_ENDPOINTS_MAX * NETADDR_STRLEN];
    struct netaddr list[CORE_ENDPOINTS_MAX];
    char one[NETADDR_STRLEN];
    size_t len = 0;
    size_t count = resolve_names_merge(n, &peer, kept, list);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i > 0 ? " " : "",
                                netaddr_format(&list[i], one));
    return out;
}

static bool add(struct resolve_name *n, const char *text)
{
    struct netaddr a = address(text);
    return resolve_name_add(n, &a);
}

static void each_endpoint_has_its_turn_and_what_is_found_comes_first(void **state)
{
    (void)state;
    struct resolve_names n;
    struct addresses *kept = addresses_new();
    struct netaddr old[] = { address("192.0.2.77"), address("192.0.2.1") };
    resolve_names_init(&n, &peer);
    assert_int_equal(n.count, 2);
    assert_string_equal(merged(&n, kept), "192.0.2.9:5");
    addresses_found(kept, "a.test", old, 2);
    assert_string_equal(merged(&n, kept), "192.0.2.9:5 192.0.2.77:1 192.0.2.77:443 192.0.2.1:1 "
                                          "192.0.2.1:443");
    assert_true(resolve_names_missing(&n));
    assert_true(add(&n.list[0], "192.0.2.1"));
    assert_false(add(&n.list[0], "192.0.2.1"));
    assert_string_equal(merged(&n, kept), "192.0.2.1:1 192.0.2.1:443 192.0.2.9:5 192.0.2.77:1 "
                                          "192.0.2.77:443");
    assert_true(add(&n.list[0], "192.0.2.2"));
    assert_true(add(&n.list[0], "192.0.2.3"));
    assert_true(resolve_names_missing(&n));
    assert_true(add(&n.list[1], "2001:db8::2"));
    assert_false(resolve_names_missing(&n));
    assert_true(add(&n.list[0], "2001:db8::1"));
    /* No more than there is room for, and the other family is not the last. */
    assert_string_equal(merged(&n, kept), "192.0.2.1:1 192.0.2.1:443 192.0.2.9:5 [2001:db8::2]:2 "
                                          "[2001:db8::1]:1 [2001:db8::1]:443 192.0.2.2:1 "
                                          "192.0.2.2:443");
    addresses_free(kept);
}

static void an_answer_that_nobody_can_call_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = { "0.0.0.0", "0.1.2.3", "224.0.0.1",       "255.255.255.255",
                                         "::",      "ff02::1", "::ffff:192.0.2.1" };
    struct resolve_names n;
    resolve_names_init(&n, &peer);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(add(&n.list[0], texts[i]));
    for (unsigned i = 0; i < 2 * ADDRESSES_EACH_MAX; i++) {
        struct netaddr a = { .family = 4, .addr = { 192, 0, 2, (uint8_t)(i + 1) } };
        assert_true(resolve_name_add(&n.list[0], &a) == (i < ADDRESSES_EACH_MAX));
    }
}

static void a_failure_says_which_name_over_which_links_and_why(void **state)
{
    (void)state;
    struct resolve_names n;
    char text[256];
    char small[40];
    resolve_names_init(&n, &peer);
    resolve_names_explain(&n, text, sizeof text);
    assert_string_equal(text, "");
    n.way_count = 3;
    memcpy(n.ways[0].name, "dsl", 4);
    memcpy(n.ways[1].name, "lte", 4);
    memcpy(n.ways[2].name, "sat", 4);
    n.list[0].failing = true;
    n.list[0].reasons[0] = LOOKUP_NO_ANSWER;
    n.list[0].reasons[1] = LOOKUP_UNKNOWN;
    n.list[0].reasons[LOOKUP_SYSTEM] = LOOKUP_NO_ANSWER;
    n.list[0].reasons[3] = LOOKUP_NO_ANSWER; /* no link of this attempt */
    resolve_names_explain(&n, text, sizeof text);
    assert_string_equal(text, "a.test cannot be looked up (no answer over dsl, the system's way; "
                              "no such name over lte)");
    n.list[1].failing = true;
    resolve_names_explain(&n, text, sizeof text);
    assert_string_equal(text, "a.test cannot be looked up (no answer over dsl, the system's way; "
                              "no such name over lte), b.test cannot be looked up (no way to ask)");
    resolve_names_explain(&n, small, sizeof small);
    assert_string_equal(small, "a.test cannot be looked up (no answer o");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_through_and_nothing_else),
        cmocka_unit_test(an_answer_comes_through_and_nothing_else),
        cmocka_unit_test(name_servers_elsewhere_are_listed),
        cmocka_unit_test(each_endpoint_has_its_turn_and_what_is_found_comes_first),
        cmocka_unit_test(an_answer_that_nobody_can_call_is_none),
        cmocka_unit_test(a_failure_says_which_name_over_which_links_and_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
