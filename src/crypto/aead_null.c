/* SPDX-License-Identifier: ISC */
/*
 * No encryption, and a checksum in place of a tag: it finds accidents, not attackers. For the
 * simulator, where a cipher would be most of the running time, and to measure what a cipher costs.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

struct null_key {
    struct aead_key base;
    uint8_t key[32];
};

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

/* Two of Fletcher's sums: what comes earlier counts more often. */
struct lane {
    uint64_t plain;
    uint64_t placed;
};

static void lane_add(struct lane *l, const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    l->plain += word;
    l->placed += l->plain;
}

/* The bytes and their number into the sum, in two lanes that the CPU can work on side by side. */
static uint64_t add(uint64_t sum, const uint8_t *data, size_t len_bytes)
{
    struct lane even = { 0, 0 };
    struct lane odd = { 0, 0 };
    uint8_t rest[16] = { 0 };
    sum = mix(sum, len_bytes);
    for (; len_bytes >= sizeof rest; data += sizeof rest, len_bytes -= sizeof rest) {
        lane_add(&even, data);
        lane_add(&odd, data + 8);
    }
    if (len_bytes > 0)
        memcpy(rest, data, len_bytes);
    lane_add(&even, rest);
    lane_add(&odd, rest + 8);
    return mix(mix(mix(mix(sum, even.plain), even.placed), odd.plain), odd.placed);
}

static void checksum(const struct null_key *k, const uint8_t *nonce, const uint8_t *aad,
                     size_t aad_bytes, const uint8_t *text, size_t text_bytes,
                     uint8_t tag[AEAD_TAG_BYTES])
{
    uint64_t words[2];
    words[0] = add(0, k->key, sizeof(k->key));
    words[0] = add(words[0], nonce, AEAD_NONCE_BYTES);
    words[0] = add(words[0], aad, aad_bytes);
    words[0] = add(words[0], text, text_bytes);
    words[1] = mix(words[0], 0);
    memcpy(tag, words, AEAD_TAG_BYTES);
}

static struct aead_key *null_key_new(enum aead_id id, const uint8_t key[32])
{
    (void)id; /* one cipher only */
    struct null_key *k = malloc(sizeof(*k));
    if (k == NULL)
        return NULL;
    k->base.impl = &aead_null;
    memcpy(k->key, key, sizeof(k->key));
    return &k->base;
}

static void null_key_free(struct aead_key *base)
{
    free(base);
}

static bool null_seal(struct aead_key *base, const uint8_t *nonce, const uint8_t *aad,
                      size_t aad_bytes, const struct aead_span *in, unsigned in_count, uint8_t *out)
{
    uint8_t *end = out;
    for (unsigned i = 0; i < in_count; i++) {
        if (in[i].data != end && in[i].len_bytes > 0)
            memcpy(end, in[i].data, in[i].len_bytes);
        end += in[i].len_bytes;
    }
    checksum((struct null_key *)base, nonce, aad, aad_bytes, out, (size_t)(end - out), end);
    return true;
}

static bool null_open(struct aead_key *base, const uint8_t *nonce, const uint8_t *aad,
                      size_t aad_bytes, const uint8_t *in, size_t text_bytes, uint8_t *out)
{
    uint8_t tag[AEAD_TAG_BYTES];
    checksum((struct null_key *)base, nonce, aad, aad_bytes, in, text_bytes, tag);
    if (memcmp(tag, in + text_bytes, sizeof(tag)) != 0)
        return false;
    if (out != in && text_bytes > 0)
        memcpy(out, in, text_bytes);
    return true;
}

const struct aead_impl aead_null = {
    .name = "none",
    .key_new = null_key_new,
    .key_free = null_key_free,
    .seal = null_seal,
    .open = null_open,
};
