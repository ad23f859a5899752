/* SPDX-License-Identifier: ISC */
/* The user's program: what it is called with, one after the other, and that it is ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/hook.h"

enum { PATIENCE_MS = 20000 };

static char directory[] = "/tmp/hawser-hook-XXXXXX";
static struct tstamp now = { NS_PER_S };

/* A shell script as the hook, which finds the file to write to beside itself. */
static void script(struct hook_runner *h, const char *text)
{
    *h = (struct hook_runner){ .interface = "hw-test" };
    snprintf(h->path, sizeof h->path, "%s/hook", directory);
    FILE *f = fopen(h->path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\nout=$(dirname \"$0\")/out\n%s\n", text);
    fclose(f);
    assert_int_equal(chmod(h->path, 0700), 0);
}

static void run(struct hook_runner *h)
{
    for (int ms = 0; !hook_idle(h) && ms < PATIENCE_MS; ms++) {
        poll(NULL, 0, 1);
        hook_tick(h, now);
    }
    assert_true(hook_idle(h));
}

/* What the hooks wrote; the file is removed. */
static const char *written(void)
{
    static char text[8192];
    char path[64];
    snprintf(path, sizeof path, "%s/out", directory);
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f != NULL)
        fclose(f);
    unlink(path);
    return text;
}

/* It may have been changed since the configuration was read. */
static void runs_nothing_that_others_can_change(void **state)
{
    (void)state;
    struct hook_runner h;
    struct hook_event e = { .type = HOOK_PEER_UP, .peer = "vps" };
    script(&h, "echo ran >>\"$out\"");
    assert_int_equal(chmod(h.path, 0722), 0);
    hook_push(&h, now, &e);
    run(&h);
    assert_string_equal(written(), "");
    assert_int_equal(chmod(h.path, 0700), 0);
    hook_push(&h, now, &e);
    run(&h);
    assert_string_equal(written(), "ran\n");
}

static void tells_everything(void **state)
{
    (void)state;
    struct hook_runner h;
    struct hook_event e = { .type = HOOK_LINK_DOWN,
                            .peer = "vps",
                            .link = "dsl",
                            .address = "192.0.2.1:4297",
                            .mtu_bytes = 1436,
                            .reason = "no answer; $(rm -rf x)" };
    script(&h, "{ echo \"$# $1 $2\"; env | grep ^HAWSER_ | sort; echo \"$PATH\"; } >>\"$out\"");
    setenv("SECRET_OF_THE_GUARD", "x", 1);
    hook_push(&h, now, &e);
    assert_false(hook_idle(&h));
    run(&h);
    assert_string_equal(written(), "2 link-down dsl\n"
                                   "HAWSER_ADDRESS=192.0.2.1:4297\n"
                                   "HAWSER_EVENT=link-down\n"
                                   "HAWSER_INTERFACE=hw-test\n"
                                   "HAWSER_LINK=dsl\n"
                                   "HAWSER_MTU=1436\n"
                                   "HAWSER_PEER=vps\n"
                                   "HAWSER_REASON=no answer; $(rm -rf x)\n"
                                   "/usr/sbin:/usr/bin:/sbin:/bin\n");
    script(&h, "env >\"$out\"");
    hook_push(&h, now, &e);
    run(&h);
    assert_null(strstr(written(), "SECRET_OF_THE_GUARD"));
}

static void runs_in_order_one_at_a_time(void **state)
{
    (void)state;
    struct hook_runner h;
    script(&h, "echo \"$1 $2 begins\" >>\"$out\"; sleep 0.02; echo ends >>\"$out\"");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_PEER_UP, .peer = "vps" });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_UP, .peer = "vps", .link = "a" });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_PEER_DOWN, .peer = "vps" });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_DOWN });
    run(&h);
    assert_string_equal(written(), "tunnel-up hw-test begins\nends\npeer-up vps begins\nends\n"
                                   "link-up a begins\nends\npeer-down vps begins\nends\n"
                                   "tunnel-down hw-test begins\nends\n");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_PEER_UP, .peer = "vps" });
    hook_forget(&h);
    run(&h);
    assert_string_equal(written(), "tunnel-up hw-test begins\nends\n");
}

static void leaves_out_what_is_too_many(void **state)
{
    (void)state;
    struct hook_runner h;
    unsigned ran = 0;
    script(&h, "echo x >>\"$out\"");
    for (unsigned i = 0; i < HOOK_QUEUE_MAX + 10; i++)
        hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_UP, .link = "a" });
    run(&h);
    for (const char *t = written(); *t != '\0'; t++)
        ran += *t == 'x';
    assert_int_equal(ran, HOOK_QUEUE_MAX + 1); /* the first does not wait */
}

/* However many there are, the last that is told of a link is how it is now. */
static void the_last_word_of_a_link_is_kept(void **state)
{
    (void)state;
    struct hook_runner h;
    script(&h, "[ $2 != b ] || echo \"$1\" >\"$out\"");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_PEER_UP, .peer = "vps" });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_UP, .peer = "vps", .link = "b" });
    for (unsigned i = 0; i < HOOK_QUEUE_MAX; i++)
        hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_UP, .link = "a" });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_DOWN, .peer = "vps", .link = "b" });
    assert_int_equal(h.count, HOOK_QUEUE_MAX);
    run(&h);
    assert_string_equal(written(), "link-down\n");
}

/* What a peer calls its link is neither an option nor a path nor anything to a shell. */
static void odd_names_of_links_are_made_plain(void **state)
{
    (void)state;
    static const struct {
        const char *name, *told;
    } cases[] = {
        { "wwan0.7_a-b", "wwan0.7_a-b" },
        { "--help", "_-help" },
        { "$(reboot)", "__reboot_" },
        { "a;b&c|d", "a_b_c_d" },
        { "../x", "_._x" },
        { "'\"`\\*?", "______" },
        { "=x", "_x" },
    };
    struct hook_runner h;
    script(&h, "echo \"$2 $HAWSER_LINK\" >\"$out\"");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hook_event e = { .type = HOOK_LINK_UP, .peer = "vps" };
        char expected[64];
        snprintf(e.link, sizeof e.link, "%s", cases[i].name);
        snprintf(expected, sizeof expected, "%s %s\n", cases[i].told, cases[i].told);
        hook_push(&h, now, &e);
        run(&h);
        assert_string_equal(written(), expected);
    }
}

/* Nothing that the daemon has open is the hook's, but where it may write its errors. */
static void gets_no_descriptors(void **state)
{
    (void)state;
    struct hook_runner h;
    int secret = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_true(secret > STDERR_FILENO);
    script(&h, "for fd in /proc/self/fd/*; do case ${fd##*/} in [0-2]) ;; *) readlink $fd "
               "2>/dev/null; esac; "
               "done | grep -v -e /hook$ -e /proc >\"$out\"; readlink /proc/self/fd/0 >>\"$out\"");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    run(&h);
    close(secret);
    assert_string_equal(written(), "/dev/null\n");
}

static void ends_with_all_it_started(void **state)
{
    (void)state;
    struct hook_runner h;
    script(&h, "sleep 1000 & echo $! >\"$out\"; wait");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_DOWN });
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "%s/out", directory);
    for (int ms = 0; (stat(path, &st) < 0 || st.st_size == 0) && ms < PATIENCE_MS; ms++)
        poll(NULL, 0, 1);
    pid_t sleeper = (pid_t)strtol(written(), NULL, 10);
    assert_true(sleeper > 0);
    struct tstamp limit = hook_deadline(&h);
    assert_int_equal(tstamp_sub(limit, now), HOOK_SECONDS_MAX * NS_PER_S);
    script(&(struct hook_runner){ 0 }, "echo next >\"$out\"");
    hook_tick(&h, tstamp_add(limit, -1));
    assert_int_equal(h.running, HOOK_TUNNEL_UP);
    hook_tick(&h, limit);
    now = limit;
    run(&h);
    assert_string_equal(written(), "next\n");
    /* Whoever inherits it may not have waited for it yet. */
    snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)sleeper);
    bool gone = false;
    for (int ms = 0; !gone && ms < PATIENCE_MS; ms++) {
        FILE *f = fopen(path, "r");
        gone = f == NULL || fgetc(f) == EOF;
        if (f != NULL)
            fclose(f);
        poll(NULL, 0, 1);
    }
    assert_true(gone);
}

/* A link that is up may be slow: the one does not take the place of the other. */
static void being_slow_is_told_apart(void **state)
{
    (void)state;
    struct hook_runner h;
    script(&h, "echo \"$1\" >>\"$out\"");
    struct hook_event e = { .type = HOOK_LINK_DOWN, .link = "a" };
    for (unsigned i = 0; i < HOOK_QUEUE_MAX; i++) /* one runs, so a place is left */
        hook_push(&h, now, &(struct hook_event){ .type = HOOK_PEER_UP, .peer = "p" });
    hook_push(&h, now, &e);
    e.type = HOOK_LINK_SLOW; /* without any that waits: left out */
    hook_push(&h, now, &e);
    e.type = HOOK_LINK_UP;
    hook_push(&h, now, &e);
    run(&h);
    const char *text = written();
    assert_string_equal(text + strlen(text) - strlen("peer-up\nlink-up\n"), "peer-up\nlink-up\n");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_SLOW, .link = "a" });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_LINK_SLOW_END, .link = "a" });
    run(&h);
    assert_string_equal(written(), "link-slow\nlink-slow-end\n");
}

static void goes_on_after_a_failure(void **state)
{
    (void)state;
    struct hook_runner h;
    script(&h, "echo \"$1\" >>\"$out\"; exit 3");
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_DOWN });
    run(&h);
    assert_string_equal(written(), "tunnel-up\ntunnel-down\n");
    unlink(h.path);
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    run(&h);
    h.path[0] = '\0';
    hook_push(&h, now, &(struct hook_event){ .type = HOOK_TUNNEL_UP });
    assert_true(hook_idle(&h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_everything),
        cmocka_unit_test(runs_nothing_that_others_can_change),
        cmocka_unit_test(runs_in_order_one_at_a_time),
        cmocka_unit_test(leaves_out_what_is_too_many),
        cmocka_unit_test(the_last_word_of_a_link_is_kept),
        cmocka_unit_test(odd_names_of_links_are_made_plain),
        cmocka_unit_test(gets_no_descriptors),
        cmocka_unit_test(ends_with_all_it_started),
        cmocka_unit_test(being_slow_is_told_apart),
        cmocka_unit_test(goes_on_after_a_failure),
    };
    if (mkdtemp(directory) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
