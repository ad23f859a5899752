/* SPDX-License-Identifier: ISC */
/* Keys as people handle them: X25519 (RFC 7748) and base64 text as `wg` has it. */
#ifndef HAWSER_CRYPTO_KEY_H
#define HAWSER_CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_BASE64_BYTES = 44 }; /* characters, without a terminator */

/* Random bytes of the operating system's quality; ends the process if there are none. */
void key_random(void *out, size_t len_bytes);

/* A new private key, clamped. */
void key_generate(uint8_t private_key[32]);

/* False: the library refused. */
bool key_public(uint8_t public_key[32], const uint8_t private_key[32]);

/*
 * Exactly 44 characters of canonical base64 for 32 bytes; anything else is refused. Takes a time
 * that does not depend on the text's value.
 */
bool key_from_base64(uint8_t key[32], const char *text);
void key_to_base64(char text[KEY_BASE64_BYTES + 1], const uint8_t key[32]);

#endif
