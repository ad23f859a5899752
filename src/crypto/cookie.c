/* SPDX-License-Identifier: ISC */
#include "crypto/cookie.h"

#include <assert.h>
#include <string.h>

#include "base/cursor.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

static const char mac1_label[] = "hawser mac1 v1";
static const char cookie_label[] = "hawser cookie v1";

static_assert((int)COOKIE_BYTES == (int)HASH_MAC_BYTES, "a cookie is a MAC");
static_assert((int)COOKIE_MAC_BYTES == (int)HASH_MAC_BYTES, "");
static_assert((int)COOKIE_SEALED_BYTES == (int)COOKIE_BYTES + (int)AEAD_TAG_BYTES, "");

void cookie_keys_init(struct cookie_keys *k, const uint8_t responder_public[32])
{
    uint8_t hash[HASH_BYTES];
    memcpy(k->public_key, responder_public, sizeof(k->public_key));
    hash_blake2b(hash,
                 (struct hash_span[]){ { mac1_label, sizeof(mac1_label) - 1 },
                                       { k->public_key, sizeof(k->public_key) } },
                 2);
    memcpy(k->mac1.bytes, hash, sizeof(k->mac1.bytes));
}

void cookie_mac1(const struct cookie_keys *k, const uint8_t *message, size_t len_bytes,
                 uint8_t out[COOKIE_MAC_BYTES])
{
    hash_mac(out, k->mac1.bytes, sizeof(k->mac1.bytes), message, len_bytes);
}

void cookie_mac2(const uint8_t cookie[COOKIE_BYTES], const uint8_t *message, size_t len_bytes,
                 uint8_t out[COOKIE_MAC_BYTES])
{
    hash_mac(out, cookie, COOKIE_BYTES, message, len_bytes);
}

void cookie_checker_init(struct cookie_checker *c, struct tstamp now, const struct secret32 *random)
{
    *c = (struct cookie_checker){ .current = { .key = *random, .made = now } };
}

bool cookie_stale(const struct cookie_checker *c, struct tstamp now)
{
    return tstamp_sub(now, c->current.made) >= COOKIE_LIFETIME_NS;
}

void cookie_rotate(struct cookie_checker *c, struct tstamp now, const struct secret32 *random)
{
    c->previous = c->current;
    c->has_previous = true;
    c->current = (struct cookie_secret){ .key = *random, .made = now };
}

static void make(const struct cookie_secret *s, const struct netaddr *from,
                 uint8_t cookie[COOKIE_BYTES])
{
    uint8_t source[sizeof(from->addr) + sizeof(from->port)];
    struct writer w = writer_of(source, sizeof(source));
    write_bytes(&w, from->addr, from->family == 4 ? 4 : 16);
    write_u16(&w, from->port);
    hash_mac(cookie, s->key.bytes, sizeof(s->key.bytes), source, writer_len(&w));
}

void cookie_make(const struct cookie_checker *c, const struct netaddr *from,
                 uint8_t cookie[COOKIE_BYTES])
{
    make(&c->current, from, cookie);
}

static bool proves(const struct cookie_secret *s, struct tstamp now, const struct netaddr *from,
                   const uint8_t *message, size_t len_bytes, const uint8_t mac2[COOKIE_MAC_BYTES])
{
    uint8_t cookie[COOKIE_BYTES];
    uint8_t expected[COOKIE_MAC_BYTES];
    if (tstamp_sub(now, s->made) >= 2 * COOKIE_LIFETIME_NS)
        return false;
    make(s, from, cookie);
    cookie_mac2(cookie, message, len_bytes, expected);
    return secret_equal(expected, mac2, sizeof(expected));
}

bool cookie_check_mac2(const struct cookie_checker *c, struct tstamp now,
                       const struct netaddr *from, const uint8_t *message, size_t len_bytes,
                       const uint8_t mac2[COOKIE_MAC_BYTES])
{
    return proves(&c->current, now, from, message, len_bytes, mac2) ||
           (c->has_previous && proves(&c->previous, now, from, message, len_bytes, mac2));
}

/* The key of one cookie reply. NULL: no memory. */
static struct aead_key *reply_key(const struct cookie_keys *k,
                                  const uint8_t nonce[COOKIE_NONCE_BYTES])
{
    uint8_t hash[HASH_BYTES];
    hash_blake2b(hash,
                 (struct hash_span[]){ { cookie_label, sizeof(cookie_label) - 1 },
                                       { k->public_key, sizeof(k->public_key) },
                                       { nonce, COOKIE_NONCE_BYTES } },
                 3);
    struct aead_key *key = aead_key_new(AEAD_CHACHA20_POLY1305, hash);
    secret_clear(hash, sizeof(hash));
    return key;
}

static const uint8_t zero_iv[AEAD_NONCE_BYTES];

bool cookie_seal(const struct cookie_keys *k, const uint8_t nonce[COOKIE_NONCE_BYTES],
                 const uint8_t mac1[COOKIE_MAC_BYTES], const uint8_t cookie[COOKIE_BYTES],
                 uint8_t out[COOKIE_SEALED_BYTES])
{
    const struct aead_span span = { cookie, COOKIE_BYTES };
    struct aead_key *key = reply_key(k, nonce);
    bool done = key != NULL && aead_seal(key, zero_iv, mac1, COOKIE_MAC_BYTES, &span, 1, out);
    aead_key_free(key);
    return done;
}

bool cookie_open(const struct cookie_keys *k, const uint8_t nonce[COOKIE_NONCE_BYTES],
                 const uint8_t mac1[COOKIE_MAC_BYTES], const uint8_t in[COOKIE_SEALED_BYTES],
                 uint8_t cookie[COOKIE_BYTES])
{
    uint8_t opened[COOKIE_BYTES];
    struct aead_key *key = reply_key(k, nonce);
    bool authentic = key != NULL && aead_open(key, zero_iv, mac1, COOKIE_MAC_BYTES, in,
                                              COOKIE_SEALED_BYTES, opened);
    if (authentic)
        memcpy(cookie, opened, COOKIE_BYTES);
    aead_key_free(key);
    return authentic;
}
