/* SPDX-License-Identifier: ISC */
/* What the tests of the crypto room share: cmocka, and values written as hexadecimal digits. */
#ifndef HAWSER_TESTS_CRYPTO_HEX_H
#define HAWSER_TESTS_CRYPTO_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The bytes of hex into out, which has room for cap of them; how many. */
static inline size_t unhex(uint8_t *out, size_t cap, const char *hex)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= cap);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &out[i]), 1);
    return n;
}

static inline void assert_hex(const uint8_t *got, size_t len_bytes, const char *hex)
{
    uint8_t want[512];
    assert_int_equal(unhex(want, sizeof(want), hex), len_bytes);
    assert_memory_equal(got, want, len_bytes);
}

/* first, first + 1, first + 2, ... */
static inline void count_up(uint8_t *out, size_t len_bytes, unsigned first)
{
    for (size_t i = 0; i < len_bytes; i++)
        out[i] = (uint8_t)(first + i);
}

#endif
