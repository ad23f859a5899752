/* SPDX-License-Identifier: ISC */
/*
 * Two cores with a session (pair.h), one of which is tried: the input is a sequence of steps
 * (steps.h, enum step). Sealed steps are authentic, so that the fuzzer gets past the cipher to the
 * frames, the bond and reassembly. The server is tried first; STEP_TURN changes sides.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/be.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/pkt.h"
#include "crypto/aead.h"
#include "pair.h"
#include "session/keys.h"
#include "session/state.h"
#include "steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum step {
    STEP_RAW,         /* a datagram as it is */
    STEP_SEALED,      /* a plaintext, sealed by the other side; first byte: see sealed() */
    STEP_TIME,        /* goes on by so many half milliseconds (first byte, squared) */
    STEP_TUN,         /* an inner packet at the side that is tried */
    STEP_ROAM,        /* the client's ports change */
    STEP_TURN,        /* the other side is tried from now on */
    STEP_TALK,        /* both talk for so many milliseconds */
    STEP_OTHER_TUN,   /* an inner packet at the other side */
    STEP_RESTART,     /* the side that is tried begins anew (odd byte: the other) */
    STEP_RECONFIGURE, /* and another setting: see reconfigure() */
    STEP_LINK,        /* number, enum pair_link_bit */
    STEP_WISH,        /* enum wire_path_use, name */
    STEP_POLICIES,    /* one a byte: see policies() */
    STEP_POLICY_TUN,  /* as STEP_TUN, of a policy (first byte) */
    STEP_SUPER,       /* a super-packet: segments, size / 8, port */
    STEP_FAIL,        /* the next sends fail: number, error */
    STEP_UNREACHABLE, /* as ICMP tells */
    STEP_LOSE,        /* what is lost from now on: four bytes, a bit mask */
    STEP_AGAIN,       /* a recorded datagram: its place, and one byte that is altered */
    STEP_LOOK,        /* at the status */
    STEP_COUNT,
};

enum {
    TALK_MS_MAX = 32,
    SEALED_BYTES_MAX = 4096,
    SUPER_HEADER = 40,
};

struct trial {
    struct pair pair;
    enum pair_side side; /* that is tried */
};

/* Bits 0 .. 4: path; 5 .. 7: how many numbers of it are left out before this one. */
static void sealed(struct trial *t, const uint8_t *data, size_t len_bytes)
{
    uint8_t out[WIRE_HEADER_BYTES + SEALED_BYTES_MAX + WIRE_TAG_BYTES];
    const struct core *from = t->pair.cores[pair_other(t->side)];
    const struct core *to = t->pair.cores[t->side];
    if (len_bytes < 2 || len_bytes > SEALED_BYTES_MAX || from->peers.count == 0 ||
        to->peers.count == 0 || from->peers.list[0]->association.current == NULL)
        return;
    uint8_t path = data[0] % WIRE_PATHS_MAX;
    uint64_t pn = to->peers.list[0]->paths[path].expected_pn + data[0] / WIRE_PATHS_MAX;
    const struct aead_span span = { .data = data + 1, .len_bytes = len_bytes - 1 };
    size_t n = keys_seal(from->peers.list[0]->association.current, path, pn, &span, 1, out);
    pair_deliver(&t->pair, t->side, path % PAIR_LINKS, out, n);
}

static void inner(struct trial *t, enum pair_side side, uint8_t policy, const uint8_t *data,
                  size_t len_bytes)
{
    struct pkt *p = len_bytes > 0 ? pkt_new(t->pair.pool, len_bytes) : NULL;
    if (p == NULL)
        return;
    memcpy(p->data, data, len_bytes);
    p->len_bytes = (uint32_t)len_bytes;
    p->policy = policy % (CORE_POLICIES_MAX + 1);
    ip_parse(p);
    core_tun(t->pair.cores[side], t->pair.now, &p, 1);
}

/* As the kernel hands it over: TCP over IPv4, of 2 .. 65 segments. */
static void super_packet(struct trial *t, const uint8_t data[3])
{
    unsigned segments = 2 + data[0] % 64;
    uint16_t gso_size = (uint16_t)(64 + 4 * data[1]);
    struct pkt *p = pkt_new(t->pair.pool, SUPER_HEADER + segments * gso_size);
    if (p == NULL)
        return;
    p->len_bytes = SUPER_HEADER + segments * gso_size - data[2] % 32;
    memset(p->data, 0, p->len_bytes);
    p->data[0] = 0x45;
    be16_put(p->data + 2, (uint16_t)p->len_bytes);
    p->data[8] = 64;
    p->data[9] = 6;
    memcpy(p->data + 12, "\x0a\x4d\0\x01\x0a\x4d\0\x02", 8);
    p->data[21] = data[2];
    p->data[32] = 0x50;
    p->data[33] = 0x10;
    p->gso = PKT_GSO_TCP4;
    p->gso_size = gso_size;
    p->header_bytes = SUPER_HEADER;
    p->seg_count = (uint16_t)((p->len_bytes - SUPER_HEADER + gso_size - 1) / gso_size);
    p->csum_partial = true;
    ip_parse(p);
    core_tun(t->pair.cores[t->side], t->pair.now, &p, 1);
}

/* Bits 0 and 1: allowed-ips; 2: a preshared key; 3: no peer; 7: of the other side. */
static void reconfigure(struct trial *t, uint8_t bits)
{
    const struct pair_setting setting = { .allowed = bits & 3,
                                          .has_preshared_key = (bits & 4) != 0,
                                          .has_no_peer = (bits & 8) != 0 };
    pair_set(&t->pair, (bits & 0x80) != 0 ? pair_other(t->side) : t->side, &setting);
}

/* Bits 0 and 1: mode; 2 and 3: class; 4: fallback; 5: pinned to a link; 6: unused. */
static void policies(struct trial *t, const uint8_t *data, size_t len_bytes)
{
    struct core_policy list[CORE_POLICIES_MAX] = { 0 };
    for (size_t i = 0; i < len_bytes && i < CORE_POLICIES_MAX; i++) {
        list[i].used = (data[i] & 0x40) == 0;
        list[i].mode = (enum bond_mode)(data[i] & 3);
        list[i].class = (enum bond_class)((data[i] >> 2 & 3) % 3);
        list[i].fallback = (data[i] & 0x10) != 0;
        list[i].link_count = data[i] >> 5 & 1;
        strcpy(list[i].links[0], "lte");
    }
    core_set_policies(t->pair.cores[t->side], list);
}

static void wish(struct trial *t, uint8_t use, const uint8_t *name, size_t len_bytes)
{
    char link[WIRE_LINK_NAME_MAX + 1] = "";
    memcpy(link, name, len_bytes < WIRE_LINK_NAME_MAX ? len_bytes : WIRE_LINK_NAME_MAX);
    (void)core_wish(t->pair.cores[t->side], t->pair.now, 0, link, (enum wire_path_use)(use % 3));
}

static void fail(struct trial *t, uint8_t count, uint8_t error)
{
    static const int results[] = { -EMSGSIZE, -EAGAIN, -ENOBUFS, -ENETUNREACH, -EPERM };
    t->pair.result_for = count;
    t->pair.result = results[error % (sizeof results / sizeof results[0])];
}

static void unreachable(struct trial *t)
{
    const struct netaddr to = { .family = 4, .port = WIRE_PORT, .addr = { 192, 0, 2, 1 } };
    core_unreachable(t->pair.cores[t->side], t->pair.now, 0, &to, EHOSTUNREACH);
}

static void again(struct trial *t, uint8_t place, uint8_t at, uint8_t change)
{
    const struct pair_record r = t->pair.records[place % PAIR_RECORDS];
    uint8_t data[PAIR_RECORD_BYTES];
    if (r.len_bytes == 0)
        return;
    memcpy(data, r.data, r.len_bytes);
    data[at % r.len_bytes] ^= change;
    pair_deliver(&t->pair, r.to, r.link, data, r.len_bytes);
}

static void look(struct trial *t)
{
    static struct core_peer_status status;
    struct core *c = t->pair.cores[t->side];
    struct core_stranger strangers[CORE_STRANGERS_MAX];
    (void)core_strangers(c, t->pair.now, strangers);
    for (size_t i = 0; i < core_peer_count(c); i++) {
        (void)core_look(c, t->pair.now, i);
        core_peer_status(c, t->pair.now, i, &status);
    }
}

/* Steps with a payload of fixed size get zeros for what is missing. */
static void run_step(struct trial *t, enum step step, const uint8_t *data, size_t len_bytes)
{
    struct pair *p = &t->pair;
    uint8_t first[4] = { 0 };
    if (len_bytes > 0)
        memcpy(first, data, len_bytes < sizeof first ? len_bytes : sizeof first);
    switch (step) {
    case STEP_RAW:
        pair_deliver(p, t->side, 0, data, len_bytes);
        break;
    case STEP_SEALED:
        sealed(t, data, len_bytes);
        break;
    case STEP_TIME:
        p->now = tstamp_add(p->now, (int64_t)first[0] * first[0] * NS_PER_MS / 2);
        break;
    case STEP_TUN:
        inner(t, t->side, 0, data, len_bytes);
        break;
    case STEP_ROAM:
        p->port = (uint16_t)(p->port + 16);
        break;
    case STEP_TURN:
        t->side = pair_other(t->side);
        break;
    case STEP_TALK:
        pair_talk(p, 1 + first[0] % TALK_MS_MAX);
        break;
    case STEP_OTHER_TUN:
        inner(t, pair_other(t->side), 0, data, len_bytes);
        break;
    case STEP_RESTART:
        pair_restart(p, (first[0] & 1) != 0 ? pair_other(t->side) : t->side);
        break;
    case STEP_RECONFIGURE:
        reconfigure(t, first[0]);
        break;
    case STEP_LINK:
        pair_link(p, first[0], first[1]);
        break;
    case STEP_WISH:
        wish(t, first[0], data + 1, len_bytes > 0 ? len_bytes - 1 : 0);
        break;
    case STEP_POLICIES:
        policies(t, data, len_bytes);
        break;
    case STEP_POLICY_TUN:
        inner(t, t->side, first[0], data + 1, len_bytes > 0 ? len_bytes - 1 : 0);
        break;
    case STEP_SUPER:
        super_packet(t, first);
        break;
    case STEP_FAIL:
        fail(t, first[0], first[1]);
        break;
    case STEP_UNREACHABLE:
        unreachable(t);
        break;
    case STEP_LOSE:
        p->lost = be32_get(first);
        break;
    case STEP_AGAIN:
        again(t, first[0], first[1], first[2]);
        break;
    case STEP_LOOK:
        look(t);
        break;
    case STEP_COUNT:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static struct trial t;
    struct reader r = reader_of(data, len_bytes);
    struct step_input step;
    t.side = PAIR_SERVER;
    pair_open(&t.pair);
    for (unsigned taken = 0; steps_next(&r, STEP_COUNT, &taken, &step);) {
        run_step(&t, (enum step)step.kind, step.data, step.len_bytes);
        pair_drain(&t.pair, t.side, false);
    }
    pair_close(&t.pair);
    return 0;
}
