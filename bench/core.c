/* SPDX-License-Identifier: ISC */
/*
 * What the core alone costs: two of them back to back in memory, without sockets and without a
 * cipher, under a stream of 1384-byte TCP segments. Prints nanoseconds per segment in each
 * direction; the sender's figure holds the acknowledgements that it takes in, the receiver's those
 * that it makes.
 *
 * usage: core-bench [SECONDS OF VIRTUAL TIME [send|receive [FLOWS]]]
 *
 * With a direction, callgrind counts that side's instructions after the warm-up, and nothing else:
 * bench/core-instructions. With FLOWS, so many flows take turns packet by packet, heed nothing, and
 * offer five times what the link is limited to; the figures are for each packet that arrives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION (void)0
#define CALLGRIND_TOGGLE_COLLECT (void)0
#endif

#include "base/ip.h"
#include "base/pkt.h"
#include "base/rng.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "session/core.h"

enum {
    SEGMENTS = 40,
    SEGMENT_BYTES = 1384,
    HEADER_BYTES = 52, /* IPv4, TCP, timestamps */
    SUPERS_PER_STEP = 2,
    FLOW_PACKETS_PER_STEP = 25, /* 3 Gbit/s of outer packets */
    BATCH = 64,
};

#define STEP_NS (100 * NS_PER_US)
#define FLOWS_LIMIT_BPS 600000000
#define WARM_UP_NS NS_PER_S

enum { CLIENT, SERVER, SIDES };

struct side {
    struct core *core;
    struct pkt_pool *pool;
    struct netaddr address;
    uint16_t socket;
    int64_t cpu_ns;
    uint64_t packets; /* handed to the tunnel */
};

static struct side sides[SIDES];
static struct rng random_state = { 1 };

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    uint8_t *p = out;
    (void)arg;
    for (size_t i = 0; i < len_bytes; i++)
        p[i] = (uint8_t)rng_next(&random_state);
}

/* The CPU's own clock would be a system call, and cost more than what it measures. */
static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int counted = SIDES; /* the side whose instructions callgrind counts; SIDES: none */
static bool measuring;
static unsigned flows; /* 0: one of super-packets, without a limit */

/* Around everything that a core does: its time, and its instructions if they are counted. */
static int64_t begin(int side)
{
    if (measuring && side == counted)
        CALLGRIND_TOGGLE_COLLECT;
    return clock_ns();
}

static void end(int side, int64_t start)
{
    sides[side].cpu_ns += clock_ns() - start;
    if (measuring && side == counted)
        CALLGRIND_TOGGLE_COLLECT;
}

static void require(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "core-bench: %s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void open_side(int me, struct tstamp now)
{
    uint8_t private_key[SIDES][32];
    uint8_t public_key[SIDES][32];
    struct netprefix allowed[SIDES];
    if (!netprefix_parse(&allowed[CLIENT], "10.77.0.2/32") ||
        !netprefix_parse(&allowed[SERVER], "0.0.0.0/0"))
        abort();
    for (int i = 0; i < SIDES; i++) {
        memset(private_key[i], i + 1, sizeof private_key[i]);
        if (!key_public(public_key[i], private_key[i]))
            abort();
    }
    struct core_peer_config peer = {
        .name = "peer", .allowed = &allowed[1 - me], .allowed_count = 1, .initiate = me == CLIENT
    };
    memcpy(peer.public_key, public_key[1 - me], sizeof peer.public_key);
    struct core_config config = { .pool = sides[me].pool,
                                  .peers = &peer,
                                  .peer_count = 1,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_AES256_GCM,
                                  .test_cipher = AEAD_NULL,
                                  .random = random_bytes };
    memcpy(config.private_key, private_key[me], sizeof config.private_key);
    require(core_new(&sides[me].core, &config, now), "core_new");
}

/* A TCP packet from the client's side of the tunnel; a super-packet if it has several segments. */
static struct pkt *tcp_packet(struct pkt_pool *pool, unsigned flow, uint32_t sequence,
                              uint16_t segments)
{
    static const uint8_t header[HEADER_BYTES] = {
        0x45, 0,    0,    0,    0,   1, 0x40, 0, 64, 6, 0, 0,
        10,   77,   0,    2,    192, 0, 2,    1, /* IPv4 */
        0x12, 0x34, 0x14, 0x51, 0,   0, 0,    0, 0,  0, 0, 1,
        0x80, 0x10, 1,    0,    0,   0, 0,    0, /* TCP */
        1,    1,    8,    10,   0,   0, 0,    1, 0,  0, 0, 1,
    };
    const uint32_t bytes = HEADER_BYTES + (uint32_t)segments * SEGMENT_BYTES;
    struct pkt *p = pkt_new(pool, bytes);
    if (p == NULL)
        return NULL;
    p->len_bytes = bytes;
    memcpy(p->data, header, sizeof header);
    p->data[2] = (uint8_t)(p->len_bytes >> 8);
    p->data[3] = (uint8_t)p->len_bytes;
    for (int i = 0; i < 4; i++)
        p->data[24 + i] = (uint8_t)(sequence >> (24 - 8 * i));
    p->data[20] = (uint8_t)(flow >> 8);
    p->data[21] = (uint8_t)flow;
    p->gso = segments > 1 ? PKT_GSO_TCP4 : PKT_GSO_NONE;
    p->gso_size = SEGMENT_BYTES;
    p->header_bytes = HEADER_BYTES;
    p->seg_count = segments;
    p->csum_partial = true;
    ip_parse(p);
    return p;
}

static void deliver(int to, struct tstamp now, const struct core_tx *tx)
{
    struct core_datagram batch[BATCH];
    size_t n = 0;
    for (size_t at = 0; at < tx->len_bytes; at += tx->segment_bytes) {
        size_t left = tx->len_bytes - at;
        batch[n++] = (struct core_datagram){
            .socket = sides[to].socket,
            .from = sides[1 - to].address,
            .to = sides[to].address,
            .data = tx->data + at,
            .len_bytes = left < tx->segment_bytes ? left : tx->segment_bytes,
        };
    }
    int64_t start = begin(to);
    core_rx(sides[to].core, now, batch, n);
    for (struct pkt *p; (p = core_next_tun(sides[to].core)) != NULL; pkt_put(p))
        sides[to].packets++;
    end(to, start);
}

/* Everything that a side wants sent; true: there was something. */
static bool drain(int from, struct tstamp now)
{
    bool any = false;
    struct core_event event;
    int64_t start = begin(from);
    core_tick(sides[from].core, now);
    for (struct core_tx tx; core_next_tx(sides[from].core, now, &tx); any = true) {
        core_tx_done(sides[from].core, now, &tx, 0);
        end(from, start);
        deliver(1 - from, now, &tx);
        start = begin(from);
    }
    for (struct pkt *p; (p = core_next_tun(sides[from].core)) != NULL; pkt_put(p))
        sides[from].packets++;
    end(from, start);
    while (core_next_event(sides[from].core, &event))
        ;
    return any;
}

static void connect_sides(struct tstamp now)
{
    struct core_link link = {
        .present = true, .carrier = true, .has_ipv4 = true, .name = "memory", .mtu_bytes = 1500
    };
    link.local_ipv4 = sides[CLIENT].address;
    link.local_ipv4.port = 0;
    link.limit_up_bps = flows > 0 ? FLOWS_LIMIT_BPS : 0;
    core_link_event(sides[CLIENT].core, now, &link);
    core_endpoints(sides[CLIENT].core, now, 0, &sides[SERVER].address, 1);
}

static void offer(struct tstamp now)
{
    static uint32_t sequence;
    static unsigned turn;
    struct pkt *packets[FLOW_PACKETS_PER_STEP];
    size_t count = flows > 0 ? FLOW_PACKETS_PER_STEP : SUPERS_PER_STEP;
    uint16_t segments = flows > 0 ? 1 : SEGMENTS;
    size_t n = 0;
    while (n < count &&
           (packets[n] = tcp_packet(sides[CLIENT].pool, turn, sequence, segments)) != NULL) {
        sequence += (uint32_t)segments * SEGMENT_BYTES;
        turn = flows > 0 ? (turn + 1) % flows : 0;
        n++;
    }
    int64_t start = begin(CLIENT);
    core_tun(sides[CLIENT].core, now, packets, n);
    end(CLIENT, start);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 3;
    struct tstamp now = { NS_PER_S };
    if (argc > 2)
        counted = strcmp(argv[2], "send") == 0 ? CLIENT : SERVER;
    if (argc > 3)
        flows = (unsigned)strtoul(argv[3], NULL, 10);
    require(crypto_init(), "crypto_init");
    for (int i = 0; i < SIDES; i++) {
        sides[i].pool = pkt_pool_new(32768, 8192);
        sides[i].address = (struct netaddr){ .family = 4, .port = 4297 };
        sides[i].address.addr[0] = 192;
        sides[i].address.addr[3] = (uint8_t)(i + 1);
        sides[i].socket = i == SERVER ? CORE_SOCKET_LISTEN : 0;
        if (sides[i].pool == NULL)
            require(-1, "pkt_pool_new");
        open_side(i, now);
    }
    connect_sides(now);
    struct tstamp measure = tstamp_add(now, WARM_UP_NS);
    struct tstamp until = tstamp_add(measure, (int64_t)(seconds * 1e9));
    for (; tstamp_before(now, until); now = tstamp_add(now, STEP_NS)) {
        if (!measuring && tstamp_reached(measure, now)) {
            measuring = true;
            CALLGRIND_START_INSTRUMENTATION; /* the warm-up ran without, so several times faster */
            sides[CLIENT].cpu_ns = sides[SERVER].cpu_ns = 0;
            sides[SERVER].packets = 0;
        }
        offer(now);
        for (int i = 0; i < 8 && (int)drain(CLIENT, now) + (int)drain(SERVER, now) > 0; i++)
            ;
    }
    double packets = (double)sides[SERVER].packets;
    if (packets == 0) {
        fprintf(stderr, "core-bench: nothing arrived\n");
        return EXIT_FAILURE;
    }
    printf("send %.0f ns, receive %.0f ns per packet of %d bytes; %.2f Gbit/s of virtual "
           "time, %.0f packets\n",
           (double)sides[CLIENT].cpu_ns / packets, (double)sides[SERVER].cpu_ns / packets,
           SEGMENT_BYTES, packets * SEGMENT_BYTES * 8 / seconds / 1e9, packets);
    for (int i = 0; i < SIDES; i++) {
        core_free(sides[i].core);
        pkt_pool_free(sides[i].pool);
    }
    return EXIT_SUCCESS;
}
