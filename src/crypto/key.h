/* SPDX-License-Identifier: ISC */
/* Keys as people handle them: X25519 (RFC 7748) and base64 text as `wg` has it. */
#ifndef HAWSER_CRYPTO_KEY_H
#define HAWSER_CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/secret.h"

enum { KEY_BASE64_BYTES = 44 }; /* characters, without a terminator */

/* Random bytes of the operating system's quality; ends the process if there are none. */
void key_random(void *out, size_t len_bytes);

/* A new private key, clamped. */
void key_generate(uint8_t private_key[32]);

/* False: the library refused. */
bool key_public(uint8_t public_key[32], const uint8_t private_key[32]);

/*
 * The X25519 shared secret. -EBADMSG: the public key is a point of low order, whose secret is zero
 * for everybody (RFC 7748, section 6.1); -EIO: the library failed.
 */
int key_exchange(struct secret32 *shared, const struct secret32 *private_key,
                 const uint8_t peer_public[32]);

/*
 * Exactly 44 characters of canonical base64 for 32 bytes; anything else is refused, and what key
 * then holds must not be used. Both ways take a time that does not depend on the key's value.
 */
bool key_from_base64(uint8_t key[32], const char *text);
void key_to_base64(char text[KEY_BASE64_BYTES + 1], const uint8_t key[32]);

#endif
