/* SPDX-License-Identifier: ISC */
/* The file of the peers' last addresses: kept, replaced, damaged, written by others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/lookup/addresses.h"

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

/* What is kept of vps.test, as text. */
static const char *kept(const struct addresses *a)
{
    static char out[ADDRESSES_EACH_MAX * NETADDR_STRLEN];
    struct netaddr list[ADDRESSES_EACH_MAX];
    char text[NETADDR_STRLEN];
    size_t len = 0;
    size_t count = addresses_get(a, "vps.test", list);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i > 0 ? " " : "",
                                netaddr_format(&list[i], text));
    return out;
}

static void what_was_found_and_what_answered_come_first(void **state)
{
    (void)state;
    struct addresses *a = addresses_new();
    struct netaddr one[] = { address("192.0.2.1"), address("2001:db8::1") };
    struct netaddr other[] = { address("192.0.2.2"), address("192.0.2.1") };
    assert_string_equal(kept(a), "");
    assert_true(addresses_found(a, "vps.test", one, 2));
    assert_false(addresses_found(a, "VPS.test", one, 2));
    assert_string_equal(kept(a), "192.0.2.1 2001:db8::1");
    assert_true(addresses_answered(a, "vps.test", &one[1], one, 2));
    assert_string_equal(kept(a), "2001:db8::1 192.0.2.1");
    assert_false(addresses_found(a, "vps.test", one, 2)); /* a name server's order is none */
    assert_true(addresses_found(a, "vps.test", other, 2));
    assert_string_equal(kept(a), "192.0.2.1 192.0.2.2 2001:db8::1");
    assert_false(addresses_found(a, "vps.test", other, 0));
    assert_true(addresses_answered(a, "vps.test", &other[0], other, 2));
    assert_string_equal(kept(a), "192.0.2.2 192.0.2.1"); /* what nobody tells of any more goes */
    assert_true(addresses_answered(a, "vps.test", &other[1], NULL, 0));
    assert_string_equal(kept(a), "192.0.2.1 192.0.2.2");
    addresses_free(a);
}

static void no_name_has_too_many_and_the_oldest_name_goes(void **state)
{
    (void)state;
    struct addresses *a = addresses_new();
    struct netaddr list[ADDRESSES_EACH_MAX + 2];
    struct netaddr out[ADDRESSES_EACH_MAX];
    char name[32];
    for (size_t i = 0; i < ADDRESSES_EACH_MAX + 2; i++)
        list[i] = (struct netaddr){ .family = 4, .addr = { 192, 0, 2, (uint8_t)(i + 1) } };
    assert_true(addresses_found(a, "vps.test", list, ADDRESSES_EACH_MAX + 2));
    assert_int_equal(addresses_get(a, "vps.test", out), ADDRESSES_EACH_MAX);
    assert_true(addresses_found(a, "vps.test", &list[ADDRESSES_EACH_MAX], 1));
    assert_int_equal(addresses_get(a, "vps.test", out), ADDRESSES_EACH_MAX);
    assert_true(netaddr_equal(&out[0], &list[ADDRESSES_EACH_MAX]));
    for (unsigned i = 0; i < ADDRESSES_NAMES_MAX; i++) {
        assert_true(addresses_get(a, "vps.test", out) > 0);
        snprintf(name, sizeof name, "n%u.test", i);
        addresses_found(a, name, list, 1);
    }
    assert_int_equal(addresses_get(a, "vps.test", out), 0);
    assert_int_equal(addresses_get(a, "n0.test", out), 1);
    addresses_free(a);
}

static void they_come_back_from_the_file(void **state)
{
    (void)state;
    char directory[] = "/tmp/hawser-addresses-XXXXXX";
    char path[64];
    struct addresses *a = addresses_new();
    struct netaddr list[] = { address("192.0.2.1"), address("2001:db8::1") };
    struct stat st;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/new/hawser0.addresses", directory);
    assert_int_equal(addresses_load(a, path), 0);
    addresses_found(a, "vps.test", list, 2);
    addresses_found(a, "other.test", list, 1);
    assert_int_equal(addresses_save(a, path), 0);
    addresses_free(a);
    a = addresses_new();
    assert_int_equal(addresses_load(a, path), 0);
    assert_string_equal(kept(a), "192.0.2.1 2001:db8::1");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    addresses_free(a);

    a = addresses_new();
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(addresses_load(a, path), -EPERM);
    assert_string_equal(kept(a), "");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, st.st_size - 3), 0);
    assert_int_equal(addresses_load(a, path), -EBADMSG);
    assert_string_equal(kept(a), "192.0.2.1 2001:db8::1");
    unlink(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_true(addresses_load(a, path) < 0);
    addresses_free(a);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(directory);
}

static void damaged_lines_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t wrong;
        const char *kept;
    } cases[] = {
        { "", 0, "" },
        { "vps.test 192.0.2.1\n", 0, "192.0.2.1" },
        { "vps.test 192.0.2.1", 1, "" },
        { "\n", 1, "" },
        { "vps.test\n", 1, "" },
        { "vps.test  192.0.2.1\n", 1, "" },
        { "vps.test 192.0.2.1 \n", 1, "" },
        { "vps.test 192.0.2.1:53\n", 1, "" },
        { "vps.test 0.0.0.0\nvps.test 224.0.0.1\nvps.test ff02::1\n", 3, "" },
        { "vps.test:4297 192.0.2.1\n", 1, "" },
        { "192.0.2.9 192.0.2.1\n", 1, "" },
        { "x y z\nvps.test 2001:db8::1\nvps.test 192.0.2.1\nvps.test 192.0.2.1\n", 1,
          "2001:db8::1 192.0.2.1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct addresses *a = addresses_new();
        assert_int_equal(addresses_parse(a, cases[i].text), cases[i].wrong);
        assert_string_equal(kept(a), cases[i].kept);
        addresses_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_and_what_answered_come_first),
        cmocka_unit_test(no_name_has_too_many_and_the_oldest_name_goes),
        cmocka_unit_test(they_come_back_from_the_file),
        cmocka_unit_test(damaged_lines_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
