/* SPDX-License-Identifier: ISC */
#include "session/keys.h"

#include <stdlib.h>

#include "crypto/secret.h"

struct keys *keys_new(const struct noise_handshake *h, uint8_t cipher, uint8_t test_cipher,
                      struct tstamp now)
{
    struct keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    enum aead_id id = (enum aead_id)(test_cipher != 0 ? test_cipher : cipher);
    struct secret32 send, receive;
    noise_split(h, &send, &receive);
    k->send = aead_key_new(id, send.bytes);
    k->receive = aead_key_new(id, receive.bytes);
    secret_clear(&send, sizeof send);
    secret_clear(&receive, sizeof receive);
    k->born = now;
    k->cipher = cipher;
    if (k->send == NULL || k->receive == NULL) {
        keys_free(k);
        return NULL;
    }
    return k;
}

void keys_free(struct keys *k)
{
    if (k == NULL)
        return;
    aead_key_free(k->send);
    aead_key_free(k->receive);
    free(k);
}

bool keys_too_old(const struct keys *k, struct tstamp now, int64_t rekey_after_ns)
{
    return tstamp_sub(now, k->born) >= KEYS_LIVES * rekey_after_ns ||
           k->sent >= 2 * KEYS_PACKETS_MAX;
}

bool keys_want_renewal(const struct keys *k, struct tstamp now, int64_t rekey_after_ns)
{
    return tstamp_sub(now, k->born) >= rekey_after_ns || k->sent >= KEYS_PACKETS_MAX;
}

size_t keys_seal(struct keys *k, uint8_t path, uint64_t pn, const struct aead_span *spans,
                 size_t count, uint8_t *out)
{
    const struct wire_header h = { .path = path, .receiver = k->remote, .pn = (uint32_t)pn };
    uint8_t nonce[AEAD_NONCE_BYTES];
    size_t plain_bytes = 0;
    for (size_t i = 0; i < count; i++)
        plain_bytes += spans[i].len_bytes;
    wire_put_header(out, &h);
    wire_nonce(nonce, path, pn);
    k->sent++;
    if (!aead_seal(k->send, nonce, out, WIRE_HEADER_BYTES, spans, (unsigned)count,
                   out + WIRE_HEADER_BYTES))
        return 0;
    return WIRE_HEADER_BYTES + plain_bytes + WIRE_TAG_BYTES;
}

bool keys_open(struct keys *k, uint8_t path, uint64_t pn, const uint8_t *datagram, size_t len_bytes,
               uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];
    wire_nonce(nonce, path, pn);
    return aead_open(k->receive, nonce, datagram, WIRE_HEADER_BYTES, datagram + WIRE_HEADER_BYTES,
                     len_bytes - WIRE_HEADER_BYTES, out);
}
