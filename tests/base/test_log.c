/* SPDX-License-Identifier: ISC */
/* Log lines as they reach stderr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static int saved_stderr;
static int read_end;

static void catch_stderr(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    read_end = ends[0];
}

/* What was written since catch_stderr(), terminated. */
static const char *caught(void)
{
    static char text[8192];
    size_t len = 0;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    for (ssize_t n; (n = read(read_end, text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    close(read_end);
    text[len] = '\0';
    return text;
}

static void lines_up_to_the_level_are_written(void **state)
{
    (void)state;
    catch_stderr();
    log_init("test", LOG_LEVEL_INFO, false);
    log_error("a %d", 1);
    log_warn("b");
    log_info("c");
    log_debug("d");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("e");
    assert_string_equal(caught(), "test: error: a 1\ntest: warn: b\ntest: c\ntest: e\n");
}

static void the_journal_gets_priorities(void **state)
{
    (void)state;
    catch_stderr();
    log_init("test", LOG_LEVEL_DEBUG, true);
    log_error("a");
    log_warn("b");
    log_info("c");
    log_debug("d");
    assert_string_equal(caught(), "<3>test: error: a\n<4>test: warn: b\n<6>test: c\n<7>test: d\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    catch_stderr();
    log_init("test", LOG_LEVEL_INFO, false);
    log_info("%s", text);
    const char *got = caught();
    size_t len = strlen(got);
    assert_in_range(len, 1000, 1024);
    assert_int_equal(strspn(got + strlen("test: "), "x"), len - strlen("test: ") - 1);
    assert_int_equal(got[len - 1], '\n');
}

static void what_is_logged_stays_on_its_line(void **state)
{
    (void)state;
    catch_stderr();
    log_init("test", LOG_LEVEL_INFO, false);
    log_info("%s", "a\nhawserd: error: b\r\t\033[2J\177 gr\xc3\xbc\xc3\x9f\x65");
    assert_string_equal(caught(), "test: a?hawserd: error: b???[2J? gr\xc3\xbc\xc3\x9f\x65\n");
}

static void levels_have_names(void **state)
{
    (void)state;
    static const char *const names[] = { "error", "warn", "info", "debug" };
    enum log_level level;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(log_level_parse(names[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse("", &level));
    assert_false(log_level_parse("Error", &level));
    assert_false(log_level_parse("errors", &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_up_to_the_level_are_written),
        cmocka_unit_test(the_journal_gets_priorities),
        cmocka_unit_test(a_long_line_is_cut_and_still_ends),
        cmocka_unit_test(what_is_logged_stays_on_its_line),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
