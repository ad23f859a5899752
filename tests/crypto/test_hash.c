/* SPDX-License-Identifier: ISC */
/* RFC 7693's value, and others that Python's hashlib and hmac gave. */
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "tests/crypto/hex.h"

static void test_blake2b(void **state)
{
    (void)state;
    uint8_t out[HASH_BYTES];
    static const char abc[] = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                              "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
    hash_blake2b(out, (struct hash_span[]){ { "abc", 3 } }, 1);
    assert_hex(out, sizeof(out), abc);
    hash_blake2b(out, (struct hash_span[]){ { "a", 1 }, { NULL, 0 }, { "bc", 2 } }, 3);
    assert_hex(out, sizeof(out), abc);
    hash_blake2b(out, NULL, 0);
    assert_hex(out, sizeof(out),
               "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
               "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
}

static void test_mac(void **state)
{
    (void)state;
    uint8_t out[HASH_MAC_BYTES];
    uint8_t key[64];
    uint8_t data[100];
    count_up(key, sizeof(key), 0);
    count_up(data, sizeof(data), 0);
    hash_mac(out, key, 32, data, sizeof(data));
    assert_hex(out, sizeof(out), "2b0bf0188a28496b664870cb481bf849");
    hash_mac(out, key, 16, NULL, 0);
    assert_hex(out, sizeof(out), "083aac7ba77bc664005d821eb8bfa4d9");
    hash_mac(out, key, 64, data, sizeof(data));
    assert_hex(out, sizeof(out), "589430a2ee2c313fde5588d4762f24a5");
}

static void test_hmac(void **state)
{
    (void)state;
    uint8_t out[HASH_BYTES];
    uint8_t key[131];
    memset(key, 0x0b, 20);
    hash_hmac(out, key, 20, (struct hash_span[]){ { "Hi ", 3 }, { "There", 5 } }, 2);
    assert_hex(out, sizeof(out),
               "358a6a184924894fc34bee5680eedf57d84a37bb38832f288e3b27dc63a98cc8"
               "c91e76da476b508bc6b2d408a248857452906e4a20b48c6b4b55d2df0fe1dd24");

    static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    memset(key, 0xaa, sizeof(key));
    hash_hmac(out, key, sizeof(key), (struct hash_span[]){ { text, sizeof(text) - 1 } }, 1);
    assert_hex(out, sizeof(out),
               "a54b2943b2a20227d41ca46c0945af09bc1faefb2f49894c23aebc557fb79c48"
               "89dca74408dc865086667aedee4a3185c53a49c80b814c4c5813ea0c8b38a8f8");
}

static void test_hkdf(void **state)
{
    (void)state;
    static const char first[] = "b257cf2863e7aa7f84d41d31e58df6dfb1e0a6cf3172192cc35eba2625a21975"
                                "db4475b2ef89316383acac6b2ac7cf03f7583e0ff20a64fb208fa5b1199f835f";
    static const char second[] = "4f4d712feaff914e80db4d0d400a46056854134b5001018c4f1fe19bb477053c"
                                 "5a9b92f8c937b1328c0ae7e51895b8d68068bc84d59436cc3b75de5a2d6d0630";
    static const char third[] = "c3e03a921f0f492329fe003e995b982fdd8c0596cc3575e01c2f24234e05e477"
                                "8d233726d60ffe48a7d9ef235a6ff5fac555bafcfdd1272c4763ded2e01c0c3f";
    uint8_t key[HASH_BYTES];
    uint8_t input[32];
    uint8_t out[3][HASH_BYTES];
    count_up(key, sizeof(key), 0);
    count_up(input, sizeof(input), 0);
    hash_hkdf(key, input, sizeof(input), out[0], out[1], out[2]);
    assert_hex(out[0], HASH_BYTES, first);
    assert_hex(out[1], HASH_BYTES, second);
    assert_hex(out[2], HASH_BYTES, third);

    /* Two outputs, the first in place of the chaining key. */
    hash_hkdf(key, input, sizeof(input), key, out[1], NULL);
    assert_hex(key, HASH_BYTES, first);
    assert_hex(out[1], HASH_BYTES, second);
}

static void test_secret(void **state)
{
    (void)state;
    uint8_t a[32] = { [31] = 1 };
    uint8_t b[32] = { [31] = 1 };
    assert_true(secret_equal(a, b, sizeof(a)));
    b[0] = 1;
    assert_false(secret_equal(a, b, sizeof(a)));
    secret_clear(a, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        assert_int_equal(a[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blake2b), cmocka_unit_test(test_mac),    cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hkdf),    cmocka_unit_test(test_secret),
    };
    if (crypto_init() < 0 || crypto_init() < 0) /* again is legal */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
