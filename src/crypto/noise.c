/* SPDX-License-Identifier: ISC */
/* The names of the framework's own functions (MixHash, EncryptAndHash, ...) are kept. */
#include "crypto/noise.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/key.h"

enum { DH_BYTES = 32, SEALED_KEY_BYTES = DH_BYTES + AEAD_TAG_BYTES };

static const char protocol_name[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b";

static void mix_hash(struct noise_handshake *h, const void *data, size_t len_bytes)
{
    hash_blake2b(h->hash, (struct hash_span[]){ { h->hash, sizeof(h->hash) }, { data, len_bytes } },
                 2);
}

static void mix_key(struct noise_handshake *h, const uint8_t *input, size_t input_bytes)
{
    uint8_t temp[HASH_BYTES];
    hash_hkdf(h->chaining_key, input, input_bytes, h->chaining_key, temp, NULL);
    memcpy(h->cipher_key.bytes, temp, sizeof(h->cipher_key.bytes));
    secret_clear(temp, sizeof(temp));
}

static void mix_key_and_hash(struct noise_handshake *h, const struct secret32 *psk)
{
    uint8_t temp_hash[HASH_BYTES];
    uint8_t temp_key[HASH_BYTES];
    hash_hkdf(h->chaining_key, psk->bytes, sizeof(psk->bytes), h->chaining_key, temp_hash,
              temp_key);
    mix_hash(h, temp_hash, sizeof(temp_hash));
    memcpy(h->cipher_key.bytes, temp_key, sizeof(h->cipher_key.bytes));
    secret_clear(temp_hash, sizeof(temp_hash));
    secret_clear(temp_key, sizeof(temp_key));
}

static int mix_exchange(struct noise_handshake *h, const struct secret32 *own,
                        const uint8_t peer[DH_BYTES])
{
    struct secret32 shared;
    int error = key_exchange(&shared, own, peer);
    if (error == 0)
        mix_key(h, shared.bytes, sizeof(shared.bytes));
    secret_clear(&shared, sizeof(shared));
    return error;
}

/* The e token, which in a handshake with a preshared key is mixed into the key as well. */
static void mix_ephemeral(struct noise_handshake *h, const uint8_t public_key[DH_BYTES])
{
    mix_hash(h, public_key, DH_BYTES);
    mix_key(h, public_key, DH_BYTES);
}

/* IKpsk2 uses every key of the handshake for one text only, so the nonce is always zero. */
static const uint8_t nonce[AEAD_NONCE_BYTES];

static int encrypt_and_hash(struct noise_handshake *h, const uint8_t *text, size_t text_bytes,
                            uint8_t *out)
{
    struct aead_key *k = aead_key_new(AEAD_CHACHA20_POLY1305, h->cipher_key.bytes);
    const struct aead_span span = { text, text_bytes };
    bool done = k != NULL && aead_seal(k, nonce, h->hash, sizeof(h->hash), &span, 1, out);
    aead_key_free(k);
    if (!done)
        return -EIO;
    mix_hash(h, out, text_bytes + AEAD_TAG_BYTES);
    return 0;
}

static int decrypt_and_hash(struct noise_handshake *h, const uint8_t *in, size_t in_bytes,
                            uint8_t *text)
{
    struct aead_key *k = aead_key_new(AEAD_CHACHA20_POLY1305, h->cipher_key.bytes);
    if (k == NULL)
        return -EIO;
    bool authentic = aead_open(k, nonce, h->hash, sizeof(h->hash), in, in_bytes, text);
    aead_key_free(k);
    if (!authentic)
        return -EBADMSG;
    mix_hash(h, in, in_bytes);
    return 0;
}

static void init(struct noise_handshake *h, bool initiator, const void *prologue,
                 size_t prologue_bytes, const struct secret32 *static_private,
                 const uint8_t static_public[DH_BYTES])
{
    static_assert(sizeof(protocol_name) - 1 <= HASH_BYTES, "else it would be hashed");
    memset(h, 0, sizeof(*h));
    h->initiator = initiator;
    h->static_private = *static_private;
    memcpy(h->static_public, static_public, DH_BYTES);
    memcpy(h->hash, protocol_name, sizeof(protocol_name) - 1);
    memcpy(h->chaining_key, h->hash, sizeof(h->chaining_key));
    mix_hash(h, prologue, prologue_bytes);
}

int noise_initiator_init(struct noise_handshake *h, const void *prologue, size_t prologue_bytes,
                         const struct secret32 *static_private,
                         const uint8_t static_public[DH_BYTES],
                         const uint8_t remote_public[DH_BYTES], const struct secret32 *psk)
{
    init(h, true, prologue, prologue_bytes, static_private, static_public);
    h->psk = *psk;
    memcpy(h->remote_static, remote_public, DH_BYTES);
    mix_hash(h, h->remote_static, DH_BYTES);
    return 0;
}

int noise_responder_init(struct noise_handshake *h, const void *prologue, size_t prologue_bytes,
                         const struct secret32 *static_private,
                         const uint8_t static_public[DH_BYTES])
{
    init(h, false, prologue, prologue_bytes, static_private, static_public);
    mix_hash(h, h->static_public, DH_BYTES);
    return 0;
}

void noise_set_psk(struct noise_handshake *h, const struct secret32 *psk)
{
    h->psk = *psk;
}

/* Takes the changed copy of a handshake over if its message was a success. */
static int commit(struct noise_handshake *h, struct noise_handshake *changed,
                  enum noise_stage stage, int error)
{
    if (error == 0) {
        changed->stage = stage;
        *h = *changed;
    }
    noise_clear(changed);
    return error;
}

static int set_ephemeral(struct noise_handshake *h, const struct secret32 *private_key)
{
    h->ephemeral_private = *private_key;
    if (!key_public(h->ephemeral_public, private_key->bytes))
        return -EIO;
    mix_ephemeral(h, h->ephemeral_public);
    return 0;
}

static void set_remote_ephemeral(struct noise_handshake *h, const uint8_t public_key[DH_BYTES])
{
    memcpy(h->remote_ephemeral, public_key, DH_BYTES);
    mix_ephemeral(h, h->remote_ephemeral);
}

static int write_initiation(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                            const uint8_t *payload, size_t payload_bytes, uint8_t *out)
{
    int error = set_ephemeral(h, ephemeral_private); /* e */
    if (error < 0)
        return error;
    memcpy(out, h->ephemeral_public, DH_BYTES);
    out += DH_BYTES;

    error = mix_exchange(h, &h->ephemeral_private, h->remote_static); /* es */
    if (error == 0)
        error = encrypt_and_hash(h, h->static_public, DH_BYTES, out); /* s */
    if (error == 0)
        error = mix_exchange(h, &h->static_private, h->remote_static); /* ss */
    if (error == 0)
        error = encrypt_and_hash(h, payload, payload_bytes, out + SEALED_KEY_BYTES);
    return error;
}

int noise_create_initiation(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                            const uint8_t *payload, size_t payload_bytes, uint8_t *out,
                            size_t out_cap, size_t *out_bytes)
{
    if (h->stage != NOISE_START || !h->initiator)
        return -EPROTO;
    if (out_cap < NOISE_INITIATION_BYTES || out_cap - NOISE_INITIATION_BYTES < payload_bytes)
        return -EMSGSIZE;
    struct noise_handshake next = *h;
    int error = write_initiation(&next, ephemeral_private, payload, payload_bytes, out);
    if (error == 0)
        *out_bytes = NOISE_INITIATION_BYTES + payload_bytes;
    return commit(h, &next, NOISE_INITIATED, error);
}

static int read_initiation(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                           uint8_t *payload)
{
    set_remote_ephemeral(h, message); /* e */
    message += DH_BYTES;
    len_bytes -= DH_BYTES;

    int error = mix_exchange(h, &h->static_private, h->remote_ephemeral); /* es */
    if (error == 0)
        error = decrypt_and_hash(h, message, SEALED_KEY_BYTES, h->remote_static); /* s */
    if (error == 0)
        error = mix_exchange(h, &h->static_private, h->remote_static); /* ss */
    if (error == 0)
        error =
            decrypt_and_hash(h, message + SEALED_KEY_BYTES, len_bytes - SEALED_KEY_BYTES, payload);
    return error;
}

int noise_consume_initiation(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                             uint8_t remote_static[DH_BYTES], uint8_t *payload, size_t payload_cap,
                             size_t *payload_bytes)
{
    if (h->stage != NOISE_START || h->initiator)
        return -EPROTO;
    if (len_bytes < NOISE_INITIATION_BYTES)
        return -EBADMSG;
    if (len_bytes - NOISE_INITIATION_BYTES > payload_cap)
        return -EMSGSIZE;
    struct noise_handshake next = *h;
    int error = read_initiation(&next, message, len_bytes, payload);
    if (error == 0) {
        memcpy(remote_static, next.remote_static, DH_BYTES);
        *payload_bytes = len_bytes - NOISE_INITIATION_BYTES;
    }
    return commit(h, &next, NOISE_INITIATED, error);
}

static int write_response(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                          const uint8_t *payload, size_t payload_bytes, uint8_t *out)
{
    int error = set_ephemeral(h, ephemeral_private); /* e */
    if (error < 0)
        return error;
    memcpy(out, h->ephemeral_public, DH_BYTES);

    error = mix_exchange(h, &h->ephemeral_private, h->remote_ephemeral); /* ee */
    if (error == 0)
        error = mix_exchange(h, &h->ephemeral_private, h->remote_static); /* se */
    if (error < 0)
        return error;
    mix_key_and_hash(h, &h->psk); /* psk */
    return encrypt_and_hash(h, payload, payload_bytes, out + DH_BYTES);
}

int noise_create_response(struct noise_handshake *h, const struct secret32 *ephemeral_private,
                          const uint8_t *payload, size_t payload_bytes, uint8_t *out,
                          size_t out_cap, size_t *out_bytes)
{
    if (h->stage != NOISE_INITIATED || h->initiator)
        return -EPROTO;
    if (out_cap < NOISE_RESPONSE_BYTES || out_cap - NOISE_RESPONSE_BYTES < payload_bytes)
        return -EMSGSIZE;
    struct noise_handshake next = *h;
    int error = write_response(&next, ephemeral_private, payload, payload_bytes, out);
    if (error == 0)
        *out_bytes = NOISE_RESPONSE_BYTES + payload_bytes;
    return commit(h, &next, NOISE_DONE, error);
}

static int read_response(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                         uint8_t *payload)
{
    set_remote_ephemeral(h, message);                                        /* e */
    int error = mix_exchange(h, &h->ephemeral_private, h->remote_ephemeral); /* ee */
    if (error == 0)
        error = mix_exchange(h, &h->static_private, h->remote_ephemeral); /* se */
    if (error < 0)
        return error;
    mix_key_and_hash(h, &h->psk); /* psk */
    return decrypt_and_hash(h, message + DH_BYTES, len_bytes - DH_BYTES, payload);
}

int noise_consume_response(struct noise_handshake *h, const uint8_t *message, size_t len_bytes,
                           uint8_t *payload, size_t payload_cap, size_t *payload_bytes)
{
    if (h->stage != NOISE_INITIATED || !h->initiator)
        return -EPROTO;
    if (len_bytes < NOISE_RESPONSE_BYTES)
        return -EBADMSG;
    if (len_bytes - NOISE_RESPONSE_BYTES > payload_cap)
        return -EMSGSIZE;
    struct noise_handshake next = *h;
    int error = read_response(&next, message, len_bytes, payload);
    if (error == 0)
        *payload_bytes = len_bytes - NOISE_RESPONSE_BYTES;
    return commit(h, &next, NOISE_DONE, error);
}

void noise_split(const struct noise_handshake *h, struct secret32 *send, struct secret32 *receive)
{
    assert(h->stage == NOISE_DONE);
    uint8_t initiators[HASH_BYTES];
    uint8_t responders[HASH_BYTES];
    hash_hkdf(h->chaining_key, NULL, 0, initiators, responders, NULL);
    memcpy(send->bytes, h->initiator ? initiators : responders, sizeof(send->bytes));
    memcpy(receive->bytes, h->initiator ? responders : initiators, sizeof(receive->bytes));
    secret_clear(initiators, sizeof(initiators));
    secret_clear(responders, sizeof(responders));
}

void noise_clear(struct noise_handshake *h)
{
    secret_clear(h, sizeof(*h));
}
