/* SPDX-License-Identifier: ISC */
/* The values that encryption of datagrams (aead.h) and its implementations (internal.h) share. */
#ifndef HAWSER_CRYPTO_AEAD_TYPES_H
#define HAWSER_CRYPTO_AEAD_TYPES_H

#include <stddef.h>
#include <stdint.h>

enum { AEAD_TAG_BYTES = 16, AEAD_NONCE_BYTES = 12, AEAD_SPANS_MAX = 3 };

/* The first two have the values of enum wire_cipher. The others are for tests, and end a program
 * that is not linked with them. */
enum aead_id {
    AEAD_AES256_GCM = 1,
    AEAD_CHACHA20_POLY1305 = 2,
    AEAD_SUM = 254,  /* no secrecy, a checksum for a tag: the simulator */
    AEAD_NULL = 255, /* nothing at all: to measure what everything else costs */
};

struct aead_key;

struct aead_span {
    const uint8_t *data;
    size_t len_bytes;
};

#endif
