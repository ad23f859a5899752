/* SPDX-License-Identifier: ISC */
#include "engine/hear.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "engine/control.h"
#include "engine/dataplane.h"
#include "engine/tell.h"

static int take_peer(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg_peer *m = &in->msg.peer;
    struct core_peer_config peer = { .initiate = m->initiate,
                                     .send_limit_bps = m->send_limit_bps,
                                     .receive_limit_bps = m->receive_limit_bps,
                                     .allowed = m->allowed,
                                     .allowed_count = m->allowed_count };
    memcpy(peer.name, m->name, sizeof peer.name);
    memcpy(peer.public_key, m->public_key, sizeof peer.public_key);
    memcpy(peer.preshared_key, m->preshared_key, sizeof peer.preshared_key);
    int err = core_put_peer(e->core, now, &peer);
    if (err == 0)
        err = silence_reserve(&e->silence, core_peer_count(e->core));
    explicit_bzero(peer.preshared_key, sizeof peer.preshared_key);
    if (err < 0)
        log_error("peer %s cannot be taken: %s", m->name, strerror(-err));
    return err;
}

static int take_peer_gone(struct engine *e, struct tstamp now, struct channel_input *in)
{
    int peer = core_find_peer(e->core, in->msg.peer_gone);
    if (peer < 0)
        return 0;
    silence_remove(&e->silence, (size_t)peer, core_peer_count(e->core) - 1);
    core_remove_peer(e->core, now, (size_t)peer);
    return 0;
}

/* All of them have come: they take effect with the next packet. */
static void use_policies(struct engine *e)
{
    struct core_policy actions[CORE_POLICIES_MAX];
    policy_set_follow(&e->policies_in, &e->policies);
    policy_set_clear(&e->policies);
    e->policies = e->policies_in;
    e->policies_in = (struct policy_set){ 0 };
    policy_set_actions(&e->policies, actions);
    dataplane_set_policies(e->plane, e->policies.count > 0 ? &e->policies : NULL);
    core_set_policies(e->core, actions);
}

/* err: of what came last of them. */
static int go_on_with_policies(struct engine *e, int err)
{
    if (err == 0 && policy_set_complete(&e->policies_in))
        use_policies(e);
    if (err < 0)
        log_error("the policies cannot be taken: %s", strerror(-err));
    return err;
}

static int take_policies(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    return go_on_with_policies(e, policy_set_begin(&e->policies_in, in->msg.policy_count));
}

static int take_policy(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    return go_on_with_policies(e, policy_set_add(&e->policies_in, &in->msg.policy));
}

static int take_link(struct engine *e, struct tstamp now, struct channel_input *in)
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
    return 0;
}

/* What a socket carried before its link had a quota is not counted. */
static int take_quota(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg_quota *m = &in->msg.quota;
    if (e->quotas[m->link].bytes == 0)
        e->usage.told[m->link] = dataplane_socket_bytes(e->plane, m->link);
    e->quotas[m->link] = *m;
    if (m->bytes != 0 && tstamp_is_never(e->usage.at))
        e->usage.at = tstamp_add(now, ENGINE_USAGE_NS);
    return 0;
}

/* The device was deleted, and made anew. */
static int take_tun(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    if (in->fd_count != 1)
        return 0;
    int err = dataplane_replace_tun(e->plane, in->fds[0], (enum tun_offload)in->msg.tun_offload);
    in->fd_count = 0;
    if (err < 0)
        log_error("the new TUN device cannot be used: %s", strerror(-err));
    return 0;
}

static int take_listen(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    size_t count = in->fd_count;
    if (count != 1 && count != 2)
        return 0;
    uint16_t number = (uint16_t)(CORE_SOCKET_LISTEN + in->msg.listen);
    in->fd_count = 0;
    int err = dataplane_add_socket(e->plane, number, in->fds[0]);
    int beats_err = count == 2 ? dataplane_add_beats(e->plane, number, in->fds[1]) : 0;
    if (err == 0)
        err = beats_err;
    if (err < 0)
        log_error("listening socket %u cannot be used: %s", in->msg.listen, strerror(-err));
    return beats_err; /* nobody would read what the kernel puts there */
}

static int take_settings(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg_settings *m = &in->msg.settings;
    log_set_level((enum log_level)m->log_level);
    e->setup.log_level = m->log_level;
    core_set_uplink(e->core, now, m->uplink_bps);
    if (e->setup.mtu_bytes == m->mtu_bytes)
        return 0;
    e->setup.mtu_bytes = m->mtu_bytes;
    e->guard.mtu_due = m->mtu_bytes == 0;
    core_tell_too_big(e->core, m->mtu_bytes == 0);
    return 0;
}

static int take_wish(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg_wish *m = &in->msg.wish;
    int peer = core_find_peer(e->core, m->public_key);
    int err = peer < 0 ? peer
                       : core_wish(e->core, now, (size_t)peer, m->link, (enum wire_path_use)m->use);
    if (err < 0)
        log_warn("link %s of a peer cannot be set: %s", m->link, strerror(-err));
    return 0;
}

static int take_endpoints(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg_endpoints *m = &in->msg.endpoints;
    int peer = core_find_peer(e->core, m->public_key);
    if (peer >= 0)
        core_endpoints(e->core, now, (size_t)peer, m->addrs, m->count);
    return 0;
}

static int take_lookup(struct engine *e, struct tstamp now, struct channel_input *in)
{
    const struct msg_lookup *m = &in->msg.lookup;
    (void)now;
    int peer = core_find_peer(e->core, m->public_key);
    if (peer >= 0)
        silence_lookup(&e->silence, (size_t)peer, m->text);
    return 0;
}

static int take_reloaded(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    control_reloaded(e->control, in->msg.reloaded.ok, in->msg.reloaded.text);
    return 0;
}

static int take_restored(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    e->restored = in->msg.restored;
    return 0;
}

static int take_problems(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    e->problems = in->msg.problems;
    return 0;
}

static int take_ping(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    (void)in;
    e->guard.pong_due = true;
    return 0;
}

static int take_stop(struct engine *e, struct tstamp now, struct channel_input *in)
{
    (void)now;
    (void)in;
    e->stopping = true;
    return 0;
}

/* All that a guard tells an engine that has its setup. */
static int (*const handlers[MSG_TYPE_END])(struct engine *, struct tstamp,
                                           struct channel_input *) = {
    [MSG_PEER] = take_peer,           [MSG_PEER_GONE] = take_peer_gone,
    [MSG_LISTEN] = take_listen,       [MSG_LINK] = take_link,
    [MSG_ENDPOINTS] = take_endpoints, [MSG_LOOKUP] = take_lookup,
    [MSG_POLICIES] = take_policies,   [MSG_POLICY] = take_policy,
    [MSG_RELOADED] = take_reloaded,   [MSG_TUN] = take_tun,
    [MSG_RESTORED] = take_restored,   [MSG_QUOTA] = take_quota,
    [MSG_PROBLEMS] = take_problems,   [MSG_SETTINGS] = take_settings,
    [MSG_WISH] = take_wish,           [MSG_PING] = take_ping,
    [MSG_STOP] = take_stop,
};

int engine_take(struct engine *e, struct tstamp now, struct channel_input *in)
{
    int err = 0;
    if (handlers[in->msg.type] != NULL)
        err = handlers[in->msg.type](e, now, in);
    else
        log_error("the guard sent a message of type %d out of turn", (int)in->msg.type);
    channel_close_fds(in);
    return err;
}
