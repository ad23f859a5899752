/* SPDX-License-Identifier: ISC */
#include "crypto/noise.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/key.h"

/* Names of variables and functions follow the specification: MixHash, MixKey, EncryptAndHash. */
static const char protocol_name[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b";

static void mix_hash(struct noise_handshake *h, const void *data, size_t len_bytes)
{
    struct hash_span spans[] = { { h->hash, HASH_BYTES }, { data, len_bytes } };
    uint8_t hash[HASH_BYTES];
    hash_blake2b(hash, spans, 2);
    memcpy(h->hash, hash, HASH_BYTES);
}

static void set_cipher_key(struct noise_handshake *h, const uint8_t key[HASH_BYTES])
{
    memcpy(h->cipher_key.bytes, key, sizeof h->cipher_key.bytes);
    h->cipher_nonce = 0;
    h->cipher_ready = true;
}

static void mix_key(struct noise_handshake *h, const uint8_t input[32])
{
    uint8_t chaining_key[HASH_BYTES];
    uint8_t key[HASH_BYTES];
    hash_hkdf(h->chaining_key, input, 32, chaining_key, key, NULL);
    memcpy(h->chaining_key, chaining_key, HASH_BYTES);
    set_cipher_key(h, key);
    secret_clear(chaining_key, sizeof chaining_key);
    secret_clear(key, sizeof key);
}

static void mix_key_and_hash(struct noise_handshake *h, const uint8_t psk[32])
{
    uint8_t chaining_key[HASH_BYTES];
    uint8_t hash[HASH_BYTES];
    uint8_t key[HASH_BYTES];
    hash_hkdf(h->chaining_key, psk, 32, chaining_key, hash, key);
    memcpy(h->chaining_key, chaining_key, HASH_BYTES);
    mix_hash(h, hash, HASH_BYTES);
    set_cipher_key(h, key);
    secret_clear(chaining_key, sizeof chaining_key);
    secret_clear(hash, sizeof hash);
    secret_clear(key, sizeof key);
}

/* In psk handshakes "e" also enters the key (section 9.2). */
static void mix_ephemeral(struct noise_handshake *h, const uint8_t public_key[32])
{
    mix_hash(h, public_key, 32);
    mix_key(h, public_key);
}

/* X25519; a result of all zeros (a point of low order) is refused. */
static int mix_dh(struct noise_handshake *h, const struct secret32 *private_key,
                  const uint8_t public_key[32])
{
    uint8_t shared[32];
    size_t len = sizeof shared;
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key->bytes, 32);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key, 32);
    EVP_PKEY_CTX *c = mine != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    int err = -EIO;
    if (c != NULL && theirs != NULL && EVP_PKEY_derive_init(c) == 1)
        err = EVP_PKEY_derive_set_peer(c, theirs) == 1 && EVP_PKEY_derive(c, shared, &len) == 1 &&
                      len == sizeof shared
                  ? 0
                  : -EBADMSG; /* OpenSSL refuses the zero result itself */
    if (err == 0)
        mix_key(h, shared);
    secret_clear(shared, sizeof shared);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return err;
}

/* ChaChaPoly's nonce: four zero bytes and the counter, little endian (section 12.3). */
static void next_nonce(struct noise_handshake *h, uint8_t nonce[AEAD_NONCE_BYTES])
{
    uint64_t n = h->cipher_nonce++;
    memset(nonce, 0, AEAD_NONCE_BYTES);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(n >> (8 * i));
}

/* Writes len_bytes + 16 bytes. */
static int encrypt_and_hash(struct noise_handshake *h, const uint8_t *plain, size_t len_bytes,
                            uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];
    struct aead_span in = { plain, len_bytes };
    struct aead_key *k = aead_key_new(AEAD_CHACHA20_POLY1305, h->cipher_key.bytes);
    next_nonce(h, nonce);
    bool good = k != NULL && aead_seal(k, nonce, h->hash, HASH_BYTES, &in, 1, out);
    aead_key_free(k);
    if (good)
        mix_hash(h, out, len_bytes + AEAD_TAG_BYTES);
    return good ? 0 : -EIO;
}

/* Writes len_bytes - 16 bytes. */
static int decrypt_and_hash(struct noise_handshake *h, const uint8_t *sealed, size_t len_bytes,
                            uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];
    struct aead_key *k = aead_key_new(AEAD_CHACHA20_POLY1305, h->cipher_key.bytes);
    if (k == NULL)
        return -EIO;
    next_nonce(h, nonce);
    bool good = aead_open(k, nonce, h->hash, HASH_BYTES, sealed, len_bytes, out);
    aead_key_free(k);
    if (good)
        mix_hash(h, sealed, len_bytes);
    return good ? 0 : -EBADMSG;
}

/* Ends a consume: what was worked on becomes the state, or is thrown away. */
static int conclude(struct noise_handshake *h, struct noise_handshake *work, int err)
{
    if (err == 0)
        *h = *work;
    secret_clear(work, sizeof *work);
    return err;
}

static void begin(struct noise_handshake *h, const void *prologue, size_t prologue_bytes)
{
    struct hash_span name = { protocol_name, sizeof protocol_name - 1 };
    memset(h, 0, sizeof *h);
    /* Names of up to HASH_BYTES are padded instead of hashed (section 5.2). */
    memcpy(h->hash, name.data, name.len_bytes);
    memcpy(h->chaining_key, h->hash, HASH_BYTES);
    mix_hash(h, prologue, prologue_bytes);
}

int noise_initiator_init(struct noise_handshake *h, const void *prologue, size_t prologue_bytes,
                         const struct secret32 *static_private, const uint8_t static_public[32],
                         const uint8_t remote_public[32], const struct secret32 *psk)
{
    begin(h, prologue, prologue_bytes);
    h->initiator = true;
    h->static_private = *static_private;
    h->psk = *psk;
    memcpy(h->static_public, static_public, 32);
    memcpy(h->remote_static, remote_public, 32);
    mix_hash(h, remote_public, 32);
    return 0;
}

int noise_responder_init(struct noise_handshake *h, const void *prologue, size_t prologue_bytes,
                         const struct secret32 *static_private, const uint8_t static_public[32])
{
    begin(h, prologue, prologue_bytes);
    h->static_private = *static_private;
    memcpy(h->static_public, static_public, 32);
    mix_hash(h, static_public, 32);
    return 0;
}

void noise_set_psk(struct noise_handshake *h, const struct secret32 *psk)
{
    h->psk = *psk;
}

static int set_ephemeral(struct noise_handshake *h, const struct secret32 *ephemeral_private)
{
    h->ephemeral_private = *ephemeral_private;
    return key_public(h->ephemeral_public, ephemeral_private->bytes) ? 0 : -EIO;
}

int noise_create_initiation(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                            const uint8_t *payload, size_t payload_bytes, uint8_t *out,
                            size_t out_cap, size_t *out_bytes)
{
    *out_bytes = NOISE_INITIATION_BYTES + payload_bytes;
    if (out_cap < *out_bytes)
        return -EMSGSIZE;
    int err = set_ephemeral(h, ephemeral_private);
    if (err == 0) {
        memcpy(out, h->ephemeral_public, 32);
        mix_ephemeral(h, h->ephemeral_public);
        err = mix_dh(h, &h->ephemeral_private, h->remote_static);
    }
    if (err == 0)
        err = encrypt_and_hash(h, h->static_public, 32, out + 32);
    if (err == 0)
        err = mix_dh(h, &h->static_private, h->remote_static);
    if (err == 0)
        err = encrypt_and_hash(h, payload, payload_bytes, out + 80);
    return err;
}

int noise_consume_initiation(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                             uint8_t remote_static[32], uint8_t *payload, size_t payload_cap,
                             size_t *payload_bytes)
{
    if (len_bytes < NOISE_INITIATION_BYTES)
        return -EBADMSG;
    *payload_bytes = len_bytes - NOISE_INITIATION_BYTES;
    if (payload_cap < *payload_bytes)
        return -EMSGSIZE;
    struct noise_handshake work = *h;
    memcpy(work.remote_ephemeral, message, 32);
    mix_ephemeral(&work, work.remote_ephemeral);
    int err = mix_dh(&work, &work.static_private, work.remote_ephemeral);
    if (err == 0)
        err = decrypt_and_hash(&work, message + 32, 48, work.remote_static);
    if (err == 0)
        err = mix_dh(&work, &work.static_private, work.remote_static);
    if (err == 0)
        err = decrypt_and_hash(&work, message + 80, len_bytes - 80, payload);
    if (err == 0)
        memcpy(remote_static, work.remote_static, 32);
    return conclude(h, &work, err);
}

int noise_create_response(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                          const uint8_t *payload, size_t payload_bytes, uint8_t *out,
                          size_t out_cap, size_t *out_bytes)
{
    *out_bytes = NOISE_RESPONSE_BYTES + payload_bytes;
    if (out_cap < *out_bytes)
        return -EMSGSIZE;
    int err = set_ephemeral(h, ephemeral_private);
    if (err == 0) {
        memcpy(out, h->ephemeral_public, 32);
        mix_ephemeral(h, h->ephemeral_public);
        err = mix_dh(h, &h->ephemeral_private, h->remote_ephemeral);
    }
    if (err == 0)
        err = mix_dh(h, &h->ephemeral_private, h->remote_static);
    if (err == 0) {
        mix_key_and_hash(h, h->psk.bytes);
        err = encrypt_and_hash(h, payload, payload_bytes, out + 32);
    }
    return err;
}

int noise_consume_response(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                           uint8_t *payload, size_t payload_cap, size_t *payload_bytes)
{
    if (len_bytes < NOISE_RESPONSE_BYTES)
        return -EBADMSG;
    *payload_bytes = len_bytes - NOISE_RESPONSE_BYTES;
    if (payload_cap < *payload_bytes)
        return -EMSGSIZE;
    struct noise_handshake work = *h;
    memcpy(work.remote_ephemeral, message, 32);
    mix_ephemeral(&work, work.remote_ephemeral);
    int err = mix_dh(&work, &work.ephemeral_private, work.remote_ephemeral);
    if (err == 0)
        err = mix_dh(&work, &work.static_private, work.remote_ephemeral);
    if (err == 0) {
        mix_key_and_hash(&work, work.psk.bytes);
        err = decrypt_and_hash(&work, message + 32, len_bytes - 32, payload);
    }
    return conclude(h, &work, err);
}

void noise_split(const struct noise_handshake *h, struct secret32 *send, struct secret32 *receive)
{
    uint8_t first[HASH_BYTES];
    uint8_t second[HASH_BYTES];
    hash_hkdf(h->chaining_key, NULL, 0, first, second, NULL);
    memcpy(send->bytes, h->initiator ? first : second, 32);
    memcpy(receive->bytes, h->initiator ? second : first, 32);
    secret_clear(first, sizeof first);
    secret_clear(second, sizeof second);
}

void noise_clear(struct noise_handshake *h)
{
    secret_clear(h, sizeof *h);
}
