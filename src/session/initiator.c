/* SPDX-License-Identifier: ISC */
#include "session/initiator.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "crypto/secret.h"
#include "session/event.h"
#include "session/handshake.h"
#include "session/links.h"
#include "session/peer.h"
#include "session/state.h"
#include "session/why.h"

void initiator_init(struct peer *p)
{
    cookie_keys_init(&p->calling.handshake.cookie, p->public_key);
}

/* A response to it fits nothing any more. */
void initiator_abandon(struct peer *p)
{
    index_remove(&p->core->index, p->calling.handshake.index);
    p->calling.handshake.index = 0;
    if (p->calling.handshake.call != NULL)
        noise_clear(&p->calling.handshake.call->noise);
}

static struct call *make_call(struct handshake *h)
{
    if (h->call == NULL)
        h->call = calloc(1, sizeof *h->call);
    return h->call;
}

static void free_call(struct handshake *h)
{
    if (h->call != NULL)
        secret_clear(h->call, sizeof *h->call);
    free(h->call);
    h->call = NULL;
}

static struct tstamp jar_ends(const struct cookie_jar *jar)
{
    return jar->full ? tstamp_add(jar->got, COOKIE_LIFETIME_NS) : (struct tstamp){ 0 };
}

/* No call is under way: what the last one left goes with the last of its cookies. */
static void give_back(struct peer *p, struct tstamp now)
{
    struct handshake *h = &p->calling.handshake;
    struct tstamp ends = now;
    if (h->call == NULL)
        return;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        for (size_t j = 0; j < 2; j++)
            ends = tstamp_max(ends, jar_ends(&h->call->jars[i][j]));
    if (tstamp_reached(ends, now))
        free_call(h);
    else
        peer_wake(p, ends);
}

static void end(struct peer *p)
{
    initiator_abandon(p);
    why_ended(p);
    p->calling.handshake.reason = HANDSHAKE_IDLE;
    p->calling.handshake.attempts = 0;
}

void initiator_free(struct peer *p)
{
    end(p);
    free_call(&p->calling.handshake);
}

void initiator_later(struct peer *p, struct tstamp now, int64_t wait_ns)
{
    end(p);
    p->calling.handshake.not_before = tstamp_add(now, wait_ns);
    peer_wake(p, now);
}

void initiator_now(struct peer *p, struct tstamp now)
{
    if (peer_can_send(p, now))
        return;
    p->calling.handshake.next = now;
    p->calling.handshake.attempts = 0;
    peer_wake(p, now);
}

void initiator_wanted(struct peer *p, struct tstamp now)
{
    struct handshake *h = &p->calling.handshake;
    struct tstamp soon = tstamp_add(now, HANDSHAKE_RETRY_NS);
    h->wanted_at = now;
    if (h->reason == HANDSHAKE_IDLE || !tstamp_before(soon, h->next))
        return;
    h->next = soon;
    peer_wake(p, soon);
}

/* TAI64N (Bernstein): 2^62 and the seconds since 1970, then the nanoseconds. */
static void put_timestamp(struct peer *p, struct tstamp now, uint8_t out[WIRE_TIMESTAMP_BYTES])
{
    int64_t wall_ns = now.ns + p->core->settings.wall_offset_ns;
    if (wall_ns <= p->calling.handshake.last_wall_ns)
        wall_ns = p->calling.handshake.last_wall_ns + 1;
    p->calling.handshake.last_wall_ns = wall_ns;
    struct writer w = writer_of(out, WIRE_TIMESTAMP_BYTES);
    write_u64(&w, (UINT64_C(1) << 62) + (uint64_t)(wall_ns / NS_PER_S));
    write_u32(&w, (uint32_t)(wall_ns % NS_PER_S));
}

/* What the initiation says; a challenge fits one initiation only. */
static void make_hello(struct peer *p, struct tstamp now, struct wire_hello *hello)
{
    struct call *call = p->calling.handshake.call;
    *hello = (struct wire_hello){
        .version = WIRE_VERSION,
        .ciphers = p->core->settings.ciphers,
        .preferred = p->core->settings.preferred_cipher,
        .features = WIRE_FEATURES,
        .challenged = call->challenged,
    };
    memcpy(hello->challenge, call->challenge, sizeof hello->challenge);
    memcpy(hello->epoch, p->association.epoch, sizeof hello->epoch);
    put_timestamp(p, now, hello->timestamp);
    call->challenged = false;
}

static size_t mac2_at(const struct call *call)
{
    return call->message_bytes - WIRE_MAC_BYTES;
}

static size_t mac1_at(const struct call *call)
{
    return mac2_at(call) - WIRE_MAC_BYTES;
}

/* False: the library failed, the peer's public key is none, or there is no memory. */
static bool create_initiation(struct peer *p, struct tstamp now)
{
    struct core *c = p->core;
    struct handshake *h = &p->calling.handshake;
    struct call *call = make_call(h);
    struct wire_hello hello;
    uint8_t payload[WIRE_HELLO_LONG_BYTES];
    struct secret32 ephemeral, psk;
    struct wire_initiation view;
    size_t written = 0;
    initiator_abandon(p);
    if (call == NULL)
        return false;
    call->begun_at = now;
    memcpy(call->epoch, p->association.epoch, sizeof call->epoch);
    make_hello(p, now, &hello);
    size_t payload_bytes = wire_put_hello(payload, &hello);
    memcpy(psk.bytes, p->preshared_key, sizeof psk.bytes);
    core_random(c, ephemeral.bytes, sizeof ephemeral.bytes);
    h->index = peer_take_index(p);
    call->message_bytes = wire_put_initiation(call->message, h->index, hello.challenged);
    wire_get_initiation(call->message, call->message_bytes, &view);
    int err = noise_initiator_init(&call->noise, HANDSHAKE_PROLOGUE, strlen(HANDSHAKE_PROLOGUE),
                                   &c->local.private_key, c->local.public_key, p->public_key, &psk);
    if (err == 0)
        err = noise_create_initiation(&call->noise, &ephemeral, payload, payload_bytes,
                                      call->message + (view.noise - call->message),
                                      view.noise_bytes, &written);
    cookie_mac1(&h->cookie, call->message, mac1_at(call), call->message + mac1_at(call));
    secret_clear(&ephemeral, sizeof ephemeral);
    secret_clear(&psk, sizeof psk);
    return err == 0 && written == view.noise_bytes;
}

static struct cookie_jar *jar_of(struct call *call, uint16_t link, const struct netaddr *to)
{
    return &call->jars[link % WIRE_PATHS_MAX][to->family == 6];
}

static void send_on(struct peer *p, struct tstamp now, uint16_t link, const struct netaddr *to)
{
    struct call *call = p->calling.handshake.call;
    const struct cookie_jar *jar = jar_of(call, link, to);
    struct outbox_item *item = outbox_room(&p->core->outbox, NULL);
    if (item == NULL) {
        core_drop_one(p->core, CORE_DROP_SEND);
        return;
    }
    item->route = (struct route){ .socket = link, .to = *to };
    item->len_bytes = call->message_bytes;
    memcpy(item->data, call->message, item->len_bytes);
    if (tstamp_before(now, jar_ends(jar)))
        cookie_mac2(jar->cookie, item->data, mac2_at(call), item->data + mac2_at(call));
    outbox_push(&p->core->outbox);
    why_called(p, now, link, to);
}

/* The first try goes to the best address of each family, further ones to all. */
static void send_on_link(struct peer *p, struct tstamp now, const struct core_link *link,
                         bool first)
{
    bool tried[2] = { false, false };
    for (size_t i = 0; i < p->calling.endpoint_count; i++) {
        const struct netaddr *to =
            &p->calling.endpoints[(p->calling.endpoint + i) % p->calling.endpoint_count];
        bool six = to->family == 6;
        bool wanted = !first || !tried[six];
        if ((six ? link->has_ipv6 : link->has_ipv4) && wanted)
            send_on(p, now, link->link, to);
        tried[six] = true;
    }
}

/* Standby links, which may cost money, only if the active ones brought no response. */
static void send_on_links(struct peer *p, struct tstamp now, bool first)
{
    bool active = false;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        active |= links_local_use(p, id) == WIRE_PATH_ACTIVE;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        enum wire_path_use use = links_local_use(p, id);
        bool standby_too = !active || !first;
        if (use == WIRE_PATH_ACTIVE || (use == WIRE_PATH_STANDBY && standby_too))
            send_on_link(p, now, &p->core->links[id], first);
    }
}

/* The same one again: with a new one for each try no slow link's response would ever fit. */
static bool begun(const struct handshake *h, struct tstamp now)
{
    return h->index != 0 && tstamp_sub(now, h->call->begun_at) < HANDSHAKE_ANSWER_NS;
}

static void attempt(struct peer *p, struct tstamp now)
{
    struct handshake *h = &p->calling.handshake;
    bool looked_up = h->attempts < HANDSHAKE_RESOLVE_TRIES || tstamp_before(now, h->resolve_at);
    if (!looked_up) {
        event_resolve(p);
        h->resolve_at = tstamp_add(now, HANDSHAKE_RESOLVE_NS);
    }
    if (begun(h, now) || create_initiation(p, now))
        send_on_links(p, now, h->attempts == 0);
    else
        core_drop_one(p->core, CORE_DROP_HANDSHAKE);
    bool wanted = tstamp_sub(now, h->wanted_at) < HANDSHAKE_WANTED_NS;
    bool quick = wanted || h->attempts < HANDSHAKE_QUICK_TRIES;
    int64_t wait_ns = quick ? HANDSHAKE_RETRY_NS : HANDSHAKE_SLOW_RETRY_NS;
    h->attempts++;
    if (h->call != NULL)
        h->call->challenges = 0;
    h->next = tstamp_add(now, wait_ns + (int64_t)rng_below(&p->rng, (uint64_t)wait_ns / 10));
}

static enum handshake_reason wanted(const struct peer *p, struct tstamp now)
{
    if (!peer_can_send(p, now))
        return HANDSHAKE_CONNECT;
    if (tstamp_reached(tstamp_add(p->clocks.asked_at, STATE_SILENCE_NS), now))
        return HANDSHAKE_LOST;
    /* More likely than all links the peer has failed, and is back without our keys. */
    if (!tstamp_is_never(p->clocks.asked_at) && links_all_down(p))
        return HANDSHAKE_LOST;
    if (keys_want_renewal(p->association.current, now, p->core->settings.rekey_after_ns))
        return HANDSHAKE_REKEY;
    return HANDSHAKE_IDLE;
}

void initiator_tick(struct peer *p, struct tstamp now)
{
    struct handshake *h = &p->calling.handshake;
    if (!p->calling.initiates || p->calling.yielded || p->core->closing) {
        if (h->reason != HANDSHAKE_IDLE)
            end(p);
        give_back(p, now);
        return;
    }
    enum handshake_reason reason = wanted(p, now);
    if (reason == HANDSHAKE_IDLE) {
        if (h->reason != HANDSHAKE_IDLE)
            end(p);
        give_back(p, now);
        peer_wake(p, tstamp_add(p->association.current->born, p->core->settings.rekey_after_ns));
        peer_wake(p, tstamp_add(p->clocks.asked_at, STATE_SILENCE_NS));
        return;
    }
    if (h->reason == HANDSHAKE_IDLE)
        h->next = tstamp_max(now, h->not_before);
    h->reason = reason;
    if (tstamp_reached(h->next, now))
        attempt(p, now);
    peer_wake(p, h->next);
}

/* Of several addresses of the peer, the one that answers is called first from now on. */
static void prefer_endpoint(struct peer *p, const struct netaddr *from)
{
    for (uint8_t i = 0; i < p->calling.endpoint_count; i++)
        if (netaddr_equal(&p->calling.endpoints[i], from))
            p->calling.endpoint = i;
}

/*
 * The responder asks for a call that repeats what it chose: then it cannot be a recording. A peer
 * that asks without end gets no call for each of its answers.
 */
static void call_again(struct peer *p, struct tstamp now, const struct wire_welcome *welcome)
{
    struct call *call = p->calling.handshake.call;
    memcpy(call->challenge, welcome->epoch, sizeof call->challenge);
    call->challenged = true;
    initiator_abandon(p);
    if (call->challenges++ < HANDSHAKE_CHALLENGES_MAX && create_initiation(p, now))
        send_on_links(p, now, p->calling.handshake.attempts <= 1);
}

static bool may_use(const struct core *c, const struct wire_welcome *w)
{
    return w->cipher != 0 && w->version == WIRE_VERSION &&
           (c->settings.ciphers & 1U << (w->cipher - 1)) != 0;
}

/* What the responder said must hold, too. NULL: counted, if it should not be. */
static struct keys *accept_welcome(struct peer *p, struct tstamp now,
                                   const struct wire_response *msg)
{
    struct core *c = p->core;
    struct call *call = p->calling.handshake.call;
    uint8_t payload[WIRE_WELCOME_BYTES];
    struct wire_welcome welcome;
    size_t len;
    if (noise_consume_response(&call->noise, msg->noise, WIRE_RESPONSE_NOISE_BYTES, payload,
                               sizeof payload, &len) < 0) {
        why_answered(p, now, WHY_PRESHARED_KEY);
        core_drop_one(c, CORE_DROP_HANDSHAKE);
        return NULL;
    }
    bool good = wire_get_welcome(payload, len, &welcome);
    if (good && welcome.cipher == 0 && welcome.refusal == WIRE_REFUSAL_CHALLENGE) {
        call_again(p, now, &welcome);
        return NULL;
    }
    if (good && welcome.cipher == 0)
        why_answer_refused(p, now, welcome.refusal);
    else if (good && welcome.version != WIRE_VERSION)
        why_answered(p, now, WHY_VERSION);
    struct keys *k = NULL;
    if (good && may_use(c, &welcome))
        k = keys_new(&call->noise, welcome.cipher, c->settings.test_cipher, now);
    if (k == NULL) {
        initiator_abandon(p); /* the next call is a new one */
        core_drop_one(c, CORE_DROP_HANDSHAKE);
        return NULL;
    }
    memcpy(k->local_epoch, call->epoch, sizeof k->local_epoch);
    memcpy(k->remote_epoch, welcome.epoch, sizeof k->remote_epoch);
    k->remote_features = welcome.features;
    return k;
}

struct keys *initiator_response_rx(struct core *c, struct tstamp now, const struct core_datagram *d,
                                   struct peer **of)
{
    struct wire_response msg;
    uint8_t mac1[WIRE_MAC_BYTES];
    if (!wire_get_response(d->data, d->len_bytes, &msg)) {
        core_drop_one(c, CORE_DROP_MALFORMED);
        return NULL;
    }
    cookie_mac1(&c->local.cookie, d->data, (size_t)(msg.mac1 - d->data), mac1);
    if (!secret_equal(mac1, msg.mac1, sizeof mac1)) {
        core_drop_one(c, CORE_DROP_MAC1);
        return NULL;
    }
    struct peer *p = index_find(&c->index, msg.receiver);
    if (p == NULL || p->calling.handshake.index != msg.receiver) {
        /* Copies of the initiation over other links are answered, too: not an error. */
        bool copy = p != NULL && peer_keys(p, msg.receiver) != NULL;
        core_drop_one(c, copy ? CORE_DROP_HANDSHAKE_REPLAY : CORE_DROP_HANDSHAKE);
        return NULL;
    }
    struct keys *k = accept_welcome(p, now, &msg);
    if (k == NULL)
        return NULL;
    k->local = msg.receiver;
    k->remote = msg.sender;
    p->calling.handshake.index = 0; /* the table's entry is the keys' now */
    end(p);
    prefer_endpoint(p, &d->from);
    *of = p;
    return k;
}

/* The responder is busy, or takes us for a replay: prove that we receive at this address. */
void initiator_cookie_rx(struct core *c, struct tstamp now, const struct core_datagram *d)
{
    struct wire_cookie msg;
    if (!wire_get_cookie(d->data, d->len_bytes, &msg) || d->socket >= WIRE_PATHS_MAX) {
        core_drop_one(c, CORE_DROP_MALFORMED);
        return;
    }
    struct peer *p = index_find(&c->index, msg.receiver);
    uint8_t cookie[COOKIE_BYTES];
    if (p == NULL || p->calling.handshake.index != msg.receiver ||
        !links_endpoint_known(p, &d->from) ||
        !cookie_open(&p->calling.handshake.cookie, msg.nonce,
                     p->calling.handshake.call->message + mac1_at(p->calling.handshake.call),
                     msg.sealed, cookie)) {
        core_drop_one(c, CORE_DROP_HANDSHAKE);
        return;
    }
    struct cookie_jar *jar = jar_of(p->calling.handshake.call, d->socket, &d->from);
    memcpy(jar->cookie, cookie, sizeof jar->cookie);
    jar->got = now;
    jar->full = true;
    if (p->calling.why.answer == WHY_NONE)
        why_answered(p, now, WHY_BUSY);
    if (jar->used_for == msg.receiver)
        return; /* once for an initiation, so that two sides never play ball */
    jar->used_for = msg.receiver;
    send_on(p, now, d->socket, &d->from);
}
