/* SPDX-License-Identifier: ISC */
/* Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b against the published test vectors (cacophony). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "crypto/key.h"
#include "crypto/noise.h"

static const struct {
    const char *prologue, *psk, *hash;
    const char *init_static, *init_ephemeral, *resp_static, *resp_ephemeral, *resp_public;
} vector = {
    .psk = "54686973206973206d7920417573747269616e20706572737065637469766521",
    .prologue = "4a6f686e2047616c74",
    .hash =
        "ed837c9084f2f0333a7ec60b9bcacd9921394858de8ced118b5966d1147ba390084dab42326c565a309c2931"
        "7a6079be30aa1d790d25a517b43287426cb1d36a",
    .init_static = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    .init_ephemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
    .resp_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
    .resp_ephemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
    .resp_public = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62",
};

static const struct {
    const char *payload, *ciphertext;
} messages[] = {
    { "4c756477696720766f6e204d69736573",
      "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944b6fe0240b839afac809de163"
      "0eaf99d8f9b941394f0512c0554633bbb021d15176135c0a20e7fdb9a9ed066f22f054b47625b1d5061cb27d"
      "6a17f053273db7c25216a5addc506ee321bc0618feb5849d" },
    { "4d757272617920526f746862617264",
      "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088438f627e69fc120006f746b9d4"
      "20bf4056cf8481ab32d9e904ffaeeaa56a5290" },
    { "462e20412e20486179656b", "07fc0034398a5f1010322be193d62f94bebf2948a20b3e15d681fe" },
    { "4361726c204d656e676572", "2ea5400f5b8a16971c8b67bde75aeb7987d454b1c0beeb2566932d" },
    { "4a65616e2d426170746973746520536179",
      "96eef918ef51639fc0e156da1823c4f71b33fac5af983f5da9384f7da20d86ed91" },
    { "457567656e2042f6686d20766f6e2042617765726b",
      "f02766a56496e1fbf32e05274baebf6d693c8f3e4c6e0dc7ebdc5ac170f15dae433b92f469" },
};

static size_t unhex(uint8_t *out, const char *text)
{
    size_t n = strlen(text) / 2;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sscanf(text + 2 * i, "%2hhx", &out[i]), 1);
    return n;
}

static struct secret32 secret_of(const char *text)
{
    struct secret32 s;
    assert_int_equal(unhex(s.bytes, text), 32);
    return s;
}

struct pair {
    struct noise_handshake initiator, responder;
    uint8_t initiator_public[32], responder_public[32];
};

static void start(struct pair *p)
{
    uint8_t prologue[64];
    size_t prologue_bytes = unhex(prologue, vector.prologue);
    struct secret32 i = secret_of(vector.init_static);
    struct secret32 r = secret_of(vector.resp_static);
    struct secret32 psk = secret_of(vector.psk);
    assert_true(key_public(p->initiator_public, i.bytes));
    assert_true(key_public(p->responder_public, r.bytes));
    assert_int_equal(noise_initiator_init(&p->initiator, prologue, prologue_bytes, &i,
                                          p->initiator_public, p->responder_public, &psk),
                     0);
    assert_int_equal(
        noise_responder_init(&p->responder, prologue, prologue_bytes, &r, p->responder_public), 0);
    noise_set_psk(&p->responder, &psk);
}

static void check_message(unsigned n, const uint8_t *got, size_t len)
{
    uint8_t expected[512];
    assert_int_equal(unhex(expected, messages[n].ciphertext), len);
    assert_memory_equal(got, expected, len);
}

/* Runs the two handshake messages, checking each byte. */
static void shake(struct pair *p)
{
    uint8_t text[256], message[512], opened[256], who[32];
    size_t len, opened_bytes;
    struct secret32 ie = secret_of(vector.init_ephemeral);
    struct secret32 re = secret_of(vector.resp_ephemeral);

    size_t n = unhex(text, messages[0].payload);
    assert_int_equal(
        noise_create_initiation(&p->initiator, &ie, text, n, message, sizeof message, &len), 0);
    check_message(0, message, len);
    assert_int_equal(noise_consume_initiation(&p->responder, message, len, who, opened,
                                              sizeof opened, &opened_bytes),
                     0);
    assert_memory_equal(who, p->initiator_public, 32);
    assert_int_equal(opened_bytes, n);
    assert_memory_equal(opened, text, n);

    n = unhex(text, messages[1].payload);
    assert_int_equal(
        noise_create_response(&p->responder, &re, text, n, message, sizeof message, &len), 0);
    check_message(1, message, len);
    message[40] ^= 1;
    assert_int_equal(
        noise_consume_response(&p->initiator, message, len, opened, sizeof opened, &opened_bytes),
        -EBADMSG);
    message[40] ^= 1;
    assert_int_equal(
        noise_consume_response(&p->initiator, message, len, opened, sizeof opened, &opened_bytes),
        0);
    assert_memory_equal(opened, text, n);
}

static void test_published_vector(void **state)
{
    (void)state;
    struct pair p;
    struct secret32 keys[2][2];
    uint8_t hash[64];
    start(&p);
    shake(&p);
    assert_int_equal(unhex(hash, vector.hash), sizeof hash);
    assert_memory_equal(p.initiator.hash, hash, sizeof hash);
    assert_memory_equal(p.responder.hash, hash, sizeof hash);

    noise_split(&p.initiator, &keys[0][0], &keys[0][1]);
    noise_split(&p.responder, &keys[1][0], &keys[1][1]);
    assert_memory_equal(&keys[0][0], &keys[1][1], sizeof keys[0][0]);
    assert_memory_equal(&keys[0][1], &keys[1][0], sizeof keys[0][0]);
    for (unsigned i = 2; i < sizeof messages / sizeof messages[0]; i++) {
        uint8_t text[256], sealed[512], nonce[12] = { 0 };
        nonce[4] = (uint8_t)((i - 2) / 2);
        struct aead_span span = { text, unhex(text, messages[i].payload) };
        struct aead_key *k = aead_key_new(AEAD_CHACHA20_POLY1305, keys[i % 2][0].bytes);
        assert_true(aead_seal(k, nonce, NULL, 0, &span, 1, sealed));
        check_message(i, sealed, span.len_bytes + AEAD_TAG_BYTES);
        aead_key_free(k);
    }
}

/* Every changed bit and every other length is refused, and the handshake can still go on. */
static void test_forgeries(void **state)
{
    (void)state;
    struct pair p;
    uint8_t message[256], opened[256], who[32];
    size_t len, opened_bytes;
    struct secret32 ie = secret_of(vector.init_ephemeral);
    start(&p);
    assert_int_equal(noise_create_initiation(&p.initiator, &ie, (const uint8_t *)"hello", 5,
                                             message, sizeof message, &len),
                     0);
    for (size_t bit = 0; bit < len * 8; bit += 7) {
        /* The top bit of an X25519 key is not part of the point (RFC 7748, section 5). */
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(noise_consume_initiation(&p.responder, message, len, who, opened,
                                                  sizeof opened, &opened_bytes),
                         -EBADMSG);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < len; n++)
        assert_int_equal(noise_consume_initiation(&p.responder, message, n, who, opened,
                                                  sizeof opened, &opened_bytes),
                         -EBADMSG);
    assert_int_equal(noise_consume_initiation(&p.responder, message, len, who, opened,
                                              sizeof opened, &opened_bytes),
                     0);
}

/* A public key of low order would make the shared secret known to everybody. */
static void test_low_order_point(void **state)
{
    (void)state;
    struct pair p;
    uint8_t message[NOISE_INITIATION_BYTES] = { 0 }, who[32], opened[1];
    size_t opened_bytes;
    start(&p);
    assert_int_equal(noise_consume_initiation(&p.responder, message, sizeof message, who, opened,
                                              sizeof opened, &opened_bytes),
                     -EBADMSG);
}

/* A message out of turn is refused and changes nothing; so is one that has no room. */
static void test_order_and_room(void **state)
{
    (void)state;
    struct pair p;
    struct noise_handshake before;
    uint8_t message[256] = { 1 }, opened[8], who[32];
    size_t len, opened_bytes;
    const struct secret32 e = secret_of(vector.init_ephemeral);
    start(&p);
    before = p.initiator;
    assert_int_equal(noise_consume_response(&p.initiator, message, 64, opened, 8, &opened_bytes),
                     -EPROTO);
    assert_int_equal(noise_create_response(&p.initiator, &e, NULL, 0, message, 256, &len), -EPROTO);
    assert_int_equal(
        noise_consume_initiation(&p.initiator, message, 96, who, opened, 8, &opened_bytes),
        -EPROTO);
    assert_int_equal(noise_create_initiation(&p.responder, &e, NULL, 0, message, 256, &len),
                     -EPROTO);
    assert_int_equal(noise_create_response(&p.responder, &e, NULL, 0, message, 256, &len), -EPROTO);
    assert_int_equal(noise_create_initiation(&p.initiator, &e, opened, 8, message,
                                             NOISE_INITIATION_BYTES + 7, &len),
                     -EMSGSIZE);
    assert_memory_equal(&p.initiator, &before, sizeof before);

    assert_int_equal(noise_create_initiation(&p.initiator, &e, (const uint8_t *)"eight by", 8,
                                             message, NOISE_INITIATION_BYTES + 8, &len),
                     0);
    assert_int_equal(noise_create_initiation(&p.initiator, &e, NULL, 0, message + 128, 128, &len),
                     -EPROTO);
    len = NOISE_INITIATION_BYTES + 8;
    assert_int_equal(
        noise_consume_initiation(&p.responder, message, len, who, opened, 7, &opened_bytes),
        -EMSGSIZE);
    assert_int_equal(
        noise_consume_initiation(&p.responder, message, len, who, opened, 8, &opened_bytes), 0);
    assert_int_equal(
        noise_consume_initiation(&p.responder, message, len, who, opened, 8, &opened_bytes),
        -EPROTO);
    assert_int_equal(
        noise_create_response(&p.responder, &e, opened, 8, message, NOISE_RESPONSE_BYTES + 7, &len),
        -EMSGSIZE);
}

/* Who lacks the preshared key, or is not who was called, cannot answer. */
static void test_wrong_keys(void **state)
{
    (void)state;
    struct pair p;
    uint8_t message[256], opened[8], who[32];
    size_t len, opened_bytes;
    const struct secret32 ie = secret_of(vector.init_ephemeral);
    const struct secret32 re = secret_of(vector.resp_ephemeral);
    const struct secret32 none = { { 0 } };
    start(&p);
    assert_int_equal(noise_create_initiation(&p.initiator, &ie, NULL, 0, message, 256, &len), 0);
    assert_int_equal(
        noise_consume_initiation(&p.responder, message, len, who, opened, 8, &opened_bytes), 0);
    struct noise_handshake right = p.responder;
    noise_set_psk(&p.responder, &none);
    assert_int_equal(noise_create_response(&p.responder, &re, NULL, 0, message, 256, &len), 0);
    assert_int_equal(noise_consume_response(&p.initiator, message, len, opened, 8, &opened_bytes),
                     -EBADMSG);
    assert_int_equal(noise_create_response(&right, &re, NULL, 0, message, 256, &len), 0);
    assert_int_equal(noise_consume_response(&p.initiator, message, len, opened, 8, &opened_bytes),
                     0);

    start(&p);
    assert_int_equal(noise_responder_init(&p.responder, "", 0, &ie, p.initiator_public), 0);
    assert_int_equal(noise_create_initiation(&p.initiator, &ie, NULL, 0, message, 256, &len), 0);
    assert_int_equal(
        noise_consume_initiation(&p.responder, message, len, who, opened, 8, &opened_bytes),
        -EBADMSG);
    noise_clear(&p.initiator);
    for (size_t i = 0; i < sizeof p.initiator; i++)
        assert_int_equal(((uint8_t *)&p.initiator)[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vector), cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_low_order_point),  cmocka_unit_test(test_order_and_room),
        cmocka_unit_test(test_wrong_keys),
    };
    if (crypto_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
