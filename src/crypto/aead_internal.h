/* SPDX-License-Identifier: ISC */
/* The table of functions behind aead.h: one for each implementation. */
#ifndef HAWSER_CRYPTO_AEAD_INTERNAL_H
#define HAWSER_CRYPTO_AEAD_INTERNAL_H

#include "crypto/aead.h"

struct aead_ops {
    const char *name;
    /* The context, or NULL. */
    void *(*open)(enum aead_id id, const uint8_t key[32]);
    void (*close)(void *context);
    bool (*seal)(void *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                 const struct aead_span *in, unsigned in_count, uint8_t *out);
    bool (*unseal)(void *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                   const uint8_t *in, size_t in_bytes, uint8_t *out);
};

/* Fetches and probes; 0 or -ENOTSUP. By crypto_init(). */
int aead_init(void);

extern const struct aead_ops aead_openssl;
int aead_openssl_init(void);

#ifdef HAVE_IPSEC_MB
extern const struct aead_ops aead_ipsecmb;
/* False: this CPU has not what it needs. */
bool aead_ipsecmb_init(void);
#endif

#endif
