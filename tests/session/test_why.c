/* SPDX-License-Identifier: ISC */
/* Why a peer is not up: each cause as far as this side can know it, and whom strangers are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "crypto/cookie.h"
#include "crypto/noise.h"
#include "session/handshake.h"
#include "session/strangers.h"
#include "session/why.h"
#include "session/world.h"
#include "wire/wire.h"

static struct why why_of(const struct world *w, size_t node)
{
    return world_status(w, node, 0).why;
}

static void assert_why(const struct world *w, size_t node, const char *code, const char *words)
{
    struct why y = why_of(w, node);
    const char *name = why_code_name(y.code);
    if (name == NULL || strcmp(name, code) != 0)
        fail_msg("it is %s (%s), not %s", name != NULL ? name : "up", y.text, code);
    if (strstr(y.text, words) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", y.text, words);
}

/* A client whose links have default routes. */
static struct world *routed(size_t links)
{
    struct world *w = world_new(1, links);
    for (size_t l = 0; l < links; l++)
        assert_true(netaddr_parse(&w->nodes[1].links[l].gateway, "192.168.1.1"));
    return w;
}

static struct world *world(size_t links)
{
    struct world *w = routed(links);
    world_start(w);
    return w;
}

static enum world_verdict lose_all(struct world *w, struct world_datagram *d, void *arg)
{
    (void)w;
    (void)d;
    (void)arg;
    return WORLD_DROP;
}

static void nothing_is_wrong_with_a_peer_that_is_up(void **state)
{
    (void)state;
    struct world *w = world(2);
    assert_why(w, 1, "connecting", "");
    assert_why(w, 0, "waiting", "has not called yet");
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, NS_PER_S);
    assert_int_equal(why_of(w, 1).code, WHY_NONE);
    assert_int_equal(why_of(w, 0).code, WHY_NONE);
    assert_null(why_code_name(WHY_NONE));
    world_free(w);
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = WHY_NONE + 1; i < WHY_COUNT; i++) {
        assert_non_null(why_code_name((enum why_code)i));
        for (int j = WHY_NONE + 1; j < i; j++)
            assert_string_not_equal(why_code_name((enum why_code)i),
                                    why_code_name((enum why_code)j));
    }
}

/* Also after it was up: nothing comes back any more. */
static void silence_is_no_answer(void **state)
{
    (void)state;
    struct world *w = world(2);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    w->hook = lose_all;
    world_run(w, 30 * NS_PER_S);
    assert_why(w, 1, "no-answer", "203.0.113.1:4297");
    assert_why(w, 1, "no-answer", "link0, link1");
    assert_why(w, 0, "waiting", "silent for");
    w->hook = NULL;
    world_run(w, 10 * NS_PER_S);
    assert_int_equal(why_of(w, 1).code, WHY_NONE);
    world_free(w);
}

static enum world_verdict lose_up(struct world *w, struct world_datagram *d, void *arg)
{
    (void)w;
    (void)arg;
    return d->node == 0 ? WORLD_DROP : WORLD_PASS;
}

static void one_direction_alone(void **state)
{
    (void)state;
    struct world *w = world(2);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, NS_PER_S);
    w->hook = lose_up;
    world_run(w, 10 * NS_PER_S);
    assert_why(w, 1, "one-way", "nothing that we send arrives");
    w->hook = NULL;
    world_run(w, 10 * NS_PER_S);
    assert_int_equal(why_of(w, 1).code, WHY_NONE);
    world_free(w);
}

static void silence_on_several_ports_may_be_a_block(void **state)
{
    (void)state;
    struct world *w = routed(1);
    w->endpoints[0] = world_server_address();
    w->endpoints[1] = world_server_address();
    w->endpoints[1].port = 443;
    w->endpoint_count = 2;
    w->hook = lose_all;
    world_start(w);
    world_run(w, 10 * NS_PER_S);
    assert_why(w, 1, "udp-blocked", "4297, 443");
    world_free(w);
}

/* A refusal says more than silence, and silence more than what is wrong near by. */
static void what_says_most_of_several_links_counts(void **state)
{
    (void)state;
    struct world *w = world(2);
    struct netaddr server = world_server_address();
    w->hook = lose_all;
    w->nodes[1].links[0].error = -ENETUNREACH;
    world_run(w, 4 * NS_PER_S);
    assert_why(w, 1, "no-answer", "over link1)");
    w->nodes[1].links[1].error = -ENETUNREACH;
    world_run(w, 20 * NS_PER_S);
    assert_why(w, 1, "no-route", "link0, link1");
    core_unreachable(w->nodes[1].core, w->now, 1, &server, EHOSTUNREACH);
    assert_why(w, 1, "unreachable", "over link1)");
    core_unreachable(w->nodes[1].core, w->now, 0, &server, ECONNREFUSED);
    assert_why(w, 1, "refused", "over link0)");
    w->nodes[1].links[0].error = -EPERM;
    w->nodes[1].links[1].error = -EPERM;
    world_run(w, 20 * NS_PER_S);
    assert_why(w, 1, "forbidden", "firewall");
    world_free(w);
}

static void links_without_default_routes(void **state)
{
    (void)state;
    struct world *w = routed(2);
    w->hook = lose_all;
    w->nodes[1].links[0].gateway.family = 0;
    world_start(w);
    world_run(w, 4 * NS_PER_S);
    assert_why(w, 1, "no-answer", "over link1)");
    w->nodes[1].links[1].gateway.family = 0;
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    assert_why(w, 1, "no-route", "no default route leads to 203.0.113.1:4297 (over link0, link1)");
    w->nodes[1].links[0].outside.family = 0; /* nor an address of its family */
    w->nodes[1].links[1].outside.family = 0;
    world_link_event(w, 1, 0, true, true, WIRE_PATH_ACTIVE);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    assert_why(w, 1, "no-route", "none has IPv4");
    world_free(w);
}

/* News of addresses that are nobody's, or of a peer that is up, change nothing. */
static void stray_icmp_is_ignored(void **state)
{
    (void)state;
    struct world *w = world(1);
    struct netaddr stray = world_server_address();
    stray.port++;
    core_unreachable(w->nodes[1].core, w->now, 0, &stray, ECONNREFUSED);
    core_unreachable(w->nodes[1].core, w->now, CORE_SOCKET_LISTEN, &stray, ECONNREFUSED);
    assert_why(w, 1, "connecting", "");
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    stray.port--;
    core_unreachable(w->nodes[1].core, w->now, 0, &stray, ECONNREFUSED);
    world_run(w, 10 * NS_PER_S);
    assert_int_equal(why_of(w, 1).code, WHY_NONE);
    assert_false(core_is_calling(w->nodes[1].core));
    world_free(w);
}

static void without_links_or_addresses(void **state)
{
    (void)state;
    struct world *w = world(1);
    core_endpoints(w->nodes[1].core, w->now, 0, NULL, 0);
    assert_why(w, 1, "no-address", "");
    world_link_event(w, 1, 0, true, false, WIRE_PATH_ACTIVE);
    assert_why(w, 1, "no-link", "");
    world_free(w);
}

static void another_preshared_key(void **state)
{
    (void)state;
    struct world *w = routed(1);
    w->wrong_psk = true;
    world_start(w);
    world_run(w, 12 * NS_PER_S);
    assert_why(w, 1, "preshared-key", "preshared-key");
    assert_why(w, 0, "half-open", "198.51.101.1:40000");
    world_free(w);
}

static void no_common_cipher(void **state)
{
    (void)state;
    struct world *w = routed(2);
    w->ciphers[0] = 1;
    w->ciphers[1] = 2;
    w->preferred_cipher[1] = WIRE_CIPHER_CHACHA20_POLY1305;
    world_start(w);
    world_run(w, 10 * NS_PER_S);
    assert_why(w, 1, "cipher", "cipher");
    assert_why(w, 0, "cipher", "accepts none of our ciphers");
    world_free(w);
}

/* A world in which each side's messages can be made by the test, which knows both keys. */
static struct secret32 key_of(const struct world *w, size_t node)
{
    struct secret32 k;
    memcpy(k.bytes, w->nodes[node].private_key, sizeof k.bytes);
    return k;
}

static void make_call(const struct world *w, uint8_t version, struct noise_handshake *h,
                      uint8_t out[WIRE_INITIATION_LONG_BYTES])
{
    const struct secret32 key = key_of(w, 1), ephemeral = { { 7 } }, psk = { { 0 } };
    const struct wire_hello hello = { .timestamp = { 0x40, 0, 0, 0, 0x7f },
                                      .version = version,
                                      .ciphers = 3,
                                      .preferred = WIRE_CIPHER_AES256_GCM };
    uint8_t payload[WIRE_HELLO_LONG_BYTES];
    struct cookie_keys cookie;
    size_t len;
    wire_put_hello(payload, &hello);
    wire_put_initiation(out, 0x01020304, false);
    assert_int_equal(noise_initiator_init(h, HANDSHAKE_PROLOGUE, strlen(HANDSHAKE_PROLOGUE), &key,
                                          w->nodes[1].public_key, w->nodes[0].public_key, &psk),
                     0);
    assert_int_equal(noise_create_initiation(h, &ephemeral, payload, WIRE_HELLO_BYTES, out + 8,
                                             WIRE_INITIATION_NOISE_BYTES, &len),
                     0);
    cookie_keys_init(&cookie, w->nodes[0].public_key);
    cookie_mac1(&cookie, out, 128, out + 128);
}

/* The refusal in words, sealed for the caller alone, and with no session behind it. */
static void another_version_is_refused(void **state)
{
    (void)state;
    struct world *w = routed(1);
    struct noise_handshake h;
    struct wire_response response;
    struct wire_welcome welcome;
    struct core_tx tx;
    uint8_t call[WIRE_INITIATION_LONG_BYTES], payload[WIRE_WELCOME_BYTES];
    size_t len;
    w->hook = lose_all;
    world_start(w);
    make_call(w, 9, &h, call);
    world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[1].links[0].outside, call,
                 WIRE_INITIATION_BYTES);
    assert_why(w, 0, "version", "198.51.101.1:40000");
    assert_true(core_next_tx(w->nodes[0].core, w->now, &tx));
    assert_true(netaddr_equal(&tx.to, &w->nodes[1].links[0].outside));
    assert_true(wire_get_response(tx.data, tx.len_bytes, &response));
    assert_int_equal(response.receiver, 0x01020304);
    assert_int_equal(noise_consume_response(&h, response.noise, WIRE_RESPONSE_NOISE_BYTES, payload,
                                            sizeof payload, &len),
                     0);
    assert_true(wire_get_welcome(payload, len, &welcome));
    assert_int_equal(welcome.cipher, 0);
    assert_int_equal(welcome.refusal, WIRE_REFUSAL_VERSION);
    assert_int_equal(welcome.version, WIRE_VERSION);
    assert_int_equal(world_status(w, 0, 0).handshakes, 0);
    /* A flood of them is answered as rarely as a flood of replays. */
    unsigned answers = 0;
    for (unsigned i = 0; i < 1000; i++) {
        world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[1].links[0].outside, call,
                     WIRE_INITIATION_BYTES);
        while (core_next_tx(w->nodes[0].core, w->now, &tx))
            answers += tx.data[0] == WIRE_RESPONSE;
    }
    assert_true(answers < HANDSHAKE_STALE_BURST);
    world_free(w);
}

/* The client's first call, answered by the test in the server's place. */
struct fake_server {
    struct world *w;
    struct wire_welcome welcome;
    unsigned answered;
};

static enum world_verdict answer_falsely(struct world *w, struct world_datagram *d, void *arg)
{
    struct fake_server *f = arg;
    const struct secret32 key = key_of(w, 0), ephemeral = { { 9 } }, psk = { { 0 } };
    const struct netaddr server = world_server_address();
    struct wire_initiation call;
    struct noise_handshake h;
    struct cookie_keys cookie;
    uint8_t caller[32], payload[WIRE_HELLO_BYTES], out[WIRE_RESPONSE_BYTES];
    size_t len;
    if (d->node != 0 || !wire_get_initiation(d->data, d->len_bytes, &call))
        return WORLD_DROP;
    noise_responder_init(&h, HANDSHAKE_PROLOGUE, strlen(HANDSHAKE_PROLOGUE), &key,
                         w->nodes[0].public_key);
    assert_int_equal(noise_consume_initiation(&h, call.noise, WIRE_INITIATION_NOISE_BYTES, caller,
                                              payload, sizeof payload, &len),
                     0);
    noise_set_psk(&h, &psk);
    wire_put_welcome(payload, &f->welcome);
    wire_put_response(out, 0, call.sender);
    assert_int_equal(noise_create_response(&h, &ephemeral, payload, WIRE_WELCOME_BYTES, out + 12,
                                           WIRE_RESPONSE_NOISE_BYTES, &len),
                     0);
    cookie_keys_init(&cookie, w->nodes[1].public_key);
    cookie_mac1(&cookie, out, 72, out + 72);
    world_inject(w, 1, 0, &server, out, sizeof out);
    f->answered++;
    return WORLD_DROP;
}

static void refusals_are_understood(void **state)
{
    (void)state;
    static const struct {
        struct wire_welcome welcome;
        const char *code;
    } cases[] = {
        { { .version = 1, .refusal = WIRE_REFUSAL_CIPHER }, "cipher" },
        { { .version = 2, .refusal = WIRE_REFUSAL_VERSION }, "version" },
        { { .version = 2, .cipher = 1 }, "version" },
        { { .version = 1, .refusal = WIRE_REFUSAL_TIMESTAMP }, "clock" },
        { { .version = 1, .refusal = 77 }, "version" }, /* of a newer peer */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = routed(2);
        struct fake_server f = { .w = w, .welcome = cases[i].welcome };
        w->hook = answer_falsely;
        w->hook_arg = &f;
        world_start(w);
        world_run(w, 4 * NS_PER_S);
        assert_why(w, 1, cases[i].code, "");
        assert_true(f.answered >= 4); /* it goes on calling */
        assert_int_equal(world_status(w, 1, 0).handshakes, 0);
        w->hook = NULL;
        assert_true(world_run_until_up(w, 1, 3 * NS_PER_S));
        world_free(w);
    }
}

static size_t strangers_told(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->nodes[0].event_count; i++)
        count += w->nodes[0].events[i].type == CORE_EVENT_STRANGER;
    return count;
}

static void an_unknown_key_is_told_once(void **state)
{
    (void)state;
    struct world *w = routed(1);
    struct core_stranger list[CORE_STRANGERS_MAX];
    w->strangers = true;
    world_start(w);
    world_run(w, 60 * NS_PER_S);
    assert_int_equal(strangers_told(w), 1);
    assert_int_equal(core_strangers(w->nodes[0].core, w->now, list), 1);
    assert_memory_equal(list[0].public_key, w->nodes[1].public_key, 32);
    assert_true(list[0].calls >= 7 && list[0].age_ns < 6 * NS_PER_S);
    assert_true(netaddr_equal(&list[0].from, &w->nodes[1].links[0].outside));
    assert_why(w, 1, "no-answer", "ours there");
    world_run(w, 600 * NS_PER_S);
    assert_int_equal(strangers_told(w), 2);
    world_free(w);
}

/* Whoever knows our public key can make up any number of keys. */
static void strangers_without_end_are_bounded(void **state)
{
    (void)state;
    struct strangers s = { 0 };
    struct tstamp now = { .ns = 1000 * NS_PER_S };
    struct netaddr from = { .family = 4, .port = 9, .addr = { 192, 0, 2, 1 } };
    unsigned told = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t key[32] = { 0 };
        memcpy(key, &i, sizeof i);
        strangers_call(&s, now, key, &from);
        told += strangers_untold(&s) != NULL;
        now = tstamp_add(now, NS_PER_MS);
    }
    assert_true(told >= 10 && told <= 15); /* 4, and 1 every 10 s */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wrong_with_a_peer_that_is_up),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
        cmocka_unit_test(silence_is_no_answer),
        cmocka_unit_test(one_direction_alone),
        cmocka_unit_test(silence_on_several_ports_may_be_a_block),
        cmocka_unit_test(what_says_most_of_several_links_counts),
        cmocka_unit_test(links_without_default_routes),
        cmocka_unit_test(stray_icmp_is_ignored),
        cmocka_unit_test(without_links_or_addresses),
        cmocka_unit_test(another_preshared_key),
        cmocka_unit_test(no_common_cipher),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(refusals_are_understood),
        cmocka_unit_test(an_unknown_key_is_told_once),
        cmocka_unit_test(strangers_without_end_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
