/* SPDX-License-Identifier: ISC */
/*
 * A client that holds a genuine key and means harm: it connects as any other, and then sends one
 * kind of attack at a steady rate, without regard for what is answered.
 *
 *     attacker NAME KEY-FILE SERVER-KEY ADDRESS:PORT SECONDS RATE   {"sent":N,"received":N}
 *     attacker flood ADDRESS SECONDS RATE      a byte each to changing ports: what others send to
 * it
 *
 * NAME is slow (takes 100 kbit/s of what comes, RATE is of no use), pieces, holes, jumps, numbers,
 * statuses, flaps, acks, challenges, epochs or calls. "up" is printed when the attack begins.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "attack/hostile.h"
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "session/core.h"
#include "session/state.h"

enum { PATHS = 32, STEPS_AT_ONCE = 64, LANES = 1000, SLOW_BYTES_S = 12500, EXIT_USAGE = 2 };

#define CONNECT_NS (10 * NS_PER_S)
#define COOKIE_NS (25 * NS_PER_S) /* several calls, each of which may be answered */

struct attacker {
    int fd;
    struct pkt_pool *pool;
    struct core *core;
    struct core_peer_config peer;
    uint8_t private_key[32];
    struct netaddr server;
    struct hostile hostile;
    uint64_t sent, received;
    bool slow; /* drops what is more than SLOW_BYTES_S */
    bool deaf; /* to responses: it goes on calling */
    struct tstamp slow_until;
    uint32_t sequence;
};

static void die(const char *what)
{
    fprintf(stderr, "attacker: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct tstamp clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct tstamp){ t.tv_sec * NS_PER_S + t.tv_nsec };
}

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    key_random(out, len_bytes);
}

static void send_out(struct attacker *a, const uint8_t *data, size_t len_bytes)
{
    /* What does not fit the socket is lost, as on any link. */
    if (len_bytes > 0 && send(a->fd, data, len_bytes, 0) >= 0)
        a->sent++;
}

static void open_core(struct attacker *a)
{
    struct timespec wall;
    static const struct core_link link = {
        .name = "evil", .present = true, .carrier = true, .has_ipv4 = true, .mtu_bytes = 1500
    };
    struct tstamp now = clock_now();
    clock_gettime(CLOCK_REALTIME, &wall);
    struct core_config config = { .pool = a->pool,
                                  .peers = &a->peer,
                                  .peer_count = 1,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                  .wall_offset_ns = wall.tv_sec * NS_PER_S + wall.tv_nsec - now.ns,
                                  .version = "attacker",
                                  .random = random_bytes };
    memcpy(config.private_key, a->private_key, sizeof config.private_key);
    if (core_new(&a->core, &config, now) < 0)
        die("the core cannot be made");
    core_link_event(a->core, now, &link);
    core_endpoints(a->core, now, 0, &a->server, 1);
}

/* Of a slow one, what is more than its link would carry is lost before it comes. */
static bool is_lost(struct attacker *a, struct tstamp now, size_t len_bytes)
{
    if (!a->slow)
        return false;
    if (tstamp_before(tstamp_add(now, NS_PER_S / 10), a->slow_until))
        return true;
    a->slow_until =
        tstamp_add(tstamp_max(a->slow_until, now), (int64_t)len_bytes * NS_PER_S / SLOW_BYTES_S);
    return false;
}

static void receive_all(struct attacker *a, struct tstamp now)
{
    uint8_t data[WIRE_DATAGRAM_MAX];
    for (ssize_t n; (n = recv(a->fd, data, sizeof data, MSG_DONTWAIT)) > 0;) {
        const struct core_datagram d = {
            .socket = 0, .from = a->server, .data = data, .len_bytes = (size_t)n
        };
        a->received++;
        if (is_lost(a, now, d.len_bytes) || (a->deaf && data[0] == WIRE_RESPONSE))
            continue;
        core_rx(a->core, now, &d, 1);
    }
}

/* What an honest client would do, for at most so long. */
static void turn(struct attacker *a, int wait_ms)
{
    struct pollfd ready = { .fd = a->fd, .events = POLLIN };
    struct core_event event;
    struct core_tx tx;
    poll(&ready, 1, wait_ms);
    struct tstamp now = clock_now();
    receive_all(a, now);
    core_tick(a->core, now);
    for (unsigned n = 0; n < 1000 && core_next_tx(a->core, now, &tx); n++) {
        for (size_t at = 0; at < tx.len_bytes; at += tx.segment_bytes) {
            size_t left = tx.len_bytes - at;
            send_out(a, tx.data + at, left < tx.segment_bytes ? left : tx.segment_bytes);
        }
        core_tx_done(a->core, now, &tx, 0);
    }
    for (struct pkt *p; (p = core_next_tun(a->core)) != NULL;)
        pkt_put(p);
    while (core_next_event(a->core, &event))
        ;
}

static bool connect_now(struct attacker *a, int64_t patience_ns)
{
    struct tstamp until = tstamp_add(clock_now(), patience_ns);
    while (!a->core->peers.list[0]->up && tstamp_before(clock_now(), until))
        turn(a, 1);
    return a->core->peers.list[0]->up;
}

static void begin(struct attacker *a)
{
    hostile_begin(&a->hostile, a->core, clock_now());
}

static void finish(struct attacker *a, uint8_t path, uint32_t skip)
{
    size_t len = hostile_seal(&a->hostile, path, skip);
    send_out(a, a->hostile.sealed, len);
}

static void ping(struct attacker *a, uint8_t path, uint32_t skip)
{
    const struct wire_frame_value f = { .type = WIRE_PING };
    begin(a);
    hostile_frame(&a->hostile, &f);
    finish(a, path, skip);
}

/* One socket passes for 32 links: challenges of each are answered from it. */
static void ping_paths(struct attacker *a, uint32_t skip)
{
    struct peer *p = a->core->peers.list[0];
    for (uint8_t id = 1; id < PATHS; id++) {
        p->paths[id].address.open = true;
        p->paths[id].address.route = p->paths[0].address.route;
        ping(a, id, skip);
    }
}

static void open_paths(struct attacker *a)
{
    ping_paths(a, 0);
    for (unsigned i = 0; i < 200; i++)
        turn(a, 1);
}

static void step_slow(struct attacker *a, uint32_t n)
{
    (void)a;
    (void)n;
}

/* Two pieces of a packet that has a third, on every lane in turn. */
static void step_pieces(struct attacker *a, uint32_t n)
{
    uint32_t sequence = n / 2 / LANES * 2 + n % 2;
    uint8_t flags = (uint8_t)(WIRE_DATA_MORE | (n % 2 == 1 ? WIRE_DATA_CONT : 0));
    begin(a);
    hostile_data(&a->hostile, (uint16_t)(1 + n / 2 % LANES), sequence, flags, 1100);
    finish(a, 0, 0);
}

/* The first number of each lane never comes. */
static void step_holes(struct attacker *a, uint32_t n)
{
    begin(a);
    a->sequence = 1 + n / LANES * 100;
    hostile_packets(&a->hostile, (uint16_t)(1 + n % LANES), &a->sequence, 1, 0);
    finish(a, 0, 0);
}

static void step_jumps(struct attacker *a, uint32_t n)
{
    (void)n;
    begin(a);
    hostile_packets(&a->hostile, WIRE_LANE_UNORDERED, &a->sequence, 4095, 0);
    finish(a, 0, 0);
}

static void step_numbers(struct attacker *a, uint32_t n)
{
    ping(a, (uint8_t)(n % PATHS), 4095);
}

static void step_statuses(struct attacker *a, uint32_t n)
{
    begin(a);
    hostile_statuses(&a->hostile, PATHS, n % 2 == 0 ? WIRE_PATH_ACTIVE : WIRE_PATH_STANDBY);
    finish(a, 0, 0);
}

static void step_flaps(struct attacker *a, uint32_t n)
{
    begin(a);
    hostile_statuses(&a->hostile, PATHS, n % 2 == 0 ? WIRE_PATH_ACTIVE : WIRE_PATH_DOWN);
    finish(a, 0, 0);
}

static void step_acks(struct attacker *a, uint32_t n)
{
    (void)n;
    begin(a);
    hostile_acks(&a->hostile, PATHS);
    finish(a, 0, 0);
}

static void step_challenges(struct attacker *a, uint32_t n)
{
    begin(a);
    hostile_challenges(&a->hostile, n);
    finish(a, 0, 0);
}

/* Another start of the machine, which has 32 links. */
static void step_epochs(struct attacker *a, uint32_t n)
{
    (void)n;
    core_free(a->core);
    open_core(a);
    if (connect_now(a, NS_PER_S))
        ping_paths(a, 100);
}

/* A call that is right as far as can be seen without opening it. */
static void step_calls(struct attacker *a, uint32_t n)
{
    struct handshake *h = &a->core->peers.list[0]->calling.handshake;
    const struct cookie_jar *jar = &h->call->jars[0][0];
    uint8_t call[WIRE_INITIATION_LONG_BYTES];
    struct wire_initiation view;
    size_t bytes = wire_put_initiation(call, n + 1, false);
    wire_get_initiation(call, bytes, &view);
    uint8_t *noise = call + (view.noise - call);
    uint8_t *mac1 = call + (view.mac1 - call);
    uint8_t *mac2 = call + (view.mac2 - call);
    key_random(noise, view.noise_bytes);
    memset(mac2, 0, WIRE_MAC_BYTES);
    cookie_mac1(&h->cookie, call, (size_t)(mac1 - call), mac1);
    if (jar->full)
        cookie_mac2(jar->cookie, call, (size_t)(mac2 - call), mac2);
    send_out(a, call, bytes);
}

/*
 * Calls in the name of somebody who hears no answer but a cookie. The first call may be answered
 * before there are too many; the second one, seconds later, is not.
 */
static void begin_calls(struct attacker *a)
{
    struct tstamp until = tstamp_add(clock_now(), COOKIE_NS);
    core_free(a->core);
    open_core(a);
    a->deaf = true;
    for (uint32_t i = 0; tstamp_before(clock_now(), until); i++) {
        const struct call *call = a->core->peers.list[0]->calling.handshake.call;
        if (call != NULL && call->jars[0][0].full)
            return;
        for (unsigned k = 0; call != NULL && k < 5; k++)
            step_calls(a, i);
        turn(a, 1);
    }
    die("the server gives no cookie");
}

static void begin_slow(struct attacker *a)
{
    a->slow = true;
}

static const struct attack {
    const char *name;
    void (*begin)(struct attacker *a); /* NULL: nothing to prepare */
    void (*step)(struct attacker *a, uint32_t n);
} attacks[] = {
    { "slow", begin_slow, step_slow },       { "pieces", NULL, step_pieces },
    { "holes", NULL, step_holes },           { "jumps", NULL, step_jumps },
    { "numbers", open_paths, step_numbers }, { "statuses", open_paths, step_statuses },
    { "flaps", open_paths, step_flaps },     { "acks", open_paths, step_acks },
    { "challenges", NULL, step_challenges }, { "epochs", NULL, step_epochs },
    { "calls", begin_calls, step_calls },
};

static void run(struct attacker *a, const struct attack *attack, double seconds, double rate)
{
    struct tstamp from = clock_now();
    struct tstamp until = tstamp_add(from, (int64_t)(seconds * 1e9));
    uint32_t n = 0;
    for (struct tstamp now = from; tstamp_before(now, until); now = clock_now()) {
        double due = (double)tstamp_sub(now, from) / 1e9 * rate;
        for (unsigned i = 0; i < STEPS_AT_ONCE && n < due; i++)
            attack->step(a, n++);
        turn(a, n < due ? 0 : 1);
    }
}

static void read_key(const char *path, uint8_t key[32])
{
    char text[KEY_BASE64_BYTES + 1] = "";
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%44s", text) != 1 || !key_from_base64(key, text))
        die("the key file cannot be read");
    fclose(f);
}

static int attack(char **argv)
{
    static struct attacker a;
    static struct netprefix all[1];
    /* A core's tables are pages of zeros: to clear them for each start would be the attacker's own
     * load, on the machine that is measured. */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    const struct attack *chosen = NULL;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
        if (strcmp(attacks[i].name, argv[1]) == 0)
            chosen = &attacks[i];
    if (chosen == NULL || crypto_init() < 0 || !netaddr_parse(&a.server, argv[4]) ||
        a.server.family != 4 || !netprefix_parse(&all[0], "0.0.0.0/0") ||
        !key_from_base64(a.peer.public_key, argv[3]))
        die("no such attack, key or address");
    read_key(argv[2], a.private_key);
    a.peer.allowed = all;
    a.peer.allowed_count = 1;
    a.peer.initiate = true;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(a.server.port) };
    memcpy(&to.sin_addr, a.server.addr, 4);
    a.fd = socket(AF_INET, SOCK_DGRAM, 0);
    a.pool = pkt_pool_new(16384, 64);
    if (a.fd < 0 || a.pool == NULL || connect(a.fd, (struct sockaddr *)&to, sizeof to) < 0)
        die(strerror(errno));
    open_core(&a);
    if (!connect_now(&a, CONNECT_NS))
        die("the server does not answer");
    if (chosen->begin != NULL)
        chosen->begin(&a);
    puts("up");
    fflush(stdout);
    run(&a, chosen, atof(argv[5]), atof(argv[6]));
    printf("{\"sent\":%" PRIu64 ",\"received\":%" PRIu64 "}\n", a.sent, a.received);
    /* It leaves without a goodbye. */
    return EXIT_SUCCESS;
}

static int flood(char **argv)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
        die("no such address");
    struct tstamp from = clock_now();
    double seconds = atof(argv[3]);
    double rate = atof(argv[4]);
    uint64_t n = 0;
    for (double s = 0; s < seconds; s = (double)tstamp_sub(clock_now(), from) / 1e9) {
        for (unsigned i = 0; i < STEPS_AT_ONCE && (double)n < s * rate; i++, n++) {
            to.sin_port = htons((uint16_t)(10000 + n % 512));
            sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
        }
        poll(NULL, 0, 1);
    }
    printf("{\"sent\":%" PRIu64 ",\"received\":0}\n", n);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "flood") == 0)
        return flood(argv);
    if (argc == 7)
        return attack(argv);
    fprintf(stderr, "usage: attacker NAME KEY-FILE SERVER-KEY ADDRESS:PORT SECONDS RATE\n"
                    "       attacker flood ADDRESS SECONDS RATE\n");
    return EXIT_USAGE;
}
