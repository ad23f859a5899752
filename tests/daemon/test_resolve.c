/* SPDX-License-Identifier: ISC */
/*
 * Looking names up: numbers as names, which need no name server, and names that nobody knows, in a
 * network namespace without any network. Needs root; else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/resolve.h"

enum { SKIPPED = 77, NOBODY = 65534, PATIENCE_S = 40 };

static struct loop loop;
static char log_path[] = "/tmp/hawser-resolve-XXXXXX";

struct result {
    unsigned calls;
    struct netaddr addrs[CORE_ENDPOINTS_MAX];
    size_t count;
};

static void found(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                  size_t count)
{
    struct result *r = arg;
    assert_string_equal(peer->name, "vps");
    assert_true(count <= CORE_ENDPOINTS_MAX);
    r->calls++;
    r->count = count;
    memcpy(r->addrs, addrs, count * sizeof *addrs);
}

static struct config_endpoint endpoint(const char *host, uint16_t port)
{
    struct config_endpoint e = { .port = port };
    snprintf(e.host, sizeof e.host, "%s", host);
    return e;
}

static struct resolver *resolver(struct result *r)
{
    struct resolver_config config = {
        .loop = &loop, .uid = NOBODY, .gid = NOBODY, .found = found, .arg = r
    };
    return resolver_new(&config);
}

/* Turns the loop until there were so many calls, or for that long; true: there were. */
static bool wait_for(struct resolver *r, const struct result *result, unsigned calls,
                     int64_t patience_ns)
{
    struct tstamp now = loop_now();
    struct tstamp limit = tstamp_add(now, patience_ns);
    while (result->calls < calls && tstamp_before(now, limit))
        now = loop_turn(&loop, tstamp_min(resolver_tick(r, now), limit));
    return result->calls >= calls;
}

/* The log's lines with a text in them. */
static unsigned logged(const char *text)
{
    char line[512];
    unsigned n = 0;
    FILE *f = fopen(log_path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        n += strstr(line, text) != NULL;
    fclose(f);
    return n;
}

static void numbers_need_no_process(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("", 4297);
    struct config_peer p = { .name = "vps", .endpoints = &e, .endpoint_count = 1 };
    struct config c = { .peers = &p, .peer_count = 1 };
    assert_true(netaddr_parse(&e.addr, "192.0.2.1:4297"));
    assert_int_equal(resolver_set_peers(r, loop_now(), &c), 0);
    assert_int_equal(result.calls, 1);
    assert_true(netaddr_equal(&result.addrs[0], &e.addr));
    resolver_repeat(r);
    assert_int_equal(result.calls, 2);
    resolver_refresh(r, loop_now(), p.public_key);
    resolver_retry(r, loop_now());
    assert_true(tstamp_is_never(resolver_tick(r, loop_now())));
    resolver_free(r);
}

/* One of three is not known: the others are used, and it is named. */
static void names_what_fails(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e[] = { endpoint("", 1), endpoint("nobody.invalid", 2),
                                   endpoint("127.0.0.9", 3), endpoint("::9", 4) };
    struct config_peer p = { .name = "vps", .endpoints = e, .endpoint_count = 4 };
    struct config c = { .peers = &p, .peer_count = 1 };
    assert_true(netaddr_parse(&e[0].addr, "192.0.2.1:1"));
    assert_int_equal(resolver_set_peers(r, loop_now(), &c), 0);
    assert_true(wait_for(r, &result, 2, PATIENCE_S * NS_PER_S)); /* again, for the one */
    assert_int_equal(result.count, 3);
    assert_true(netaddr_equal(&result.addrs[0], &e[0].addr));
    assert_int_equal(result.addrs[1].port, 3);
    assert_int_equal(result.addrs[1].addr[3], 9);
    assert_int_equal(result.addrs[2].family, 6);
    assert_int_equal(result.addrs[2].port, 4);
    assert_int_equal(logged("peer vps: nobody.invalid cannot be looked up"), 1);
    resolver_free(r);
}

static void waits_longer_and_longer_but_not_for_a_changed_network(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("nobody.invalid", 1);
    struct config_peer p = { .name = "vps", .endpoints = &e, .endpoint_count = 1 };
    struct config c = { .peers = &p, .peer_count = 1 };
    assert_int_equal(resolver_set_peers(r, loop_now(), &c), 0);
    int64_t pause_ns = 0;
    for (unsigned i = 0; i < 10 && pause_ns < 3 * NS_PER_S; i++) {
        wait_for(r, &result, 1, NS_PER_S); /* at least one attempt, and its end */
        struct tstamp now = loop_now();
        struct tstamp next = resolver_tick(r, now);
        pause_ns = tstamp_is_never(next) ? 0 : tstamp_sub(next, now);
    }
    assert_true(pause_ns >= 3 * NS_PER_S);
    assert_int_equal(result.calls, 0);
    snprintf(e.host, sizeof e.host, "127.0.0.9");
    resolver_retry(r, loop_now());
    assert_true(wait_for(r, &result, 1, 2 * NS_PER_S));
    assert_int_equal(logged("peer vps: 127.0.0.9 is found"), 1);
    resolver_free(r);
}

/* As often as the peer does not answer, but not more than every few seconds. */
static void looks_again(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("127.0.0.9", 1);
    struct config_peer p = {
        .name = "vps", .endpoints = &e, .endpoint_count = 1, .public_key = { 1, 2, 3 }
    };
    struct config c = { .peers = &p, .peer_count = 1 };
    const uint8_t other[32] = { 4 };
    assert_int_equal(resolver_set_peers(r, loop_now(), &c), 0);
    assert_true(wait_for(r, &result, 1, PATIENCE_S * NS_PER_S));
    assert_true(tstamp_is_never(resolver_tick(r, loop_now())));
    resolver_refresh(r, loop_now(), other);
    assert_true(tstamp_is_never(resolver_tick(r, loop_now())));
    snprintf(e.host, sizeof e.host, "127.0.0.10");
    struct tstamp now = loop_now();
    resolver_refresh(r, now, p.public_key);
    struct tstamp next = resolver_tick(r, now);
    assert_true(tstamp_before(tstamp_add(now, NS_PER_S), next));
    assert_true(tstamp_before(next, tstamp_add(now, 6 * NS_PER_S)));
    assert_true(wait_for(r, &result, 2, PATIENCE_S * NS_PER_S));
    assert_int_equal(result.addrs[0].addr[3], 10);
    resolver_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_need_no_process),
        cmocka_unit_test(names_what_fails),
        cmocka_unit_test(waits_longer_and_longer_but_not_for_a_changed_network),
        cmocka_unit_test(looks_again),
    };
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root");
        return SKIPPED;
    }
    int fd = mkstemp(log_path);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || loop_open(&loop) < 0)
        return 1;
    close(fd);
    log_init("test", LOG_LEVEL_INFO, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_close(&loop);
    FILE *f = failed > 0 ? fopen(log_path, "r") : NULL;
    for (int c; f != NULL && (c = fgetc(f)) != EOF;)
        putchar(c); /* cmocka's words, too */
    if (f != NULL)
        fclose(f);
    unlink(log_path);
    return failed;
}
