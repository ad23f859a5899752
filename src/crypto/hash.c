/* SPDX-License-Identifier: ISC */
#include "crypto/hash.h"

#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/internal.h"
#include "crypto/secret.h"

enum { HASH_BLOCK_BYTES = 128 };

static EVP_MD *blake2b;
static EVP_MAC *blake2b_mac;

int hash_init(void)
{
    if (blake2b == NULL)
        blake2b = EVP_MD_fetch(NULL, "BLAKE2B-512", NULL);
    if (blake2b_mac == NULL)
        blake2b_mac = EVP_MAC_fetch(NULL, "BLAKE2BMAC", NULL);
    return blake2b != NULL && blake2b_mac != NULL ? 0 : -ENOTSUP;
}

/* Out of memory in a handshake: to go on with a wrong hash would be worse than to end. */
static void require(bool done)
{
    if (done)
        return;
    log_error("the cryptographic library failed to hash");
    abort();
}

/* BLAKE2b-512 of a block (HMAC's padded key; may be NULL) and the spans. */
static void digest(uint8_t out[HASH_BYTES], const uint8_t *block, const struct hash_span *spans,
                   size_t count)
{
    assert(blake2b != NULL); /* crypto_init() was called */
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    require(c != NULL && EVP_DigestInit_ex2(c, blake2b, NULL) == 1);
    if (block != NULL)
        require(EVP_DigestUpdate(c, block, HASH_BLOCK_BYTES) == 1);
    for (size_t i = 0; i < count; i++)
        require(EVP_DigestUpdate(c, spans[i].data, spans[i].len_bytes) == 1);
    require(EVP_DigestFinal_ex(c, out, NULL) == 1);
    EVP_MD_CTX_free(c);
}

void hash_blake2b(uint8_t out[HASH_BYTES], const struct hash_span *spans, size_t count)
{
    digest(out, NULL, spans, count);
}

void hash_mac(uint8_t out[HASH_MAC_BYTES], const void *key, size_t key_bytes, const void *data,
              size_t len_bytes)
{
    assert(blake2b_mac != NULL); /* crypto_init() was called */
    size_t out_bytes = HASH_MAC_BYTES;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &out_bytes),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *c = EVP_MAC_CTX_new(blake2b_mac);
    require(c != NULL && EVP_MAC_init(c, key, key_bytes, params) == 1);
    require(EVP_MAC_update(c, data, len_bytes) == 1);
    require(EVP_MAC_final(c, out, &out_bytes, HASH_MAC_BYTES) == 1 && out_bytes == HASH_MAC_BYTES);
    EVP_MAC_CTX_free(c);
}

void hash_hmac(uint8_t out[HASH_BYTES], const uint8_t *key, size_t key_bytes,
               const struct hash_span *spans, size_t count)
{
    uint8_t short_key[HASH_BLOCK_BYTES] = { 0 };
    uint8_t pad[HASH_BLOCK_BYTES];
    uint8_t inner[HASH_BYTES];
    if (key_bytes > sizeof(short_key))
        digest(short_key, NULL, &(struct hash_span){ key, key_bytes }, 1);
    else if (key_bytes > 0)
        memcpy(short_key, key, key_bytes);

    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] = short_key[i] ^ 0x36;
    digest(inner, pad, spans, count);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] = short_key[i] ^ 0x5c;
    digest(out, pad, &(struct hash_span){ inner, sizeof(inner) }, 1);

    secret_clear(short_key, sizeof(short_key));
    secret_clear(pad, sizeof(pad));
    secret_clear(inner, sizeof(inner));
}

void hash_hkdf(const uint8_t chaining_key[HASH_BYTES], const uint8_t *input, size_t input_bytes,
               uint8_t first[HASH_BYTES], uint8_t second[HASH_BYTES], uint8_t *third)
{
    uint8_t temp[HASH_BYTES];
    uint8_t count = 1;
    hash_hmac(temp, chaining_key, HASH_BYTES, &(struct hash_span){ input, input_bytes }, 1);
    hash_hmac(first, temp, sizeof(temp), &(struct hash_span){ &count, 1 }, 1);
    count = 2;
    hash_hmac(second, temp, sizeof(temp),
              (struct hash_span[]){ { first, HASH_BYTES }, { &count, 1 } }, 2);
    count = 3;
    if (third != NULL)
        hash_hmac(third, temp, sizeof(temp),
                  (struct hash_span[]){ { second, HASH_BYTES }, { &count, 1 } }, 2);
    secret_clear(temp, sizeof(temp));
}
