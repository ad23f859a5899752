/* SPDX-License-Identifier: ISC */
#include "crypto/key.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
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

static EVP_PKEY *private_pkey(const uint8_t private_key[32])
{
    return EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, private_key, 32);
}

bool key_public(uint8_t public_key[32], const uint8_t private_key[32])
{
    size_t len_bytes = 32;
    EVP_PKEY *own = private_pkey(private_key);
    bool done = own != NULL && EVP_PKEY_get_raw_public_key(own, public_key, &len_bytes) == 1 &&
                len_bytes == 32;
    EVP_PKEY_free(own);
    return done;
}

int key_exchange(struct secret32 *shared, const struct secret32 *private_key,
                 const uint8_t peer_public[32])
{
    static const struct secret32 zero;
    size_t len_bytes = sizeof(shared->bytes);
    int error = -EIO;
    EVP_PKEY *own = private_pkey(private_key->bytes);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer_public, 32);
    EVP_PKEY_CTX *c = own != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
    if (peer == NULL || c == NULL || EVP_PKEY_derive_init(c) != 1 ||
        EVP_PKEY_derive_set_peer(c, peer) != 1)
        goto out;
    /* The library refuses a zero secret by itself; that is the only way in which this fails. */
    if (EVP_PKEY_derive(c, shared->bytes, &len_bytes) != 1 ||
        secret_equal(shared->bytes, zero.bytes, sizeof(zero.bytes)))
        error = -EBADMSG;
    else
        error = 0;
out:
    if (error < 0)
        secret_clear(shared, sizeof(*shared));
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return error;
}
