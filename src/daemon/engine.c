/* SPDX-License-Identifier: ISC */
#include "daemon/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "daemon/channel.h"
#include "daemon/control.h"
#include "daemon/dataplane.h"
#include "daemon/link_choice.h"
#include "daemon/policy.h"
#include "daemon/silence.h"
#include "daemon/status.h"
#include "sys/memory.h"
#include "sys/sandbox.h"
#include "sys/slice.h"

enum {
    SMALL_BUFFERS = 16384,
    LARGE_BUFFERS = 2048, /* many flows with small windows send super-packets of two segments */
    WALL_CHECK_S = 10,
    GOODBYE_TURNS = 8, /* flushes after core_close() */
};

#define USAGE_NS (2 * NS_PER_S) /* between reports of what metered links carry */

/* A changed set of peers while its messages come in. */
struct peer_set {
    struct core_peer_config *list; /* owned, with the allowed prefixes */
    size_t expected;
    size_t count;
};

struct engine {
    int guard_fd;
    struct channel_input in;
    struct msg_setup setup;
    struct peer_set peers;    /* as the core has them */
    struct peer_set incoming; /* until it is complete */
    struct silence silence;
    struct policy_set policies;
    struct policy_set policies_in; /* until it is complete */
    struct loop loop;
    struct loop_watch guard_watch;
    struct pkt_pool *pool;   /* owned */
    struct core *core;       /* owned */
    struct dataplane *plane; /* owned */
    struct control *control; /* owned */
    struct msg_link links[WIRE_PATHS_MAX];
    struct msg_quota quotas[WIRE_PATHS_MAX];
    struct restored restored;
    struct problem_list problems;        /* as the guard finds them */
    uint64_t usage_told[WIRE_PATHS_MAX]; /* bytes of each socket that the guard knows of */
    struct tstamp usage_at;              /* when it is told of more */
    struct msg unsent;                   /* to the guard, when it does not keep up */
    bool has_unsent;
    bool pong_due; /* the guard asks whether we run */
    bool mtu_due;  /* the guard asked for what was found */
    struct tstamp started;
    uint8_t cpu; /* percent of a processor in the last second that it ran in */
    struct tstamp cpu_at;
    int64_t cpu_used_ns; /* then */
    struct tstamp wall_check;
    int64_t wall_offset_ns;
    char refusal[LINK_CHOICE_TEXT_BYTES]; /* the last answer of on_link() */
    bool stopping;
};

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    key_random(out, len_bytes);
}

static int64_t wall_offset(struct tstamp now)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec - now.ns;
}

/* Peers */

static void peer_set_clear(struct peer_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        free((void *)(uintptr_t)s->list[i].allowed);
    if (s->list != NULL)
        explicit_bzero(s->list, (s->expected + 1) * sizeof *s->list);
    free(s->list);
    *s = (struct peer_set){ 0 };
}

static int peer_set_begin(struct peer_set *s, size_t expected)
{
    peer_set_clear(s);
    s->list = calloc(expected + 1, sizeof *s->list);
    if (s->list == NULL)
        return -ENOMEM;
    s->expected = expected;
    return 0;
}

static int peer_set_add(struct peer_set *s, const struct msg_peer *m)
{
    if (s->list == NULL || s->count == s->expected)
        return -EBADMSG;
    struct netprefix *allowed = calloc((size_t)m->allowed_count + 1, sizeof *allowed);
    if (allowed == NULL)
        return -ENOMEM;
    memcpy(allowed, m->allowed, m->allowed_count * sizeof *allowed);
    struct core_peer_config *p = &s->list[s->count++];
    memcpy(p->name, m->name, sizeof p->name);
    memcpy(p->public_key, m->public_key, sizeof p->public_key);
    memcpy(p->preshared_key, m->preshared_key, sizeof p->preshared_key);
    p->initiate = m->initiate;
    p->allowed = allowed;
    p->allowed_count = m->allowed_count;
    return 0;
}

static bool peer_set_complete(const struct peer_set *s)
{
    return s->list != NULL && s->count == s->expected;
}

/* The core's number of a peer; -ENOENT if it is gone. */
static int find_peer(const struct engine *e, const uint8_t public_key[32])
{
    for (size_t i = 0; i < e->peers.count; i++)
        if (memcmp(e->peers.list[i].public_key, public_key, 32) == 0)
            return (int)i;
    return -ENOENT;
}

/* What the guard tells */

static void take_peer(struct engine *e, struct tstamp now, const struct msg_peer *m)
{
    int err = peer_set_add(&e->incoming, m);
    if (err == 0 && peer_set_complete(&e->incoming)) {
        err = core_set_peers(e->core, now, e->incoming.list, e->incoming.count);
        if (err == 0)
            err = silence_reset(&e->silence, e->incoming.count);
        peer_set_clear(&e->peers);
        e->peers = e->incoming;
        e->incoming = (struct peer_set){ 0 };
    }
    if (err < 0) {
        /* Guard and engine would no longer mean the same peers: begin anew. */
        log_error("the changed peers cannot be taken: %s", strerror(-err));
        exit(1);
    }
}

/* All of them have come: they take effect with the next packet. */
static int use_policies(struct engine *e)
{
    struct core_policy actions[CORE_POLICIES_MAX];
    policy_set_follow(&e->policies_in, &e->policies);
    policy_set_clear(&e->policies);
    e->policies = e->policies_in;
    e->policies_in = (struct policy_set){ 0 };
    policy_set_actions(&e->policies, actions);
    dataplane_set_policies(e->plane, e->policies.count > 0 ? &e->policies : NULL);
    return core_set_policies(e->core, actions);
}

/* m NULL: the announcement of so many. */
static void take_policies(struct engine *e, size_t expected, const struct msg_policy *m)
{
    int err = m != NULL ? policy_set_add(&e->policies_in, m)
                        : policy_set_begin(&e->policies_in, expected);
    if (err == 0 && policy_set_complete(&e->policies_in))
        err = use_policies(e);
    if (err < 0) {
        log_error("the policies cannot be taken: %s", strerror(-err));
        exit(1);
    }
}

static void take_link(struct engine *e, struct tstamp now, struct channel_input *in)
{
    struct msg_link *m = &in->msg.link;
    uint16_t number = m->link.link;
    e->links[number] = *m;
    if (!m->link.present)
        dataplane_remove_socket(e->plane, number);
    if (in->fd_count == 1 && m->link.present) {
        int err = dataplane_add_socket(e->plane, number, in->fds[0]);
        in->fd_count = 0;
        if (err < 0)
            log_error("link %s: its socket cannot be used: %s", m->link.name, strerror(-err));
    }
    core_link_event(e->core, now, &m->link);
}

/* What a socket carried before its link had a quota is not counted. */
static void take_quota(struct engine *e, struct tstamp now, const struct msg_quota *m)
{
    if (e->quotas[m->link].bytes == 0)
        e->usage_told[m->link] = dataplane_socket_bytes(e->plane, m->link);
    e->quotas[m->link] = *m;
    if (m->bytes != 0 && tstamp_is_never(e->usage_at))
        e->usage_at = tstamp_add(now, USAGE_NS);
}

/* The device was deleted, and made anew. */
static void take_tun(struct engine *e, struct channel_input *in)
{
    if (in->fd_count != 1)
        return;
    int err = dataplane_replace_tun(e->plane, in->fds[0], (enum tun_offload)in->msg.tun_offload);
    in->fd_count = 0;
    if (err < 0)
        log_error("the new TUN device cannot be used: %s", strerror(-err));
}

static void take_listen(struct engine *e, struct channel_input *in)
{
    if (in->fd_count != 1)
        return;
    uint16_t number = (uint16_t)(CORE_SOCKET_LISTEN + in->msg.listen);
    int err = dataplane_add_socket(e->plane, number, in->fds[0]);
    in->fd_count = 0;
    if (err < 0)
        log_error("listening socket %u cannot be used: %s", in->msg.listen, strerror(-err));
}

static void take_settings(struct engine *e, const struct msg_settings *m)
{
    log_set_level((enum log_level)m->log_level);
    e->setup.log_level = m->log_level;
    if (e->setup.mtu_bytes == m->mtu_bytes)
        return;
    e->setup.mtu_bytes = m->mtu_bytes;
    e->mtu_due = m->mtu_bytes == 0;
}

static void take_wish(struct engine *e, struct tstamp now, const struct msg_wish *m)
{
    int peer = find_peer(e, m->public_key);
    int err = peer < 0 ? peer
                       : core_wish(e->core, now, (size_t)peer, m->link, (enum wire_path_use)m->use);
    if (err < 0)
        log_warn("link %s of a peer cannot be set: %s", m->link, strerror(-err));
}

static void take_message(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg *m = &in->msg;
    int peer;
    switch (m->type) {
    case MSG_PEERS:
        if (peer_set_begin(&e->incoming, m->peer_count) < 0)
            exit(1);
        break;
    case MSG_PEER:
        take_peer(e, now, &m->peer);
        break;
    case MSG_LISTEN:
        take_listen(e, in);
        break;
    case MSG_LINK:
        take_link(e, now, in);
        break;
    case MSG_ENDPOINTS:
        peer = find_peer(e, m->endpoints.public_key);
        if (peer >= 0)
            core_endpoints(e->core, now, (size_t)peer, m->endpoints.addrs, m->endpoints.count);
        break;
    case MSG_LOOKUP:
        peer = find_peer(e, m->lookup.public_key);
        if (peer >= 0)
            silence_lookup(&e->silence, (size_t)peer, m->lookup.text);
        break;
    case MSG_POLICIES:
        take_policies(e, m->policy_count, NULL);
        break;
    case MSG_POLICY:
        take_policies(e, 0, &m->policy);
        break;
    case MSG_RELOADED:
        control_reloaded(e->control, m->reloaded.ok, m->reloaded.text);
        break;
    case MSG_TUN:
        take_tun(e, in);
        break;
    case MSG_RESTORED:
        e->restored = m->restored;
        break;
    case MSG_QUOTA:
        take_quota(e, now, &m->quota);
        break;
    case MSG_PROBLEMS:
        e->problems = m->problems;
        break;
    case MSG_SETTINGS:
        take_settings(e, &m->settings);
        break;
    case MSG_WISH:
        take_wish(e, now, &m->wish);
        break;
    case MSG_PING:
        e->pong_due = true;
        break;
    case MSG_STOP:
        e->stopping = true;
        break;
    case MSG_SETUP:
    case MSG_READY:
    case MSG_RESOLVE:
    case MSG_MTU:
    case MSG_PEER_MTU:
    case MSG_RELOAD:
    case MSG_PEER_STATE:
    case MSG_PATH_STATE:
    case MSG_PEER_RIVAL:
    case MSG_PATH_SLOW:
    case MSG_CHOOSE:
    case MSG_USAGE:
    case MSG_ACCEPTED:
    case MSG_PONG:
    case MSG_TYPE_END:
        log_error("the guard sent a message of type %d out of turn", (int)m->type);
        break;
    }
    channel_close_fds(in);
}

/* What the guard is told */

/* False: the message waits in unsent. */
static bool tell(struct engine *e, const struct msg *m)
{
    int err = channel_send(e->guard_fd, m, NULL, 0);
    if (err != -EAGAIN)
        return true; /* a guard that has gone is noticed by reading */
    e->unsent = *m;
    e->has_unsent = true;
    loop_change(&e->loop, &e->guard_watch, LOOP_READ | LOOP_WRITE);
    return false;
}

/* Of a peer, with the address of the other machine that it may be about. */
static void state_reason(const struct core_event *event, char out[MSG_WHY_MAX + 1])
{
    const char *reason = event->reason != NULL ? event->reason : "";
    char text[NETADDR_STRLEN];
    if (event->type == CORE_EVENT_PEER_DOWN && event->remote.family != 0)
        snprintf(out, MSG_WHY_MAX + 1, "%s: %s", reason, netaddr_format(&event->remote, text));
    else
        snprintf(out, MSG_WHY_MAX + 1, "%s", reason);
}

static enum msg_type state_type(enum core_event_type type)
{
    if (type == CORE_EVENT_PEER_RIVAL)
        return MSG_PEER_RIVAL;
    bool of_peer = type == CORE_EVENT_PEER_UP || type == CORE_EVENT_PEER_DOWN;
    return of_peer ? MSG_PEER_STATE : MSG_PATH_STATE;
}

/* "8.0 Mbit/s, usually 80.0" */
static void explain_rate(const struct core_event *e, char out[MSG_WHY_MAX + 1])
{
    const double mbit = 1e6;
    bool ended = e->type == CORE_EVENT_PATH_SLOW_END;
    if (e->rate_bps != 0)
        snprintf(out, MSG_WHY_MAX + 1, "%.1f Mbit/s, usually %.1f", (double)e->rate_bps / mbit,
                 (double)e->usual_bps / mbit);
    else if (ended)
        snprintf(out, MSG_WHY_MAX + 1, "measured anew");
    else
        snprintf(out, MSG_WHY_MAX + 1, "out of use, usually %.1f Mbit/s",
                 (double)e->usual_bps / mbit);
}

static void log_stranger(const struct core_event *event)
{
    char key[KEY_BASE64_BYTES + 1];
    char from[NETADDR_STRLEN];
    key_to_base64(key, event->public_key);
    log_warn("the unknown key %s calls from %s: no [peer] section has it", key,
             netaddr_format(&event->remote, from));
}

/* False: it is none of the guard's business. */
static bool event_message(const struct engine *e, const struct core_event *event, struct msg *out)
{
    const uint8_t *key =
        event->peer < e->peers.count ? e->peers.list[event->peer].public_key : NULL;
    static const uint8_t no_key[32];
    *out = (struct msg){ 0 };
    switch (event->type) {
    case CORE_EVENT_PEER_UP:
    case CORE_EVENT_PEER_DOWN:
    case CORE_EVENT_PATH_UP:
    case CORE_EVENT_PATH_DOWN:
    case CORE_EVENT_PEER_RIVAL:
        out->type = state_type(event->type);
        out->state.up = event->type == CORE_EVENT_PEER_UP || event->type == CORE_EVENT_PATH_UP;
        memcpy(out->state.public_key, key != NULL ? key : no_key, 32);
        state_reason(event, out->state.reason);
        memcpy(out->state.link, event->link, sizeof out->state.link);
        out->state.remote = event->remote;
        break;
    case CORE_EVENT_PATH_SLOW:
    case CORE_EVENT_PATH_SLOW_END:
        out->type = MSG_PATH_SLOW;
        out->state.up = event->type == CORE_EVENT_PATH_SLOW_END;
        memcpy(out->state.public_key, key != NULL ? key : no_key, 32);
        memcpy(out->state.link, event->link, sizeof out->state.link);
        out->state.remote = event->remote;
        explain_rate(event, out->state.reason);
        break;
    case CORE_EVENT_RESOLVE:
        out->type = MSG_RESOLVE;
        memcpy(out->resolve, key != NULL ? key : no_key, 32);
        break;
    case CORE_EVENT_MTU:
        out->type = MSG_MTU;
        out->mtu_bytes = event->mtu_bytes;
        break;
    case CORE_EVENT_ACCEPTED:
        out->type = MSG_ACCEPTED;
        memcpy(out->accepted.public_key, key != NULL ? key : no_key, 32);
        out->accepted.count = (uint8_t)core_accepted(e->core, event->peer, out->accepted.list);
        break;
    case CORE_EVENT_STRANGER:
        log_stranger(event);
        return false;
    case CORE_EVENT_PEER_MTU:
        out->type = MSG_PEER_MTU;
        memcpy(out->peer_mtu.public_key, key != NULL ? key : no_key, 32);
        out->peer_mtu.mtu_bytes = event->mtu_bytes;
        out->peer_mtu.fit_bytes = event->fit_bytes;
        break;
    }
    return true;
}

static void tell_events(struct engine *e)
{
    struct core_event event;
    struct msg m = { .type = MSG_MTU, .mtu_bytes = core_mtu(e->core) };
    if (e->pong_due && !e->has_unsent) {
        e->pong_due = false;
        tell(e, &(struct msg){ .type = MSG_PONG });
    }
    if (e->mtu_due && !e->has_unsent) {
        e->mtu_due = false;
        tell(e, &m);
    }
    while (!e->has_unsent && core_next_event(e->core, &event)) {
        if (event_message(e, &event, &m) && !tell(e, &m))
            return;
    }
}

/* Tells what metered links carried since the last time. */
static void tell_usage(struct engine *e, struct tstamp now)
{
    bool metered = false;
    for (uint16_t i = 0; i < WIRE_PATHS_MAX && !e->has_unsent; i++) {
        uint64_t bytes = dataplane_socket_bytes(e->plane, i);
        struct msg m = { .type = MSG_USAGE };
        if (e->quotas[i].bytes == 0)
            continue;
        metered = true;
        m.usage.link = i;
        m.usage.bytes = bytes - e->usage_told[i];
        e->usage_told[i] = bytes;
        if (m.usage.bytes > 0)
            tell(e, &m);
    }
    e->usage_at = metered || e->has_unsent ? tstamp_add(now, USAGE_NS) : TSTAMP_NEVER;
}

static void guard_ready(void *arg, struct tstamp now, unsigned events)
{
    struct engine *e = arg;
    if ((events & LOOP_WRITE) != 0 && e->has_unsent) {
        struct msg again = e->unsent;
        e->has_unsent = false;
        if (tell(e, &again))
            loop_change(&e->loop, &e->guard_watch, LOOP_READ);
    }
    if ((events & LOOP_READ) == 0)
        return;
    int n = channel_receive(e->guard_fd, &e->in);
    if (n == 1) {
        take_message(e, now, &e->in);
    } else if (n == 0) {
        log_warn("the guard has gone, so the engine ends");
        exit(1);
    } else if (n == -EBADMSG) {
        log_error("a malformed message from the guard");
    }
}

/* What the control socket asks */

static bool on_look(void *arg, struct tstamp now)
{
    const struct engine *e = arg;
    return core_look(e->core, now);
}

static bool on_known(void *arg, struct tstamp now)
{
    const struct engine *e = arg;
    return core_seen(e->core, now);
}

static json_t *on_status(void *arg, struct tstamp now)
{
    const struct engine *e = arg;
    struct status_source s = { .interface = e->setup.interface,
                               .mtu_bytes = e->setup.mtu_bytes,
                               .core = e->core,
                               .plane = e->plane,
                               .policies = &e->policies,
                               .silence = &e->silence,
                               .cpu = e->cpu,
                               .links = e->links,
                               .quotas = e->quotas,
                               .restored = &e->restored,
                               .problems = &e->problems,
                               .started = e->started,
                               .control_garbage = control_garbage(e->control) };
    return status_json(&s, now);
}

/* The guard keeps it, also for the next engine, and tells how the link is used now. */
static const char *on_link(void *arg, struct tstamp now, const struct control_request *request)
{
    struct engine *e = arg;
    struct msg m = { .type = MSG_CHOOSE };
    const struct link_choice_source s = {
        .core = e->core, .peers = e->peers.list, .peer_count = e->peers.count, .links = e->links
    };
    (void)now;
    if (e->has_unsent)
        return "the guard is busy: try again";
    const char *refusal = link_choice(&s, request, &m.choose, e->refusal);
    if (refusal != NULL)
        return refusal;
    log_info("link %s%s%s: set %s", request->peer, request->peer[0] != '\0' ? "/" : "",
             request->link, control_link_state_name(request->state));
    tell(e, &m);
    return NULL;
}

static const char *on_reload(void *arg)
{
    struct engine *e = arg;
    struct msg m = { .type = MSG_RELOAD };
    if (e->has_unsent)
        return "the guard is busy: try again";
    tell(e, &m);
    return NULL;
}

/* Start */

/* The next message, which must be of one type; the engine ends otherwise. */
static void expect(struct engine *e, enum msg_type type, size_t fd_count)
{
    int n = channel_receive(e->guard_fd, &e->in);
    if (n == 1 && e->in.msg.type == type && e->in.fd_count == fd_count)
        return;
    if (n != 0) /* else the guard has ended, and said why */
        log_error("the guard sent something else than message %d", (int)type);
    exit(1);
}

static void receive_peers(struct engine *e)
{
    expect(e, MSG_PEERS, 0);
    if (peer_set_begin(&e->peers, e->in.msg.peer_count) < 0)
        exit(1);
    while (!peer_set_complete(&e->peers)) {
        expect(e, MSG_PEER, 0);
        if (peer_set_add(&e->peers, &e->in.msg.peer) < 0)
            exit(1);
    }
}

static int make_core(struct engine *e)
{
    const uint8_t both = 3; /* wire_hello.ciphers */
    uint8_t one = e->setup.cipher;
    struct core_config c = { .pool = e->pool,
                             .peers = e->peers.list,
                             .peer_count = e->peers.count,
                             .ciphers = one == 0 ? both : (uint8_t)(1 << (one - 1)),
                             .preferred_cipher = one == 0 ? (uint8_t)aead_preferred() : one,
                             .rekey_after_ns = e->setup.rekey_s * NS_PER_S,
                             .wall_offset_ns = e->wall_offset_ns,
                             .version = HAWSER_VERSION,
                             .random = random_bytes };
    memcpy(c.private_key, e->setup.private_key, sizeof c.private_key);
    int err = core_new(&e->core, &c, e->started);
    explicit_bzero(c.private_key, sizeof c.private_key);
    explicit_bzero(e->setup.private_key, sizeof e->setup.private_key);
    return err;
}

/* Everything but the sockets, with *what telling what failed. */
static int assemble(struct engine *e, int tun_fd, int control_fd, const char **what)
{
    struct control_handler handler = {
        .look = on_look,
        .known = on_known,
        .status = on_status,
        .link = on_link,
        .reload = on_reload,
        .arg = e,
    };
    int err;
    *what = "crypto library";
    if ((err = crypto_init()) < 0)
        return err;
    *what = "packet memory";
    e->pool = pkt_pool_new(SMALL_BUFFERS, LARGE_BUFFERS);
    if (e->pool == NULL)
        return -errno;
    e->started = loop_now();
    e->usage_at = TSTAMP_NEVER;
    e->wall_offset_ns = wall_offset(e->started);
    e->wall_check = tstamp_add(e->started, WALL_CHECK_S * NS_PER_S);
    *what = "core";
    if ((err = make_core(e)) < 0 || (err = silence_reset(&e->silence, e->peers.count)) < 0)
        return err;
    *what = "event loop";
    if ((err = loop_open(&e->loop)) < 0)
        return err;
    e->guard_watch = (struct loop_watch){ .fd = e->guard_fd, .ready = guard_ready, .arg = e };
    if ((err = loop_add(&e->loop, &e->guard_watch, LOOP_READ)) < 0)
        return err;
    *what = "packet path";
    struct dataplane_config plane = { .core = e->core,
                                      .pool = e->pool,
                                      .loop = &e->loop,
                                      .tun_fd = tun_fd,
                                      .tun_offload = (enum tun_offload)e->setup.tun_offload,
                                      .udp_gso = e->setup.udp_gso };
    e->plane = dataplane_new(&plane);
    *what = "control socket";
    e->control = e->plane != NULL ? control_new(&e->loop, control_fd, &handler) : NULL;
    return e->control == NULL ? -ENOMEM : 0;
}

static void enter_sandbox(const struct engine *e)
{
    const char *step = "";
    size_t seed;
    /* The JSON library would open the random device for the seed of its hashes. */
    key_random(&seed, sizeof seed);
    json_object_seed(seed | 1);
    int err = sandbox_enter(e->setup.root, e->setup.uid, e->setup.gid, &step);
    if (err < 0) {
        log_error("the sandbox cannot be entered (%s): %s", step, strerror(-err));
        exit(1);
    }
}

/*
 * Packets wait while the engine does, and lie in a nearer cache the sooner it runs: measured beside
 * loads on all processors, a tenth more throughput. Without it everything still works.
 */
static void keep_pace(void)
{
    int err = slice_set(NS_PER_MS / 5, SLICE_NICE_KEEP);
    if (err < 0)
        log_info("no short time slice: %s", strerror(-err));
}

/* Run */

static void check_wall(struct engine *e, struct tstamp now)
{
    if (!tstamp_reached(e->wall_check, now))
        return;
    e->wall_check = tstamp_add(now, WALL_CHECK_S * NS_PER_S);
    int64_t offset = wall_offset(now);
    int64_t step = offset - e->wall_offset_ns;
    if (step > NS_PER_S || step < -NS_PER_S) {
        e->wall_offset_ns = offset;
        core_set_wall_offset(e->core, offset);
    }
}

/* Peers that do not answer; only while one does not, ICMP is listened to. */
static struct tstamp look_for_silence(struct engine *e, struct tstamp now)
{
    dataplane_watch_errors(e->plane, core_is_calling(e->core));
    return silence_tick(&e->silence, now, e->core, e->links, e->peers.list);
}

static int64_t processor_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* How much of a processor we use, second by second; an idle engine is not woken for it. */
static void measure_cpu(struct engine *e, struct tstamp now)
{
    int64_t span_ns = tstamp_sub(now, e->cpu_at);
    if (span_ns < NS_PER_S)
        return;
    int64_t used_ns = processor_ns();
    int64_t percent = (used_ns - e->cpu_used_ns) * 100 / span_ns;
    e->cpu = (uint8_t)(percent < 100 ? percent : 100);
    e->cpu_used_ns = used_ns;
    e->cpu_at = now;
    core_set_cpu(e->core, e->cpu);
}

static void run(struct engine *e)
{
    struct tstamp deadline = loop_now();
    while (!e->stopping) {
        struct tstamp now = loop_turn(&e->loop, deadline);
        check_wall(e, now);
        measure_cpu(e, now);
        deadline = dataplane_flush(e->plane, now);
        tell_events(e);
        deadline = tstamp_min(deadline, control_tick(e->control, now));
        if (tstamp_reached(e->usage_at, now))
            tell_usage(e, now);
        deadline = tstamp_min(deadline, look_for_silence(e, now));
        deadline = tstamp_min(deadline, e->wall_check);
        deadline = tstamp_min(deadline, e->usage_at);
    }
    core_close(e->core, loop_now());
    for (unsigned i = 0; i < GOODBYE_TURNS; i++)
        dataplane_flush(e->plane, loop_now());
    tell_usage(e, loop_now());
}

int engine_main(int channel_fd)
{
    struct engine *e = calloc(1, sizeof *e);
    const char *what = "memory";
    if (e == NULL)
        return 1;
    memory_map_large();
    log_init("hawserd", LOG_LEVEL_INFO, false);
    prctl(PR_SET_NAME, "hawserd-engine"); /* instead of "exe" */
    e->guard_fd = channel_fd;
    expect(e, MSG_SETUP, 2);
    int tun_fd = e->in.fds[0];
    int control_fd = e->in.fds[1];
    e->setup = e->in.msg.setup;
    explicit_bzero(&e->in.msg, sizeof e->in.msg);
    log_init("hawserd", (enum log_level)e->setup.log_level, e->setup.journal);
    /* The guard stops us by a message, so that the peers hear goodbye. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    receive_peers(e);
    int err = fcntl(e->guard_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (err == 0)
        err = assemble(e, tun_fd, control_fd, &what);
    if (err < 0) {
        log_error("the engine cannot start (%s): %s", what, strerror(-err));
        return 1;
    }
    keep_pace();
    if (memory_lock() < 0)
        log_debug("the engine's memory cannot be locked");
    enter_sandbox(e);
    tell(e, &(struct msg){ .type = MSG_READY });
    run(e);
    dataplane_free(e->plane);
    control_free(e->control);
    core_free(e->core);
    pkt_pool_free(e->pool);
    peer_set_clear(&e->peers);
    peer_set_clear(&e->incoming);
    policy_set_clear(&e->policies);
    policy_set_clear(&e->policies_in);
    silence_clear(&e->silence);
    loop_close(&e->loop);
    free(e);
    return 0;
}
