/* SPDX-License-Identifier: ISC */
#include "load/client.h"

#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/ip.h"
#include "base/pkt.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "load/message.h"

#define ASK_NS (100 * NS_PER_MS)
#define GRAIN_NS (200 * NS_PER_US) /* what is sent is looked for so often, as in far.c */
enum { IPV4_BYTES = 20, UDP = 17 };

static const uint8_t far_address[4] = { 10, 77, 0, 1 };

void client_private_key(unsigned number, uint8_t out[32])
{
    static const char seed[] = "hawser load client";
    uint8_t hash[HASH_BYTES];
    hash_blake2b(hash, (struct hash_span[]){ { seed, sizeof seed }, { &number, sizeof number } },
                 2);
    memcpy(out, hash, 32);
}

void client_inner(unsigned number, uint8_t out[4])
{
    const unsigned host = number + 256;
    const uint8_t addr[4] = { 10, 77, (uint8_t)(host >> 8), (uint8_t)host };
    memcpy(out, addr, 4);
}

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    key_random(out, len_bytes);
}

int client_new(struct client *c, unsigned number, const struct client_config *config,
               struct client_sums *sums, struct tstamp now)
{
    const struct netprefix everything = { .family = 4 };
    struct core_peer_config peer = {
        .name = "server", .allowed = &everything, .allowed_count = 1, .initiate = true
    };
    memcpy(peer.public_key, config->server_key, 32);
    struct core_config core = { .pool = config->pool,
                                .peers = &peer,
                                .peer_count = 1,
                                .ciphers = 3,
                                .preferred_cipher = WIRE_CIPHER_AES256_GCM,
                                .rekey_after_ns = config->rekey_after_ns,
                                .wall_offset_ns = config->wall_offset_ns,
                                .random = random_bytes };
    *c = (struct client){
        .number = number, .pool = config->pool, .sums = sums, .next = TSTAMP_NEVER
    };
    client_private_key(number, core.private_key);
    int err = core_new(&c->core, &core, now);
    if (err < 0)
        return err;
    for (unsigned i = 0; i < CLIENT_LINKS; i++)
        core_link_event(c->core, now, &config->links[i]);
    c->server = config->server;
    c->calls_at = tstamp_add(now, config->wait_ns);
    return 0;
}

void client_free(struct client *c)
{
    core_free(c->core);
}

void client_start(struct client *c, struct tstamp now, const struct client_load *load)
{
    c->load = *load;
    c->received = 0;
    c->left = load->down ? load->flows : load->packets;
    c->next = now;
}

void client_ask(struct client *c, struct tstamp now, uint32_t run)
{
    c->load.run = run;
    c->asks = true;
    c->next = now;
    c->left = 0;
}

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* An inner packet of len_bytes; what is not there in the pool is not sent, and so is lost. */
static void send(struct client *c, struct tstamp now, unsigned flow, const struct message *m,
                 size_t len_bytes)
{
    struct pkt *p = pkt_new(c->pool, len_bytes);
    if (p == NULL)
        return;
    uint8_t *ip = p->data;
    uint8_t *udp = ip + IPV4_BYTES;
    memset(ip, 0, len_bytes);
    ip[0] = 0x45;
    put16(ip + 2, len_bytes);
    ip[8] = 64;
    ip[9] = UDP;
    client_inner(c->number, ip + 12);
    memcpy(ip + 16, far_address, 4);
    checksum_ipv4(ip, IPV4_BYTES);
    put16(udp, MESSAGE_FLOW_PORT + flow);
    put16(udp + 2, MESSAGE_PORT);
    put16(udp + 4, len_bytes - IPV4_BYTES); /* and no checksum, as UDP over IPv4 may */
    message_put(udp + 8, m);
    p->len_bytes = (uint32_t)len_bytes;
    ip_parse(p);
    core_tun(c->core, now, &p, 1);
}

static void send_data(struct client *c, struct tstamp now)
{
    const struct client_load *l = &c->load;
    while (c->left > 0 && tstamp_reached(c->next, now)) {
        struct message m = { .type = MESSAGE_DATA, .run = l->run, .at_ns = now.ns };
        if (l->down) {
            m.type = MESSAGE_WANT;
            m.interval_ns = l->interval_ns * l->flows;
            m.packets_wanted = l->packets / l->flows;
            m.bytes_each = l->bytes;
        }
        send(c, now, c->left % l->flows, &m, l->down ? MESSAGE_HEADERS_BYTES + sizeof m : l->bytes);
        c->sums->sent += !l->down;
        c->left--;
        c->next = tstamp_add(c->next, l->down ? 0 : l->interval_ns);
    }
    if (c->left == 0)
        c->next = TSTAMP_NEVER;
}

static void ask(struct client *c, struct tstamp now)
{
    struct message m = { .type = MESSAGE_ASK, .run = c->load.run, .at_ns = now.ns };
    send(c, now, 0, &m, MESSAGE_HEADERS_BYTES + sizeof m);
    c->next = tstamp_add(now, ASK_NS);
}

static void note_delay(struct client_sums *s, int64_t ns)
{
    int64_t i = ns / (10 * NS_PER_US);
    s->delays_10us[i < 0 ? 0 : i < CLIENT_DELAYS ? i : CLIENT_DELAYS - 1]++;
}

static void take(struct client *c, struct tstamp now, const struct pkt *p)
{
    struct message m;
    if (p->len_bytes < MESSAGE_HEADERS_BYTES + sizeof m || p->data[9] != UDP)
        return;
    message_get(&m, p->data + MESSAGE_HEADERS_BYTES);
    if (m.run != c->load.run)
        return;
    if (m.type == MESSAGE_DATA) {
        c->received++;
        c->sums->received++;
        note_delay(c->sums, now.ns - m.at_ns);
    } else if (m.type == MESSAGE_TOLD && c->asks) {
        c->asks = false;
        c->next = TSTAMP_NEVER;
        c->sums->told++;
        c->sums->told_sent += m.sent;
        c->sums->told_received += m.received;
    }
}

static void take_events(struct client *c)
{
    struct core_event e;
    while (core_next_event(c->core, &e)) {
        if (e.type != CORE_EVENT_PEER_UP && e.type != CORE_EVENT_PEER_DOWN)
            continue;
        bool up = e.type == CORE_EVENT_PEER_UP;
        c->sums->up += up && !c->up;
        c->sums->up -= !up && c->up;
        c->up = up;
    }
}

struct tstamp client_turn(struct client *c, struct tstamp now)
{
    struct pkt *p;
    if (tstamp_reached(c->calls_at, now)) {
        c->calls_at = TSTAMP_NEVER;
        core_endpoints(c->core, now, 0, &c->server, 1);
    }
    if (tstamp_reached(c->next, now)) {
        if (c->asks)
            ask(c, now);
        else
            send_data(c, now);
    }
    core_tick(c->core, now);
    while ((p = core_next_tun(c->core)) != NULL) {
        take(c, now, p);
        pkt_put(p);
    }
    take_events(c);
    return tstamp_min(c->calls_at, tstamp_max(c->next, tstamp_add(now, GRAIN_NS)));
}
