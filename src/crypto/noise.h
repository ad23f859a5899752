/* SPDX-License-Identifier: ISC */
/*
 * Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b (Noise protocol framework, revision 34).
 *
 *     <- s
 *     -> e, es, s, ss
 *     <- e, ee, se, psk
 *
 * Values only: no I/O and no randomness, the ephemeral keys are handed in. A consume that fails
 * leaves the handshake as it was, so a forged message cannot end it.
 * Functions return 0 or a negative errno: -EBADMSG for what is not authentic or malformed,
 * -EMSGSIZE where a buffer is too small, -EIO where the library failed.
 */
#ifndef HAWSER_CRYPTO_NOISE_H
#define HAWSER_CRYPTO_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/secret.h"

enum {
    NOISE_INITIATION_BYTES = 32 + 48 + 16, /* and the payload */
    NOISE_RESPONSE_BYTES = 32 + 16,
};

/* What was created or consumed last. */
enum noise_stage { NOISE_START, NOISE_INITIATED, NOISE_DONE };

struct noise_handshake {
    enum noise_stage stage;
    bool initiator;
    uint8_t hash[HASH_BYTES]; /* at the end the handshake hash */
    uint8_t chaining_key[HASH_BYTES];
    struct secret32 cipher_key;
    struct secret32 static_private;
    uint8_t static_public[32];
    struct secret32 ephemeral_private;
    uint8_t ephemeral_public[32];
    uint8_t remote_static[32];
    uint8_t remote_ephemeral[32];
    struct secret32 psk;
};

/* psk all zero: none was agreed, as WireGuard has it. */
int noise_initiator_init(struct noise_handshake *h, const void *prologue, size_t prologue_bytes,
                         const struct secret32 *static_private, const uint8_t static_public[32],
                         const uint8_t remote_public[32], const struct secret32 *psk);
int noise_responder_init(struct noise_handshake *h, const void *prologue, size_t prologue_bytes,
                         const struct secret32 *static_private, const uint8_t static_public[32]);

/* The responder's, once it knows who calls. */
void noise_set_psk(struct noise_handshake *h, const struct secret32 *psk);

int noise_create_initiation(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                            const uint8_t *payload, size_t payload_bytes, uint8_t *out,
                            size_t out_cap, size_t *out_bytes);
/* payload gets len_bytes - NOISE_INITIATION_BYTES bytes. */
int noise_consume_initiation(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                             uint8_t remote_static[32], uint8_t *payload, size_t payload_cap,
                             size_t *payload_bytes);
int noise_create_response(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                          const uint8_t *payload, size_t payload_bytes, uint8_t *out,
                          size_t out_cap, size_t *out_bytes);
int noise_consume_response(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                           uint8_t *payload, size_t payload_cap, size_t *payload_bytes);

/* The session's keys, after the response; each side sends with what the other receives with. */
void noise_split(const struct noise_handshake *h, struct secret32 *send, struct secret32 *receive);

void noise_clear(struct noise_handshake *h);

#endif
