/* SPDX-License-Identifier: ISC */
/*
 * Authenticated encryption of datagrams: AES-256-GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439),
 * each by the fastest implementation that this build and this CPU have. 12-byte nonces, which the
 * caller never repeats under a key, and 16-byte tags.
 *
 * A key keeps its context, so only the nonce changes from packet to packet, and neither sealing nor
 * opening allocates. A key belongs to one thread. After crypto_init().
 */
#ifndef HAWSER_CRYPTO_AEAD_H
#define HAWSER_CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead_types.h"

/* NULL: no memory. */
struct aead_key *aead_key_new(enum aead_id id, const uint8_t key[32]);
/* Clears the key; NULL is legal. */
void aead_key_free(struct aead_key *k);

/*
 * Seals the spans (1 .. AEAD_SPANS_MAX) into out, which gets their lengths and the tag. out may be
 * the data of a single span, and must not overlap otherwise. False: the library failed.
 */
bool aead_seal(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], const uint8_t *aad,
               size_t aad_bytes, const struct aead_span *in, unsigned in_count, uint8_t *out);

/*
 * Opens in_bytes, tag included, into out (in_bytes - 16; out == in is allowed). False: it is not
 * authentic, and what out then holds must not be used.
 */
bool aead_open(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], const uint8_t *aad,
               size_t aad_bytes, const uint8_t *in, size_t in_bytes, uint8_t *out);

/* "openssl", "ipsec-mb" or "none": which implementation a new key of this kind gets. */
const char *aead_implementation(enum aead_id id);

/* Which cipher is fastest with this CPU. */
enum aead_id aead_preferred(void);

#endif
