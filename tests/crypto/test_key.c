/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "base/rng.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "tests/crypto/hex.h"

/* RFC 7748, section 5.2. */
static void test_exchange(void **state)
{
    (void)state;
    struct secret32 private_key;
    struct secret32 shared;
    uint8_t peer[32];
    unhex(private_key.bytes, 32,
          "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    unhex(peer, 32, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    assert_int_equal(key_exchange(&shared, &private_key, peer), 0);
    assert_hex(shared.bytes, 32,
               "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");

    uint8_t nine[32] = { 9 };
    uint8_t public_key[32];
    assert_true(key_public(public_key, nine));
    assert_hex(public_key, 32, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
}

/* The points of order 1, 2, 4 and 8, and some that are them modulo p. */
static void test_low_order(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct secret32 private_key;
    key_generate(private_key.bytes);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct secret32 shared;
        uint8_t point[32];
        unhex(point, sizeof(point), points[i]);
        assert_int_equal(key_exchange(&shared, &private_key, point), -EBADMSG);
    }
}

static void test_generate(void **state)
{
    (void)state;
    struct secret32 a, b, ab, ba;
    uint8_t a_public[32], b_public[32];
    key_generate(a.bytes);
    key_generate(b.bytes);
    assert_memory_not_equal(a.bytes, b.bytes, 32);
    assert_int_equal(a.bytes[0] & 7, 0);
    assert_int_equal(a.bytes[31] & 0xc0, 0x40);
    assert_true(key_public(a_public, a.bytes));
    assert_true(key_public(b_public, b.bytes));
    assert_int_equal(key_exchange(&ab, &a, b_public), 0);
    assert_int_equal(key_exchange(&ba, &b, a_public), 0);
    assert_memory_equal(ab.bytes, ba.bytes, 32);
}

/* Every sextet in every place, against the alphabet itself. */
static void test_base64_alphabet(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned first = 0; first < 64; first++) {
        char text[KEY_BASE64_BYTES + 1];
        char again[KEY_BASE64_BYTES + 1];
        uint8_t key[32];
        for (unsigned i = 0; i < 42; i++)
            text[i] = alphabet[(first + i) % 64];
        text[42] = alphabet[first & ~3u];
        strcpy(text + 43, "=");
        assert_true(key_from_base64(key, text));
        for (unsigned bit = 0; bit < 256; bit++) {
            unsigned sextet = bit / 6 < 42 ? (first + bit / 6) % 64 : first & ~3u;
            assert_int_equal(key[bit / 8] >> (7 - bit % 8) & 1, sextet >> (5 - bit % 6) & 1);
        }
        key_to_base64(again, key);
        assert_string_equal(again, text);
    }
}

static void test_base64_round_trip(void **state)
{
    (void)state;
    struct rng rng = { 1 };
    for (unsigned n = 0; n < 1000; n++) {
        uint8_t key[32], again[32];
        char text[KEY_BASE64_BYTES + 1];
        for (size_t i = 0; i < sizeof(key); i++)
            key[i] = (uint8_t)rng_next(&rng);
        key_to_base64(text, key);
        assert_int_equal(strlen(text), KEY_BASE64_BYTES);
        assert_true(key_from_base64(again, text));
        assert_memory_equal(again, key, sizeof(key));
    }
}

/* Each byte in each place, save the alphabet's own and, at the end, what is canonical. */
static void test_base64_refused(void **state)
{
    (void)state;
    static const char good[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    uint8_t key[32];
    assert_true(key_from_base64(key, good));
    for (size_t at = 0; at < KEY_BASE64_BYTES; at++) {
        for (unsigned c = 1; c < 256; c++) {
            char text[sizeof(good)];
            memcpy(text, good, sizeof(good));
            text[at] = (char)c;
            bool alphabet = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            (c >= '0' && c <= '9') || c == '+' || c == '/';
            bool want = alphabet;
            if (at == 42)
                want = strchr("AEIMQUYcgkosw048", (int)c) != NULL;
            if (at == 43)
                want = c == '=';
            assert_int_equal(key_from_base64(key, text), want);
        }
    }
    for (size_t len = 0; len < KEY_BASE64_BYTES; len++) {
        char text[sizeof(good)] = { 0 };
        memcpy(text, good, len);
        assert_false(key_from_base64(key, text));
    }
    assert_false(key_from_base64(key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"));
    assert_false(key_from_base64(key, " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    assert_false(key_from_base64(key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),          cmocka_unit_test(test_low_order),
        cmocka_unit_test(test_generate),          cmocka_unit_test(test_base64_alphabet),
        cmocka_unit_test(test_base64_round_trip), cmocka_unit_test(test_base64_refused),
    };
    if (crypto_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
