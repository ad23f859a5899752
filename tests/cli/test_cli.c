/* SPDX-License-Identifier: ISC */
/*
 * The hawser command as its users run it, against a control server that gives canned answers.
 *
 * usage: test_cli HAWSER DIRECTORY
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/harness.h"

static char status_answer[TEXT_BYTES];
static char status_expected[TEXT_BYTES];

/* The control server */

static const char *answer_for(const char *request)
{
    if (strcmp(request, "{\"cmd\":\"status\"}\n") == 0 ||
        strcmp(request, "{\"cmd\":\"summary\"}\n") == 0)
        return status_answer;
    if (strcmp(request, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"down\"}\n") == 0)
        return "{\"ok\":true}\n";
    if (strcmp(request, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"up\"}\n") == 0)
        return "not json\n";
    if (strcmp(request, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"active\"}\n") == 0)
        return "{\"ok\":true"; /* and hangs up */
    if (strcmp(request, "{\"cmd\":\"reload\"}\n") == 0)
        return "{\"ok\":false,\"error\":\"hawser.conf:3: mtu has no value\"}\n";
    return "{\"ok\":false,\"error\":\"no link of that name: there are dsl, lte\"}\n";
}

static int with_server(void **state)
{
    static pid_t pid;
    pid = start_server("hawser0", answer_for);
    *state = &pid;
    return 0;
}

static int without_server(void **state)
{
    stop_server(*(const pid_t *)*state, "hawser0");
    return 0;
}

/* Tests */

static void test_usage(void **state)
{
    struct outcome o;
    (void)state;
    run(&o, "", "");
    assert_int_equal(o.code, 2);
    assert_non_null(strstr(o.err, "usage: hawser COMMAND"));
    run(&o, "--help", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "genkey"));
    assert_string_equal(o.err, "");
    run(&o, "link --help", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "usage: hawser link LINK up|down|standby|active"));
    run(&o, "--version", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(strncmp(o.out, "hawser ", 7), 0);

    expect_failure("stats", "", 2, "no command \"stats\"");
    expect_failure("status -x", "", 2, "no option -x");
    expect_failure("status -i", "", 2, "-i needs a value");
    expect_failure("status now then", "", 2, "\"then\" is too much");
    expect_failure("link dsl", "", 2, "arguments are missing");
    expect_failure("link dsl off", "", 2, "\"off\" is not up, down, standby or active");
    expect_failure("link abcdefghijklmnop down", "", 1, "no name of a link");
    expect_failure("reload --json", "", 2, "no option --json");
}

static void test_keys(void **state)
{
    struct outcome a;
    struct outcome b;
    (void)state;
    /* RFC 7748, section 6.1 */
    run(&a, "pubkey", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n");
    assert_int_equal(a.code, 0);
    assert_string_equal(a.out, "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n");
    run(&a, "genkey", "");
    run(&b, "genkey", "");
    assert_int_equal(a.code, 0);
    assert_int_equal(strlen(a.out), 45);
    assert_string_not_equal(a.out, b.out);
    run(&b, "pubkey", a.out);
    assert_int_equal(b.code, 0);
    assert_int_equal(strlen(b.out), 45);
    run(&a, "genpsk", "");
    assert_int_equal(a.code, 0);
    assert_int_equal(strlen(a.out), 45);

    expect_failure("pubkey", "", 1, "no key");
    expect_failure("pubkey", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo", 1, "no key");
    expect_failure("pubkey", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\nx\n", 1, "no key");
}

static void test_none_running(void **state)
{
    char path[108];
    (void)state;
    expect_failure("status", "", 1, "no tunnel is running");
    expect_failure("reload", "", 1, "no tunnel is running");
    expect_failure("status -i hawser0", "", 1, "hawser0 is not running");
    close(listen_at("stale"));
    expect_failure("status", "", 1, "stale is not running");
    socket_path(path, "stale");
    unlink(path);
}

static void test_status(void **state)
{
    struct outcome o;
    char line[256];
    (void)state;
    run(&o, "status", "");
    assert_int_equal(o.code, 0);
    if (strcmp(o.out, status_expected) != 0)
        print_error("got\n%s", o.out);
    assert_string_equal(o.out, status_expected);
    run(&o, "status -i hawser0", "");
    assert_string_equal(o.out, status_expected);
    snprintf(line, sizeof line, "status -i %s/hawser0.sock", run_dir);
    run(&o, line, "");
    assert_string_equal(o.out, status_expected);

    run(&o, "status --json", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(strncmp(o.out, "{\"version\":\"0.1.0\",\"interface\":\"hawser0\",", 41), 0);
    assert_ptr_equal(strchr(o.out, '\n'), o.out + strlen(o.out) - 1);
}

static void test_change(void **state)
{
    struct outcome o;
    (void)state;
    run(&o, "link dsl down", "");
    assert_int_equal(o.code, 0);
    assert_string_equal(o.out, "");
    assert_string_equal(o.err, "");
    expect_failure("link -i hawser0 dls standby", "", 1, "hawser0: no link of that name");
    expect_failure("link dsl up", "", 1, "is not understood");
    expect_failure("link dsl active", "", 1, "it hung up");
    expect_failure("reload", "", 1, "hawser0: hawser.conf:3: mtu has no value");
    expect_failure("top", "", 1, "needs a terminal");
}

static void test_several(void **state)
{
    struct outcome o;
    pid_t second = start_server("office", answer_for);
    (void)state;
    run(&o, "status", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(strncmp(o.out, status_expected, strlen(status_expected)), 0);
    assert_string_equal(o.out + strlen(status_expected) + 1, status_expected);
    expect_failure("link dsl down", "", 1, "several tunnels are running: say which, as -i hawser0");
    run(&o, "link dsl down -i office", "");
    assert_int_equal(o.code, 0);
    stop_server(second, "office");
}

/* A file of the test's directory as a string; newlines only at the end if it is to be one line. */
static int load(const char *dir, const char *name, char text[TEXT_BYTES], int one_line)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return -1;
    size_t len = fread(text, 1, TEXT_BYTES - 1, f);
    fclose(f);
    text[len] = '\0';
    for (size_t i = 0; one_line && i + 1 < len; i++) {
        if (text[i] == '\n')
            text[i] = ' ';
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_none_running),
        cmocka_unit_test_setup_teardown(test_status, with_server, without_server),
        cmocka_unit_test_setup_teardown(test_change, with_server, without_server),
        cmocka_unit_test_setup_teardown(test_several, with_server, without_server),
    };
    if (argc != 3 || load(argv[2], "status.json", status_answer, 1) != 0 ||
        load(argv[2], "status.expected", status_expected, 0) != 0) {
        fprintf(stderr, "usage: test_cli HAWSER DIRECTORY\n");
        return 2;
    }
    if (!harness_begin(argv[1]))
        return 1;
    int rc = cmocka_run_group_tests_name("cli", tests, NULL, NULL);
    harness_end();
    return rc;
}
