/* SPDX-License-Identifier: ISC */
/*
 * In the place of crypto/key.c in the fuzzer's core: an exchange that is as symmetric as X25519 and
 * as secret as nothing. The curve is the library's, and would take most of the fuzzer's time.
 */
#include "crypto/key.h"

#include <errno.h>
#include <string.h>

enum { PLAIN = 0x5a };

void key_random(void *out, size_t len_bytes)
{
    memset(out, PLAIN, len_bytes);
}

void key_generate(uint8_t private_key[32])
{
    key_random(private_key, 32);
}

bool key_public(uint8_t public_key[32], const uint8_t private_key[32])
{
    for (size_t i = 0; i < 32; i++)
        public_key[i] = private_key[i] ^ PLAIN;
    return true;
}

int key_exchange(struct secret32 *shared, const struct secret32 *private_key,
                 const uint8_t peer_public[32])
{
    static const uint8_t low_order[32];
    if (memcmp(peer_public, low_order, sizeof low_order) == 0)
        return -EBADMSG;
    for (size_t i = 0; i < 32; i++)
        shared->bytes[i] = private_key->bytes[i] ^ peer_public[i];
    return 0;
}
