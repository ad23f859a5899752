/* SPDX-License-Identifier: ISC */
/* Secrets: a type of their own, cleared after use, compared in constant time. */
#ifndef HAWSER_CRYPTO_SECRET_H
#define HAWSER_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret32 {
    uint8_t bytes[32];
};

/* Overwrites so that no compiler leaves it out. */
void secret_clear(void *data, size_t len_bytes);

/* In a time that depends on the length only. */
bool secret_equal(const void *a, const void *b, size_t len_bytes);

#endif
