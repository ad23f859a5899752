/* SPDX-License-Identifier: ISC */
#include "crypto/hash.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead_internal.h"
#include "crypto/secret.h"

enum { HASH_BLOCK_BYTES = 128 };

static struct {
    EVP_MD *blake2b;
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
} algorithms;

int crypto_init(void)
{
    if (algorithms.mac != NULL)
        return 0;
    algorithms.blake2b = EVP_MD_fetch(NULL, "BLAKE2B-512", NULL);
    algorithms.digest = EVP_MD_CTX_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "BLAKE2BMAC", NULL);
    algorithms.mac = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    /* The first use of the generator and of X25519 loads what they need. */
    uint8_t warm[1];
    EVP_PKEY_CTX *curve = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL);
    bool good = algorithms.blake2b != NULL && algorithms.digest != NULL && algorithms.mac != NULL &&
                curve != NULL && RAND_bytes(warm, sizeof warm) == 1 && aead_init() == 0;
    EVP_PKEY_CTX_free(curve);
    return good ? 0 : -ENOTSUP;
}

/* These cannot fail with valid arguments and memory at hand; nothing could go on without them. */
static void require(int result)
{
    if (result != 1)
        abort();
}

void hash_blake2b(uint8_t out[HASH_BYTES], const struct hash_span *spans, size_t count)
{
    require(EVP_DigestInit_ex2(algorithms.digest, algorithms.blake2b, NULL));
    for (size_t i = 0; i < count; i++)
        require(EVP_DigestUpdate(algorithms.digest, spans[i].data, spans[i].len_bytes));
    require(EVP_DigestFinal_ex(algorithms.digest, out, NULL));
}

void hash_mac(uint8_t out[HASH_MAC_BYTES], const void *key, size_t key_bytes, const void *data,
              size_t len_bytes)
{
    size_t size = HASH_MAC_BYTES;
    size_t written;
    OSSL_PARAM params[] = { OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                            OSSL_PARAM_construct_end() };
    require(EVP_MAC_init(algorithms.mac, key, key_bytes, params));
    require(EVP_MAC_update(algorithms.mac, data, len_bytes));
    require(EVP_MAC_final(algorithms.mac, out, &written, HASH_MAC_BYTES));
}

void hash_hmac(uint8_t out[HASH_BYTES], const uint8_t *key, size_t key_bytes,
               const struct hash_span *spans, size_t count)
{
    uint8_t pad[HASH_BLOCK_BYTES] = { 0 };
    uint8_t inner[HASH_BYTES];
    struct hash_span parts[4] = { { pad, sizeof pad } };

    if (key_bytes > sizeof pad || count > 3)
        abort();
    if (key_bytes > 0)
        memcpy(pad, key, key_bytes);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    for (size_t i = 0; i < count; i++)
        parts[1 + i] = spans[i];
    hash_blake2b(inner, parts, 1 + count);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    parts[1] = (struct hash_span){ inner, sizeof inner };
    hash_blake2b(out, parts, 2);
    secret_clear(pad, sizeof pad);
    secret_clear(inner, sizeof inner);
}

void hash_hkdf(const uint8_t chaining_key[HASH_BYTES], const uint8_t *input, size_t input_bytes,
               uint8_t first[HASH_BYTES], uint8_t second[HASH_BYTES], uint8_t *third)
{
    static const uint8_t numbers[] = { 1, 2, 3 };
    uint8_t temporary[HASH_BYTES];
    uint8_t one[HASH_BYTES];
    uint8_t two[HASH_BYTES];

    hash_hmac(temporary, chaining_key, HASH_BYTES, &(struct hash_span){ input, input_bytes }, 1);
    hash_hmac(one, temporary, HASH_BYTES, &(struct hash_span){ &numbers[0], 1 }, 1);
    struct hash_span spans[] = { { one, HASH_BYTES }, { &numbers[1], 1 } };
    hash_hmac(two, temporary, HASH_BYTES, spans, 2);
    if (third != NULL) {
        struct hash_span last[] = { { two, HASH_BYTES }, { &numbers[2], 1 } };
        hash_hmac(third, temporary, HASH_BYTES, last, 2);
    }
    memcpy(first, one, HASH_BYTES);
    memcpy(second, two, HASH_BYTES);
    secret_clear(temporary, sizeof temporary);
    secret_clear(one, sizeof one);
    secret_clear(two, sizeof two);
}
