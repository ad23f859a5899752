/* SPDX-License-Identifier: ISC */
/*
 * Protection of the handshake against floods, after WireGuard's (Donenfeld 2017, section 5.4.7).
 *
 * mac1 = MAC(BLAKE2b-512("hawser mac1 v1" || responder's public key)[0..31], message before mac1):
 * only who knows the key can make the responder compute. mac2 = MAC(cookie, message before mac2):
 * only who receives at its source address. A cookie = MAC(secret, address bytes || port, big
 * endian): 4 + 2 or 16 + 2 bytes. The secret changes every COOKIE_LIFETIME_NS; the one before is
 * still good for as long. MAC is BLAKE2b keyed, of 16 bytes.
 *
 * A cookie reply carries the cookie sealed by ChaCha20-Poly1305 under the key
 * BLAKE2b-512("hawser cookie v1" || responder's public key || nonce[24])[0..31], a zero IV, and the
 * mac1 of the message that it answers as additional data.
 */
#ifndef HAWSER_CRYPTO_COOKIE_H
#define HAWSER_CRYPTO_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "crypto/secret.h"

enum {
    COOKIE_BYTES = 16,
    COOKIE_NONCE_BYTES = 24,
    COOKIE_SEALED_BYTES = 32,
    COOKIE_MAC_BYTES = 16
};

#define COOKIE_LIFETIME_NS (120 * NS_PER_S)

/* Keys that depend on a responder's public key; for both sides. */
struct cookie_keys {
    struct secret32 mac1;
    uint8_t public_key[32];
};

void cookie_keys_init(struct cookie_keys *k, const uint8_t responder_public[32]);

/* mac1 of a message up to the place where mac1 stands. */
void cookie_mac1(const struct cookie_keys *k, const uint8_t *message, size_t len_bytes,
                 uint8_t out[COOKIE_MAC_BYTES]);
/* mac2, likewise; cookie: what the responder sent. */
void cookie_mac2(const uint8_t cookie[COOKIE_BYTES], const uint8_t *message, size_t len_bytes,
                 uint8_t out[COOKIE_MAC_BYTES]);

/* The responder's secrets: accepted until twice COOKIE_LIFETIME_NS after they were made. */
struct cookie_secret {
    struct secret32 key;
    struct tstamp made;
};

struct cookie_checker {
    struct cookie_secret current;
    struct cookie_secret previous;
    bool has_previous;
};

void cookie_checker_init(struct cookie_checker *c, struct tstamp now,
                         const struct secret32 *random);
/* Whether the secret is too old; then cookie_rotate() with fresh randomness. */
bool cookie_stale(const struct cookie_checker *c, struct tstamp now);
void cookie_rotate(struct cookie_checker *c, struct tstamp now, const struct secret32 *random);

/* The cookie of a source address by the current secret. */
void cookie_make(const struct cookie_checker *c, const struct netaddr *from,
                 uint8_t cookie[COOKIE_BYTES]);

/* Whether mac2 proves that the sender receives at from. */
bool cookie_check_mac2(const struct cookie_checker *c, struct tstamp now,
                       const struct netaddr *from, const uint8_t *message, size_t len_bytes,
                       const uint8_t mac2[COOKIE_MAC_BYTES]);

/* False: the library failed, or the reply is not authentic. */
bool cookie_seal(const struct cookie_keys *k, const uint8_t nonce[COOKIE_NONCE_BYTES],
                 const uint8_t mac1[COOKIE_MAC_BYTES], const uint8_t cookie[COOKIE_BYTES],
                 uint8_t out[COOKIE_SEALED_BYTES]);
bool cookie_open(const struct cookie_keys *k, const uint8_t nonce[COOKIE_NONCE_BYTES],
                 const uint8_t mac1[COOKIE_MAC_BYTES], const uint8_t in[COOKIE_SEALED_BYTES],
                 uint8_t cookie[COOKIE_BYTES]);

#endif
