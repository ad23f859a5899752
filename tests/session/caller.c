/* SPDX-License-Identifier: ISC */
#include "session/caller.h"

#include <assert.h>
#include <string.h>

#include "base/cursor.h"
#include "crypto/cookie.h"
#include "session/handshake.h"
#include "session/keys.h"

static const struct netaddr somewhere = { .family = 4, .port = 6666, .addr = { 192, 0, 2, 66 } };

void caller_init(struct caller *c, struct world *w, size_t node, uint8_t life, uint32_t clock_s)
{
    *c = (struct caller){ .w = w, .node = node, .index = 1000 };
    c->hello = (struct wire_hello){ .version = WIRE_VERSION,
                                    .ciphers = 3,
                                    .preferred = WIRE_CIPHER_CHACHA20_POLY1305,
                                    .features = WIRE_FEATURES };
    memset(c->hello.epoch, life, sizeof c->hello.epoch);
    struct writer out = writer_of(c->hello.timestamp, sizeof c->hello.timestamp);
    write_u64(&out, (UINT64_C(1) << 62) + clock_s);
    w->stray = somewhere;
}

/* The last of the seconds' bytes is enough for a test. */
static void tick(struct caller *c)
{
    for (int at = 7; at >= 0 && ++c->hello.timestamp[at] == 0;)
        at--;
}

void caller_make(struct caller *c)
{
    const struct world_node *n = &c->w->nodes[c->node];
    struct secret32 own, ephemeral, psk;
    struct wire_initiation view;
    struct cookie_keys keys;
    uint8_t payload[WIRE_HELLO_LONG_BYTES];
    size_t written;
    tick(c);
    memcpy(own.bytes, n->private_key, sizeof own.bytes);
    memcpy(psk.bytes, c->w->psk, sizeof psk.bytes);
    for (size_t i = 0; i < sizeof ephemeral.bytes; i++)
        ephemeral.bytes[i] = (uint8_t)rng_next(&c->w->random);
    c->len_bytes = wire_put_initiation(c->message, ++c->index, c->hello.challenged);
    assert(wire_get_initiation(c->message, c->len_bytes, &view));
    size_t payload_bytes = wire_put_hello(payload, &c->hello);
    int err = noise_initiator_init(&c->noise, HANDSHAKE_PROLOGUE, strlen(HANDSHAKE_PROLOGUE), &own,
                                   n->public_key, c->w->nodes[0].public_key, &psk);
    assert(err == 0);
    err = noise_create_initiation(&c->noise, &ephemeral, payload, payload_bytes, c->message + 8,
                                  view.noise_bytes, &written);
    assert(err == 0);
    size_t mac1_at = (size_t)(view.mac1 - c->message);
    cookie_keys_init(&keys, c->w->nodes[0].public_key);
    cookie_mac1(&keys, c->message, mac1_at, c->message + mac1_at);
}

bool caller_use_cookie(struct caller *c)
{
    size_t mac2_at = c->len_bytes - WIRE_MAC_BYTES;
    struct wire_cookie msg;
    struct cookie_keys keys;
    uint8_t cookie[COOKIE_BYTES];
    cookie_keys_init(&keys, c->w->nodes[0].public_key);
    if (!wire_get_cookie(c->w->stray_data, c->w->stray_len, &msg) ||
        !cookie_open(&keys, msg.nonce, c->message + mac2_at - WIRE_MAC_BYTES, msg.sealed, cookie))
        return false;
    cookie_mac2(cookie, c->message, mac2_at, c->message + mac2_at);
    return true;
}

uint8_t caller_send(struct caller *c)
{
    c->w->stray_len = 0;
    world_inject(c->w, 0, CORE_SOCKET_LISTEN, &somewhere, c->message, c->len_bytes);
    world_run(c->w, 100 * NS_PER_US);
    return c->w->stray_len > 0 ? c->w->stray_data[0] : 0;
}

bool caller_has_session(struct caller *c)
{
    struct wire_response msg;
    uint8_t payload[WIRE_WELCOME_BYTES];
    size_t len;
    if (!wire_get_response(c->w->stray_data, c->w->stray_len, &msg) || msg.receiver != c->index)
        return false;
    int err = noise_consume_response(&c->noise, msg.noise, WIRE_RESPONSE_NOISE_BYTES, payload,
                                     sizeof payload, &len);
    assert(err == 0 && wire_get_welcome(payload, len, &c->answer));
    c->remote = msg.sender;
    return c->answer.cipher != 0;
}

void caller_confirm(struct caller *c)
{
    static const uint8_t ping[] = { WIRE_PING };
    const struct aead_span span = { ping, sizeof ping };
    uint8_t out[WIRE_HEADER_BYTES + sizeof ping + WIRE_TAG_BYTES];
    struct keys *k = keys_new(&c->noise, c->answer.cipher, 0, c->w->now);
    assert(k != NULL);
    k->remote = c->remote;
    size_t len = keys_seal(k, 0, c->pn++, &span, 1, out);
    world_inject(c->w, 0, CORE_SOCKET_LISTEN, &somewhere, out, len);
    world_run(c->w, 100 * NS_PER_US);
    keys_free(k);
}
