/* SPDX-License-Identifier: ISC */
/*
 * BLAKE2b (RFC 7693) and what Noise builds of it, for handshakes: a call may allocate. Hashing
 * valid memory cannot fail but for want of memory; then the process ends.
 */
#ifndef HAWSER_CRYPTO_HASH_H
#define HAWSER_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 64, HASH_MAC_BYTES = 16 };

/*
 * Fetches every algorithm and seeds the random generator, so that no file is opened afterwards: the
 * process may then enter its sandbox. Once per process, before it starts threads; again is legal
 * and does nothing. -ENOTSUP: the library lacks an algorithm; -EIO: it has no randomness.
 */
int crypto_init(void);

struct hash_span {
    const void *data;
    size_t len_bytes;
};

/* BLAKE2b-512 of the spans one after the other. */
void hash_blake2b(uint8_t out[HASH_BYTES], const struct hash_span *spans, size_t count);

/* Keyed BLAKE2b with 16 bytes of output; key_bytes 1 .. 64. */
void hash_mac(uint8_t out[HASH_MAC_BYTES], const void *key, size_t key_bytes, const void *data,
              size_t len_bytes);

/* HMAC-BLAKE2b-512 (RFC 2104, block of 128 bytes). */
void hash_hmac(uint8_t out[HASH_BYTES], const uint8_t *key, size_t key_bytes,
               const struct hash_span *spans, size_t count);

/*
 * HKDF of the Noise framework (revision 34, section 4.3): chaining key and input to 2 or 3 outputs;
 * third may be NULL. first may be the chaining key.
 */
void hash_hkdf(const uint8_t chaining_key[HASH_BYTES], const uint8_t *input, size_t input_bytes,
               uint8_t first[HASH_BYTES], uint8_t second[HASH_BYTES], uint8_t *third);

#endif
