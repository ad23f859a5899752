/* SPDX-License-Identifier: ISC */
#include "session/responder.h"

#include <errno.h>
#include <string.h>

#include "session/event.h"
#include "session/handshake.h"
#include "session/lives.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/proof.h"
#include "session/state.h"
#include "session/strangers.h"
#include "session/why.h"

/* A call on its way through the checks. */
struct incoming {
    const struct core_datagram *datagram;
    struct wire_initiation message;
    struct noise_handshake noise;
    struct wire_hello hello;
    bool proven; /* its mac2 holds: the sender receives at its address */
};

void responder_init(struct core *c, struct tstamp now)
{
    struct secret32 secret;
    core_random(c, secret.bytes, sizeof secret.bytes);
    cookie_checker_init(&c->responder.cookies, now, &secret);
    secret_clear(&secret, sizeof secret);
    uint64_t key;
    core_random(c, &key, sizeof key);
    callers_init(&c->responder.callers, key);
    c->responder.load =
        (struct bucket){ .interval_ns = HANDSHAKE_LOAD_NS, .burst = HANDSHAKE_LOAD_BURST };
    c->responder.stale =
        (struct bucket){ .interval_ns = HANDSHAKE_STALE_NS, .burst = HANDSHAKE_STALE_BURST };
}

static void rotate_cookies(struct core *c, struct tstamp now)
{
    struct secret32 secret;
    if (!cookie_stale(&c->responder.cookies, now))
        return;
    core_random(c, secret.bytes, sizeof secret.bytes);
    cookie_rotate(&c->responder.cookies, now, &secret);
    secret_clear(&secret, sizeof secret);
}

/* Back where the call came from. */
static void answer(struct core *c, const struct core_datagram *d, const uint8_t *data, size_t len)
{
    struct outbox_item *item = outbox_room(&c->outbox, NULL);
    if (item == NULL) {
        core_drop_one(c, CORE_DROP_SEND);
        return;
    }
    item->route = (struct route){ .socket = d->socket, .to = d->from, .from = d->to };
    item->len_bytes = len;
    memcpy(item->data, data, len);
    outbox_push(&c->outbox);
}

static void answer_cookie(struct core *c, const struct incoming *in)
{
    uint8_t reply[WIRE_COOKIE_BYTES];
    uint8_t cookie[COOKIE_BYTES];
    struct wire_cookie view;
    wire_put_cookie(reply, in->message.sender);
    wire_get_cookie(reply, sizeof reply, &view);
    uint8_t *nonce = reply + (view.nonce - reply);
    uint8_t *sealed = reply + (view.sealed - reply);
    core_random(c, nonce, WIRE_COOKIE_NONCE_BYTES);
    cookie_make(&c->responder.cookies, &in->datagram->from, cookie);
    if (cookie_seal(&c->local.cookie, nonce, in->message.mac1, cookie, sealed))
        answer(c, in->datagram, reply, sizeof reply);
}

/* Those among which the answer to a call is kept; who fills them with others' macs forgets answers,
 * and only costs copies. */
static struct recent_answer *recent_of(struct core *c, const uint8_t mac1[WIRE_MAC_BYTES])
{
    return c->responder.recent[(mac1[0] | mac1[1] << 8) % HANDSHAKE_RECENT_SETS];
}

/* Another copy of an initiation whose session is still aside gets the same response. */
static bool answer_again(struct core *c, const struct incoming *in)
{
    struct recent_answer *set = recent_of(c, in->message.mac1);
    for (size_t i = 0; i < HANDSHAKE_RECENT_WAYS; i++) {
        struct recent_answer *r = &set[i];
        if (r->index == 0 || !secret_equal(r->mac1, in->message.mac1, sizeof r->mac1))
            continue;
        struct peer *p = index_find(&c->index, r->index);
        bool aside =
            p != NULL && ((p->association.next != NULL && p->association.next->local == r->index) ||
                          lives_of_index(p, r->index) != NULL);
        if (!aside || r->repeats == HANDSHAKE_REPEATS_MAX)
            return false;
        r->repeats++;
        answer(c, in->datagram, r->response, sizeof r->response);
        return true;
    }
    return false;
}

/* The oldest of its set. */
static struct recent_answer *recent_place(struct core *c, const uint8_t mac1[WIRE_MAC_BYTES])
{
    struct recent_answer *set = recent_of(c, mac1);
    struct recent_answer *oldest = set;
    for (size_t i = 1; i < HANDSHAKE_RECENT_WAYS; i++)
        if (set[i].order < oldest->order)
            oldest = &set[i];
    oldest->order = ++c->responder.answered;
    return oldest;
}

/*
 * Both sides may have the other's endpoint. The one with the smaller public key calls, unless its
 * calls bring no answer: it may be the only one that can be reached.
 */
static bool may_be_called(const struct peer *p, struct tstamp now)
{
    if (!p->calling.initiates || p->calling.yielded)
        return true;
    if (memcmp(p->core->local.public_key, p->public_key, sizeof p->public_key) > 0)
        return true;
    return !peer_can_send(p, now) && p->calling.handshake.attempts >= HANDSHAKE_RESOLVE_TRIES;
}

/* AES where both are fast with it, else ChaCha20, which is fast enough everywhere; 0: none. */
static uint8_t choose_cipher(const struct core *c, const struct wire_hello *hello)
{
    const uint8_t both = hello->ciphers & c->settings.ciphers;
    const uint8_t aes = 1U << (WIRE_CIPHER_AES256_GCM - 1);
    const uint8_t chacha = 1U << (WIRE_CIPHER_CHACHA20_POLY1305 - 1);
    bool aes_liked = hello->preferred == WIRE_CIPHER_AES256_GCM &&
                     c->settings.preferred_cipher == WIRE_CIPHER_AES256_GCM;
    if ((both & aes) != 0 && (aes_liked || (both & chacha) == 0))
        return WIRE_CIPHER_AES256_GCM;
    return (both & chacha) != 0 ? WIRE_CIPHER_CHACHA20_POLY1305 : 0;
}

/* Fills the response after its header; false: the library failed. */
static bool create_response(struct peer *p, struct incoming *in, struct wire_welcome *welcome,
                            uint32_t index, uint8_t response[WIRE_RESPONSE_BYTES])
{
    uint8_t payload[WIRE_WELCOME_BYTES];
    struct secret32 ephemeral, psk;
    struct wire_response view;
    size_t written = 0;
    wire_put_welcome(payload, welcome);
    wire_put_response(response, index, in->message.sender);
    wire_get_response(response, WIRE_RESPONSE_BYTES, &view);
    memcpy(psk.bytes, p->preshared_key, sizeof psk.bytes);
    noise_set_psk(&in->noise, &psk);
    core_random(p->core, ephemeral.bytes, sizeof ephemeral.bytes);
    int err = noise_create_response(&in->noise, &ephemeral, payload, sizeof payload,
                                    response + (view.noise - response), WIRE_RESPONSE_NOISE_BYTES,
                                    &written);
    size_t mac1_at = (size_t)(view.mac1 - response);
    cookie_mac1(&p->calling.handshake.cookie, response, mac1_at, response + mac1_at);
    secret_clear(&ephemeral, sizeof ephemeral);
    secret_clear(&psk, sizeof psk);
    return err == 0 && written == WIRE_RESPONSE_NOISE_BYTES;
}

/* A response that opens nothing: no keys follow from it. bytes: an epoch, or what else it tells. */
static void answer_no(struct peer *p, struct incoming *in, enum wire_refusal refusal,
                      const uint8_t bytes[WIRE_EPOCH_BYTES])
{
    struct wire_welcome welcome = { .version = WIRE_VERSION,
                                    .features = WIRE_FEATURES,
                                    .refusal = (uint8_t)refusal };
    uint8_t response[WIRE_RESPONSE_BYTES];
    memcpy(welcome.epoch, bytes, sizeof welcome.epoch);
    if (create_response(p, in, &welcome, 0, response))
        answer(p->core, in->datagram, response, sizeof response);
}

/*
 * Tells a peer that calls what its call lacks. As the call may be a replay, this is as rare as
 * cookies are.
 */
static void refuse(struct peer *p, struct tstamp now, struct incoming *in,
                   enum wire_refusal refusal)
{
    struct core *c = p->core;
    why_refused(p, now, (uint8_t)refusal, &in->datagram->from);
    if (refusal != WIRE_REFUSAL_TIMESTAMP)
        core_drop_one(c, CORE_DROP_HANDSHAKE);
    if (bucket_take(&c->responder.stale, now))
        answer_no(p, in, refusal, p->association.epoch);
}

static bool knows_challenges(const struct incoming *in)
{
    return (in->hello.features & WIRE_FEATURE_CHALLENGE) != 0;
}

/*
 * It may be a recording: it is asked to prove that it is not. There is no limit to that but the
 * load's, else replays could use it up; the answer is shorter than the call.
 */
static void ask_for_proof(struct peer *p, struct tstamp now, struct incoming *in)
{
    struct core *c = p->core;
    uint8_t random[WIRE_CHALLENGE_BYTES];
    core_drop_one(c, CORE_DROP_HANDSHAKE_REPLAY);
    if (knows_challenges(in)) {
        core_random(c, random, sizeof random);
        answer_no(p, in, WIRE_REFUSAL_CHALLENGE, proof_challenge(&p->called.proof, random));
    } else if (!in->proven && bucket_take(&c->responder.stale, now)) {
        answer_cookie(c, in);
    }
}

/* Keys that wait to be confirmed make room only for who proves more, or for the same life. */
static bool has_room(const struct peer *p, const struct incoming *in, enum proof proof)
{
    const struct keys *k = p->association.next;
    return k == NULL || proof == PROOF_CHALLENGE || proof > k->proof ||
           memcmp(k->remote_epoch, in->hello.epoch, sizeof k->remote_epoch) == 0;
}

/* What a call shows, as far as there is room for it; PROOF_NONE: it is answered or dropped here. */
static enum proof judge(struct peer *p, struct tstamp now, struct incoming *in, bool life_newer)
{
    enum proof proof = proof_of(&p->called.proof, &in->hello, life_newer);
    bool late =
        proof == PROOF_NONE && !knows_challenges(in) && in->proven && has_room(p, in, PROOF_COOKIE);
    int err = late ? proof_late(&p->called.proof, now, in->noise.remote_ephemeral) : 0;
    if (late)
        peer_wake(p, proof_expire(&p->called.proof, now));
    if (late && err == 0)
        return PROOF_COOKIE;
    if (proof != PROOF_NONE && has_room(p, in, proof))
        return proof;
    ask_for_proof(p, now, in);
    if (err == -ENOSPC)
        refuse(p, now, in, WIRE_REFUSAL_TIMESTAMP);
    return PROOF_NONE;
}

/* Ours of the association that a call continues, or of one that it begins. */
static void choose_epoch(struct peer *p, const struct incoming *in, uint8_t epoch[WIRE_EPOCH_BYTES])
{
    bool begins = p->association.is_there && memcmp(p->association.remote_epoch, in->hello.epoch,
                                                    sizeof p->association.remote_epoch) != 0;
    if (begins)
        core_random(p->core, epoch, WIRE_EPOCH_BYTES);
    else
        memcpy(epoch, p->association.epoch, WIRE_EPOCH_BYTES);
}

/* A peer's call of now, which its own limit has let through, counts in no limit of all. */
static void give_back(struct core *c, const struct incoming *in)
{
    if (in->proven)
        callers_give_back(&c->responder.callers, &in->datagram->from);
    else
        bucket_give_back(&c->responder.load);
}

/* The new session waits aside until a datagram comes with it. */
static void respond(struct peer *p, struct tstamp now, struct incoming *in, uint8_t cipher,
                    enum proof proof, struct keys **aside)
{
    struct core *c = p->core;
    struct recent_answer *r = recent_place(c, in->message.mac1);
    struct wire_welcome welcome = { .version = WIRE_VERSION,
                                    .cipher = cipher,
                                    .features = WIRE_FEATURES };
    peer_drop_keys(p, aside);
    choose_epoch(p, in, welcome.epoch);
    uint32_t index = peer_take_index(p);
    struct keys *k = NULL;
    if (create_response(p, in, &welcome, index, r->response))
        k = keys_new(&in->noise, cipher, c->settings.test_cipher, now);
    if (k == NULL) {
        index_remove(&c->index, index);
        r->index = 0;
        core_drop_one(c, CORE_DROP_HANDSHAKE);
        return;
    }
    k->local = index;
    k->remote = in->message.sender;
    k->remote_features = in->hello.features;
    k->proof = (uint8_t)proof;
    memcpy(k->local_epoch, welcome.epoch, sizeof k->local_epoch);
    memcpy(k->remote_epoch, in->hello.epoch, sizeof k->remote_epoch);
    *aside = k;
    why_replied(p, now, &in->datagram->from);
    peer_wake(p, tstamp_add(now, KEYS_TENTATIVE_NS));
    r->index = index;
    r->repeats = 0;
    memcpy(r->mac1, in->message.mac1, sizeof r->mac1);
    answer(c, in->datagram, r->response, sizeof r->response);
}

/* Opens the call: who it is, and what it says. NULL: counted. */
static struct peer *open_call(struct core *c, struct tstamp now, struct incoming *in)
{
    uint8_t caller[32];
    uint8_t payload[WIRE_HELLO_LONG_BYTES];
    size_t len = 0;
    int err = noise_responder_init(&in->noise, HANDSHAKE_PROLOGUE, strlen(HANDSHAKE_PROLOGUE),
                                   &c->local.private_key, c->local.public_key);
    if (err == 0)
        err = noise_consume_initiation(&in->noise, in->message.noise, in->message.noise_bytes,
                                       caller, payload, sizeof payload, &len);
    if (err < 0 || !wire_get_hello(payload, len, &in->hello)) {
        core_drop_one(c, CORE_DROP_HANDSHAKE);
        return NULL;
    }
    struct peer *p = peers_find(&c->peers, caller);
    if (p == NULL) {
        core_drop_one(c, CORE_DROP_UNKNOWN_KEY);
        strangers_call(&c->strangers, now, caller, &in->datagram->from);
        event_stranger(c);
    }
    return p;
}

/* What answers to one peer's calls cost is bounded, whatever they prove. */
static bool may_answer(struct peer *p, struct tstamp now, enum proof proof)
{
    struct bucket *b = proof == PROOF_CHALLENGE ? &p->called.challenged : &p->called.calls;
    b->interval_ns = HANDSHAKE_PEER_NS;
    b->burst = HANDSHAKE_PEER_BURST;
    if (bucket_take(b, now))
        return true;
    core_drop_one(p->core, CORE_DROP_CALLS);
    return false;
}

/*
 * A call of a known life that is not newer than that life's last one is a copy: nobody waits for an
 * answer. An earlier life, while the later one is there, gets keys that change nothing for that.
 * Where recordings of calls have used up what the peer may call, a challenge tells it from them.
 */
static void take_fresh(struct peer *p, struct tstamp now, struct incoming *in, uint8_t cipher)
{
    if (lives_make(p) < 0) {
        core_drop_one(p->core, CORE_DROP_NO_BUFFER);
        return;
    }
    struct life *life = lives_find(p, in->hello.epoch);
    if (life != NULL && memcmp(in->hello.timestamp, life->timestamp, sizeof life->timestamp) <= 0) {
        core_drop_one(p->core, CORE_DROP_HANDSHAKE_REPLAY);
        return;
    }
    if (life != NULL && !lives_may_have(p, now, life)) {
        if (!may_answer(p, now, PROOF_CLOCK))
            return;
        proof_accepted(&p->called.proof, &in->hello, PROOF_CLOCK);
        lives_called(p, now, &in->hello);
        respond(p, now, in, cipher, PROOF_CLOCK, &life->refused);
        lives_refuse(p, now, life, &in->datagram->from);
        return;
    }
    enum proof proof = judge(p, now, in, life != NULL && life->confirmed);
    if (proof == PROOF_NONE)
        return;
    if (!may_answer(p, now, proof)) {
        if (proof != PROOF_CHALLENGE && knows_challenges(in))
            ask_for_proof(p, now, in);
        return;
    }
    if (proof >= PROOF_CLOCK)
        give_back(p->core, in);
    proof_accepted(&p->called.proof, &in->hello, proof);
    lives_called(p, now, &in->hello);
    respond(p, now, in, cipher, proof, &p->association.next);
}

static void take_call(struct core *c, struct tstamp now, struct incoming *in)
{
    struct peer *p = open_call(c, now, in);
    if (p == NULL)
        return;
    uint8_t cipher = choose_cipher(c, &in->hello);
    if (!may_be_called(p, now)) {
        core_drop_one(c, CORE_DROP_HANDSHAKE);
        return;
    }
    if (in->hello.version != WIRE_VERSION || cipher == 0) {
        refuse(p, now, in,
               cipher == 0 && in->hello.version == WIRE_VERSION ? WIRE_REFUSAL_CIPHER
                                                                : WIRE_REFUSAL_VERSION);
        return;
    }
    take_fresh(p, now, in, cipher);
}

void responder_initiation_rx(struct core *c, struct tstamp now, const struct core_datagram *d)
{
    static const uint8_t no_mac[WIRE_MAC_BYTES];
    struct incoming in = { .datagram = d };
    uint8_t mac1[WIRE_MAC_BYTES];
    if (!wire_get_initiation(d->data, d->len_bytes, &in.message)) {
        core_drop_one(c, CORE_DROP_MALFORMED);
        return;
    }
    cookie_mac1(&c->local.cookie, d->data, (size_t)(in.message.mac1 - d->data), mac1);
    if (!secret_equal(mac1, in.message.mac1, sizeof mac1)) {
        core_drop_one(c, CORE_DROP_MAC1);
        return;
    }
    if (c->closing || answer_again(c, &in))
        return;
    rotate_cookies(c, now);
    in.proven = memcmp(in.message.mac2, no_mac, sizeof no_mac) != 0 &&
                cookie_check_mac2(&c->responder.cookies, now, &d->from, d->data,
                                  (size_t)(in.message.mac2 - d->data), in.message.mac2);
    if (!in.proven && !bucket_take(&c->responder.load, now)) {
        core_drop_one(c, CORE_DROP_COOKIE);
        answer_cookie(c, &in);
        return;
    }
    if (in.proven && !callers_take(&c->responder.callers, now, &d->from, in.message.mac2)) {
        core_drop_one(c, CORE_DROP_CALLS);
        return;
    }
    take_call(c, now, &in);
    noise_clear(&in.noise);
}
