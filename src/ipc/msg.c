/* SPDX-License-Identifier: ISC */
#include "ipc/msg.h"

#include <string.h>

#include "base/cursor.h"
#include "base/log.h"
#include "base/plain.h"
#include "ipc/field.h"

static void put_setup(struct writer *w, const struct msg *m)
{
    const struct msg_setup *s = &m->setup;
    put_text(w, s->interface, sizeof s->interface - 1);
    write_bytes(w, s->private_key, sizeof s->private_key);
    write_u8(w, s->cipher);
    write_u32(w, s->rekey_s);
    write_u32(w, s->mtu_bytes);
    write_u8(w, s->log_level);
    put_bool(w, s->journal);
    write_u8(w, s->tun_offload);
    put_bool(w, s->udp_gso);
    put_text(w, s->root, sizeof s->root - 1);
    write_u32(w, s->uid);
    write_u32(w, s->gid);
    write_u32(w, s->peer_count);
}

enum { OFFLOAD_MAX = 3 }; /* TUN_OFFLOAD_USO; sys is not needed for a codec */

static void get_setup(struct reader *r, struct msg *m)
{
    struct msg_setup *s = &m->setup;
    get_text(r, s->interface, sizeof s->interface - 1);
    read_copy(r, s->private_key, sizeof s->private_key);
    s->cipher = get_small(r, WIRE_CIPHER_CHACHA20_POLY1305);
    s->rekey_s = read_u32(r);
    s->mtu_bytes = read_u32(r);
    s->log_level = get_small(r, LOG_LEVEL_DEBUG);
    s->journal = get_bool(r);
    s->tun_offload = get_small(r, OFFLOAD_MAX);
    s->udp_gso = get_bool(r);
    get_text(r, s->root, sizeof s->root - 1);
    s->uid = read_u32(r);
    s->gid = read_u32(r);
    s->peer_count = read_u32(r);
    if (s->peer_count > CONFIG_PEERS_MAX)
        r->failed = true;
}

static void put_prefix(struct writer *w, const struct netprefix *p)
{
    write_u8(w, p->family);
    write_u8(w, p->len);
    write_bytes(w, p->addr, sizeof p->addr);
}

static void get_prefix(struct reader *r, struct netprefix *p)
{
    p->family = read_u8(r);
    p->len = read_u8(r);
    read_copy(r, p->addr, sizeof p->addr);
    if ((p->family != 4 && p->family != 6) || p->len > (p->family == 4 ? 32 : 128))
        r->failed = true;
}

static void put_peer(struct writer *w, const struct msg *m)
{
    const struct msg_peer *p = &m->peer;
    put_text(w, p->name, sizeof p->name - 1);
    write_bytes(w, p->public_key, sizeof p->public_key);
    write_bytes(w, p->preshared_key, sizeof p->preshared_key);
    put_bool(w, p->initiate);
    if (p->allowed_count > CONFIG_ALLOWED_MAX)
        w->failed = true;
    write_u16(w, p->allowed_count);
    for (size_t i = 0; writer_ok(w) && i < p->allowed_count; i++)
        put_prefix(w, &p->allowed[i]);
}

static void get_peer(struct reader *r, struct msg *m)
{
    struct msg_peer *p = &m->peer;
    get_text(r, p->name, sizeof p->name - 1);
    read_copy(r, p->public_key, sizeof p->public_key);
    read_copy(r, p->preshared_key, sizeof p->preshared_key);
    p->initiate = get_bool(r);
    p->allowed_count = read_u16(r);
    if (p->allowed_count > CONFIG_ALLOWED_MAX)
        r->failed = true;
    for (size_t i = 0; reader_ok(r) && i < p->allowed_count; i++)
        get_prefix(r, &p->allowed[i]);
}

static void put_accepted(struct writer *w, const struct msg *m)
{
    const struct msg_accepted *a = &m->accepted;
    write_bytes(w, a->public_key, sizeof a->public_key);
    if (a->count > CORE_ACCEPTED_MAX)
        w->failed = true;
    write_u8(w, a->count);
    for (size_t i = 0; writer_ok(w) && i < a->count; i++)
        put_prefix(w, &a->list[i]);
}

static void get_accepted(struct reader *r, struct msg *m)
{
    struct msg_accepted *a = &m->accepted;
    read_copy(r, a->public_key, sizeof a->public_key);
    a->count = get_small(r, CORE_ACCEPTED_MAX);
    for (size_t i = 0; reader_ok(r) && i < a->count; i++) {
        get_prefix(r, &a->list[i]);
        struct netprefix masked = a->list[i];
        netprefix_mask(&masked);
        if (memcmp(masked.addr, a->list[i].addr, sizeof masked.addr) != 0)
            r->failed = true;
    }
}

const char *msg_link_why_name(uint8_t why)
{
    static const char *const names[MSG_LINK_WHY_COUNT] = {
        [MSG_LINK_NO_INTERFACE] = "no-interface", [MSG_LINK_DOWN] = "interface-down",
        [MSG_LINK_NO_CARRIER] = "no-carrier",     [MSG_LINK_NO_ADDRESS] = "no-local-address",
        [MSG_LINK_NO_ROUTE] = "no-default-route", [MSG_LINK_NO_SOCKET] = "no-socket",
    };
    return why < MSG_LINK_WHY_COUNT ? names[why] : NULL;
}

static void put_link(struct writer *w, const struct msg *msg)
{
    const struct msg_link *m = &msg->link;
    const struct core_link *l = &m->link;
    write_u16(w, l->link);
    put_text(w, l->name, sizeof l->name - 1);
    put_bool(w, l->present);
    put_bool(w, l->carrier);
    put_bool(w, l->has_ipv4);
    put_bool(w, l->has_ipv6);
    put_addr(w, &l->local_ipv4);
    put_addr(w, &l->local_ipv6);
    put_addr(w, &l->gateway_ipv4);
    put_addr(w, &l->gateway_ipv6);
    write_u32(w, l->mtu_bytes);
    write_u8(w, l->use);
    write_u8(w, l->flags);
    write_u8(w, l->cost);
    write_u64(w, l->limit_up_bps);
    write_u64(w, l->limit_down_bps);
    write_u8(w, m->why_code);
    put_text(w, m->why, sizeof m->why - 1);
}

static uint16_t get_link_number(struct reader *r)
{
    uint16_t link = read_u16(r);
    if (link >= WIRE_PATHS_MAX)
        r->failed = true;
    return link;
}

static void get_link(struct reader *r, struct msg *msg)
{
    struct msg_link *m = &msg->link;
    struct core_link *l = &m->link;
    l->link = get_link_number(r);
    get_text(r, l->name, sizeof l->name - 1);
    l->present = get_bool(r);
    l->carrier = get_bool(r);
    l->has_ipv4 = get_bool(r);
    l->has_ipv6 = get_bool(r);
    get_addr(r, &l->local_ipv4);
    get_addr(r, &l->local_ipv6);
    get_addr(r, &l->gateway_ipv4);
    get_addr(r, &l->gateway_ipv6);
    l->mtu_bytes = read_u32(r);
    l->use = get_small(r, WIRE_PATH_DOWN);
    l->flags = get_small(r, WIRE_PATH_BUSY | WIRE_PATH_LAST_RESORT);
    l->cost = get_small(r, WIRE_COST_MAX);
    l->limit_up_bps = read_u64(r);
    l->limit_down_bps = read_u64(r);
    m->why_code = get_small(r, MSG_LINK_WHY_COUNT - 1);
    get_text(r, m->why, sizeof m->why - 1);
}

static void put_endpoints(struct writer *w, const struct msg *m)
{
    const struct msg_endpoints *e = &m->endpoints;
    write_bytes(w, e->public_key, sizeof e->public_key);
    if (e->count > CORE_ENDPOINTS_MAX)
        w->failed = true;
    write_u8(w, e->count);
    for (size_t i = 0; writer_ok(w) && i < e->count; i++)
        put_addr(w, &e->addrs[i]);
}

static void get_endpoints(struct reader *r, struct msg *m)
{
    struct msg_endpoints *e = &m->endpoints;
    read_copy(r, e->public_key, sizeof e->public_key);
    e->count = get_small(r, CORE_ENDPOINTS_MAX);
    for (size_t i = 0; i < e->count; i++)
        get_addr(r, &e->addrs[i]);
}

static void put_policy(struct writer *w, const struct msg *m)
{
    const struct msg_policy *p = &m->policy;
    const struct core_policy *a = &p->action;
    put_text(w, p->name, sizeof p->name - 1);
    write_u64(w, p->dscps);
    write_u8(w, (uint8_t)a->mode);
    write_u8(w, (uint8_t)a->class);
    put_bool(w, a->fallback);
    if (a->link_count > CORE_POLICY_LINKS_MAX || p->step_count > FILTER_STEPS_MAX)
        w->failed = true;
    write_u8(w, a->link_count);
    for (uint8_t i = 0; writer_ok(w) && i < a->link_count; i++)
        put_text(w, a->links[i], WIRE_LINK_NAME_MAX);
    write_u16(w, p->step_count);
    for (uint16_t i = 0; writer_ok(w) && i < p->step_count; i++) {
        write_u16(w, p->steps[i].code);
        write_u8(w, p->steps[i].jump_true);
        write_u8(w, p->steps[i].jump_false);
        write_u32(w, p->steps[i].k);
    }
}

static void get_policy(struct reader *r, struct msg *m)
{
    struct msg_policy *p = &m->policy;
    struct core_policy *a = &p->action;
    get_text(r, p->name, sizeof p->name - 1);
    p->dscps = read_u64(r);
    a->used = true;
    a->mode = (enum bond_mode)get_small(r, BOND_MODE_SINGLE);
    a->class = (enum bond_class)get_small(r, BOND_CLASS_BULK);
    a->fallback = get_bool(r);
    a->link_count = get_small(r, CORE_POLICY_LINKS_MAX);
    for (uint8_t i = 0; i < a->link_count; i++)
        get_text(r, a->links[i], WIRE_LINK_NAME_MAX);
    p->step_count = read_u16(r);
    if (p->step_count > FILTER_STEPS_MAX)
        r->failed = true;
    for (uint16_t i = 0; reader_ok(r) && i < p->step_count; i++) {
        p->steps[i].code = read_u16(r);
        p->steps[i].jump_true = read_u8(r);
        p->steps[i].jump_false = read_u8(r);
        p->steps[i].k = read_u32(r);
    }
}

static void put_state(struct writer *w, const struct msg *m)
{
    const struct msg_state *s = &m->state;
    write_bytes(w, s->public_key, sizeof s->public_key);
    put_bool(w, s->up);
    put_text(w, s->link, sizeof s->link - 1);
    put_addr(w, &s->remote);
    put_text(w, s->reason, sizeof s->reason - 1);
}

static void get_state(struct reader *r, struct msg *m)
{
    struct msg_state *s = &m->state;
    read_copy(r, s->public_key, sizeof s->public_key);
    s->up = get_bool(r);
    get_text(r, s->link, sizeof s->link - 1);
    get_addr(r, &s->remote);
    get_text(r, s->reason, sizeof s->reason - 1);
}

static void put_restored(struct writer *w, const struct msg *m)
{
    const struct restored *r = &m->restored;
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        write_u32(w, r->count[i]);
}

static void get_restored(struct reader *r, struct msg *m)
{
    struct restored *out = &m->restored;
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        out->count[i] = read_u32(r);
}

static void put_quota(struct writer *w, const struct msg *m)
{
    const struct msg_quota *q = &m->quota;
    write_u16(w, q->link);
    write_u64(w, q->bytes);
    write_u64(w, q->used_bytes);
    write_u32(w, q->left_s);
}

static void get_quota(struct reader *r, struct msg *m)
{
    struct msg_quota *q = &m->quota;
    q->link = get_link_number(r);
    q->bytes = read_u64(r);
    q->used_bytes = read_u64(r);
    q->left_s = read_u32(r);
}

static void put_choose(struct writer *w, const struct msg *m)
{
    const struct msg_choose *c = &m->choose;
    write_bytes(w, c->public_key, sizeof c->public_key);
    put_text(w, c->link, sizeof c->link - 1);
    write_u8(w, c->choice);
}

static void get_choose(struct reader *r, struct msg *m)
{
    struct msg_choose *c = &m->choose;
    read_copy(r, c->public_key, sizeof c->public_key);
    get_text(r, c->link, sizeof c->link - 1);
    c->choice = get_small(r, MSG_CHOICE_DOWN);
}

static void put_wish(struct writer *w, const struct msg *msg)
{
    const struct msg_wish *m = &msg->wish;
    write_bytes(w, m->public_key, sizeof m->public_key);
    put_text(w, m->link, sizeof m->link - 1);
    write_u8(w, m->use);
}

static void get_wish(struct reader *r, struct msg *msg)
{
    struct msg_wish *m = &msg->wish;
    read_copy(r, m->public_key, sizeof m->public_key);
    get_text(r, m->link, sizeof m->link - 1);
    m->use = get_small(r, WIRE_PATH_DOWN);
}

static void put_lookup(struct writer *w, const struct msg *m)
{
    write_bytes(w, m->lookup.public_key, sizeof m->lookup.public_key);
    put_text(w, m->lookup.text, sizeof m->lookup.text - 1);
}

static void get_lookup(struct reader *r, struct msg *m)
{
    read_copy(r, m->lookup.public_key, sizeof m->lookup.public_key);
    get_text(r, m->lookup.text, sizeof m->lookup.text - 1);
}

static void put_settings(struct writer *w, const struct msg *m)
{
    write_u8(w, m->settings.log_level);
    write_u32(w, m->settings.mtu_bytes);
}

static void get_settings(struct reader *r, struct msg *m)
{
    m->settings.log_level = get_small(r, LOG_LEVEL_DEBUG);
    m->settings.mtu_bytes = read_u32(r);
}

static void put_usage(struct writer *w, const struct msg *m)
{
    write_u16(w, m->usage.link);
    write_u64(w, m->usage.bytes);
}

static void get_usage(struct reader *r, struct msg *m)
{
    m->usage.link = get_link_number(r);
    m->usage.bytes = read_u64(r);
    if (m->usage.bytes > MSG_USAGE_BYTES_MAX)
        r->failed = true;
}

static void put_peer_mtu(struct writer *w, const struct msg *m)
{
    write_bytes(w, m->peer_mtu.public_key, sizeof m->peer_mtu.public_key);
    write_u32(w, m->peer_mtu.mtu_bytes);
    write_u32(w, m->peer_mtu.fit_bytes);
}

static void get_peer_mtu(struct reader *r, struct msg *m)
{
    read_copy(r, m->peer_mtu.public_key, sizeof m->peer_mtu.public_key);
    m->peer_mtu.mtu_bytes = read_u32(r);
    m->peer_mtu.fit_bytes = read_u32(r);
}

static void put_reloaded(struct writer *w, const struct msg *m)
{
    put_bool(w, m->reloaded.ok);
    put_text(w, m->reloaded.text, MSG_TEXT_MAX);
}

static void get_reloaded(struct reader *r, struct msg *m)
{
    m->reloaded.ok = get_bool(r);
    get_text(r, m->reloaded.text, MSG_TEXT_MAX);
}

/* Messages that are one value, or nothing */

static void put_peer_gone(struct writer *w, const struct msg *m)
{
    write_bytes(w, m->peer_gone, sizeof m->peer_gone);
}

static void get_peer_gone(struct reader *r, struct msg *m)
{
    read_copy(r, m->peer_gone, sizeof m->peer_gone);
}

static void put_policy_count(struct writer *w, const struct msg *m)
{
    write_u16(w, m->policy_count);
}

static void get_policy_count(struct reader *r, struct msg *m)
{
    m->policy_count = read_u16(r);
}

static void put_listen(struct writer *w, const struct msg *m)
{
    write_u16(w, m->listen);
}

static void get_listen(struct reader *r, struct msg *m)
{
    m->listen = read_u16(r);
}

static void put_resolve(struct writer *w, const struct msg *m)
{
    write_bytes(w, m->resolve, sizeof m->resolve);
}

static void get_resolve(struct reader *r, struct msg *m)
{
    read_copy(r, m->resolve, sizeof m->resolve);
}

static void put_mtu(struct writer *w, const struct msg *m)
{
    write_u32(w, m->mtu_bytes);
}

static void get_mtu(struct reader *r, struct msg *m)
{
    m->mtu_bytes = read_u32(r);
}

static void put_tun(struct writer *w, const struct msg *m)
{
    write_u8(w, m->tun_offload);
}

static void get_tun(struct reader *r, struct msg *m)
{
    m->tun_offload = get_small(r, OFFLOAD_MAX);
}

static void put_found(struct writer *w, const struct msg *m)
{
    put_problems(w, &m->problems);
}

static void get_found(struct reader *r, struct msg *m)
{
    get_problems(r, &m->problems);
}

static void put_nothing(struct writer *w, const struct msg *m)
{
    (void)w;
    (void)m;
}

static void get_nothing(struct reader *r, struct msg *m)
{
    (void)r;
    (void)m;
}

/* Texts that hooks, logs and terminals get */

static void make_state_plain(struct msg *m)
{
    plain_text(m->state.link);
    plain_text(m->state.reason);
}

static void make_choose_plain(struct msg *m)
{
    plain_text(m->choose.link);
}

/* All messages that there are. What becomes of one is in engine/hear.c or guard/requests.c. */
static const struct {
    void (*put)(struct writer *w, const struct msg *m);
    void (*get)(struct reader *r, struct msg *m);
    void (*make_plain)(struct msg *m); /* an engine's; NULL: it has no text */
} forms[MSG_TYPE_END] = {
    [MSG_SETUP] = { put_setup, get_setup, NULL },
    [MSG_PEER_GONE] = { put_peer_gone, get_peer_gone, NULL },
    [MSG_PEER] = { put_peer, get_peer, NULL },
    [MSG_LISTEN] = { put_listen, get_listen, NULL },
    [MSG_LINK] = { put_link, get_link, NULL },
    [MSG_ENDPOINTS] = { put_endpoints, get_endpoints, NULL },
    [MSG_POLICIES] = { put_policy_count, get_policy_count, NULL },
    [MSG_POLICY] = { put_policy, get_policy, NULL },
    [MSG_RELOADED] = { put_reloaded, get_reloaded, NULL },
    [MSG_TUN] = { put_tun, get_tun, NULL },
    [MSG_RESTORED] = { put_restored, get_restored, NULL },
    [MSG_QUOTA] = { put_quota, get_quota, NULL },
    [MSG_PROBLEMS] = { put_found, get_found, NULL },
    [MSG_SETTINGS] = { put_settings, get_settings, NULL },
    [MSG_WISH] = { put_wish, get_wish, NULL },
    [MSG_LOOKUP] = { put_lookup, get_lookup, NULL },
    [MSG_STOP] = { put_nothing, get_nothing, NULL },
    [MSG_PING] = { put_nothing, get_nothing, NULL },

    [MSG_READY] = { put_nothing, get_nothing, NULL },
    [MSG_RESOLVE] = { put_resolve, get_resolve, NULL },
    [MSG_MTU] = { put_mtu, get_mtu, NULL },
    [MSG_PEER_MTU] = { put_peer_mtu, get_peer_mtu, NULL },
    [MSG_RELOAD] = { put_nothing, get_nothing, NULL },
    [MSG_PEER_STATE] = { put_state, get_state, make_state_plain },
    [MSG_PATH_STATE] = { put_state, get_state, make_state_plain },
    [MSG_PEER_RIVAL] = { put_state, get_state, make_state_plain },
    [MSG_PATH_SLOW] = { put_state, get_state, make_state_plain },
    [MSG_CHOOSE] = { put_choose, get_choose, make_choose_plain },
    [MSG_USAGE] = { put_usage, get_usage, NULL },
    [MSG_ACCEPTED] = { put_accepted, get_accepted, NULL },
    [MSG_PONG] = { put_nothing, get_nothing, NULL },
};

static bool is_known(enum msg_type type)
{
    return type < MSG_TYPE_END && forms[type].put != NULL;
}

size_t msg_encode(const struct msg *m, uint8_t out[MSG_BYTES_MAX])
{
    struct writer w = writer_of(out, MSG_BYTES_MAX);
    if (!is_known(m->type))
        return 0;
    write_u8(&w, (uint8_t)m->type);
    forms[m->type].put(&w, m);
    return writer_len(&w);
}

bool msg_decode(struct msg *out, const uint8_t *data, size_t len_bytes)
{
    struct reader r = reader_of(data, len_bytes);
    enum msg_type type = (enum msg_type)read_u8(&r);
    memset(out, 0, sizeof *out);
    if (!reader_ok(&r) || !is_known(type))
        return false;
    out->type = type;
    forms[type].get(&r, out);
    return reader_ok(&r) && reader_left(&r) == 0;
}

void msg_make_plain(struct msg *m)
{
    if (is_known(m->type) && forms[m->type].make_plain != NULL)
        forms[m->type].make_plain(m);
}
