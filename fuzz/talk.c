/* SPDX-License-Identifier: ISC */
#include "talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/load.h"
#include "crypto/hash.h"
#include "engine/hear.h"
#include "engine/tell.h"
#include "guard/accounts.h"
#include "guard/lines.h"
#include "guard/network/network_told.h"
#include "guard/peers.h"
#include "guard/reload.h"
#include "guard/requests.h"
#include "guard/send.h"
#include "guard/tell.h"
#include "guard/update.h"
#include "session/allowed.h"
#include "session/state.h"

enum {
    FD_FIRST = 1 << 20, /* no descriptor of this process */
    GUARD_TUN = FD_FIRST + TALK_FDS,
    GUARD_CONTROL,
    GUARD_LISTEN,
    GUARD_BEATS,
    TURNS_MAX = 10000, /* until both rest */
    TICKS_MAX = 16,    /* until nothing is due */
};

#define KEY_CLIENT "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="
#define KEY_SERVER "ERERERERERERERERERERERERERERERERERERERERERE="
#define PUBLIC_SERVER "S0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0s="
#define PUBLIC_CLIENT "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
#define PUBLIC_THIRD "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

#define CLIENT_HEAD "[tunnel]\nprivate-key = " KEY_CLIENT "\naddress = 10.77.0.2/24\n"
#define CLIENT_PEER "[peer vps]\npublic-key = " PUBLIC_SERVER "\n"
#define THIRD_PEER "[peer third]\npublic-key = " PUBLIC_THIRD "\nallowed-ips = 10.78.0.0/16\n"
#define LINKS "[link dsl]\ninterface = eth0\n[link lte]\ninterface = eth1\nrole = standby\n"
#define SERVER_HEAD                                                                                \
    "[tunnel]\nprivate-key = " KEY_SERVER "\naddress = 10.77.0.1/24\nlisten = 4297\n"              \
    "[peer home]\npublic-key = " PUBLIC_CLIENT "\n"

/* The file as it is at one time or another, by side; the last is wrong. */
static const char *const configs[2][TALK_CONFIGS] = {
    [PAIR_CLIENT] = {
        CLIENT_HEAD CLIENT_PEER "endpoint = 192.0.2.1\nallowed-ips = 0.0.0.0/0\n" LINKS,
        CLIENT_HEAD CLIENT_PEER "endpoint = vps.example.net\nendpoint = b.example.net\n"
            "allowed-ips = 0.0.0.0/0\n[link eth0]\ninterface = eth0\nquota = 100mb/month\n" THIRD_PEER,
        CLIENT_HEAD "mtu = 1400\nlog-level = debug\n" THIRD_PEER
            CLIENT_PEER "endpoint = 192.0.2.1\nallowed-ips = 10.77.0.0/16, 128.0.0.0/1\n" LINKS
            "[policy calls]\nmatch = udp port 5060\nmode = redundant\n[policy rest]\ndscp = ef\n",
        CLIENT_HEAD CLIENT_PEER "endpoint = 192.0.2.1\nendpoint = vps.example.net\n"
            "allowed-ips = 10.0.0.0/8\n",
        CLIENT_HEAD THIRD_PEER "endpoint = third.example.net\n" LINKS "quota = 5mb/month\n"
            "[policy rest]\nmode = single\nlinks = lte\n",
        CLIENT_HEAD "nonsense\n",
    },
    [PAIR_SERVER] = {
        SERVER_HEAD "allowed-ips = 10.77.0.0/16\n",
        SERVER_HEAD "allowed-ips = 0.0.0.0/0\n" THIRD_PEER,
        SERVER_HEAD "allowed-ips = 10.77.0.2/32\n[policy x]\ndscp = ef\nclass = realtime\n",
        SERVER_HEAD "allowed-ips = 10.77.0.2/32\nendpoint = 198.51.100.2\n" THIRD_PEER LINKS,
        "[tunnel]\nprivate-key = " KEY_SERVER "\naddress = 10.77.0.1/24\nlisten = 4297\n" THIRD_PEER,
        "",
    },
};

struct talk *talk_now;

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Descriptors */

int talk_fd_open(struct talk *t)
{
    for (unsigned i = 0; i < TALK_FDS; i++) {
        if ((t->open[i / 32] >> (i % 32) & 1) != 0)
            continue;
        t->open[i / 32] |= UINT32_C(1) << (i % 32);
        return FD_FIRST + (int)i;
    }
    abort();
}

void talk_fd_close(struct talk *t, int fd)
{
    unsigned i = (unsigned)(fd - FD_FIRST);
    must(i < TALK_FDS && (t->open[i / 32] >> (i % 32) & 1) != 0);
    t->open[i / 32] &= ~(UINT32_C(1) << (i % 32));
}

int talk_socket_place(uint16_t number)
{
    if (number < WIRE_PATHS_MAX)
        return number;
    if (number >= CORE_SOCKET_LISTEN && number < CORE_SOCKET_LISTEN + WIRE_PATHS_MAX)
        return WIRE_PATHS_MAX + number - CORE_SOCKET_LISTEN;
    return -1;
}
_Static_assert(2 * WIRE_PATHS_MAX <= TALK_SOCKETS, "links and listening sockets");

/* The channel */

static bool push(struct talk_queue *q, const uint8_t *data, size_t len_bytes, const int *fds,
                 size_t fd_count)
{
    if (q->count == TALK_QUEUE)
        return false;
    struct talk_packet *p = &q->list[(q->head + q->count++) % TALK_QUEUE];
    *p = (struct talk_packet){ .len_bytes = len_bytes, .fd_count = fd_count };
    p->data = malloc(len_bytes + 1);
    must(p->data != NULL);
    if (len_bytes > 0)
        memcpy(p->data, data, len_bytes);
    if (fd_count > 0)
        memcpy(p->fds, fds, fd_count * sizeof *fds);
    return true;
}

static struct talk_packet pop(struct talk_queue *q)
{
    struct talk_packet p = q->list[q->head];
    q->head = (q->head + 1) % TALK_QUEUE;
    q->count--;
    return p;
}

/* The other side gets descriptors of its own. */
bool talk_push(struct talk *t, struct talk_queue *q, const struct msg *m, const int *fds,
               size_t fd_count)
{
    static uint8_t data[MSG_BYTES_MAX];
    int copies[MSG_FDS_MAX];
    size_t len = msg_encode(m, data);
    must(len > 0 && fd_count <= MSG_FDS_MAX);
    if (q->count == TALK_QUEUE)
        return false;
    for (size_t i = 0; i < fd_count; i++) {
        must(fds[i] >= FD_FIRST);
        copies[i] = talk_fd_open(t);
    }
    return push(q, data, len, copies, fd_count);
}

void talk_inject(struct talk *t, struct talk_queue *q, const uint8_t *data, size_t len_bytes,
                 size_t fd_count)
{
    int fds[MSG_FDS_MAX];
    bool lives = t->state == TALK_ENGINE_STARTS || t->state == TALK_ENGINE_RUNS;
    if (q->count == TALK_QUEUE || !lives)
        return;
    t->is_tainted = t->is_tainted || q == &t->to_engine;
    for (size_t i = 0; i < fd_count; i++)
        fds[i] = talk_fd_open(t);
    must(push(q, data, len_bytes, fds, fd_count));
}

static void empty(struct talk *t, struct talk_queue *q)
{
    while (q->count > 0) {
        struct talk_packet p = pop(q);
        while (p.fd_count > 0)
            talk_fd_close(t, p.fds[--p.fd_count]);
        free(p.data);
    }
}

/* False: malformed, and its descriptors are closed. */
static bool receive(struct talk *t, struct talk_queue *q, struct channel_input *in)
{
    struct talk_packet p = pop(q);
    bool good = msg_decode(&in->msg, p.data, p.len_bytes);
    free(p.data);
    in->fd_count = p.fd_count;
    memcpy(in->fds, p.fds, sizeof in->fds);
    if (!good)
        channel_close_fds(in);
    must(good || t->is_tainted || q == &t->to_guard);
    return good;
}

/* The engine */

static struct tstamp now_of(const struct talk *t)
{
    return t->pair.now;
}

static void engine_free(struct talk *t)
{
    struct engine *e = &t->engine;
    for (uint16_t i = 0; i < TALK_SOCKETS; i++) {
        if (t->sockets[i] != 0)
            talk_fd_close(t, t->sockets[i]);
        t->sockets[i] = 0;
    }
    if (t->tun != 0)
        talk_fd_close(t, t->tun);
    t->tun = 0;
    pair_remove(&t->pair, t->side);
    policy_set_clear(&e->policies);
    policy_set_clear(&e->policies_in);
    silence_clear(&e->silence);
    memset(e, 0, sizeof *e);
}

void talk_kill(struct talk *t)
{
    if (t->state != TALK_ENGINE_NONE)
        t->state = TALK_ENGINE_DEAD;
}

/* Setup, peers, and then it is ready: as engine_main() hears them. */
static void engine_begins(struct talk *t, struct channel_input *in)
{
    struct engine *e = &t->engine;
    bool good = false;
    if (t->tun == 0) {
        good = in->msg.type == MSG_SETUP && in->fd_count == 2;
        if (good) {
            t->tun = in->fds[0];
            talk_fd_close(t, in->fds[1]);
            in->fd_count = 0;
            e->setup = in->msg.setup;
            must(pair_make_with(&t->pair, t->side, NULL, 0) == 0);
            e->core = t->pair.cores[t->side];
            e->usage.at = TSTAMP_NEVER;
        }
    } else {
        good = in->msg.type == MSG_PEER && in->fd_count == 0 && engine_take(e, now_of(t), in) == 0;
        t->peers_told++;
    }
    channel_close_fds(in);
    if (!good) {
        must(t->is_tainted);
        talk_kill(t);
        return;
    }
    if (t->peers_told < e->setup.peer_count)
        return;
    t->state = TALK_ENGINE_RUNS;
    engine_tell(e, &(struct msg){ .type = MSG_READY });
}

/* As guard_ready() in engine.c, and the turn of the loop that follows. */
static void engine_runs(struct talk *t, struct channel_input *in)
{
    struct engine *e = &t->engine;
    int err = engine_take(e, now_of(t), in);
    must(in->fd_count == 0);
    must(err == 0 || t->is_tainted);
    if (err < 0 || e->stopping)
        talk_kill(t);
    else
        engine_tell_events(e);
}

bool talk_engine_turn(struct talk *t)
{
    bool lives = t->state == TALK_ENGINE_STARTS || t->state == TALK_ENGINE_RUNS;
    if (!lives || t->engine_hangs)
        return false;
    if (t->to_guard.count < TALK_QUEUE)
        engine_tell_unsent(&t->engine);
    if (t->to_engine.count == 0)
        return false;
    if (!receive(t, &t->to_engine, &t->engine.guard.in)) {
        if (t->state == TALK_ENGINE_STARTS)
            talk_kill(t);
        return true;
    }
    if (t->state == TALK_ENGINE_STARTS)
        engine_begins(t, &t->engine.guard.in);
    else
        engine_runs(t, &t->engine.guard.in);
    return true;
}

/* The guard, as child.c has it but for the process */

static void guard_starts_engine(struct talk *t)
{
    struct engine_process *e = &t->guard.engine;
    e->pid = 1;
    e->started = now_of(t);
    e->ready = false;
    watchdog_stop(&e->watchdog);
    e->restart_at = TSTAMP_NEVER;
    t->state = TALK_ENGINE_STARTS;
    t->engine_hangs = false;
    t->is_tainted = false;
    t->peers_told = 0;
    guard_tell_start(&t->guard);
}

static void guard_notices_end(struct talk *t)
{
    if (t->state != TALK_ENGINE_DEAD)
        return;
    empty(t, &t->to_engine);
    empty(t, &t->to_guard);
    engine_free(t);
    t->state = TALK_ENGINE_NONE;
    t->guard.engine.pid = 0;
    guard_forget_engine(&t->guard, now_of(t));
    struct engine_process *e = &t->guard.engine;
    int pause_s = restart_pause(&e->restart, tstamp_sub(now_of(t), e->started));
    e->restart_at = tstamp_add(now_of(t), pause_s * NS_PER_S);
}

static void check_plain(const char *text)
{
    for (; *text != '\0'; text++)
        must(*text >= ' ' && *text != 0x7f);
}

static void check_guard(const struct talk *t)
{
    const struct guard *g = &t->guard;
    const struct hook_event *newest =
        &g->hook.queue[(g->hook.head + g->hook.count - 1) % HOOK_QUEUE_MAX];
    check_plain(newest->link);
    check_plain(newest->reason);
    must(g->network.mtu_bytes >= CONFIG_MTU_MIN && g->network.mtu_bytes <= WIRE_DATAGRAM_MAX);
    must(g->wishes.count <= WISHES_MAX);
    must(g->peers.count == g->config.peer_count);
}

bool talk_guard_turn(struct talk *t)
{
    guard_notices_end(t);
    if (t->state == TALK_ENGINE_NONE || t->to_guard.count == 0)
        return false;
    bool good = receive(t, &t->to_guard, &t->guard.engine.in) && t->guard.engine.in.fd_count == 0;
    channel_close_fds(&t->guard.engine.in);
    if (!good || !guard_take_request(&t->guard, now_of(t), &t->guard.engine.in.msg))
        talk_kill(t);
    check_guard(t);
    return true;
}

static void watch(struct talk *t)
{
    switch (watchdog_tick(&t->guard.engine.watchdog, now_of(t))) {
    case WATCHDOG_WAIT:
        break;
    case WATCHDOG_ASK:
        guard_send(&t->guard, &(struct msg){ .type = MSG_PING }, NULL, 0);
        break;
    case WATCHDOG_HANGS:
        talk_kill(t);
        break;
    }
}

/* A hook that never ends: what comes after it waits. */
static void set_hook(struct guard *g)
{
    strcpy(g->hook.path, "/hook");
    g->hook.pid = 1;
}

/* As guard_engine_starts(). */
static bool starts(const struct talk *t)
{
    return t->guard.engine.pid != 0 && !t->guard.engine.ready;
}

static void take_config(struct talk *t)
{
    static struct config_errors errors;
    const char *text = configs[t->side][t->config];
    struct config next;
    int err = config_load_text(&next, text, strlen(text), &errors);
    must((err < 0) == (t->config == TALK_CONFIGS - 1));
    guard_take_config(&t->guard, now_of(t), &next, &errors);
    set_hook(&t->guard);
}

void talk_reload(struct talk *t, unsigned config)
{
    t->config = config % TALK_CONFIGS;
    t->guard.reload.wanted = true;
    if (!starts(t))
        take_config(t);
    guard_notices_end(t);
}

/* What is due; true: something is due again, at once. */
static bool tick(struct talk *t)
{
    struct guard *g = &t->guard;
    struct tstamp now = now_of(t);
    guard_notices_end(t);
    watch(t);
    guard_log_left_out(g, now);
    if (g->reload.wanted && !starts(t))
        take_config(t);
    if (tstamp_reached(g->look.at, now) || tstamp_reached(g->links.retry, now))
        guard_update_network(g, now);
    resolver_tick(g->names.resolver, now);
    if (tstamp_reached(g->accounts.look_at, now))
        guard_usage_look(g, now);
    guard_links_tick(g, now);
    guard_notices_end(t);
    if (g->engine.pid == 0 && tstamp_reached(g->engine.restart_at, now))
        guard_starts_engine(t);
    check_guard(t);
    struct tstamp next = tstamp_min(g->look.at, g->links.retry);
    next = tstamp_min(next, tstamp_min(g->accounts.look_at, g->lines.at));
    return tstamp_reached(tstamp_min(next, g->engine.watchdog.next), now);
}

void talk_tick(struct talk *t)
{
    unsigned turns = 0;
    while (tick(t) && ++turns < TICKS_MAX) {
    }
    must(turns < TICKS_MAX);
}

/* Whether they agree */

static void check_peers(const struct guard *g, const struct engine *e)
{
    must(core_peer_count(e->core) == g->config.peer_count);
    for (size_t i = 0; i < g->config.peer_count; i++) {
        const struct config_peer *p = &g->config.peers[i];
        int number = core_find_peer(e->core, p->public_key);
        must(number >= 0 && strcmp(core_peer_name(e->core, (size_t)number), p->name) == 0);
        must(core_peer_initiates(e->core, (size_t)number) == (p->endpoint_count > 0));
        const struct rate_limit *r = &e->core->peers.list[number]->rate_limit;
        must(r->send_bps + r->receive_bps == p->max_up_bps + p->max_down_bps);
        for (size_t j = 0; j < p->allowed_count; j++)
            must(allowed_find(&e->core->allowed, p->allowed[j].family, p->allowed[j].addr) ==
                 e->core->peers.list[number]);
    }
}

static bool same_link(const struct msg_link *a, const struct msg_link *b)
{
    static uint8_t x[MSG_BYTES_MAX];
    static uint8_t y[MSG_BYTES_MAX];
    size_t n = msg_encode(&(struct msg){ .type = MSG_LINK, .link = *a }, x);
    return n == msg_encode(&(struct msg){ .type = MSG_LINK, .link = *b }, y) &&
           memcmp(x, y, n) == 0;
}

static void check_links(const struct talk *t)
{
    const struct engine *e = &t->engine;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        const struct link_slot *s = &t->guard.links.slots[i];
        if (!s->is_told)
            continue;
        must(same_link(&s->told, &e->links[i]));
        must(s->told.link.present == (t->sockets[i] != 0));
        must(config_calls_out(&t->guard.config) || !s->told.link.present);
        must(!link_is_used(s) || e->quotas[i].bytes == s->config.quota.bytes);
    }
}

static void check_agreement(const struct talk *t)
{
    const struct guard *g = &t->guard;
    const struct engine *e = &t->engine;
    check_peers(g, e);
    check_links(t);
    must(e->setup.mtu_bytes == g->config.mtu_bytes);
    must(e->setup.log_level == (uint8_t)guard_log_level(g));
    must(e->policies.count == g->config.policy_count);
    for (size_t i = 0; i < e->policies.count; i++)
        must(strcmp(e->policies.list[i].name, g->config.policies[i].name) == 0);
    must(memcmp(&e->restored, &g->network.restored, sizeof e->restored) == 0);
}

void talk_settle(struct talk *t)
{
    unsigned turns = 0;
    bool more = true;
    for (; more && turns < TURNS_MAX; turns++) {
        bool heard = talk_engine_turn(t);
        more = talk_guard_turn(t) || heard;
    }
    must(turns < TURNS_MAX);
    if (t->state == TALK_ENGINE_RUNS && t->guard.engine.ready && !t->is_tainted && !t->engine_hangs)
        check_agreement(t);
}

/* Start and end */

static void steer(void *arg, const char *name, int link_slot)
{
    struct guard *g = arg;
    (void)name;
    network_set_lookups(&g->network, g->network.told.lookups, link_slot);
    guard_update_network(g, now_of(talk_now));
}

static void open_names(struct talk *t)
{
    struct guard *g = &t->guard;
    struct resolver_config config = { .found = guard_tell_endpoints,
                                      .failing = guard_tell_lookup,
                                      .ways = guard_lookup_ways,
                                      .is_online = guard_is_online,
                                      .steer = steer,
                                      .arg = g };
    g->names.addresses = addresses_new();
    must(g->names.addresses != NULL);
    config.addresses = g->names.addresses;
    g->names.resolver = resolver_new(&config);
    must(g->names.resolver != NULL &&
         resolver_set_peers(g->names.resolver, now_of(t), &g->config, NULL) == 0);
}

static void open_guard(struct talk *t)
{
    static const struct guard_options options = { .ready_fd = -1 };
    static struct config_errors errors;
    struct guard *g = &t->guard;
    const char *text = configs[t->side][0];
    g->options = &options;
    g->opened.tun_fd = GUARD_TUN;
    g->opened.control_fd = GUARD_CONTROL;
    g->opened.listen_fds[0] = GUARD_LISTEN;
    g->opened.beat_fds[0] = GUARD_BEATS;
    g->network.filter.nft_fd = -1;
    g->network.index = 1;
    g->network.told.lookup_slot = -1;
    g->network.mtu_bytes = CONFIG_MTU_MIN;
    g->look.at = now_of(t);
    g->accounts.look_at = TSTAMP_NEVER;
    g->lines.at = TSTAMP_NEVER;
    must(config_load_text(&g->config, text, strlen(text), &errors) == 0);
    must(guard_peers_new(&g->peers, &g->config) == 0);
    list_init(&g->lines.left_out);
    g->opened.listen_count = g->config.listen_count;
    set_hook(g);
    network_set_lookups(&g->network, true, -1);
    guard_links_open(g);
    guard_usage_look(g, now_of(t));
    open_names(t);
}

void talk_open(struct talk *t, enum pair_side side)
{
    talk_now = t;
    *t = (struct talk){ .side = side };
    for (size_t i = 0; i < TALK_INTERFACES; i++)
        t->interfaces[i] =
            TALK_IF_EXISTS | TALK_IF_UP | TALK_IF_CARRIER | TALK_IF_IPV4 | TALK_IF_DEFAULT;
    pair_begin(&t->pair);
    t->pair.keeps_events[side] = true;
    pair_make(&t->pair, pair_other(side));
    open_guard(t);
    guard_starts_engine(t);
}

void talk_close(struct talk *t)
{
    struct guard *g = &t->guard;
    talk_kill(t);
    guard_notices_end(t);
    resolver_free(g->names.resolver);
    addresses_free(g->names.addresses);
    netif_table_free(&g->look.netifs);
    wishes_free(&g->wishes);
    free(g->network.told.accepted);
    guard_peers_free(&g->peers);
    network_forget_peers(&g->network);
    config_free(&g->config);
    pair_close(&t->pair);
    for (size_t i = 0; i < TALK_FDS / 32; i++)
        must(t->open[i] == 0);
}
