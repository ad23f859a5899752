/* SPDX-License-Identifier: ISC */
/* The values come from Python's hashlib and cryptography, as docs/protocol.md describes them. */
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "tests/crypto/hex.h"

static const char mac1_hex[] = "594591817a50af85e8dc0a5ae23e1b20";
static const char cookie_hex[] = "02f859177ae2eb2848b540c190c615f2";

static struct tstamp at_s(int64_t s)
{
    return (struct tstamp){ s * NS_PER_S };
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

static struct secret32 secret_of(uint8_t byte)
{
    struct secret32 s;
    memset(s.bytes, byte, sizeof(s.bytes));
    return s;
}

static void test_vectors(void **state)
{
    (void)state;
    struct cookie_keys keys;
    struct cookie_checker checker;
    struct secret32 random = secret_of(0x5a);
    uint8_t public_key[32], message[48], nonce[COOKIE_NONCE_BYTES];
    uint8_t mac[COOKIE_MAC_BYTES], cookie[COOKIE_BYTES];
    count_up(public_key, sizeof(public_key), 0);
    count_up(message, sizeof(message), 100);
    count_up(nonce, sizeof(nonce), 200);

    cookie_keys_init(&keys, public_key);
    cookie_mac1(&keys, message, sizeof(message), mac);
    assert_hex(mac, sizeof(mac), mac1_hex);

    cookie_checker_init(&checker, at_s(0), &random);
    struct netaddr from = address("[2001:db8::7]:51820");
    cookie_make(&checker, &from, cookie);
    assert_hex(cookie, sizeof(cookie), "194a05577ec3db259920fb17eb906be0");
    from = address("192.0.2.7:51820");
    cookie_make(&checker, &from, cookie);
    assert_hex(cookie, sizeof(cookie), cookie_hex);

    uint8_t sealed[COOKIE_SEALED_BYTES];
    assert_true(cookie_seal(&keys, nonce, mac, cookie, sealed));
    assert_hex(sealed, sizeof(sealed),
               "7f6cad78fb7c234b7d19da6f2fbf3f7c0e8c3d664ddc9700be27fbf52ece1a99");

    cookie_mac2(cookie, message, sizeof(message), mac);
    assert_hex(mac, sizeof(mac), "ece5a0117db964d9875e7a6e166e147c");
}

static void test_reply_tampered(void **state)
{
    (void)state;
    struct cookie_keys keys, other;
    uint8_t public_key[32] = { 1 }, nonce[COOKIE_NONCE_BYTES] = { 2 };
    uint8_t mac1[COOKIE_MAC_BYTES] = { 3 }, cookie[COOKIE_BYTES] = { 4 };
    uint8_t sealed[COOKIE_SEALED_BYTES];
    const uint8_t untouched[COOKIE_BYTES] = { 0xee };
    uint8_t opened[COOKIE_BYTES] = { 0xee };
    cookie_keys_init(&keys, public_key);
    public_key[0] ^= 1;
    cookie_keys_init(&other, public_key);
    assert_true(cookie_seal(&keys, nonce, mac1, cookie, sealed));

    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 0x80;
        assert_false(cookie_open(&keys, nonce, mac1, sealed, opened));
        sealed[i] ^= 0x80;
    }
    for (size_t i = 0; i < sizeof(nonce); i++) {
        nonce[i] ^= 1;
        assert_false(cookie_open(&keys, nonce, mac1, sealed, opened));
        nonce[i] ^= 1;
    }
    mac1[15] ^= 1; /* the reply to another message */
    assert_false(cookie_open(&keys, nonce, mac1, sealed, opened));
    mac1[15] ^= 1;
    assert_false(cookie_open(&other, nonce, mac1, sealed, opened));
    assert_memory_equal(opened, untouched, sizeof(opened));

    assert_true(cookie_open(&keys, nonce, mac1, sealed, opened));
    assert_memory_equal(opened, cookie, sizeof(cookie));
}

/* mac2 of a message by the cookie that the checker gives to from now. */
static void prove(const struct cookie_checker *c, const struct netaddr *from,
                  const uint8_t message[8], uint8_t mac2[COOKIE_MAC_BYTES])
{
    uint8_t cookie[COOKIE_BYTES];
    cookie_make(c, from, cookie);
    cookie_mac2(cookie, message, 8, mac2);
}

static void test_source(void **state)
{
    (void)state;
    struct cookie_checker c;
    struct secret32 random = secret_of(1);
    const struct netaddr from = address("192.0.2.7:1000");
    const char *const others[] = { "192.0.2.8:1000", "192.0.2.7:1001", "[::c000:207]:1000" };
    uint8_t message[8] = { 1, 2, 3 };
    uint8_t mac2[COOKIE_MAC_BYTES];
    cookie_checker_init(&c, at_s(0), &random);
    prove(&c, &from, message, mac2);
    assert_true(cookie_check_mac2(&c, at_s(1), &from, message, sizeof(message), mac2));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct netaddr other = address(others[i]);
        assert_false(cookie_check_mac2(&c, at_s(1), &other, message, sizeof(message), mac2));
    }
    message[7] ^= 1;
    assert_false(cookie_check_mac2(&c, at_s(1), &from, message, sizeof(message), mac2));
    message[7] ^= 1;
    mac2[0] ^= 1;
    assert_false(cookie_check_mac2(&c, at_s(1), &from, message, sizeof(message), mac2));
    memset(mac2, 0, sizeof(mac2));
    assert_false(cookie_check_mac2(&c, at_s(1), &from, message, sizeof(message), mac2));
}

/* A cookie lives for one lifetime at least, two at most, however rarely the secret changes. */
static void test_age(void **state)
{
    (void)state;
    struct cookie_checker c;
    struct secret32 first = secret_of(1), second = secret_of(2), third = secret_of(3);
    const struct netaddr from = address("192.0.2.7:1000");
    const uint8_t message[8] = { 9 };
    uint8_t mac2[COOKIE_MAC_BYTES];
    cookie_checker_init(&c, at_s(0), &first);
    prove(&c, &from, message, mac2);
    assert_false(cookie_stale(&c, at_s(119)));
    assert_true(cookie_stale(&c, at_s(120)));
    assert_true(cookie_check_mac2(&c, at_s(239), &from, message, sizeof(message), mac2));
    assert_false(cookie_check_mac2(&c, at_s(240), &from, message, sizeof(message), mac2));

    cookie_rotate(&c, at_s(120), &second);
    assert_false(cookie_stale(&c, at_s(121)));
    assert_true(cookie_check_mac2(&c, at_s(239), &from, message, sizeof(message), mac2));
    assert_false(cookie_check_mac2(&c, at_s(240), &from, message, sizeof(message), mac2));
    prove(&c, &from, message, mac2);
    assert_true(cookie_check_mac2(&c, at_s(130), &from, message, sizeof(message), mac2));

    /* An idle responder: the old secret is not good again when a new one comes. */
    cookie_rotate(&c, at_s(100000), &third);
    assert_false(cookie_check_mac2(&c, at_s(100000), &from, message, sizeof(message), mac2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_reply_tampered),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_age),
    };
    if (crypto_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
