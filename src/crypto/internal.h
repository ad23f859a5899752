/* SPDX-License-Identifier: ISC */
/* What the files of this room, and its tests, share and nobody else uses. */
#ifndef HAWSER_CRYPTO_INTERNAL_H
#define HAWSER_CRYPTO_INTERNAL_H

#include <stdbool.h>

#include "crypto/aead_types.h"

/* An implementation's own key begins with this. */
struct aead_key {
    const struct aead_impl *impl; /* static */
};

struct aead_impl {
    const char *name;
    struct aead_key *(*key_new)(enum aead_id id, const uint8_t key[32]);
    void (*key_free)(struct aead_key *k);
    bool (*seal)(struct aead_key *k, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                 const struct aead_span *in, unsigned in_count, uint8_t *out);
    /* text_bytes: what follows it in in is the tag. */
    bool (*open)(struct aead_key *k, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                 const uint8_t *in, size_t text_bytes, uint8_t *out);
};

extern const struct aead_impl aead_openssl;
/* Encrypts nothing. Its address is NULL in programs that are not linked with it: all but tests. */
extern const struct aead_impl aead_null __attribute__((weak));

/* AES-256-GCM only; NULL: not built in, or not for this CPU. */
const struct aead_impl *aead_ipsecmb(void);

/* Whether the CPU has AES instructions and a carry-less multiplication. */
bool aead_hw_aes(void);

/* For crypto_init(). */
int aead_openssl_init(void);
void aead_ipsecmb_init(void);
int hash_init(void);

#endif
