/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "crypto/key.h"
#include "crypto/secret.h"

/* All ones if low <= c <= high, else zero, without a branch: c may be part of a secret. */
static uint32_t in_range(uint32_t c, uint32_t low, uint32_t high)
{
    return (((c - low) | (high - c)) >> 31) - 1;
}

/* The six bits of a character; *good becomes zero if it stands for none. */
static uint32_t sextet_of(char character, uint32_t *good)
{
    const uint32_t c = (uint8_t)character;
    const uint32_t upper = in_range(c, 'A', 'Z');
    const uint32_t lower = in_range(c, 'a', 'z');
    const uint32_t digit = in_range(c, '0', '9');
    const uint32_t plus = in_range(c, '+', '+');
    const uint32_t slash = in_range(c, '/', '/');
    *good &= upper | lower | digit | plus | slash;
    return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) | (plus & 62) |
           (slash & 63);
}

static char char_of(uint32_t sextet)
{
    const uint32_t c = 'A' + sextet + (in_range(sextet, 26, 63) & ('a' - 'Z' - 1)) -
                       (in_range(sextet, 52, 63) & ('z' - '0' + 1)) -
                       (in_range(sextet, 62, 63) & ('9' - '+' + 1)) +
                       (in_range(sextet, 63, 63) & ('/' - '+' - 1));
    return (char)c;
}

bool key_from_base64(uint8_t key[32], const char *text)
{
    if (strnlen(text, KEY_BASE64_BYTES + 1) != KEY_BASE64_BYTES)
        return false;

    /* 44 characters are 33 bytes: the last character counts as zero, and so the last byte must. */
    uint32_t good = in_range((uint8_t)text[KEY_BASE64_BYTES - 1], '=', '=');
    uint8_t bytes[33];
    for (size_t i = 0; i < KEY_BASE64_BYTES / 4; i++) {
        uint32_t group = 0;
        for (size_t j = 4 * i; j < 4 * i + 4; j++)
            group = group << 6 | (j + 1 < KEY_BASE64_BYTES ? sextet_of(text[j], &good) : 0);
        bytes[3 * i] = (uint8_t)(group >> 16);
        bytes[3 * i + 1] = (uint8_t)(group >> 8);
        bytes[3 * i + 2] = (uint8_t)group;
    }
    good &= in_range(bytes[32], 0, 0);
    memcpy(key, bytes, 32);
    secret_clear(bytes, sizeof(bytes));
    return good != 0;
}

void key_to_base64(char text[KEY_BASE64_BYTES + 1], const uint8_t key[32])
{
    uint8_t bytes[33];
    memcpy(bytes, key, 32);
    bytes[32] = 0;
    for (size_t i = 0; i < KEY_BASE64_BYTES / 4; i++) {
        const uint32_t group =
            (uint32_t)bytes[3 * i] << 16 | (uint32_t)bytes[3 * i + 1] << 8 | bytes[3 * i + 2];
        for (size_t j = 0; j < 4; j++)
            text[4 * i + j] = char_of(group >> (18 - 6 * j) & 63);
    }
    text[KEY_BASE64_BYTES - 1] = '=';
    text[KEY_BASE64_BYTES] = '\0';
    secret_clear(bytes, sizeof(bytes));
}
