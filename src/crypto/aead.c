/* SPDX-License-Identifier: ISC */
#include "crypto/aead.h"

#include <assert.h>
#include <stdlib.h>

#include "crypto/internal.h"

static const struct aead_impl *best(enum aead_id id)
{
    switch (id) {
    case AEAD_AES256_GCM:
        return aead_ipsecmb() != NULL ? aead_ipsecmb() : &aead_openssl;
    case AEAD_CHACHA20_POLY1305:
        return &aead_openssl;
    case AEAD_SUM:
    case AEAD_NULL:
        if (&aead_null != NULL)
            return &aead_null;
        break;
    }
    abort(); /* not an aead_id, or none of this program: our own mistake */
}

struct aead_key *aead_key_new(enum aead_id id, const uint8_t key[32])
{
    return best(id)->key_new(id, key);
}

void aead_key_free(struct aead_key *k)
{
    if (k != NULL)
        k->impl->key_free(k);
}

bool aead_seal(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], const uint8_t *aad,
               size_t aad_bytes, const struct aead_span *in, unsigned in_count, uint8_t *out)
{
    assert(in_count >= 1 && in_count <= AEAD_SPANS_MAX);
    return k->impl->seal(k, nonce, aad, aad_bytes, in, in_count, out);
}

bool aead_open(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], const uint8_t *aad,
               size_t aad_bytes, const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    if (in_bytes < AEAD_TAG_BYTES)
        return false;
    return k->impl->open(k, nonce, aad, aad_bytes, in, in_bytes - AEAD_TAG_BYTES, out);
}

const char *aead_implementation(enum aead_id id)
{
    return best(id)->name;
}

enum aead_id aead_preferred(void)
{
    return aead_hw_aes() ? AEAD_AES256_GCM : AEAD_CHACHA20_POLY1305;
}
