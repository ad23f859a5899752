/* SPDX-License-Identifier: ISC */
/* Fails every allocation inside the library in turn: the call fails, says so and loses nothing. */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/internal.h"
#include "crypto/key.h"
#include "tests/crypto/hex.h"

static long until_failure = -1; /* allocations that still succeed; negative: all */
static long live;               /* allocations not freed */

static bool fails(void)
{
    if (until_failure < 0)
        return false;
    return until_failure-- == 0;
}

static void *counted_alloc(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    void *p = fails() ? NULL : malloc(bytes);
    live += p != NULL;
    return p;
}

static void *counted_realloc(void *old, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    void *p = fails() ? NULL : realloc(old, bytes);
    live += p != NULL && old == NULL;
    return p;
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    live -= p != NULL;
    free(p);
}

typedef bool (*attempt_fn)(void);

static bool attempt_gcm(void)
{
    const uint8_t key[32] = { 1 };
    struct aead_key *k = aead_openssl.key_new(AEAD_AES256_GCM, key);
    aead_key_free(k);
    return k != NULL;
}

static bool attempt_chacha(void)
{
    const uint8_t key[32] = { 1 };
    struct aead_key *k = aead_openssl.key_new(AEAD_CHACHA20_POLY1305, key);
    aead_key_free(k);
    return k != NULL;
}

static bool attempt_public(void)
{
    const uint8_t key[32] = { 1 };
    uint8_t public_key[32];
    return key_public(public_key, key);
}

static bool attempt_exchange(void)
{
    const struct secret32 key = { { 1 } };
    const uint8_t base_point[32] = { 9 };
    struct secret32 shared;
    return key_exchange(&shared, &key, base_point) == 0;
}

/* What the thread keeps to itself, such as the texts of its last errors, is no leak. */
static long live_without_thread(void)
{
    OPENSSL_thread_stop();
    return live;
}

static void check_attempt(attempt_fn attempt)
{
    assert_true(attempt()); /* what is cached for ever is now there */
    const long before = live_without_thread();
    for (long n = 0;; n++) {
        assert_true(n < 1000);
        until_failure = n;
        bool done = attempt();
        bool none_failed = until_failure >= 0;
        until_failure = -1;
        if (none_failed) {
            assert_true(done);
            assert_true(n > 0); /* there was one to fail */
            break;
        }
    }
    assert_int_equal(live_without_thread(), before);
}

static void test_each_allocation(void **state)
{
    (void)state;
    static const attempt_fn attempts[] = { attempt_gcm, attempt_chacha, attempt_public,
                                           attempt_exchange };
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        check_attempt(attempts[i]);
}

/* Sealing and opening allocate nothing, not even when a packet is forged. */
static void test_packet_path(void **state)
{
    (void)state;
    static const enum aead_id ids[] = { AEAD_AES256_GCM, AEAD_CHACHA20_POLY1305 };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const uint8_t key[32] = { 1 }, nonce[AEAD_NONCE_BYTES] = { 0 }, aad[10] = { 0 };
        uint8_t text[100] = { 0 }, packet[100 + AEAD_TAG_BYTES];
        const struct aead_span in[2] = { { text, 10 }, { text + 10, 90 } };
        struct aead_key *k = aead_openssl.key_new(ids[i], key);
        assert_non_null(k);
        for (unsigned n = 0; n < 4; n++) {
            until_failure = 0;
            bool sealed = aead_seal(k, nonce, aad, sizeof(aad), in, 2, packet);
            packet[0] ^= 1;
            bool forged = aead_open(k, nonce, aad, sizeof(aad), packet, sizeof(packet), text);
            packet[0] ^= 1;
            bool opened = aead_open(k, nonce, aad, sizeof(aad), packet, sizeof(packet), text);
            bool none = until_failure == 0;
            until_failure = -1;
            assert_true(sealed && opened && none);
            assert_false(forged);
        }
        aead_key_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation),
        cmocka_unit_test(test_packet_path),
    };
    if (CRYPTO_set_mem_functions(counted_alloc, counted_realloc, counted_free) != 1 ||
        crypto_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
