/* SPDX-License-Identifier: ISC */
#include "crypto/cookie.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"

static const char label_mac1[] = "hawser mac1 v1";
static const char label_cookie[] = "hawser cookie v1";

static void derive(const char *label, const uint8_t public_key[32], const uint8_t *nonce,
                   size_t nonce_bytes, struct secret32 *out)
{
    uint8_t hash[HASH_BYTES];
    struct hash_span spans[] = { { label, strlen(label) },
                                 { public_key, 32 },
                                 { nonce, nonce_bytes } };
    hash_blake2b(hash, spans, nonce_bytes > 0 ? 3 : 2);
    memcpy(out->bytes, hash, sizeof out->bytes);
    secret_clear(hash, sizeof hash);
}

void cookie_keys_init(struct cookie_keys *k, const uint8_t responder_public[32])
{
    derive(label_mac1, responder_public, NULL, 0, &k->mac1);
    memcpy(k->public_key, responder_public, sizeof k->public_key);
}

void cookie_mac1(const struct cookie_keys *k, const uint8_t *message, size_t len_bytes,
                 uint8_t out[COOKIE_MAC_BYTES])
{
    hash_mac(out, k->mac1.bytes, sizeof k->mac1.bytes, message, len_bytes);
}

void cookie_mac2(const uint8_t cookie[COOKIE_BYTES], const uint8_t *message, size_t len_bytes,
                 uint8_t out[COOKIE_MAC_BYTES])
{
    hash_mac(out, cookie, COOKIE_BYTES, message, len_bytes);
}

void cookie_checker_init(struct cookie_checker *c, struct tstamp now, const struct secret32 *random)
{
    memset(c, 0, sizeof *c);
    c->secrets[0] = *random;
    c->changed = now;
}

bool cookie_stale(const struct cookie_checker *c, struct tstamp now)
{
    return tstamp_sub(now, c->changed) >= COOKIE_LIFETIME_NS;
}

void cookie_rotate(struct cookie_checker *c, struct tstamp now, const struct secret32 *random)
{
    /* A secret that was idle for two lifetimes must not be good once more. */
    c->has_previous = tstamp_sub(now, c->changed) < 2 * COOKIE_LIFETIME_NS;
    c->secrets[1] = c->secrets[0];
    c->secrets[0] = *random;
    c->changed = now;
}

static void make(const struct secret32 *secret, const struct netaddr *from,
                 uint8_t cookie[COOKIE_BYTES])
{
    uint8_t input[18];
    size_t n = from->family == 4 ? 4 : 16;
    memcpy(input, from->addr, n);
    input[n] = (uint8_t)(from->port >> 8);
    input[n + 1] = (uint8_t)from->port;
    hash_mac(cookie, secret->bytes, sizeof secret->bytes, input, n + 2);
}

void cookie_make(const struct cookie_checker *c, const struct netaddr *from,
                 uint8_t cookie[COOKIE_BYTES])
{
    make(&c->secrets[0], from, cookie);
}

bool cookie_check_mac2(const struct cookie_checker *c, struct tstamp now,
                       const struct netaddr *from, const uint8_t *message, size_t len_bytes,
                       const uint8_t mac2[COOKIE_MAC_BYTES])
{
    int64_t age_ns = tstamp_sub(now, c->changed);
    bool good = false;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t cookie[COOKIE_BYTES];
        uint8_t mac[COOKIE_MAC_BYTES];
        make(&c->secrets[i], from, cookie);
        cookie_mac2(cookie, message, len_bytes, mac);
        bool valid = i == 0 ? age_ns < 2 * COOKIE_LIFETIME_NS
                            : c->has_previous && age_ns < COOKIE_LIFETIME_NS;
        good |= valid && secret_equal(mac, mac2, sizeof mac);
    }
    return good;
}

static struct aead_key *reply_key(const struct cookie_keys *k,
                                  const uint8_t nonce[COOKIE_NONCE_BYTES])
{
    struct secret32 secret;
    derive(label_cookie, k->public_key, nonce, COOKIE_NONCE_BYTES, &secret);
    struct aead_key *key = aead_key_new(AEAD_CHACHA20_POLY1305, secret.bytes);
    secret_clear(&secret, sizeof secret);
    return key;
}

static const uint8_t zero_iv[AEAD_NONCE_BYTES];

bool cookie_seal(const struct cookie_keys *k, const uint8_t nonce[COOKIE_NONCE_BYTES],
                 const uint8_t mac1[COOKIE_MAC_BYTES], const uint8_t cookie[COOKIE_BYTES],
                 uint8_t out[COOKIE_SEALED_BYTES])
{
    struct aead_key *key = reply_key(k, nonce);
    struct aead_span in = { cookie, COOKIE_BYTES };
    bool good = key != NULL && aead_seal(key, zero_iv, mac1, COOKIE_MAC_BYTES, &in, 1, out);
    aead_key_free(key);
    return good;
}

bool cookie_open(const struct cookie_keys *k, const uint8_t nonce[COOKIE_NONCE_BYTES],
                 const uint8_t mac1[COOKIE_MAC_BYTES], const uint8_t in[COOKIE_SEALED_BYTES],
                 uint8_t cookie[COOKIE_BYTES])
{
    struct aead_key *key = reply_key(k, nonce);
    bool good = key != NULL &&
                aead_open(key, zero_iv, mac1, COOKIE_MAC_BYTES, in, COOKIE_SEALED_BYTES, cookie);
    aead_key_free(key);
    return good;
}
