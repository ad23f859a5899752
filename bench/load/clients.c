/* SPDX-License-Identifier: ISC */
/*
 * Many clients in one process, each with a core, a key, and two links of its own, over real sockets
 * against a real server. A link's sockets are bound to its interface; a client has an address of
 * its own on each (10.91.x.y, 10.92.x.y), or shares it with others on other ports. They begin
 * within a second, one after the other. Commands come from standard input, a line each; what they
 * bring goes to standard output, as do the lines "all TIME" and "fewer TIME" when all clients are
 * up, or no longer. Times are seconds since the system started.
 *
 *   probe                                    an answer from the far end for each: answered TIME
 *   up RATE BYTES SECONDS COUNT FLOWS        COUNT clients send, or get, RATE bit/s each in packets
 *   down RATE BYTES SECONDS COUNT FLOWS      of BYTES; of the first client in as many flows
 *   handshakes                               how many there were: handshakes N
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "load/client.h"
#include "load/message.h"
#include "sys/loop.h"
#include "sys/udp.h"

enum {
    SMALL_BUFFERS = 1 << 17,
    LARGE_BUFFERS = 16,
    PORT_FIRST = 30000,
    ADDRESS_FIRST = 256, /* the low half of a link's address */
    GROUPS_IN_TURN = 64,
    LINE_BYTES = 256,
};
#define GRACE_NS NS_PER_S /* what is under way after a run still comes */

static const char usage_text[] =
    "usage: load-clients --peers COUNT                  their sections of the server's "
    "configuration\n"
    "       load-clients --server ADDRESS:PORT --key KEY --count N --interface A --interface B\n"
    "                    [--per-address N] [--rekey SECONDS]\n";

struct program;

struct port {
    struct program *program;
    struct udp udp;
    struct loop_watch watch;
    unsigned link;
    unsigned number;
};

struct program {
    struct client_config config;
    struct core_link links[CLIENT_LINKS];
    const char *interfaces[CLIENT_LINKS];
    unsigned count;
    unsigned per_address;
    struct client *clients; /* owned */
    struct port *ports;     /* owned; per_address of each link */
    struct heap due;
    struct loop loop;
    struct udp_reader *reader;
    struct loop_watch input;
    char line[LINE_BYTES];
    size_t line_bytes;
    struct client_sums sums;
    bool all_up;
    uint32_t run;
    unsigned busy; /* clients that take part in the run */
    bool is_probe;
    struct tstamp asks; /* the end of the run; NEVER: none is on */
    struct tstamp began;
};

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("load-clients: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    exit(1);
}

static double seconds(struct tstamp t)
{
    return (double)t.ns / 1e9;
}

static struct netaddr address_of(const struct program *p, unsigned client, unsigned link)
{
    unsigned host = ADDRESS_FIRST + client / p->per_address;
    return (struct netaddr){
        .family = 4, .addr = { 10, (uint8_t)(91 + link), (uint8_t)(host >> 8), (uint8_t)host }
    };
}

static void flush(struct program *p, struct client *c, struct tstamp now)
{
    struct core_tx tx;
    struct tstamp at = client_turn(c, now);
    for (unsigned n = 0; n < GROUPS_IN_TURN && core_next_tx(c->core, now, &tx); n++) {
        struct netaddr from = address_of(p, c->number, tx.socket);
        struct port *port = &p->ports[tx.socket * p->per_address + c->number % p->per_address];
        int err = udp_send(&port->udp, &tx.to, &from, tx.data, tx.len_bytes, tx.segment_bytes);
        core_tx_done(c->core, now, &tx, err);
    }
    heap_set(&p->due, &c->due, tstamp_min(at, core_deadline(c->core)));
}

static void socket_ready(void *arg, struct tstamp now, unsigned events)
{
    struct port *port = arg;
    struct program *p = port->program;
    const struct udp_datagram *in;
    (void)events;
    int n = udp_read(&port->udp, p->reader, &in);
    for (int i = 0; i < n; i++) {
        unsigned host = (unsigned)(in[i].to.addr[2] << 8 | in[i].to.addr[3]) - ADDRESS_FIRST;
        unsigned number = host * p->per_address + port->number;
        if (number >= p->count)
            continue;
        struct core_datagram d = { .socket = (uint16_t)port->link,
                                   .from = in[i].from,
                                   .data = in[i].data,
                                   .len_bytes = in[i].len_bytes };
        core_rx(p->clients[number].core, now, &d, 1);
        heap_set(&p->due, &p->clients[number].due, now);
    }
}

/* Runs */

static void begin(struct program *p, struct tstamp now, unsigned count, int64_t length_ns)
{
    struct client_sums *s = &p->sums;
    s->sent = s->received = s->told_sent = s->told_received = 0;
    s->told = 0;
    memset(s->delays_10us, 0, CLIENT_DELAYS * sizeof *s->delays_10us);
    p->run++;
    p->busy = count < p->count ? count : p->count;
    p->began = now;
    p->asks = tstamp_add(now, length_ns);
}

static void load(struct program *p, struct tstamp now, bool down, double rate, unsigned bytes,
                 double length_s, unsigned count, unsigned flows)
{
    if (rate <= 0 || bytes < sizeof(struct message) + MESSAGE_HEADERS_BYTES ||
        bytes > MESSAGE_BYTES_MAX || flows == 0 || flows > MESSAGE_FLOWS_MAX || length_s <= 0)
        fail("a run of %.0f bit/s in packets of %u bytes in %u flows is none", rate, bytes, flows);
    struct client_load l = { .down = down,
                             .interval_ns = (int64_t)(bytes * 8e9 / rate),
                             .bytes = bytes };
    l.packets = (uint32_t)(length_s * 1e9 / (double)l.interval_ns);
    begin(p, now, count, (int64_t)(length_s * 1e9) + GRACE_NS);
    l.run = p->run;
    for (unsigned i = 0; i < p->busy; i++) {
        l.flows = i == 0 ? flows : 1;
        /* Nobody begins at the same instant as all others. */
        int64_t later = l.interval_ns * (int64_t)i / (int64_t)p->busy;
        client_start(&p->clients[i], tstamp_add(now, later), &l);
        heap_set(&p->due, &p->clients[i].due, p->clients[i].next);
    }
}

static void ask_all(struct program *p, struct tstamp now)
{
    for (unsigned i = 0; i < p->busy; i++) {
        client_ask(&p->clients[i], now, p->run);
        heap_set(&p->due, &p->clients[i].due, now);
    }
    p->asks = TSTAMP_NEVER;
}

static double quantile_ms(const struct client_sums *s, double q)
{
    uint64_t all = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < CLIENT_DELAYS; i++)
        all += s->delays_10us[i];
    for (unsigned i = 0; i < CLIENT_DELAYS; i++) {
        sum += s->delays_10us[i];
        if (all > 0 && (double)sum >= q * (double)all)
            return i / 100.0;
    }
    return 0;
}

/* (sum x)^2 / (n sum x^2) of what each got (Jain, Chiu and Hawe, 1984). */
static double jain(const struct program *p)
{
    double sum = 0;
    double squares = 0;
    for (unsigned i = 0; i < p->busy; i++) {
        double x = (double)p->clients[i].received;
        sum += x;
        squares += x * x;
    }
    return squares > 0 ? sum * sum / (p->busy * squares) : 0;
}

static void report(struct program *p, struct tstamp now)
{
    const struct client_sums *s = &p->sums;
    if (p->is_probe) {
        printf("answered %.3f\n", seconds(now));
    } else {
        bool down = p->clients[0].load.down;
        uint64_t sent = down ? s->told_sent : s->sent;
        uint64_t received = down ? s->received : s->told_received;
        printf("run sent %llu received %llu p50_ms %.2f p99_ms %.2f jain %.4f first %llu last "
               "%llu\n",
               (unsigned long long)sent, (unsigned long long)received, quantile_ms(s, .5),
               quantile_ms(s, .99), jain(p), (unsigned long long)p->clients[0].received,
               (unsigned long long)p->clients[p->busy - 1].received);
    }
    p->busy = 0;
}

static void tell_handshakes(struct program *p, struct tstamp now)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < p->count; i++) {
        static struct core_peer_status s;
        core_peer_status(p->clients[i].core, now, 0, &s);
        sum += s.handshakes;
    }
    printf("handshakes %llu\n", (unsigned long long)sum);
}

/* Commands */

static void command(struct program *p, struct tstamp now, const char *line)
{
    double rate, length_s;
    unsigned bytes, count, flows;
    char way[5];
    if (strcmp(line, "probe") == 0) {
        begin(p, now, p->count, 0);
        p->is_probe = true;
        ask_all(p, now);
    } else if (strcmp(line, "handshakes") == 0) {
        tell_handshakes(p, now);
    } else if (sscanf(line, "%4s %lf %u %lf %u %u", way, &rate, &bytes, &length_s, &count,
                      &flows) == 6 &&
               (strcmp(way, "up") == 0 || strcmp(way, "down") == 0)) {
        p->is_probe = false;
        load(p, now, way[0] == 'd', rate, bytes, length_s, count, flows);
    } else {
        fail("what does \"%s\" mean?", line);
    }
}

static void input_ready(void *arg, struct tstamp now, unsigned events)
{
    struct program *p = arg;
    (void)events;
    ssize_t n = read(0, p->line + p->line_bytes, sizeof p->line - 1 - p->line_bytes);
    if (n <= 0)
        exit(0); /* who started us has gone */
    p->line_bytes += (size_t)n;
    p->line[p->line_bytes] = '\0';
    for (char *end; (end = strchr(p->line, '\n')) != NULL;) {
        *end = '\0';
        command(p, now, p->line);
        p->line_bytes -= (size_t)(end + 1 - p->line);
        memmove(p->line, end + 1, p->line_bytes + 1);
    }
}

/* Start */

static void print_peers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t private_key[32], public_key[32], inner[4];
        char text[KEY_BASE64_BYTES + 1];
        client_private_key(i, private_key);
        if (!key_public(public_key, private_key))
            fail("the library makes no keys");
        key_to_base64(text, public_key);
        client_inner(i, inner);
        printf("[peer load%u]\npublic-key = %s\nallowed-ips = %u.%u.%u.%u/32\n", i, text, inner[0],
               inner[1], inner[2], inner[3]);
    }
}

static void open_ports(struct program *p)
{
    for (unsigned i = 0; i < CLIENT_LINKS * p->per_address; i++) {
        struct port *port = &p->ports[i];
        port->program = p;
        port->link = i / p->per_address;
        port->number = i % p->per_address;
        struct udp_options o = { .local = { .family = 4,
                                            .port = (uint16_t)(PORT_FIRST + port->number) },
                                 .interface = p->interfaces[port->link],
                                 .listening = true };
        int err = udp_open(&port->udp, &o);
        port->watch = (struct loop_watch){ .fd = port->udp.fd, .ready = socket_ready, .arg = port };
        if (err == 0)
            err = loop_add(&p->loop, &port->watch, LOOP_READ);
        if (err < 0)
            fail("no socket on %s: %s", o.interface, strerror(-err));
    }
}

static void start(struct program *p)
{
    struct tstamp now = loop_now();
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    p->config.wall_offset_ns = wall.tv_sec * NS_PER_S + wall.tv_nsec - now.ns;
    p->config.pool = pkt_pool_new(SMALL_BUFFERS, LARGE_BUFFERS);
    p->config.links = p->links;
    p->clients = calloc(p->count, sizeof *p->clients);
    p->ports = calloc((size_t)CLIENT_LINKS * p->per_address, sizeof *p->ports);
    p->reader = udp_reader_new();
    p->sums.delays_10us = calloc(CLIENT_DELAYS, sizeof *p->sums.delays_10us);
    p->asks = TSTAMP_NEVER;
    if (p->config.pool == NULL || p->clients == NULL || p->ports == NULL || p->reader == NULL ||
        p->sums.delays_10us == NULL || heap_reserve(&p->due, p->count) < 0 ||
        loop_open(&p->loop) < 0)
        fail("no memory");
    p->input = (struct loop_watch){ .fd = 0, .ready = input_ready, .arg = p };
    if (loop_add(&p->loop, &p->input, LOOP_READ) < 0)
        fail("commands come from a terminal or a pipe only");
    open_ports(p);
    for (unsigned i = 0; i < p->count; i++) {
        p->config.wait_ns = NS_PER_S * (int64_t)i / (int64_t)p->count;
        for (unsigned l = 0; l < CLIENT_LINKS; l++) {
            struct core_link *link = &p->links[l];
            *link = (struct core_link){ .link = (uint16_t)l,
                                        .present = true,
                                        .carrier = true,
                                        .has_ipv4 = true,
                                        .local_ipv4 = address_of(p, i, l),
                                        .mtu_bytes = 1500,
                                        .use = WIRE_PATH_ACTIVE };
            snprintf(link->name, sizeof link->name, "link%u", l);
        }
        int err = client_new(&p->clients[i], i, &p->config, &p->sums, now);
        if (err < 0)
            fail("no client %u: %s", i, strerror(-err));
        heap_set(&p->due, &p->clients[i].due, now);
    }
}

static void look(struct program *p, struct tstamp now)
{
    bool all = p->sums.up == p->count;
    if (all != p->all_up)
        printf("%s %.3f\n", all ? "all" : "fewer", seconds(now));
    p->all_up = all;
    if (tstamp_reached(p->asks, now))
        ask_all(p, now);
    if (p->busy > 0 && p->sums.told == p->busy)
        report(p, now);
}

static void run(struct program *p)
{
    for (;;) {
        struct heap_item *first = heap_first(&p->due);
        struct tstamp deadline = first != NULL ? first->at : TSTAMP_NEVER;
        struct tstamp now = loop_turn(&p->loop, tstamp_min(deadline, p->asks));
        for (unsigned n = 0; n < p->count && (first = heap_first(&p->due)) != NULL &&
                             tstamp_reached(first->at, now);
             n++)
            flush(p, LIST_OF(first, struct client, due), now);
        look(p, now);
    }
}

static unsigned number_of(const char *text, unsigned least, unsigned most)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end != '\0' || n < least || n > most)
        fail("%s is no number from %u to %u", text, least, most);
    return (unsigned)n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "peers", required_argument, NULL, 'p' },
        { "server", required_argument, NULL, 's' },
        { "key", required_argument, NULL, 'k' },
        { "count", required_argument, NULL, 'c' },
        { "interface", required_argument, NULL, 'i' },
        { "per-address", required_argument, NULL, 'a' },
        { "rekey", required_argument, NULL, 'r' },
        { 0 },
    };
    static struct program p = { .per_address = 1 };
    unsigned interfaces = 0;
    bool has_key = false;
    if (crypto_init() < 0)
        fail("the crypto library lacks what hawser needs");
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'p') {
            print_peers(number_of(optarg, 1, CLIENT_NUMBER_MAX));
            return 0;
        }
        if (o == 's' && !netaddr_parse(&p.config.server, optarg))
            fail("%s is no address", optarg);
        if (o == 'k')
            has_key = key_from_base64(p.config.server_key, optarg);
        if (o == 'c')
            p.count = number_of(optarg, 1, CLIENT_NUMBER_MAX);
        if (o == 'i' && interfaces < CLIENT_LINKS)
            p.interfaces[interfaces++] = optarg;
        if (o == 'a')
            p.per_address = number_of(optarg, 1, 10000);
        if (o == 'r')
            p.config.rekey_after_ns = (int64_t)(strtod(optarg, NULL) * 1e9);
        if (o == '?')
            interfaces = CLIENT_LINKS + 1;
    }
    if (p.count == 0 || !has_key || p.config.server.port == 0 || interfaces != CLIENT_LINKS) {
        fputs(usage_text, stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    start(&p);
    run(&p);
}
