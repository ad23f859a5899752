/* SPDX-License-Identifier: ISC */
/* Both ciphers by OpenSSL's libcrypto. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/internal.h"

static EVP_CIPHER *aes256_gcm;
static EVP_CIPHER *chacha20_poly1305;

struct openssl_key {
    struct aead_key base;
    EVP_CIPHER_CTX *sealing; /* ours; keyed once, then only the nonce changes */
    EVP_CIPHER_CTX *opening; /* ours */
};

int aead_openssl_init(void)
{
    if (aes256_gcm == NULL)
        aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (chacha20_poly1305 == NULL)
        chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    return aes256_gcm != NULL && chacha20_poly1305 != NULL ? 0 : -ENOTSUP;
}

static void openssl_key_free(struct aead_key *base)
{
    struct openssl_key *k = (struct openssl_key *)base;
    EVP_CIPHER_CTX_free(k->sealing); /* clears */
    EVP_CIPHER_CTX_free(k->opening);
    free(k);
}

static struct aead_key *openssl_key_new(enum aead_id id, const uint8_t key[32])
{
    EVP_CIPHER *cipher = id == AEAD_AES256_GCM ? aes256_gcm : chacha20_poly1305;
    assert(cipher != NULL); /* crypto_init() was called */

    struct openssl_key *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    k->base.impl = &aead_openssl;
    k->sealing = EVP_CIPHER_CTX_new();
    k->opening = EVP_CIPHER_CTX_new();
    if (k->sealing == NULL || k->opening == NULL ||
        EVP_EncryptInit_ex2(k->sealing, cipher, key, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(k->opening, cipher, key, NULL, NULL) != 1) {
        openssl_key_free(&k->base);
        return NULL;
    }
    return &k->base;
}

static bool openssl_seal(struct aead_key *base, const uint8_t *nonce, const uint8_t *aad,
                         size_t aad_bytes, const struct aead_span *in, unsigned in_count,
                         uint8_t *out)
{
    EVP_CIPHER_CTX *c = ((struct openssl_key *)base)->sealing;
    int n;
    if (aad_bytes > INT_MAX || EVP_EncryptInit_ex2(c, NULL, NULL, nonce, NULL) != 1)
        return false;
    if (aad_bytes > 0 && EVP_EncryptUpdate(c, NULL, &n, aad, (int)aad_bytes) != 1)
        return false;
    for (unsigned i = 0; i < in_count; i++) {
        if (in[i].len_bytes == 0)
            continue;
        if (in[i].len_bytes > INT_MAX ||
            EVP_EncryptUpdate(c, out, &n, in[i].data, (int)in[i].len_bytes) != 1)
            return false;
        out += in[i].len_bytes;
    }
    return EVP_EncryptFinal_ex(c, out, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out) == 1;
}

static bool openssl_open(struct aead_key *base, const uint8_t *nonce, const uint8_t *aad,
                         size_t aad_bytes, const uint8_t *in, size_t text_bytes, uint8_t *out)
{
    EVP_CIPHER_CTX *c = ((struct openssl_key *)base)->opening;
    uint8_t *tag = (uint8_t *)in + text_bytes; /* only read; the API lacks the const */
    int n;
    if (aad_bytes > INT_MAX || text_bytes > INT_MAX ||
        EVP_DecryptInit_ex2(c, NULL, NULL, nonce, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, tag) != 1)
        return false;
    if (aad_bytes > 0 && EVP_DecryptUpdate(c, NULL, &n, aad, (int)aad_bytes) != 1)
        return false;
    if (text_bytes > 0 && EVP_DecryptUpdate(c, out, &n, in, (int)text_bytes) != 1)
        return false;
    uint8_t rest[EVP_MAX_BLOCK_LENGTH]; /* stays empty: neither cipher works in blocks */
    return EVP_DecryptFinal_ex(c, rest, &n) == 1;
}

const struct aead_impl aead_openssl = {
    .name = "openssl",
    .key_new = openssl_key_new,
    .key_free = openssl_key_free,
    .seal = openssl_seal,
    .open = openssl_open,
};
