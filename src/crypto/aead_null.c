/* SPDX-License-Identifier: ISC */
/*
 * No encryption. AEAD_SUM has a checksum in place of a tag, which finds accidents, not attackers:
 * for the simulator, where a cipher would be most of the running time. AEAD_NULL only tells keys
 * apart: to measure what everything but the cipher costs.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

struct null_key {
    struct aead_key base;
    uint64_t key_sum;
    bool whole; /* AEAD_SUM */
};

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

/* Two words side by side: every CPU of ours has registers of that size. */
typedef uint64_t pair __attribute__((vector_size(16)));

static pair pair_at(const uint8_t *data)
{
    pair p;
    memcpy(&p, data, sizeof p);
    return p;
}

/* The bytes and their number into the sum: Fletcher's two sums, where earlier words count more. */
static uint64_t add(uint64_t sum, const uint8_t *data, size_t len_bytes)
{
    pair even = { 0 }, even_placed = { 0 };
    pair odd = { 0 }, odd_placed = { 0 };
    uint8_t rest[2 * sizeof(pair)] = { 0 };
    sum = mix(sum, len_bytes);
    for (; len_bytes >= sizeof rest; data += sizeof rest, len_bytes -= sizeof rest) {
        even += pair_at(data);
        odd += pair_at(data + sizeof(pair));
        even_placed += even;
        odd_placed += odd;
    }
    if (len_bytes > 0)
        memcpy(rest, data, len_bytes);
    even += pair_at(rest);
    odd += pair_at(rest + sizeof(pair));
    pair plain = even ^ (odd << 1 | odd >> 63);
    pair placed = even_placed ^ (odd_placed << 1 | odd_placed >> 63);
    return mix(mix(mix(mix(sum, plain[0]), plain[1]), placed[0]), placed[1]);
}

/* The same purpose for a few bytes. */
static uint64_t add_short(uint64_t sum, const uint8_t *data, size_t len_bytes)
{
    uint64_t word;
    for (; len_bytes > sizeof word; data += sizeof word, len_bytes -= sizeof word) {
        memcpy(&word, data, sizeof word);
        sum = mix(sum, word);
    }
    word = len_bytes;
    if (len_bytes > 0)
        memcpy(&word, data, len_bytes);
    return mix(sum, word);
}

static void checksum(const struct null_key *k, const uint8_t *nonce, const uint8_t *aad,
                     size_t aad_bytes, const uint8_t *text, size_t text_bytes,
                     uint8_t tag[AEAD_TAG_BYTES])
{
    uint64_t sums[2] = { k->key_sum, k->key_sum };
    if (k->whole) {
        sums[0] = add_short(sums[0], nonce, AEAD_NONCE_BYTES);
        sums[0] = add_short(sums[0], aad, aad_bytes);
        sums[0] = add(sums[0], text, text_bytes);
        sums[1] = mix(sums[0], 0);
    }
    memcpy(tag, sums, AEAD_TAG_BYTES);
}

static struct aead_key *null_key_new(enum aead_id id, const uint8_t key[32])
{
    struct null_key *k = malloc(sizeof(*k));
    if (k == NULL)
        return NULL;
    k->base.impl = &aead_null;
    k->key_sum = add_short(0, key, 32);
    k->whole = id == AEAD_SUM;
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
