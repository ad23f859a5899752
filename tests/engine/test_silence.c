/* SPDX-License-Identifier: ISC */
/* Why a peer is silent: what the core knows, with what the guard told; and one line of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "engine/silence.h"

static char log_path[] = "/tmp/hawser-silence-XXXXXX";

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    key_random(out, len_bytes);
}

struct side {
    struct pkt_pool *pool;
    struct core *core;
    struct silence silence;
    struct msg_link links[WIRE_PATHS_MAX];
    struct core_peer_config peer;
    struct tstamp now;
};

static int set_up(void **state)
{
    static struct side s;
    struct core_config config = { .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                  .peers = &s.peer,
                                  .peer_count = 1,
                                  .random = random_bytes };
    memset(&s, 0, sizeof s);
    s.now.ns = 1000 * NS_PER_S;
    s.peer = (struct core_peer_config){ .name = "vps", .initiate = true };
    memset(s.peer.public_key, 9, sizeof s.peer.public_key);
    key_generate(config.private_key);
    config.pool = s.pool = pkt_pool_new(64, 16);
    assert_non_null(s.pool);
    assert_int_equal(core_new(&s.core, &config, s.now), 0);
    assert_int_equal(silence_reserve(&s.silence, 1), 0);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct side *s = *state;
    silence_clear(&s->silence);
    core_free(s->core);
    pkt_pool_free(s->pool);
    return 0;
}

static void add_link(struct side *s, uint16_t number, const char *name, const char *why)
{
    struct msg_link *m = &s->links[number];
    *m = (struct msg_link){
        .link = { .link = number, .present = true, .carrier = *why == '\0', .has_ipv4 = true }
    };
    snprintf(m->link.name, sizeof m->link.name, "%s", name);
    snprintf(m->why, sizeof m->why, "%s", why);
    core_link_event(s->core, s->now, &m->link);
}

static void assert_why(const struct side *s, enum why_code code, const char *text)
{
    struct why why;
    silence_why(&s->silence, s->core, s->links, s->now, 0, &why);
    assert_int_equal(why.code, code);
    assert_string_equal(why.text, text);
}

static void links_say_why_they_wait(void **state)
{
    struct side *s = *state;
    assert_why(s, WHY_NO_LINK, "no link can be used");
    add_link(s, 0, "dsl", "interface eth1 has no carrier");
    add_link(s, 3, "lte", "interface wwan0 does not exist");
    assert_why(s, WHY_NO_LINK,
               "no link can be used: dsl: interface eth1 has no carrier; "
               "lte: interface wwan0 does not exist");
}

static void a_name_that_is_not_found(void **state)
{
    struct side *s = *state;
    add_link(s, 0, "dsl", "");
    assert_why(s, WHY_NO_ADDRESS, "none of its addresses is known yet");
    silence_lookup(&s->silence, 0, "vps.test cannot be looked up over dsl: no answer");
    silence_lookup(&s->silence, 7, "of a peer that is gone");
    assert_why(s, WHY_NAME_NOT_FOUND, "vps.test cannot be looked up over dsl: no answer");
    silence_lookup(&s->silence, 0, "");
    assert_why(s, WHY_NO_ADDRESS, "none of its addresses is known yet");
}

static unsigned lines(void)
{
    char line[512];
    unsigned n = 0;
    FILE *f = fopen(log_path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        n += strstr(line, "peer vps is not up: ") != NULL;
    fclose(f);
    return n;
}

static void watch(struct side *s, unsigned seconds)
{
    for (unsigned i = 0; i < 10 * seconds; i++) {
        s->now = tstamp_add(s->now, NS_PER_S / 10);
        silence_tick(&s->silence, s->now, s->core, s->links);
    }
}

/* Once it is sure, once for each reason, and however often they change not without end. */
static void the_log_says_it_once(void **state)
{
    struct side *s = *state;
    unsigned before = lines();
    watch(s, 2);
    assert_int_equal(lines(), before);
    watch(s, 60);
    assert_int_equal(lines(), before + 1); /* no link */
    for (unsigned i = 0; i < 40; i++) {
        add_link(s, 0, "dsl", i % 2 == 0 ? "" : "interface eth1 has no carrier");
        watch(s, 5);
    }
    assert_int_equal(lines(), before + 1); /* a name in between is no other news */
    assert_false(tstamp_is_never(silence_tick(&s->silence, s->now, s->core, s->links)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_say_why_they_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_log_says_it_once, set_up, tear_down),
    };
    int fd = mkstemp(log_path);
    if (crypto_init() < 0 || fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        return 1;
    close(fd);
    log_init("test", LOG_LEVEL_INFO, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    FILE *f = failed > 0 ? fopen(log_path, "r") : NULL;
    for (int c; f != NULL && (c = fgetc(f)) != EOF;)
        putchar(c);
    if (f != NULL)
        fclose(f);
    unlink(log_path);
    return failed;
}
