/* SPDX-License-Identifier: ISC */
/* The test vectors of docs/protocol.md, which is the argument; without it they are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/noise.h"
#include "wire/wire.h"

#define PROLOGUE "hawser v1"

enum { INNER_BYTES = 20, DATAGRAM_BYTES = WIRE_OVERHEAD_BYTES + INNER_BYTES };

static bool printing;
static char document[1 << 17]; /* docs/protocol.md without white space */

static bool read_document(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t len = 0;
    if (f == NULL)
        return false;
    for (int c; (c = getc(f)) != EOF && len < sizeof document - 1;)
        if (!isspace(c))
            document[len++] = (char)c;
    fclose(f);
    return true;
}

/* One computed value: printed, or looked up in the document behind its name in bold type. */
static void value(const char *name, const uint8_t *data, size_t len_bytes)
{
    char title[64] = "**", hex[1024];
    size_t at = 2;
    for (const char *c = name; *c != '\0'; c++)
        if (*c != ' ')
            title[at++] = *c;
    snprintf(title + at, sizeof title - at, "**");
    for (size_t i = 0; i < len_bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", data[i]);
    if (printing) {
        printf("**%s**\n\n    %s\n\n", name, hex);
        return;
    }
    const char *found = strstr(document, title);
    if (found == NULL)
        fail_msg("the document has no vector named %s", name);
    found += strlen(title);
    size_t digits = strspn(found, "0123456789abcdef");
    if (digits != strlen(hex) || strncmp(found, hex, digits) != 0)
        fail_msg("%s is %s, the document says %.*s", name, hex, (int)digits, found);
}

/* Bytes first, first + 1, and so on. */
static struct secret32 counted(uint8_t first)
{
    struct secret32 s;
    for (size_t i = 0; i < sizeof s.bytes; i++)
        s.bytes[i] = (uint8_t)(first + i);
    return s;
}

struct side {
    struct secret32 private_key;
    uint8_t public_key[32];
    struct cookie_keys cookie;
    struct noise_handshake noise;
};

static void make_side(struct side *s, uint8_t first)
{
    s->private_key = counted(first);
    assert_true(key_public(s->public_key, s->private_key.bytes));
    cookie_keys_init(&s->cookie, s->public_key);
}

static void make_initiation(struct side *i, struct side *r, uint8_t out[WIRE_INITIATION_LONG_BYTES])
{
    const struct secret32 psk = counted(0xc0), ephemeral = counted(0x80);
    struct wire_hello hello = { .timestamp = { 0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 1 },
                                .epoch = { 1, 1, 1, 1, 1, 1, 1, 1 },
                                .version = WIRE_VERSION,
                                .ciphers = 3,
                                .preferred = WIRE_CIPHER_AES256_GCM };
    uint8_t payload[WIRE_HELLO_LONG_BYTES];
    size_t len;
    wire_put_hello(payload, &hello);
    value("hello", payload, WIRE_HELLO_BYTES);
    assert_int_equal(noise_initiator_init(&i->noise, PROLOGUE, strlen(PROLOGUE), &i->private_key,
                                          i->public_key, r->public_key, &psk),
                     0);
    wire_put_initiation(out, 0x01020304, false);
    assert_int_equal(noise_create_initiation(&i->noise, &ephemeral, payload, WIRE_HELLO_BYTES,
                                             out + 8, WIRE_INITIATION_NOISE_BYTES, &len),
                     0);
    assert_int_equal(len, WIRE_INITIATION_NOISE_BYTES);
    cookie_mac1(&r->cookie, out, 128, out + 128);
    value("initiation", out, WIRE_INITIATION_BYTES);
}

static void make_response(struct side *i, struct side *r, const uint8_t *initiation,
                          uint8_t out[WIRE_RESPONSE_BYTES])
{
    const struct secret32 psk = counted(0xc0), ephemeral = counted(0xa0);
    struct wire_welcome welcome = { .epoch = { 2, 2, 2, 2, 2, 2, 2, 2 },
                                    .version = WIRE_VERSION,
                                    .cipher = WIRE_CIPHER_AES256_GCM };
    uint8_t payload[WIRE_HELLO_BYTES], caller[32];
    size_t len;
    assert_int_equal(
        noise_responder_init(&r->noise, PROLOGUE, strlen(PROLOGUE), &r->private_key, r->public_key),
        0);
    assert_int_equal(noise_consume_initiation(&r->noise, initiation + 8,
                                              WIRE_INITIATION_NOISE_BYTES, caller, payload,
                                              sizeof payload, &len),
                     0);
    assert_memory_equal(caller, i->public_key, sizeof caller);
    noise_set_psk(&r->noise, &psk);
    wire_put_welcome(payload, &welcome);
    value("welcome", payload, WIRE_WELCOME_BYTES);
    wire_put_response(out, 0x05060708, 0x01020304);
    assert_int_equal(noise_create_response(&r->noise, &ephemeral, payload, WIRE_WELCOME_BYTES,
                                           out + 12, WIRE_RESPONSE_NOISE_BYTES, &len),
                     0);
    cookie_mac1(&i->cookie, out, 72, out + 72);
    value("response", out, WIRE_RESPONSE_BYTES);
    assert_int_equal(noise_consume_response(&i->noise, out + 12, WIRE_RESPONSE_NOISE_BYTES, payload,
                                            sizeof payload, &len),
                     0);
}

static void make_cookie(struct side *r, const uint8_t *initiation)
{
    const struct secret32 nonce = counted(0x20), cookie = counted(0xf0);
    uint8_t out[WIRE_COOKIE_BYTES], with_mac2[WIRE_INITIATION_BYTES];
    wire_put_cookie(out, 0x01020304);
    memcpy(out + 8, nonce.bytes, WIRE_COOKIE_NONCE_BYTES);
    assert_true(cookie_seal(&r->cookie, nonce.bytes, initiation + 128, cookie.bytes, out + 32));
    value("cookie reply", out, sizeof out);
    memcpy(with_mac2, initiation, sizeof with_mac2);
    cookie_mac2(cookie.bytes, with_mac2, 144, with_mac2 + 144);
    value("mac2", with_mac2 + 144, WIRE_MAC_BYTES);
}

static void make_datagram(const char *name, enum aead_id cipher, const struct secret32 *key)
{
    static const uint8_t inner[INNER_BYTES] = { 0x45, 0, 0,  20, 0, 1, 0,  0,  64, 59,
                                                0,    0, 10, 77, 0, 2, 10, 77, 0,  1 };
    const uint64_t pn = UINT64_C(0x100000007);
    const struct wire_header h = { .path = 3, .receiver = 0x05060708, .pn = (uint32_t)pn };
    const struct wire_data d = { .lane = 5, .sequence = 9, .sent_us = 0x0a0b0c };
    uint8_t out[DATAGRAM_BYTES], frame[WIRE_DATA_BYTES], nonce[12];
    wire_put_header(out, &h);
    wire_put_data(frame, &d);
    wire_nonce(nonce, h.path, pn);
    const struct aead_span spans[] = { { frame, sizeof frame }, { inner, sizeof inner } };
    struct aead_key *k = aead_key_new(cipher, key->bytes);
    assert_non_null(k);
    assert_true(aead_seal(k, nonce, out, WIRE_HEADER_BYTES, spans, 2, out + WIRE_HEADER_BYTES));
    aead_key_free(k);
    value(name, out, sizeof out);
}

static void make_frame(const char *name, const struct wire_frame_value *f)
{
    uint8_t out[WIRE_FRAMES_BYTES_MAX];
    struct writer w = writer_of(out, sizeof out);
    wire_put_frame(&w, f);
    assert_true(writer_ok(&w));
    value(name, out, writer_len(&w));
}

static void make_frames(void)
{
    struct wire_frame_value f = { .type = WIRE_REPORT_ASK, .report_s = 8 };
    make_frame("report ask frame", &f);
    f = (struct wire_frame_value){ .type = WIRE_REPORT };
    f.report = (struct wire_report){
        .cpu = 12, .limit = WIRE_LIMIT_OWN_LINE, .version_len = 5, .version = "0.1.0", .count = 2
    };
    f.report.paths[0] = (struct wire_report_path){
        .why = WIRE_WHY_LINK_FULL, .rate_kbps = 9800, .loss = 10, .queue_100us = 100
    };
    f.report.paths[1] =
        (struct wire_report_path){ .path = 3, .use = WIRE_PATH_STANDBY, .why = WIRE_WHY_STANDBY };
    make_frame("report frame", &f);
    f = (struct wire_frame_value){ .type = WIRE_ACCEPTED };
    f.accepted = (struct wire_accepted){ .sequence = 1, .count = 3 };
    f.accepted.list[0] = (struct netprefix){ .family = 4, .len = 24, .addr = { 10, 77 } };
    f.accepted.list[1] = (struct netprefix){ .family = 4 };
    f.accepted.list[2] = (struct netprefix){ .family = 6, .len = 16, .addr = { 0xfd, 0x77 } };
    make_frame("accepted frame", &f);
    f = (struct wire_frame_value){ .type = WIRE_RATE_LIMIT };
    f.rate_limit = (struct wire_rate_limit){ .sequence = 1, .kbps = 20000 };
    make_frame("rate limit frame", &f);
}

enum { BEFORE_RATE_LIMIT = 0x0f }; /* features */

/* With features, and a refusal for want of a common cipher. */
static void make_payloads(void)
{
    const struct wire_hello hello = { .timestamp = { 0x40, 0, 0, 0, 0x65, 0x53, 0xf1 },
                                      .epoch = { 1, 1, 1, 1, 1, 1, 1, 1 },
                                      .version = WIRE_VERSION,
                                      .ciphers = 3,
                                      .preferred = WIRE_CIPHER_AES256_GCM,
                                      .features = WIRE_FEATURE_REPORTS | WIRE_FEATURE_ACCEPTED };
    const struct wire_welcome refusal = { .epoch = { 2, 2, 2, 2, 2, 2, 2, 2 },
                                          .version = WIRE_VERSION,
                                          .features = WIRE_FEATURE_REPORTS | WIRE_FEATURE_ACCEPTED,
                                          .refusal = WIRE_REFUSAL_CIPHER };
    const struct wire_welcome challenge = { .epoch = { 3, 3, 3, 3, 3, 3, 3, 3 },
                                            .version = WIRE_VERSION,
                                            .features = BEFORE_RATE_LIMIT,
                                            .refusal = WIRE_REFUSAL_CHALLENGE };
    uint8_t out[WIRE_HELLO_LONG_BYTES];
    value("hello with features", out, wire_put_hello(out, &hello));
    wire_put_welcome(out, &refusal);
    value("refusal", out, WIRE_WELCOME_BYTES);
    wire_put_welcome(out, &challenge);
    value("challenge", out, WIRE_WELCOME_BYTES);
    struct wire_hello repeated = hello;
    repeated.features = BEFORE_RATE_LIMIT;
    repeated.challenged = true;
    memcpy(repeated.challenge, challenge.epoch, sizeof repeated.challenge);
    value("hello with a challenge", out, wire_put_hello(out, &repeated));
}

static void test_vectors(void **state)
{
    (void)state;
    struct side i, r;
    struct secret32 send, receive, other_send, other_receive;
    uint8_t initiation[WIRE_INITIATION_LONG_BYTES], response[WIRE_RESPONSE_BYTES];
    make_side(&i, 0x40);
    make_side(&r, 0x60);
    value("initiator public", i.public_key, 32);
    value("responder public", r.public_key, 32);
    make_initiation(&i, &r, initiation);
    make_response(&i, &r, initiation, response);
    make_cookie(&r, initiation);
    noise_split(&i.noise, &send, &receive);
    noise_split(&r.noise, &other_send, &other_receive);
    assert_memory_equal(&send, &other_receive, sizeof send);
    assert_memory_equal(&receive, &other_send, sizeof receive);
    value("key initiator to responder", send.bytes, 32);
    value("key responder to initiator", receive.bytes, 32);
    make_datagram("datagram aes-256-gcm", AEAD_AES256_GCM, &send);
    make_datagram("datagram chacha20-poly1305", AEAD_CHACHA20_POLY1305, &send);
    make_payloads();
    make_frames();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };
    printing = argc < 2;
    if (!printing && !read_document(argv[1])) {
        perror(argv[1]);
        return 1;
    }
    if (crypto_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
