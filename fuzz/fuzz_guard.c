/* SPDX-License-Identifier: ISC */
/*
 * Guard and engine (talk.h): the input is a byte for the side and a sequence of steps (steps.h,
 * enum step). An engine may say anything; a guard is right, but
 * what it tells may come twice, in another order, or to an engine that starts.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/pkt.h"
#include "engine/tell.h"
#include "guard/problems.h"
#include "guard/update.h"
#include "steps.h"
#include "talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum step {
    STEP_SETTLE,      /* both hear everything, and agree */
    STEP_ENGINE_TURN, /* so many messages are heard */
    STEP_GUARD_TURN,
    STEP_ENGINE_SAYS, /* a message as it is: of an engine that was broken into */
    STEP_GUARD_SAYS,  /* the same to the engine: descriptors, message */
    STEP_PEER_SAYS,   /* as STEP_ENGINE_SAYS, about a peer: type, which one, rest of the message */
    STEP_TIME,        /* goes on by so many tenths of seconds, and the guard's deadlines come */
    STEP_KILL,        /* the engine ends */
    STEP_HANG,        /* the engine hears nothing, or again */
    STEP_RELOAD,      /* another configuration */
    STEP_NETWORK,     /* interfaces: enum talk_interface_bit each */
    STEP_FAILURES,    /* from now on: see failures() */
    STEP_LOOKUP,      /* of a look-up: which one, its answer; nothing: it ends */
    STEP_CHOOSE,      /* hawser link: state, peer or not, name */
    STEP_ASK_RELOAD,  /* hawser reload */
    STEP_TALK,        /* the engine's core and the other one talk for so many milliseconds */
    STEP_BYTES,       /* a link's socket carries: link, units of 64 KiB */
    STEP_TUN,         /* a packet of the device, with policies */
    STEP_PROBLEMS,    /* of the packet filter: a text, or nothing */
    STEP_COUNT,
};

enum { TALK_MS_MAX = 64 };

static const char *const link_names[] = { "dsl", "lte", "eth0", "eth1", "none", "" };

static void peer_says(struct talk *t, const uint8_t *data, size_t len_bytes)
{
    uint8_t message[1024];
    const struct config *c = &t->guard.config;
    if (len_bytes < 2 || len_bytes > sizeof message - 32)
        return;
    message[0] = data[0];
    memcpy(message + 1, c->peers[data[1] % c->peer_count].public_key, 32);
    memcpy(message + 33, data + 2, len_bytes - 2);
    talk_inject(t, &t->to_guard, message, len_bytes + 31, 0);
}

static void time_passes(struct talk *t, uint8_t tenths)
{
    t->pair.now = tstamp_add(t->pair.now, (int64_t)tenths * tenths * 10 * NS_PER_MS);
    if (t->state == TALK_ENGINE_RUNS && !t->engine_hangs) {
        struct engine *e = &t->engine;
        pair_drain(&t->pair, t->side, true);
        engine_tell_events(e);
        if (tstamp_reached(e->usage.at, t->pair.now))
            engine_tell_usage(e, t->pair.now);
        silence_tick(&e->silence, t->pair.now, e->core, e->links);
    }
    talk_tick(t);
}

/* Bit 0: sockets; 1: the network; 2: the device is gone once. */
static void failures(struct talk *t, uint8_t bits)
{
    t->no_sockets = (bits & 1) != 0;
    t->no_network = (bits & 2) != 0;
    t->is_device_gone = (bits & 4) != 0;
    t->guard.look.at = t->pair.now;
}

static void network(struct talk *t, const uint8_t bits[TALK_INTERFACES])
{
    memcpy(t->interfaces, bits, sizeof t->interfaces);
    guard_look_soon(&t->guard, t->pair.now);
    talk_tick(t);
}

static void lookup(struct talk *t, uint8_t which, const uint8_t *data, size_t len_bytes)
{
    struct lookup_process *p = t->lookups[which % TALK_LOOKUPS];
    struct lookup_answer a;
    if (p == NULL)
        return;
    if (lookup_decode_answer(&a, data, len_bytes) && lookup_process_fits(p, &a))
        p->answer(p->arg, t->pair.now, &a);
    else
        lookup_process_stop(p);
}

static void choose(struct talk *t, const uint8_t first[4])
{
    const size_t names = sizeof link_names / sizeof link_names[0];
    struct control_request r = { .command = CONTROL_LINK };
    if (t->state != TALK_ENGINE_RUNS || t->engine_hangs)
        return;
    r.state = (enum control_link_state)(first[0] % 4);
    if (first[1] % 3 != 0)
        strcpy(r.peer, first[1] % 3 == 1 ? "vps" : "home");
    strcpy(r.link, link_names[first[2] % names]);
    (void)engine_choose(&t->engine, &r);
}

static void inner(struct talk *t, const uint8_t *data, size_t len_bytes)
{
    struct engine *e = &t->engine;
    if (t->state != TALK_ENGINE_RUNS || len_bytes == 0)
        return;
    struct pkt *p = pkt_new(t->pair.pool, len_bytes);
    if (p == NULL)
        return;
    memcpy(p->data, data, len_bytes);
    p->len_bytes = (uint32_t)len_bytes;
    ip_parse(p);
    policy_set_match(&e->policies, p);
    core_tun(e->core, t->pair.now, &p, 1);
}

static void problems(struct talk *t, const uint8_t *data, size_t len_bytes)
{
    struct problem_list found = { 0 };
    char text[PROBLEM_TEXT_MAX + 1] = "";
    size_t len = len_bytes < PROBLEM_TEXT_MAX ? len_bytes : PROBLEM_TEXT_MAX;
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(' ' + data[i] % 64);
    if (len > 0)
        problem_add(&found, "firewall", text);
    guard_problems_set(&t->guard, PROBLEM_FIREWALL, &found);
}

static void turns(struct talk *t, uint8_t count, bool (*turn)(struct talk *t))
{
    for (unsigned i = 0; i <= count && turn(t); i++) {
    }
}

static void talks(struct talk *t, uint8_t ms)
{
    if (t->state != TALK_ENGINE_RUNS || t->engine_hangs)
        return;
    pair_talk(&t->pair, 1 + ms % TALK_MS_MAX);
    engine_tell_events(&t->engine);
}

/* Steps with a payload of fixed size get zeros for what is missing. */
static void run_step(struct talk *t, enum step step, const uint8_t *data, size_t len_bytes)
{
    uint8_t first[4] = { 0 };
    const uint8_t *rest = len_bytes > 0 ? data + 1 : data;
    size_t rest_bytes = len_bytes > 0 ? len_bytes - 1 : 0;
    if (len_bytes > 0)
        memcpy(first, data, len_bytes < sizeof first ? len_bytes : sizeof first);
    switch (step) {
    case STEP_SETTLE:
        talk_settle(t);
        break;
    case STEP_ENGINE_TURN:
        turns(t, first[0], talk_engine_turn);
        break;
    case STEP_GUARD_TURN:
        turns(t, first[0], talk_guard_turn);
        break;
    case STEP_ENGINE_SAYS:
        talk_inject(t, &t->to_guard, data, len_bytes, 0);
        break;
    case STEP_GUARD_SAYS:
        talk_inject(t, &t->to_engine, rest, rest_bytes, first[0] % (MSG_FDS_MAX + 1));
        break;
    case STEP_PEER_SAYS:
        peer_says(t, data, len_bytes);
        break;
    case STEP_TIME:
        time_passes(t, first[0]);
        break;
    case STEP_KILL:
        talk_kill(t);
        break;
    case STEP_HANG:
        t->engine_hangs = !t->engine_hangs;
        break;
    case STEP_RELOAD:
        talk_reload(t, first[0]);
        break;
    case STEP_NETWORK:
        network(t, first);
        break;
    case STEP_FAILURES:
        failures(t, first[0]);
        break;
    case STEP_LOOKUP:
        lookup(t, first[0], rest, rest_bytes);
        break;
    case STEP_CHOOSE:
        choose(t, first);
        break;
    case STEP_ASK_RELOAD:
        if (t->state == TALK_ENGINE_RUNS && !t->engine_hangs)
            (void)engine_ask_reload(&t->engine);
        break;
    case STEP_TALK:
        talks(t, first[0]);
        break;
    case STEP_BYTES:
        t->socket_bytes[first[0] % WIRE_PATHS_MAX] += (uint64_t)be16_get(first + 1) << 16;
        break;
    case STEP_TUN:
        inner(t, data, len_bytes);
        break;
    case STEP_PROBLEMS:
        problems(t, data, len_bytes);
        break;
    case STEP_COUNT:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static struct talk t;
    struct reader r = reader_of(data, len_bytes);
    struct step_input step;
    talk_open(&t, (read_u8(&r) & 1) != 0 ? PAIR_SERVER : PAIR_CLIENT);
    for (unsigned taken = 0; steps_next(&r, STEP_COUNT, &taken, &step);)
        run_step(&t, (enum step)step.kind, step.data, step.len_bytes);
    t.engine_hangs = false;
    talk_settle(&t);
    talk_close(&t);
    return 0;
}
