/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/internal.h"
#include "crypto/key.h"

/* X25519 has no handle to keep: the library caches what the first use fetches. */
static int warm_exchange(void)
{
    static const struct secret32 private_key = { { 8, [31] = 64 } };
    static const uint8_t base_point[32] = { 9 };
    struct secret32 shared;
    uint8_t public_key[32];
    if (key_exchange(&shared, &private_key, base_point) < 0 ||
        !key_public(public_key, private_key.bytes))
        return -ENOTSUP;
    return 0;
}

int crypto_init(void)
{
    static bool done;
    if (done)
        return 0;

    int error = hash_init();
    if (error == 0)
        error = aead_openssl_init();
    if (error == 0)
        error = warm_exchange();
    if (error < 0)
        return error;
    aead_ipsecmb_init();

    uint8_t byte;
    if (RAND_bytes(&byte, 1) != 1)
        return -EIO;
    done = true;
    return 0;
}
