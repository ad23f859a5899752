/* SPDX-License-Identifier: ISC */
/*
 * The keys of one session: what a handshake gave, for both directions, with the session's indexes.
 *
 * The nonce is made of path and packet number, so sealing is safe as long as no number of a path is
 * sealed twice with the same keys; see peer.h.
 */
#ifndef HAWSER_SESSION_KEYS_H
#define HAWSER_SESSION_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "crypto/aead.h"
#include "crypto/noise.h"
#include "wire/wire.h"

enum { KEYS_LIVES = 3 }; /* keys are used for so many times the age at which they are renewed */

#define KEYS_PACKETS_MAX (UINT64_C(1) << 60) /* sealed with one key: then it is renewed at once */
#define KEYS_TENTATIVE_NS (10 * NS_PER_S)    /* a responder waits so long for the first datagram */

struct keys {
    uint32_t local;           /* index that the peer puts into datagrams to us */
    uint32_t remote;          /* and we into those to it */
    struct aead_key *send;    /* owned */
    struct aead_key *receive; /* owned */
    struct tstamp born;
    uint64_t sent;           /* datagrams sealed */
    uint8_t cipher;          /* enum wire_cipher */
    uint8_t remote_features; /* enum wire_feature */
    uint8_t proof;           /* enum proof, of the call that they answer */
    /* What both sides called themselves in the handshake: the association that the keys are of. */
    uint8_t local_epoch[WIRE_EPOCH_BYTES];
    uint8_t remote_epoch[WIRE_EPOCH_BYTES];
};

/*
 * Keys of a finished handshake; cipher: enum aead_id. The indexes, epochs and features are the
 * caller's to set. NULL when there is no memory.
 */
struct keys *keys_new(const struct noise_handshake *h, uint8_t cipher, uint8_t test_cipher,
                      struct tstamp now);
/* NULL is legal. */
void keys_free(struct keys *k);

/* Neither for sending nor for receiving any more. */
bool keys_too_old(const struct keys *k, struct tstamp now, int64_t rekey_after_ns);
/* The initiator should make new ones. */
bool keys_want_renewal(const struct keys *k, struct tstamp now, int64_t rekey_after_ns);

/*
 * Seals one datagram with its header into out, which has room for WIRE_HEADER_BYTES, the spans and
 * WIRE_TAG_BYTES. Returns its length; 0 if the crypto library failed.
 */
size_t keys_seal(struct keys *k, uint8_t path, uint64_t pn, const struct aead_span *spans,
                 size_t count, uint8_t *out);
/* Opens a whole datagram into out: its length without header and tag. False: not authentic. */
bool keys_open(struct keys *k, uint8_t path, uint64_t pn, const uint8_t *datagram, size_t len_bytes,
               uint8_t *out);

#endif
