/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/aead_internal.h"

static struct {
    EVP_CIPHER *gcm;
    EVP_CIPHER *chacha;
} ciphers;

int aead_openssl_init(void)
{
    if (ciphers.gcm == NULL)
        ciphers.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (ciphers.chacha == NULL)
        ciphers.chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    return ciphers.gcm != NULL && ciphers.chacha != NULL ? 0 : -ENOTSUP;
}

struct context {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

static void openssl_close(void *context)
{
    struct context *c = context;
    EVP_CIPHER_CTX_free(c->seal); /* clears the key */
    EVP_CIPHER_CTX_free(c->open);
    free(c);
}

static void *openssl_open(enum aead_id id, const uint8_t key[32])
{
    const EVP_CIPHER *cipher = id == AEAD_AES256_GCM ? ciphers.gcm : ciphers.chacha;
    struct context *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->seal = EVP_CIPHER_CTX_new();
    c->open = EVP_CIPHER_CTX_new();
    if (c->seal == NULL || c->open == NULL ||
        EVP_EncryptInit_ex2(c->seal, cipher, key, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(c->open, cipher, key, NULL, NULL) != 1) {
        openssl_close(c);
        return NULL;
    }
    return c;
}

static bool openssl_seal(void *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                         const struct aead_span *in, unsigned in_count, uint8_t *out)
{
    EVP_CIPHER_CTX *c = ((struct context *)context)->seal;
    int n;
    if (EVP_EncryptInit_ex2(c, NULL, NULL, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(c, NULL, &n, aad, (int)aad_bytes) != 1)
        return false;
    for (unsigned i = 0; i < in_count; i++) {
        if (EVP_EncryptUpdate(c, out, &n, in[i].data, (int)in[i].len_bytes) != 1)
            return false;
        out += in[i].len_bytes;
    }
    return EVP_EncryptFinal_ex(c, out, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out) == 1;
}

static bool openssl_unseal(void *context, const uint8_t *nonce, const uint8_t *aad,
                           size_t aad_bytes, const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    EVP_CIPHER_CTX *c = ((struct context *)context)->open;
    size_t text = in_bytes - AEAD_TAG_BYTES;
    int n;
    /* The tag is only read, the interface is older than const. */
    return EVP_DecryptInit_ex2(c, NULL, NULL, nonce, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES,
                               (void *)(uintptr_t)(in + text)) == 1 &&
           EVP_DecryptUpdate(c, NULL, &n, aad, (int)aad_bytes) == 1 &&
           EVP_DecryptUpdate(c, out, &n, in, (int)text) == 1 &&
           EVP_DecryptFinal_ex(c, out + text, &n) == 1;
}

const struct aead_ops aead_openssl = {
    .name = "openssl",
    .open = openssl_open,
    .close = openssl_close,
    .seal = openssl_seal,
    .unseal = openssl_unseal,
};
