/* SPDX-License-Identifier: ISC */
#include "engine/dataplane.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/gro.h"
#include "base/ip.h"
#include "bond/tuning.h"
#include "engine/policy.h"

enum {
    TUN_BATCH = 64,              /* packets (or super-packets) from the device in a turn */
    TUN_BATCH_BYTES = 256 << 10, /* or so many: what the cache keeps until it is sealed */
    LISTEN_SOCKETS_MAX = 32,
    SOCKETS_MAX = WIRE_PATHS_MAX + LISTEN_SOCKETS_MAX,
    DATAGRAMS_PER_CALL = 64,
    READ_DATAGRAMS = 64,   /* of a socket in a turn: of many peers they come one by one */
    READ_BYTES = 64 << 10, /* or so many */
    WRITES_PER_TURN = 512,
    GROUPS_PER_TURN = 256, /* so that a flood of output cannot starve the input */
    ERRORS_PER_TURN = 16,
    OPEN_FLOWS = 16, /* super-packets that grow at a time, a power of two */
};

#define QUEUE_LOOK_NS (20 * NS_PER_MS)
#define QUEUE_MEMORY_NS 400e6
#define QUEUE_NOTED_BYTES 4096 /* more than a packet that is being sent */

struct socket_slot {
    struct dataplane *plane;
    uint16_t number;
    bool open;
    struct udp udp;
    struct loop_watch watch;
    uint64_t ip_bytes; /* sent and received, outlives the socket */
    struct udp beats;  /* for what is no news */
    struct loop_watch beats_watch;
    bool has_beats;
};

/* Whether the device behind the listening sockets keeps up with what is sent. */
struct device_queue {
    double standing; /* share of the last moments in which something waited for it */
    struct tstamp looked_at;
    bool full;
};

struct dataplane {
    struct core *core;
    struct pkt_pool *pool;
    struct loop *loop;
    struct tun tun;
    struct loop_watch tun_watch;
    struct udp_reader *reader; /* owned */
    struct socket_slot sockets[SOCKETS_MAX];
    struct gro joined[OPEN_FLOWS]; /* by flow, all written by the end of a turn */
    struct iovec pieces[GRO_PACKETS_MAX];
    struct policy_set *policies; /* borrowed; NULL: none */
    bool udp_gso;                /* may be used */
    bool errors_ignored;         /* ICMP is of no interest */
    struct device_queue queue;   /* of the listening sockets */
    struct tstamp beats_at;      /* beats are read again; NEVER: they wake us */
    uint64_t turns;
};

static void tun_ready(void *arg, struct tstamp now, unsigned events)
{
    struct dataplane *d = arg;
    struct pkt *batch[TUN_BATCH];
    size_t n = 0;
    size_t bytes = 0;
    int error = 0;
    (void)events;
    while (n < TUN_BATCH && bytes < TUN_BATCH_BYTES &&
           (batch[n] = tun_read(&d->tun, &error)) != NULL)
        bytes += batch[n++]->len_bytes;
    for (size_t i = 0; d->policies != NULL && i < n; i++)
        policy_set_match(d->policies, batch[i]);
    if (n > 0)
        core_tun(d->core, now, batch, n);
    /* A device that is gone would wake us for ever; its loss is the guard's to notice. */
    if (error < 0)
        loop_remove(d->loop, &d->tun_watch);
}

static uint32_t outer_bytes(const struct netaddr *peer)
{
    enum { IPV4_UDP = 28, IPV6_UDP = 48 };
    return peer->family == 6 ? IPV6_UDP : IPV4_UDP;
}

/* At most so many a turn; a socket with more is ready again. */
static void read_errors(struct socket_slot *s, struct tstamp now)
{
    struct udp_error e;
    for (unsigned i = 0; i < ERRORS_PER_TURN && udp_read_error(&s->udp, &e); i++)
        core_unreachable(s->plane->core, now, s->number, &e.to, e.error);
}

static size_t take_datagrams(struct socket_slot *s, struct tstamp now,
                             const struct udp_datagram *in, size_t n)
{
    struct core_datagram batch[DATAGRAMS_PER_CALL];
    size_t bytes = 0;
    for (size_t at = 0; at < n;) {
        size_t count = 0;
        for (; at < n && count < DATAGRAMS_PER_CALL; at++, count++) {
            batch[count] = (struct core_datagram){ .socket = s->number,
                                                   .from = in[at].from,
                                                   .to = in[at].to,
                                                   .data = in[at].data,
                                                   .len_bytes = in[at].len_bytes };
            bytes += in[at].len_bytes;
            s->ip_bytes += in[at].len_bytes + outer_bytes(&in[at].from);
        }
        core_rx(s->plane->core, now, batch, count);
    }
    return bytes;
}

/* Until it is empty or the turn has enough to do; a read that was not full has emptied it. */
/* True: there is nothing left in it. */
static bool read_socket(struct socket_slot *s, struct udp *u, struct tstamp now)
{
    const struct udp_datagram *in;
    size_t bytes = 0;
    int n = UDP_BATCH_COALESCED;
    for (int sum = 0; n >= UDP_BATCH_COALESCED && sum < READ_DATAGRAMS && bytes < READ_BYTES;
         sum += n) {
        n = udp_read(u, s->plane->reader, &in);
        if (n > 0)
            bytes += take_datagrams(s, now, in, (size_t)n);
    }
    return n < UDP_BATCH_COALESCED;
}

static void socket_ready(void *arg, struct tstamp now, unsigned events)
{
    struct socket_slot *s = arg;
    if ((events & LOOP_ERROR) != 0)
        read_errors(s, now);
    read_socket(s, &s->udp, now);
}

/* A thousand peers' beats would wake us thousands of times a second; ours leave at the same
 * instants at which they are read. */
static void beats_ready(void *arg, struct tstamp now, unsigned events)
{
    struct socket_slot *s = arg;
    struct dataplane *d = s->plane;
    (void)events;
    if (!read_socket(s, &s->beats, now))
        return; /* so many are no beats of idle peers alone: the rest is read in the next turn */
    loop_change(d->loop, &s->beats_watch, 0);
    d->beats_at = tstamp_min(d->beats_at, tstamp_add(now, BEAT_GRID_NS - now.ns % BEAT_GRID_NS));
}

static void watch_beats(struct dataplane *d, struct tstamp now)
{
    if (!tstamp_reached(d->beats_at, now))
        return;
    d->beats_at = TSTAMP_NEVER;
    for (unsigned i = WIRE_PATHS_MAX; i < SOCKETS_MAX; i++)
        if (d->sockets[i].has_beats)
            loop_change(d->loop, &d->sockets[i].beats_watch, LOOP_READ);
}

struct dataplane *dataplane_new(const struct dataplane_config *config)
{
    struct dataplane *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->core = config->core;
    d->pool = config->pool;
    d->loop = config->loop;
    d->udp_gso = config->udp_gso;
    d->reader = udp_reader_new();
    d->beats_at = TSTAMP_NEVER;
    tun_init(&d->tun, config->tun_fd, config->tun_offload, d->pool);
    for (unsigned i = 0; i < OPEN_FLOWS; i++)
        d->joined[i].udp = config->tun_offload >= TUN_OFFLOAD_USO;
    d->tun_watch = (struct loop_watch){ .fd = d->tun.fd, .ready = tun_ready, .arg = d };
    if (d->reader == NULL || loop_add(d->loop, &d->tun_watch, LOOP_READ) < 0) {
        udp_reader_free(d->reader);
        free(d);
        return NULL;
    }
    return d;
}

void dataplane_free(struct dataplane *d)
{
    if (d == NULL)
        return;
    for (unsigned i = 0; i < SOCKETS_MAX; i++)
        if (d->sockets[i].open)
            dataplane_remove_socket(d, d->sockets[i].number);
    loop_remove(d->loop, &d->tun_watch);
    tun_clear(&d->tun);
    close(d->tun.fd);
    udp_reader_free(d->reader);
    free(d);
}

int dataplane_replace_tun(struct dataplane *d, int fd, enum tun_offload offload)
{
    struct tun before = d->tun;
    loop_remove(d->loop, &d->tun_watch);
    tun_clear(&d->tun);
    close(d->tun.fd);
    tun_init(&d->tun, fd, offload, d->pool);
    d->tun.read_packets = before.read_packets; /* the counters go on */
    d->tun.written_packets = before.written_packets;
    d->tun.malformed = before.malformed;
    d->tun.no_buffer = before.no_buffer;
    d->tun.write_errors = before.write_errors;
    d->tun_watch = (struct loop_watch){ .fd = fd, .ready = tun_ready, .arg = d };
    return loop_add(d->loop, &d->tun_watch, LOOP_READ);
}

/* Links first, then listening sockets; NULL for a number that cannot be. */
static struct socket_slot *slot_of(struct dataplane *d, uint16_t number)
{
    if (number < WIRE_PATHS_MAX)
        return &d->sockets[number];
    if (number >= CORE_SOCKET_LISTEN && number < CORE_SOCKET_LISTEN + LISTEN_SOCKETS_MAX)
        return &d->sockets[WIRE_PATHS_MAX + number - CORE_SOCKET_LISTEN];
    return NULL;
}

/* Of a link's socket; without it the words about a silent peer are fewer. */
static void watch_errors(struct socket_slot *s)
{
    if (!s->open || s->number >= WIRE_PATHS_MAX || s->udp.errors == !s->plane->errors_ignored)
        return;
    udp_watch_errors(&s->udp, !s->plane->errors_ignored);
}

void dataplane_watch_errors(struct dataplane *d, bool on)
{
    d->errors_ignored = !on;
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        watch_errors(&d->sockets[i]);
}

int dataplane_add_socket(struct dataplane *d, uint16_t number, int fd)
{
    struct socket_slot *s = slot_of(d, number);
    if (s == NULL) {
        close(fd);
        return -EINVAL;
    }
    dataplane_remove_socket(d, number);
    int err = udp_adopt(&s->udp, fd);
    s->udp.gso = s->udp.gso && d->udp_gso;
    s->plane = d;
    s->number = number;
    s->watch = (struct loop_watch){ .fd = fd, .ready = socket_ready, .arg = s };
    if (err == 0)
        err = loop_add(d->loop, &s->watch, LOOP_READ);
    if (err < 0) {
        close(fd);
        return err;
    }
    s->open = true;
    watch_errors(s);
    return 0;
}

int dataplane_add_beats(struct dataplane *d, uint16_t number, int fd)
{
    struct socket_slot *s = slot_of(d, number);
    if (s == NULL || !s->open || s->has_beats) {
        close(fd);
        return -EINVAL;
    }
    int err = udp_adopt(&s->beats, fd);
    s->beats_watch = (struct loop_watch){ .fd = fd, .ready = beats_ready, .arg = s };
    if (err == 0)
        err = loop_add(d->loop, &s->beats_watch, LOOP_READ);
    if (err < 0)
        close(fd);
    s->has_beats = err == 0;
    return err;
}

void dataplane_remove_socket(struct dataplane *d, uint16_t number)
{
    struct socket_slot *s = slot_of(d, number);
    if (s == NULL || !s->open)
        return;
    loop_remove(d->loop, &s->watch);
    udp_close(&s->udp);
    s->open = false;
    if (!s->has_beats)
        return;
    loop_remove(d->loop, &s->beats_watch);
    udp_close(&s->beats);
    s->has_beats = false;
}

void dataplane_set_policies(struct dataplane *d, struct policy_set *policies)
{
    d->policies = policies;
}

static void send_groups(struct dataplane *d, struct tstamp now)
{
    struct core_tx tx;
    for (unsigned n = 0; n < GROUPS_PER_TURN && core_next_tx(d->core, now, &tx); n++) {
        struct socket_slot *s = slot_of(d, tx.socket);
        int result = -ENODEV;
        if (s != NULL && s->open)
            result = udp_send(&s->udp, &tx.to, &tx.from, tx.data, tx.len_bytes, tx.segment_bytes);
        if (result == 0)
            s->ip_bytes += tx.len_bytes + tx.segment_count * outer_bytes(&tx.to);
        core_tx_done(d->core, now, &tx, result);
    }
}

/* Looks for a queue in this machine: one that stands is our own line's. */
static void look_at_queue(struct dataplane *d, struct tstamp now)
{
    struct device_queue *q = &d->queue;
    int64_t span_ns = tstamp_sub(now, q->looked_at);
    uint32_t waits = 0;
    if (span_ns < QUEUE_LOOK_NS)
        return;
    q->looked_at = now;
    for (unsigned i = WIRE_PATHS_MAX; i < SOCKETS_MAX; i++)
        if (d->sockets[i].open)
            waits += udp_unsent_bytes(&d->sockets[i].udp);
    double weight = fmin((double)span_ns / QUEUE_MEMORY_NS, 1);
    q->standing += ((waits > QUEUE_NOTED_BYTES ? 1 : 0) - q->standing) * weight;
    bool full = q->standing > (q->full ? 0.25 : 0.5);
    if (full == q->full)
        return;
    q->full = full;
    core_set_line_full(d->core, full);
}

/* Writes what was joined; a packet that the device refuses is counted by it. */
static void write_joined(struct dataplane *d, struct gro *c)
{
    if (c->count == 0)
        return;
    struct gro_result r = gro_finish(c);
    if (r.csum_partial && d->tun.offload < TUN_OFFLOAD_CSUM) {
        ip_finish_checksum(c->packets[0]);
        r.csum_partial = false;
    }
    for (size_t i = 0; i < c->count; i++) {
        size_t skip = gro_skip(c, i);
        d->pieces[i] = (struct iovec){ .iov_base = c->packets[i]->data + skip,
                                       .iov_len = c->packets[i]->len_bytes - skip };
    }
    struct tun_packet p = { .gso = (uint8_t)r.gso,
                            .gso_size = r.gso_size,
                            .header_bytes = r.header_bytes,
                            .csum_partial = r.csum_partial,
                            .csum_start = r.csum_start,
                            .csum_offset = r.csum_offset,
                            .pieces = d->pieces,
                            .piece_count = c->count };
    tun_write(&d->tun, &p);
    for (size_t i = 0; i < c->count; i++)
        pkt_put(c->packets[i]);
    gro_init(c);
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/*
 * Packets of several flows come interleaved, and each flow is joined by itself: which of the open
 * ones a packet belongs to. Packets of one flow always meet in the same, so they stay in order;
 * flows that share one only get shorter super-packets.
 */
static unsigned open_flow(const struct pkt *p)
{
    if (!ip_is(p, IP_PORTS))
        return 0;
    size_t last = ip_address_bytes(p) - 4;
    uint32_t mixed = get32(ip_source(p) + last) ^ get32(ip_destination(p) + last);
    mixed ^= get32(ip_transport(p));
    mixed *= UINT32_C(0x9e3779b1); /* Knuth, 6.4: the golden ratio spreads neighbours */
    return mixed >> 28;
}
_Static_assert(OPEN_FLOWS == 16, "open_flow() gives four bits");

/*
 * So many writes at most: what the peers bring may be thousands, and others wait to be received.
 * True: there may be more.
 */
static bool write_packets(struct dataplane *d)
{
    unsigned writes = 0;
    for (struct pkt *p; writes < WRITES_PER_TURN && (p = core_next_tun(d->core)) != NULL;) {
        struct gro *c = &d->joined[open_flow(p)];
        bool alone = c->count > 0 && d->tun.offload < TUN_OFFLOAD_TSO;
        if (!alone && gro_add(c, p))
            continue;
        write_joined(d, c);
        writes++;
        gro_add(c, p);
    }
    for (unsigned i = 0; i < OPEN_FLOWS; i++)
        write_joined(d, &d->joined[i]);
    return writes == WRITES_PER_TURN;
}

struct tstamp dataplane_flush(struct dataplane *d, struct tstamp now)
{
    d->turns++;
    core_tick(d->core, now);
    bool more = write_packets(d);
    send_groups(d, now);
    look_at_queue(d, now);
    watch_beats(d, now);
    return more ? now : tstamp_min(d->beats_at, core_deadline(d->core));
}

uint64_t dataplane_socket_bytes(const struct dataplane *d, uint16_t link)
{
    return d->sockets[link].ip_bytes;
}

void dataplane_stats(const struct dataplane *d, struct dataplane_stats *out)
{
    *out = (struct dataplane_stats){ .tun_offload = d->tun.offload,
                                     .udp_gso = true,
                                     .udp_gro = true,
                                     .tun_read_packets = d->tun.read_packets,
                                     .tun_written_packets = d->tun.written_packets,
                                     .tun_read_drops = d->tun.malformed + d->tun.no_buffer,
                                     .tun_write_drops = d->tun.write_errors,
                                     .turns = d->turns };
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        const struct socket_slot *s = &d->sockets[i];
        out->udp_gso = out->udp_gso && (!s->open || s->udp.gso);
        out->udp_gro = out->udp_gro && (!s->open || s->udp.gro);
    }
}
