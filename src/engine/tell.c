/* SPDX-License-Identifier: ISC */
#include "engine/tell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/key.h"
#include "engine/dataplane.h"

enum { EVENTS_PER_TURN = 64 }; /* packets go in between when a thousand peers change at once */

bool engine_tell(struct engine *e, const struct msg *m)
{
    int err = channel_send(e->guard.fd, m, NULL, 0);
    if (err != -EAGAIN)
        return true; /* a guard that has gone is noticed by reading */
    e->guard.unsent = *m;
    e->guard.has_unsent = true;
    return false;
}

void engine_tell_unsent(struct engine *e)
{
    struct msg again = e->guard.unsent;
    if (!e->guard.has_unsent)
        return;
    e->guard.has_unsent = false;
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
    if (type == CORE_EVENT_SAME_KEY)
        return MSG_SAME_KEY;
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
    static const uint8_t no_key[32];
    const uint8_t *key =
        event->peer < core_peer_count(e->core) ? core_peer_key(e->core, event->peer) : no_key;
    *out = (struct msg){ 0 };
    switch (event->type) {
    case CORE_EVENT_PEER_UP:
    case CORE_EVENT_PEER_DOWN:
    case CORE_EVENT_PATH_UP:
    case CORE_EVENT_PATH_DOWN:
    case CORE_EVENT_SAME_KEY:
        out->type = state_type(event->type);
        out->state.up = event->type == CORE_EVENT_PEER_UP || event->type == CORE_EVENT_PATH_UP;
        memcpy(out->state.public_key, key, 32);
        state_reason(event, out->state.reason);
        memcpy(out->state.link, event->link, sizeof out->state.link);
        out->state.remote = event->remote;
        break;
    case CORE_EVENT_PATH_SLOW:
    case CORE_EVENT_PATH_SLOW_END:
        out->type = MSG_PATH_SLOW;
        out->state.up = event->type == CORE_EVENT_PATH_SLOW_END;
        memcpy(out->state.public_key, key, 32);
        memcpy(out->state.link, event->link, sizeof out->state.link);
        out->state.remote = event->remote;
        explain_rate(event, out->state.reason);
        break;
    case CORE_EVENT_RESOLVE:
        out->type = MSG_RESOLVE;
        memcpy(out->resolve, key, 32);
        break;
    case CORE_EVENT_MTU:
        out->type = MSG_MTU;
        out->mtu_bytes = event->mtu_bytes;
        break;
    case CORE_EVENT_ACCEPTED:
        out->type = MSG_ACCEPTED;
        memcpy(out->accepted.public_key, key, 32);
        out->accepted.count = (uint8_t)core_accepted(e->core, event->peer, out->accepted.list);
        break;
    case CORE_EVENT_STRANGER:
        log_stranger(event);
        return false;
    case CORE_EVENT_PEER_MTU:
        out->type = MSG_PEER_MTU;
        memcpy(out->peer_mtu.public_key, key, 32);
        out->peer_mtu.mtu_bytes = event->mtu_bytes;
        out->peer_mtu.fit_bytes = event->fit_bytes;
        break;
    }
    return true;
}

bool engine_tell_events(struct engine *e)
{
    struct core_event event;
    unsigned told = 0;
    struct msg m = { .type = MSG_MTU, .mtu_bytes = core_mtu(e->core) };
    if (e->guard.pong_due && !e->guard.has_unsent) {
        e->guard.pong_due = false;
        engine_tell(e, &(struct msg){ .type = MSG_PONG });
    }
    if (e->guard.mtu_due && !e->guard.has_unsent) {
        e->guard.mtu_due = false;
        engine_tell(e, &m);
    }
    while (!e->guard.has_unsent && told < EVENTS_PER_TURN && core_next_event(e->core, &event)) {
        if (event_message(e, &event, &m))
            engine_tell(e, &m);
        told++;
    }
    return told == EVENTS_PER_TURN;
}

void engine_tell_usage(struct engine *e, struct tstamp now)
{
    bool metered = false;
    for (uint16_t i = 0; i < WIRE_PATHS_MAX && !e->guard.has_unsent; i++) {
        uint64_t bytes = dataplane_socket_bytes(e->plane, i);
        struct msg m = { .type = MSG_USAGE };
        if (e->quotas[i].bytes == 0)
            continue;
        metered = true;
        m.usage.link = i;
        m.usage.bytes = bytes - e->usage.told[i];
        e->usage.told[i] = bytes;
        if (m.usage.bytes > 0)
            engine_tell(e, &m);
    }
    e->usage.at = metered || e->guard.has_unsent ? tstamp_add(now, ENGINE_USAGE_NS) : TSTAMP_NEVER;
}

const char *engine_choose(struct engine *e, const struct control_request *request)
{
    struct msg m = { .type = MSG_CHOOSE };
    const struct link_choice_source s = { .core = e->core, .links = e->links };
    if (e->guard.has_unsent)
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
    if (e->guard.has_unsent)
        return "the guard is busy: try again";
    engine_tell(e, &m);
    return NULL;
}
