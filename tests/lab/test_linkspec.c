/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/linkspec.h"
#include "sim/lte.h"
#include "sim/scenario.h"

static void test_short_form(void **state)
{
    (void)state;
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    assert_true(linkspecs_parse(&specs, "10/20,12ms + 0.5/1.5,7.5ms", error));
    assert_int_equal(specs.count, 2);
    assert_string_equal(specs.link[0].name, "link1");
    assert_int_equal(specs.link[0].config[LINK_UP].rate_bps, 10000000);
    assert_int_equal(specs.link[0].config[LINK_DOWN].rate_bps, 20000000);
    assert_int_equal(specs.link[0].config[LINK_UP].delay_ns, 12 * NS_PER_MS);
    assert_int_equal(specs.link[0].config[LINK_DOWN].queue_ns, 100 * NS_PER_MS);
    assert_string_equal(specs.link[1].name, "link2");
    assert_int_equal(specs.link[1].config[LINK_UP].rate_bps, 500000);
    assert_int_equal(specs.link[1].config[LINK_DOWN].delay_ns, 7500 * NS_PER_US);
    assert_int_equal(linkspecs_sum_bps(&specs, LINK_DOWN), 21500000);
    linkspecs_free(&specs);
}

static void test_long_form(void **state)
{
    (void)state;
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    assert_true(
        linkspecs_parse(&specs,
                        "name=dsl up=2 down=16 delay=15 delay-up=20 queue=150 queue-up=64kB;"
                        "name=lte, up=12, down=40, delay=25, jitter=4, bell, loss-down=1.5%,"
                        " burst=3, steps=15:30:100/30:0:0:50, period=60, mtu=1280, corrupt=2,"
                        " police-up=2.5:64",
                        error));
    const struct linkspec *dsl = linkspecs_find(&specs, "dsl");
    const struct linkspec *lte = linkspecs_find(&specs, "2");
    assert_ptr_equal(dsl, &specs.link[0]);
    assert_ptr_equal(lte, &specs.link[1]);
    assert_null(linkspecs_find(&specs, "3"));
    assert_null(linkspecs_find(&specs, "cable"));
    assert_int_equal(dsl->config[LINK_UP].delay_ns, 20 * NS_PER_MS);
    assert_int_equal(dsl->config[LINK_DOWN].delay_ns, 15 * NS_PER_MS);
    assert_int_equal(dsl->config[LINK_UP].queue_bytes, 64000);
    assert_int_equal(dsl->config[LINK_DOWN].queue_bytes, 0);
    assert_int_equal(dsl->config[LINK_DOWN].queue_ns, 150 * NS_PER_MS);

    const struct link_config *down = &lte->config[LINK_DOWN];
    assert_int_equal(lte->mtu_bytes, 1280);
    assert_int_equal(down->jitter_ns, 4 * NS_PER_MS);
    assert_int_equal(down->jitter_kind, LINK_JITTER_BELL);
    assert_true(down->loss == 0.015 && lte->config[LINK_UP].loss == 0.0);
    assert_true(down->burst_frames == 3.0 && down->corrupt == 0.02);
    assert_int_equal(down->police_bps, 0);
    assert_int_equal(lte->config[LINK_UP].police_bps, 2500000);
    assert_int_equal(lte->config[LINK_UP].police_bytes, 64000);
    assert_int_equal(down->step_count, 2);
    assert_int_equal(down->steps[0].outage_ns, 100 * NS_PER_MS);
    assert_true(down->steps[1].rate_factor == 0.5);
    assert_int_equal(down->step_period_ns, 60 * NS_PER_S);
    linkspecs_free(&specs);
}

static void test_bad_text(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ; ",
        "10/x,12ms",
        "10/20,12s",
        "10",
        "speed=3",
        "loss=101",
        "loss=-1",
        "loss",
        "bell=1",
        "delay-up",
        "delay=1e9",
        "rate=nan",
        "queue=3MB",
        "police=10",
        "police=10:",
        "police=10:64kB",
        "police=10:0",
        "police=nan:64",
        "name=a-far-too-long-name",
        "name=a/b",
        "name=a;name=a",
        "mtu=100",
        "steps=1",
        "steps=2:1/1:1",
        "steps=1:1:1:0",
        "trace=/nonexistent/trace",
        "1/1;1/1;1/1;1/1;1/1;1/1;1/1;1/1;1/1",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct linkspecs specs;
        char error[LINKSPEC_ERROR_BYTES] = "";
        if (linkspecs_parse(&specs, bad[i], error))
            fail_msg("accepted: %s", bad[i]);
        assert_true(strlen(error) > 0);
    }
}

static void test_change(void **state)
{
    (void)state;
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    assert_true(linkspecs_parse(&specs, "10/20,12ms", error));
    struct linkspec *link = &specs.link[0];
    assert_true(linkspec_change(link, "rate-down=5 delay=40", error));
    assert_int_equal(link->config[LINK_DOWN].rate_bps, 5000000);
    assert_int_equal(link->config[LINK_UP].rate_bps, 10000000);
    assert_int_equal(link->config[LINK_UP].delay_ns, 40 * NS_PER_MS);
    assert_false(linkspec_change(link, "rate=1 name=x", error));
    assert_false(linkspec_change(link, "rate=1 loss=many", error));
    assert_int_equal(link->config[LINK_UP].rate_bps, 10000000);
    linkspecs_free(&specs);
}

static void write_file(char path[32], const char *text)
{
    strcpy(path, "/tmp/hawser-trace-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void test_trace_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } files[] = {
        { "1\n1\n5\n", true }, { "0\n7", true }, { "", false },      { "0\n", false },
        { "5\n4\n", false },   { "x\n", false }, { "1 2\n", false }, { "99999999999\n", false },
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[32];
        char text[64];
        char error[LINKSPEC_ERROR_BYTES];
        struct linkspecs specs;
        write_file(path, files[i].text);
        snprintf(text, sizeof(text), "trace=%s", path);
        bool good = linkspecs_parse(&specs, text, error);
        unlink(path);
        if (good != files[i].good)
            fail_msg("trace file %zu", i);
        if (good) {
            assert_ptr_equal(specs.link[0].config[LINK_UP].trace, specs.link[0].trace[LINK_UP]);
            linkspecs_free(&specs);
        }
    }
}

static void test_made_traces(void **state)
{
    (void)state;
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    assert_true(linkspecs_parse(&specs, "trace-down=lte:5:50 trace-up=lte:5:10", error));
    const struct link_trace *trace = specs.link[0].trace[LINK_DOWN];
    uint32_t longest_ms = 0;
    for (size_t i = 1; i < trace->count; i++) {
        assert_true(trace->at_ms[i] >= trace->at_ms[i - 1]);
        if (trace->at_ms[i] - trace->at_ms[i - 1] > longest_ms)
            longest_ms = trace->at_ms[i] - trace->at_ms[i - 1];
    }
    assert_int_equal(trace->at_ms[trace->count - 1], LTE_SECONDS * 1000);
    assert_true(longest_ms >= 100 && longest_ms < 3000);
    uint64_t mean_bps = linkspecs_sum_bps(&specs, LINK_DOWN);
    assert_true(mean_bps > 15000000 && mean_bps < 30000000);
    assert_true(linkspecs_sum_bps(&specs, LINK_UP) < 6000000);
    linkspecs_free(&specs);
    assert_true(linkspecs_parse(&specs, "trace=drive:5:50", error));
    trace = specs.link[0].trace[LINK_DOWN];
    unsigned silences = 0;
    for (size_t i = 1; i < trace->count; i++)
        silences += trace->at_ms[i] - trace->at_ms[i - 1] >= 100;
    assert_true(silences >= 15 && silences <= 45);
    linkspecs_free(&specs);
    assert_false(linkspecs_parse(&specs, "trace=lte:1:0", error));
    assert_false(linkspecs_parse(&specs, "trace=drive:1", error));
    assert_false(linkspecs_parse(&specs, "trace=lte:1:5x", error));
}

static void test_behind(void **state)
{
    (void)state;
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    assert_true(linkspecs_parse(&specs, "name=a 10/20; name=b behind=a 5ms; name=c 1/1", error));
    assert_int_equal(specs.link[1].behind, 1);
    assert_int_equal(linkspecs_sum_bps(&specs, LINK_DOWN), 21000000);
    assert_false(linkspec_change(&specs.link[1], "rate=3", error));
    assert_true(linkspec_change(&specs.link[1], "delay=7", error));
    linkspecs_only(&specs, 1);
    assert_int_equal(specs.count, 1);
    assert_int_equal(linkspecs_sum_bps(&specs, LINK_DOWN), 20000000);
    linkspecs_free(&specs);

    assert_true(linkspecs_parse(&specs, "name=a trace=lte:1:10; name=b behind=a", error));
    linkspecs_only(&specs, 1);
    assert_ptr_equal(specs.link[0].config[LINK_UP].trace, specs.link[0].trace[LINK_UP]);
    linkspecs_free(&specs);
    assert_false(linkspecs_parse(&specs, "name=a behind=b; name=b 1/1", error));
    assert_false(linkspecs_parse(&specs, "name=a 1/1; name=b behind=a; name=c behind=b", error));
    assert_false(linkspecs_parse(&specs, "name=a 1/1; name=b behind=a 2/2", error));
}

static void test_scenarios_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < scenario_count; i++) {
        struct linkspecs specs;
        char error[LINKSPEC_ERROR_BYTES];
        if (!linkspecs_parse(&specs, scenarios[i].links, error))
            fail_msg("%s: %s", scenarios[i].name, error);
        assert_true(specs.count >= 2);
        linkspecs_free(&specs);
    }
    assert_null(scenario_find("none"));
    assert_string_equal(scenario_find("twin")->name, "twin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_form), cmocka_unit_test(test_long_form),
        cmocka_unit_test(test_bad_text),   cmocka_unit_test(test_change),
        cmocka_unit_test(test_trace_file), cmocka_unit_test(test_made_traces),
        cmocka_unit_test(test_behind),     cmocka_unit_test(test_scenarios_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
