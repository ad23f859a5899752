/* SPDX-License-Identifier: ISC */
#include "crypto/secret.h"

#include <openssl/crypto.h>

void secret_clear(void *data, size_t len_bytes)
{
    OPENSSL_cleanse(data, len_bytes);
}

bool secret_equal(const void *a, const void *b, size_t len_bytes)
{
    return CRYPTO_memcmp(a, b, len_bytes) == 0;
}
