/* SPDX-License-Identifier: ISC */
/*
 * What the engine hears from the guard, and tells it. Without the channel, the loop and the process
 * (engine.c), so that the fuzzer drives it together with the guard's side.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/key.h"
#include "daemon/control.h"
#include "daemon/dataplane.h"
#include "daemon/engine_internal.h"

#define USAGE_NS (2 * NS_PER_S) /* between reports of what metered links carry */

/* What the guard tells */

static int take_peer(struct engine *e, struct tstamp now, const struct msg_peer *m)
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
    if (err < 0)
        log_error("the changed peers cannot be taken: %s", strerror(-err));
    return err;
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
static int take_policies(struct engine *e, size_t expected, const struct msg_policy *m)
{
    int err = m != NULL ? policy_set_add(&e->policies_in, m)
                        : policy_set_begin(&e->policies_in, expected);
    if (err == 0 && policy_set_complete(&e->policies_in))
        err = use_policies(e);
    if (err < 0)
        log_error("the policies cannot be taken: %s", strerror(-err));
    return err;
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
    int peer = peer_set_find(&e->peers, m->public_key);
    int err = peer < 0 ? peer
                       : core_wish(e->core, now, (size_t)peer, m->link, (enum wire_path_use)m->use);
    if (err < 0)
        log_warn("link %s of a peer cannot be set: %s", m->link, strerror(-err));
}

int engine_take(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg *m = &in->msg;
    int peer;
    int err = 0;
    switch (m->type) {
    case MSG_PEERS:
        err = peer_set_begin(&e->incoming, m->peer_count);
        break;
    case MSG_PEER:
        err = take_peer(e, now, &m->peer);
        break;
    case MSG_LISTEN:
        take_listen(e, in);
        break;
    case MSG_LINK:
        take_link(e, now, in);
        break;
    case MSG_ENDPOINTS:
        peer = peer_set_find(&e->peers, m->endpoints.public_key);
        if (peer >= 0)
            core_endpoints(e->core, now, (size_t)peer, m->endpoints.addrs, m->endpoints.count);
        break;
    case MSG_LOOKUP:
        peer = peer_set_find(&e->peers, m->lookup.public_key);
        if (peer >= 0)
            silence_lookup(&e->silence, (size_t)peer, m->lookup.text);
        break;
    case MSG_POLICIES:
        err = take_policies(e, m->policy_count, NULL);
        break;
    case MSG_POLICY:
        err = take_policies(e, 0, &m->policy);
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
    return err;
}

/* What the guard is told */

bool engine_tell(struct engine *e, const struct msg *m)
{
    int err = channel_send(e->guard_fd, m, NULL, 0);
    if (err != -EAGAIN)
        return true; /* a guard that has gone is noticed by reading */
    e->unsent = *m;
    e->has_unsent = true;
    return false;
}

void engine_tell_unsent(struct engine *e)
{
    struct msg again = e->unsent;
    if (!e->has_unsent)
        return;
    e->has_unsent = false;
    engine_tell(e, &again);
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

void engine_tell_events(struct engine *e)
{
    struct core_event event;
    struct msg m = { .type = MSG_MTU, .mtu_bytes = core_mtu(e->core) };
    if (e->pong_due && !e->has_unsent) {
        e->pong_due = false;
        engine_tell(e, &(struct msg){ .type = MSG_PONG });
    }
    if (e->mtu_due && !e->has_unsent) {
        e->mtu_due = false;
        engine_tell(e, &m);
    }
    while (!e->has_unsent && core_next_event(e->core, &event)) {
        if (event_message(e, &event, &m) && !engine_tell(e, &m))
            return;
    }
}

void engine_tell_usage(struct engine *e, struct tstamp now)
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
            engine_tell(e, &m);
    }
    e->usage_at = metered || e->has_unsent ? tstamp_add(now, USAGE_NS) : TSTAMP_NEVER;
}

const char *engine_choose(struct engine *e, const struct control_request *request)
{
    struct msg m = { .type = MSG_CHOOSE };
    const struct link_choice_source s = {
        .core = e->core, .peers = e->peers.list, .peer_count = e->peers.count, .links = e->links
    };
    if (e->has_unsent)
        return "the guard is busy: try again";
    const char *refusal = link_choice(&s, request, &m.choose, e->refusal);
    if (refusal != NULL)
        return refusal;
    log_info("link %s%s%s: set %s", request->peer, request->peer[0] != '\0' ? "/" : "",
             request->link, control_link_state_name(request->state));
    engine_tell(e, &m);
    return NULL;
}

const char *engine_ask_reload(struct engine *e)
{
    struct msg m = { .type = MSG_RELOAD };
    if (e->has_unsent)
        return "the guard is busy: try again";
    engine_tell(e, &m);
    return NULL;
}
