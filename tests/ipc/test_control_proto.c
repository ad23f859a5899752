/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/control_proto.h"

/* From a heap copy of the exact length, so that a read beyond the end is seen. */
static int parse(const char *text, size_t len, struct control_request *out)
{
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, text, len);
    int rc = control_request_parse(copy + 1, len, out);
    free(copy);
    return rc;
}

static void test_good(void **state)
{
    static const struct {
        const char *text;
        struct control_request want;
    } cases[] = {
        { "{\"cmd\":\"status\"}", { .command = CONTROL_STATUS } },
        { "{\"cmd\":\"status\",\"peer\":\"home\"}\n",
          { .command = CONTROL_STATUS, .peer = "home" } },
        { "{\"cmd\":\"summary\"}\n", { .command = CONTROL_SUMMARY } },
        { " { \"cmd\" : \"reload\" } \n", { .command = CONTROL_RELOAD } },
        { "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"down\"}\n",
          { .command = CONTROL_LINK, .link = "dsl", .state = CONTROL_LINK_DOWN } },
        { "{\"state\":\"standby\",\"link\":\"abcdefghijklmno\",\"cmd\":\"link\"}\n",
          { .command = CONTROL_LINK, .link = "abcdefghijklmno", .state = CONTROL_LINK_STANDBY } },
        { "{\"cmd\":\"link\",\"peer\":\"home\",\"link\":\"a/b\",\"state\":\"up\"}\n",
          { .command = CONTROL_LINK, .peer = "home", .link = "a/b", .state = CONTROL_LINK_UP } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct control_request got;
        assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &got), 0);
        assert_int_equal(got.command, cases[i].want.command);
        assert_string_equal(got.link, cases[i].want.link);
        assert_string_equal(got.peer, cases[i].want.peer);
        assert_int_equal(got.state, cases[i].want.state);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        { "", -EBADMSG },
        { "\n", -EBADMSG },
        { "status", -EBADMSG },
        { "[]", -EBADMSG },
        { "\"status\"", -EBADMSG },
        { "{\"cmd\":\"status\"", -EBADMSG },
        { "{\"cmd\":\"status\"} x", -EBADMSG },
        { "{\"cmd\":\"status\"}{\"cmd\":\"status\"}", -EBADMSG },
        { "{\"cmd\":\"status\",\"cmd\":\"reload\"}", -EBADMSG },
        { "{\"cmd\":\"sta\\u0000tus\"}", -EBADMSG },
        { "{\"cmd\":\"\xff\"}", -EBADMSG },
        { "{}", -EINVAL },
        { "{\"cmd\":1}", -EINVAL },
        { "{\"cmd\":\"stop\"}", -EINVAL },
        { "{\"cmd\":\"status\",\"verbose\":true}", -EINVAL },
        { "{\"cmd\":\"status\",\"peer\":\"\"}", -EINVAL },
        { "{\"cmd\":\"status\",\"peer\":1}", -EINVAL },
        { "{\"cmd\":\"status\",\"peer\":\"a23456789012345678901234567890bc\"}", -EINVAL },
        { "{\"cmd\":\"status\",\"peer\":\"home\",\"x\":1}", -EINVAL },
        { "{\"cmd\":\"summary\",\"peer\":\"home\"}", -EINVAL },
        { "{\"cmd\":\"link\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"dsl\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"off\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":3,\"state\":\"down\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"\",\"state\":\"down\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"a b\",\"state\":\"down\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"abcdefghijklmnop\",\"state\":\"down\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"a\",\"state\":\"down\",\"x\":0}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"a\",\"state\":\"down\",\"peer\":\"\"}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"a\",\"state\":\"down\",\"peer\":null}", -EINVAL },
        { "{\"cmd\":\"link\",\"link\":\"a\",\"peer\":\"b\",\"x\":\"down\"}", -EINVAL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct control_request got;
        assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &got), cases[i].rc);
        assert_true(strlen(control_request_error(cases[i].rc)) > 0);
    }
}

static void test_size(void **state)
{
    char text[CONTROL_REQUEST_BYTES_MAX + 1];
    struct control_request got;
    static const char request[] = "{\"cmd\":\"status\"}";
    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, request, strlen(request));
    assert_int_equal(parse(text, CONTROL_REQUEST_BYTES_MAX, &got), 0);
    assert_int_equal(parse(text, CONTROL_REQUEST_BYTES_MAX + 1, &got), -EMSGSIZE);

    /* Nested as deep as fits: refused, not followed to the end of the stack. */
    memset(text, '[', sizeof text);
    assert_int_equal(parse(text, CONTROL_REQUEST_BYTES_MAX, &got), -EBADMSG);
}

static void test_round_trip(void **state)
{
    char text[CONTROL_REQUEST_BYTES_MAX];
    struct control_request request = { .command = CONTROL_LINK, .link = "lte-1" };
    struct control_request got;
    (void)state;
    for (int s = CONTROL_LINK_UP; s <= CONTROL_LINK_ACTIVE; s++) {
        request.state = (enum control_link_state)s;
        int len = control_request_format(&request, text);
        assert_true(len > 0);
        assert_int_equal(text[len - 1], '\n');
        assert_int_equal(parse(text, (size_t)len, &got), 0);
        assert_string_equal(got.link, request.link);
        assert_int_equal(got.state, s);
    }
    strcpy(request.peer, "home");
    int len = control_request_format(&request, text);
    assert_int_equal(parse(text, (size_t)len, &got), 0);
    assert_string_equal(got.peer, "home");
    assert_string_equal(got.link, "lte-1");
    strcpy(request.peer, "ho\"me");
    assert_int_equal(control_request_format(&request, text), -EINVAL);
    request.peer[0] = '\0';
    strcpy(request.link, "a\"b");
    assert_int_equal(control_request_format(&request, text), -EINVAL);
    request.link[0] = '\0';
    assert_int_equal(control_request_format(&request, text), -EINVAL);
}

static void test_status_round_trip(void **state)
{
    char text[CONTROL_REQUEST_BYTES_MAX];
    struct control_request request = { .command = CONTROL_STATUS };
    struct control_request got;
    (void)state;
    /* As commands of before ask. */
    assert_int_equal(control_request_format(&request, text), 17);
    assert_string_equal(text, "{\"cmd\":\"status\"}\n");
    assert_true(control_peer_parse("home", &request));
    int len = control_request_format(&request, text);
    assert_int_equal(parse(text, (size_t)len, &got), 0);
    assert_int_equal(got.command, CONTROL_STATUS);
    assert_string_equal(got.peer, "home");
    assert_false(control_peer_parse("", &request));
    assert_false(control_peer_parse("ho me", &request));
    assert_false(control_peer_parse("a23456789012345678901234567890bc", &request));
    strcpy(request.peer, "ho\"me");
    assert_int_equal(control_request_format(&request, text), -EINVAL);
    request.command = CONTROL_SUMMARY; /* which is of all */
    len = control_request_format(&request, text);
    assert_int_equal(parse(text, (size_t)len, &got), 0);
    assert_int_equal(got.command, CONTROL_SUMMARY);
}

static void test_names(void **state)
{
    static const struct {
        const char *text;
        const char *peer; /* NULL: the name of none */
        const char *link;
    } rows[] = {
        { "dsl", "", "dsl" },
        { "home/dsl", "home", "dsl" },
        { "home/a/b", "home", "a/b" },
        { "a23456789012345678901234567890b/abcdefghijklmno", "a23456789012345678901234567890b",
          "abcdefghijklmno" },
        { "", NULL, NULL },
        { "/dsl", NULL, NULL },
        { "home/", NULL, NULL },
        { "ho me/dsl", NULL, NULL },
        { "abcdefghijklmnop", NULL, NULL },
        { "a23456789012345678901234567890bc/dsl", NULL, NULL },
    };
    struct control_request got;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(control_link_parse(rows[i].text, &got), rows[i].peer != NULL);
        if (rows[i].peer == NULL)
            continue;
        assert_string_equal(got.peer, rows[i].peer);
        assert_string_equal(got.link, rows[i].link);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),
        cmocka_unit_test(test_size),  cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_names), cmocka_unit_test(test_status_round_trip),
    };
    return cmocka_run_group_tests_name("control_proto", tests, NULL, NULL);
}
