/* SPDX-License-Identifier: ISC */
#include "crypto/key.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void key_random(void *out, size_t len_bytes)
{
    /* Going on with keys that are not random would be worse than stopping. */
    if (RAND_bytes(out, (int)len_bytes) != 1)
        abort();
}

void key_generate(uint8_t private_key[32])
{
    key_random(private_key, 32);
    private_key[0] &= 248;
    private_key[31] = (uint8_t)((private_key[31] & 127) | 64);
}

bool key_public(uint8_t public_key[32], const uint8_t private_key[32])
{
    size_t len = 32;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, 32);
    bool good = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 && len == 32;
    EVP_PKEY_free(key);
    return good;
}

/* All ones where from <= c <= to, else zero; without a branch on c. */
static int in_range(int c, int from, int to)
{
    return ~((c - from) >> 31) & ~((to - c) >> 31);
}

/* The six bits of a base64 character, or -1. */
static int base64_value(int c)
{
    int v = -1;
    v += in_range(c, 'A', 'Z') & (c - 'A' + 1);
    v += in_range(c, 'a', 'z') & (c - 'a' + 27);
    v += in_range(c, '0', '9') & (c - '0' + 53);
    v += in_range(c, '+', '+') & 63;
    v += in_range(c, '/', '/') & 64;
    return v;
}

bool key_from_base64(uint8_t key[32], const char *text)
{
    if (strlen(text) != KEY_BASE64_BYTES || text[KEY_BASE64_BYTES - 1] != '=')
        return false;
    int bad = 0;
    uint32_t bits = 0;
    for (int i = 0, at = 0; i < KEY_BASE64_BYTES - 1; i++) {
        int v = base64_value(text[i]);
        bad |= v;
        bits = bits << 6 | (uint32_t)(v & 63);
        if (i % 4 != 3)
            continue;
        key[at++] = (uint8_t)(bits >> 16);
        key[at++] = (uint8_t)(bits >> 8);
        key[at++] = (uint8_t)bits;
    }
    /* The last three characters: 18 bits, of which two bytes count and two bits must be zero. */
    key[30] = (uint8_t)(bits >> 10);
    key[31] = (uint8_t)(bits >> 2);
    return bad >= 0 && (bits & 3) == 0;
}

static char base64_char(uint32_t v)
{
    int c = (int)(v & 63);
    int out = 'A' + c;
    out += in_range(c, 26, 61) & ('a' - 'A' - 26);
    out += in_range(c, 52, 61) & ('0' - 'a' - 26);
    out += in_range(c, 62, 62) & ('+' - 'A' - 62);
    out += in_range(c, 63, 63) & ('/' - 'A' - 63);
    return (char)out;
}

void key_to_base64(char text[KEY_BASE64_BYTES + 1], const uint8_t key[32])
{
    for (int i = 0; i < 11; i++) {
        uint32_t bits = (uint32_t)key[3 * i] << 16 | (uint32_t)key[3 * i + 1] << 8;
        if (i < 10)
            bits |= key[3 * i + 2];
        for (int n = 0; n < 4; n++)
            text[4 * i + n] = base64_char(bits >> (18 - 6 * n));
    }
    text[KEY_BASE64_BYTES - 1] = '=';
    text[KEY_BASE64_BYTES] = '\0';
}
