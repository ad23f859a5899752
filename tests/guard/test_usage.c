/* SPDX-License-Identifier: ISC */
/* The file of what metered links have carried: kept, replaced, damaged. */
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

#include "guard/usage.h"

static struct usage usage;

static void it_comes_back_from_the_file(void **state)
{
    (void)state;
    char directory[] = "/tmp/hawser-usage-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/new/hawser0.usage", directory);
    assert_int_equal(usage_load(&usage, path), 0);
    *usage_of(&usage, "lte") = (struct quota_usage){ .month = 24314, .bytes = 123456789012 };
    usage_of(&usage, "dsl")->bytes = 1;
    assert_int_equal(usage_save(&usage, path), 0);
    usage_of(&usage, "dsl")->bytes = 2;
    assert_int_equal(usage_save(&usage, path), 0);
    memset(&usage, 1, sizeof usage);
    assert_int_equal(usage_load(&usage, path), 0);
    assert_int_equal(usage.count, 2);
    assert_true(usage_of(&usage, "lte")->bytes == 123456789012);
    assert_int_equal(usage_of(&usage, "lte")->month, 24314);
    assert_int_equal(usage_of(&usage, "dsl")->bytes, 2);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0620), 0); /* somebody else may have written it */
    assert_int_equal(usage_load(&usage, path), -EPERM);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, st.st_size - 3), 0);
    assert_int_equal(usage_load(&usage, path), -EBADMSG);
    assert_int_equal(usage.count, 1);
    unlink(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_true(usage_load(&usage, path) < 0);
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
        size_t wrong, count;
    } cases[] = {
        { "", 0, 0 },
        { "lte 24314 5\n", 0, 1 },
        { "lte 24314 5\nlte 24315 6\n", 0, 1 },
        { "lte 24314 5", 1, 0 },
        { "lte 24314\n", 1, 0 },
        { "lte 24314 -5\n", 1, 0 },
        { "lte -1 5\n", 1, 0 },
        { "lte 24314 5 6\n", 1, 0 },
        { "lte 24314 9223372036854775807\n", 0, 1 },
        { "lte 24314 9223372036854775808\n", 1, 0 },
        { "lte 99999999999 5\n", 1, 0 },
        { "l/e 24314 5\n\n\001\002\nok 1 1\n", 3, 1 },
        { "a-name-that-is-too-long 1 1\n", 1, 0 },
        { "x                                                                              "
          "                1 1\nok 1 1\n",
          1, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&usage, 0, sizeof usage);
        assert_int_equal(usage_parse(&usage, cases[i].text), cases[i].wrong);
        assert_int_equal(usage.count, cases[i].count);
    }
}

static void the_oldest_makes_room(void **state)
{
    (void)state;
    memset(&usage, 0, sizeof usage);
    for (int i = 0; i < USAGE_LINKS_MAX + 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%d", i);
        usage_of(&usage, name)->month = i == 5 ? 1 : 100;
    }
    assert_int_equal(usage.count, USAGE_LINKS_MAX);
    assert_string_equal(usage.list[5].name, "l64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_from_the_file),
        cmocka_unit_test(damaged_lines_are_left_out),
        cmocka_unit_test(the_oldest_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
