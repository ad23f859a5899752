/* SPDX-License-Identifier: ISC */
#include "crypto/key.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void key_random(void *out, size_t len_bytes)
{
    if (len_bytes <= INT_MAX && RAND_bytes(out, (int)len_bytes) == 1)
        return;
    log_error("the system gives no random numbers");
    exit(EXIT_FAILURE);
}

void key_generate(uint8_t private_key[32])
{
    key_random(private_key, 32);
    /* RFC 7748, section 5; X25519 does it anyway, but keys that are shown should look clamped. */
    private_key[0] &= 248;
    private_key[31] &= 127;
    private_key[31] |= 64;
}

/*
 * To make a private key of 32 bytes the library multiplies them by the base point, which takes
 * longer than an exchange. Nobody asks that key for its public half, so it is given another one.
 */
static EVP_PKEY *private_pkey(const uint8_t private_key[32])
{
    uint8_t unused[32] = { 0 };
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (void *)(uintptr_t)private_key,
                                          32),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, unused, sizeof unused),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *own = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
    if (c != NULL && EVP_PKEY_fromdata_init(c) == 1)
        EVP_PKEY_fromdata(c, &own, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(c);
    return own;
}

/* X25519 (RFC 7748, section 5). -EBADMSG: the result is zero. */
static int multiply(uint8_t out[32], const uint8_t private_key[32], const uint8_t point[32])
{
    size_t len_bytes = 32;
    int error = -EIO;
    EVP_PKEY *own = private_pkey(private_key);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, point, 32);
    EVP_PKEY_CTX *c = own != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
    const bool validate = false; /* every 32 bytes are a point */
    if (other == NULL || c == NULL || EVP_PKEY_derive_init(c) != 1 ||
        EVP_PKEY_derive_set_peer_ex(c, other, validate) != 1)
        goto out;
    /* The library refuses zero by itself; that is the only way in which this fails. */
    error = EVP_PKEY_derive(c, out, &len_bytes) == 1 ? 0 : -EBADMSG;
out:
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(other);
    EVP_PKEY_free(own);
    return error;
}

bool key_public(uint8_t public_key[32], const uint8_t private_key[32])
{
    static const uint8_t base_point[32] = { 9 };
    return multiply(public_key, private_key, base_point) == 0;
}

int key_exchange(struct secret32 *shared, const struct secret32 *private_key,
                 const uint8_t peer_public[32])
{
    static const struct secret32 zero;
    int error = multiply(shared->bytes, private_key->bytes, peer_public);
    if (error == 0 && secret_equal(shared->bytes, zero.bytes, sizeof(zero.bytes)))
        error = -EBADMSG;
    if (error < 0)
        secret_clear(shared, sizeof(*shared));
    return error;
}
