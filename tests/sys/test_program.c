/* SPDX-License-Identifier: ISC */
/* What programs print, and programs that fail, never end, print too much, or are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/program.h"

static const struct program_limits limits = { .bytes = 300000, .time_ms = 20000 };

static int output(const char *a, const char *b, const char *c, const struct program_limits *l,
                  char **out, size_t *len)
{
    const char *const argv[] = { a, b, c, NULL };
    return program_output(argv, l, out, len);
}

static void what_it_prints_comes_whole(void **state)
{
    char *out;
    size_t len;
    (void)state;
    assert_int_equal(output("printf", "%s-", "two words", &limits, &out, &len), 0);
    assert_string_equal(out, "two words-");
    assert_int_equal(len, 10);
    free(out);
    assert_int_equal(output("seq", "1", "50000", &limits, &out, &len), 0);
    assert_int_equal(len, 288894); /* more than one buffer and than a pipe holds */
    assert_memory_equal(out + len - 6, "50000\n", 7);
    free(out);
    assert_int_equal(output("true", NULL, NULL, &limits, &out, &len), 0);
    assert_string_equal(out, "");
    free(out);
}

static void limits_hold(void **state)
{
    const struct program_limits exact = { .bytes = 10, .time_ms = 20000 };
    const struct program_limits few = { .bytes = 9, .time_ms = 20000 };
    const struct program_limits soon = { .bytes = 100, .time_ms = 200 };
    char *out;
    size_t len;
    (void)state;
    assert_int_equal(output("printf", "0123456789", NULL, &exact, &out, &len), 0);
    assert_string_equal(out, "0123456789");
    free(out);
    assert_int_equal(output("printf", "0123456789", NULL, &few, &out, &len), -EFBIG);
    assert_null(out);
    assert_int_equal(output("yes", NULL, NULL, &limits, &out, &len), -EFBIG);
    assert_int_equal(output("sleep", "60", NULL, &soon, &out, &len), -ETIMEDOUT);
    assert_null(out);
}

static void failures_are_told(void **state)
{
    char path[PROGRAM_PATH_BYTES];
    char *out;
    size_t len;
    (void)state;
    assert_int_equal(output("false", NULL, NULL, &limits, &out, &len), -EIO);
    assert_null(out);
    assert_int_equal(output("hawser-no-such", NULL, NULL, &limits, &out, &len), -ENOENT);
    assert_false(program_find("hawser-no-such", path));
    assert_true(program_find("true", path));
    assert_non_null(strstr(path, "bin/true"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_prints_comes_whole),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
