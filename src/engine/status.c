/* SPDX-License-Identifier: ISC */
#include "engine/status.h"

#include <stdlib.h>
#include <string.h>

#include "bond/why.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "session/why.h"

static void set(json_t *object, const char *member, json_t *value)
{
    /* A failure for want of memory leaves the member out. */
    json_object_set_new(object, member, value);
}

static void set_count(json_t *object, const char *member, uint64_t value)
{
    set(object, member, json_integer((json_int_t)value));
}

static void set_text(json_t *object, const char *member, const char *text)
{
    set(object, member, text != NULL ? json_string(text) : json_null());
}

static void set_ms(json_t *object, const char *member, int64_t ns)
{
    set(object, member, json_real((double)ns / (double)NS_PER_MS));
}

static void set_addr(json_t *object, const char *member, const struct netaddr *addr)
{
    char text[NETADDR_STRLEN];
    set_text(object, member, addr->family != 0 ? netaddr_format(addr, text) : NULL);
}

static const char *path_state_name(enum bond_path_state state)
{
    switch (state) {
    case BOND_PATH_CLOSED:
        return "closed";
    case BOND_PATH_PROBING:
        return "probing";
    case BOND_PATH_UP:
        return "up";
    case BOND_PATH_SUSPECT:
        return "suspect";
    case BOND_PATH_DOWN:
        return "down";
    case BOND_PATH_STANDBY:
        return "standby";
    }
    return "unknown";
}

static const char *use_name(unsigned use)
{
    static const char *const names[] = { "active", "standby", "down" };
    return use < sizeof names / sizeof names[0] ? names[use] : NULL;
}

/* Nothing is sent over a path that is switched off, as over one that stands by. */
static const char *state_of(const struct core_path_status *p)
{
    bool is_off = p->bond.state == BOND_PATH_STANDBY && p->use == WIRE_PATH_DOWN;
    return path_state_name(is_off ? BOND_PATH_DOWN : p->bond.state);
}

/* The link of ours that a path goes over, if it is one. */
static const struct msg_link *link_of(const struct status_source *s, const char *name)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (s->links[i].link.name[0] != '\0' && strcmp(s->links[i].link.name, name) == 0)
            return &s->links[i];
    return NULL;
}

/* What was not measured is not known. */
static void set_rate(json_t *object, const char *member, uint64_t bps)
{
    set(object, member, bps != 0 ? json_integer((json_int_t)bps) : json_null());
}

/* A reason of the peer's: a newer one has a number that we do not know. */
static void set_code(json_t *object, const char *member, const char *name)
{
    set_text(object, member, name != NULL ? name : "unknown");
}

/* What the peer found about the direction that it sends in. */
static json_t *path_far_json(const struct wire_report_path *far)
{
    json_t *o = json_object();
    char why[BOND_WHY_BYTES];
    set_rate(o, "rate_bps", far->rate_kbps * UINT64_C(1000));
    set(o, "loss", json_real((double)far->loss / WIRE_REPORT_LOSS_ALL));
    set(o, "queue_ms", json_real((double)far->queue_100us / 10));
    set_text(o, "use", use_name(far->use));
    set_text(o, "why", bond_why_sentence(far->why, -1, why));
    set_code(o, "why_code", bond_why_name(far->why));
    return o;
}

static json_t *peer_far_json(const struct wire_report *far)
{
    json_t *o = json_object();
    char limit[BOND_WHY_BYTES];
    set_text(o, "limit", bond_limit_sentence_theirs(far->limit, limit));
    set_code(o, "limit_code", bond_limit_name(far->limit));
    set(o, "cpu", far->cpu != WIRE_REPORT_CPU_UNKNOWN ? json_integer(far->cpu) : json_null());
    set_text(o, "version", far->version_len > 0 ? far->version : NULL);
    return o;
}

static json_t *path_json(const struct status_source *s, const struct core_path_status *p)
{
    json_t *o = json_object();
    const struct bond_path_stats *b = &p->bond;
    const struct msg_link *link = link_of(s, p->link);
    bool waits = link != NULL && link->why[0] != '\0';
    set_text(o, "link", p->link);
    set_text(o, "state", waits ? "waiting" : state_of(p));
    set_text(o, "why", waits ? link->why : b->why);
    set_text(o, "why_code",
             waits ? msg_link_why_name(link->why_code) : bond_why_name((uint8_t)b->why_code));
    set_addr(o, "local", &p->local);
    set_addr(o, "remote", &p->remote);
    set(o, "validated", json_boolean(p->validated));
    set(o, "own", json_boolean(p->ours));
    set_text(o, "use", use_name(p->use));
    if (b->srtt_ns != 0) {
        set_ms(o, "rtt_ms", b->srtt_ns);
        set_ms(o, "rtt_min_ms", b->rtt_min_ns);
        set_ms(o, "owd_ms", b->owd_ns);
        set_ms(o, "jitter_ms", b->jitter_ns);
    }
    set(o, "loss", json_real(b->loss));
    set_rate(o, "tx_rate_bps", b->rate_bps);
    set_rate(o, "rx_rate_bps", p->far_known ? p->far.rate_kbps * UINT64_C(1000) : 0);
    set_rate(o, "tx_usual_bps", b->usual_bps);
    set(o, "slow", json_boolean(b->slow));
    set_count(o, "tx_bps", b->tx_bps);
    set_count(o, "rx_bps", b->rx_bps);
    set_count(o, "mtu", b->datagram_bytes);
    set_count(o, "tx_bytes", b->tx_bytes);
    set_count(o, "rx_bytes", b->rx_bytes);
    set_count(o, "tx_packets", b->tx_packets);
    set_count(o, "rx_packets", b->rx_packets);
    set_count(o, "resent", b->resent_packets);
    set_count(o, "inflight_bytes", b->inflight_bytes);
    set_ms(o, "queue_ms", b->queue_ns);
    set(o, "far", p->far_known ? path_far_json(&p->far) : json_null());
    return o;
}

static json_t *peer_drops(const struct bond_stats *b)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < BOND_DROP_COUNT; i++)
        set_count(o, bond_drop_name((enum bond_drop)i), b->drops[i]);
    return o;
}

static json_t *accepted_json(const struct core *c, size_t peer)
{
    struct netprefix list[CORE_ACCEPTED_MAX];
    char text[NETADDR_STRLEN];
    json_t *accepted = json_array();
    size_t count = core_accepted(c, peer, list);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(accepted, json_string(netprefix_format(&list[i], text)));
    return accepted;
}

static json_t *peer_json(const struct status_source *s, const struct core_peer_status *p,
                         const struct why *why)
{
    json_t *o = json_object();
    json_t *paths = json_array();
    char key[KEY_BASE64_BYTES + 1];
    key_to_base64(key, p->public_key);
    set_text(o, "name", p->name);
    set_text(o, "public_key", key);
    set_text(o, "state", p->up ? "up" : "down");
    set_text(o, "why", why->code != WHY_NONE ? why->text : NULL);
    set_text(o, "why_code", why_code_name(why->code));
    set_addr(o, "endpoint", &p->endpoint);
    if (p->displaced)
        set_addr(o, "displaced_by", &p->displaced_by);
    if (p->contested)
        set_addr(o, "contested_by", &p->contested_by);
    set(o, "handshake_age_s",
        p->handshake_age_ns >= 0 ? json_integer(p->handshake_age_ns / NS_PER_S) : json_null());
    set_count(o, "handshakes", p->handshakes);
    set_count(o, "tx_bytes", p->tx_bytes);
    set_count(o, "rx_bytes", p->rx_bytes);
    set_count(o, "tx_packets", p->tx_packets);
    set_count(o, "rx_packets", p->rx_packets);
    set_text(o, "cipher", wire_cipher_name(p->cipher));
    set_text(o, "limit", p->bond.limit);
    set_text(o, "limit_code", bond_limit_name((uint8_t)p->bond.limit_code));
    set(o, "far", p->far_known ? peer_far_json(&p->far) : json_null());
    set(o, "mtu", p->mtu_bytes != 0 ? json_integer(p->mtu_bytes) : json_null());
    for (size_t i = 0; i < p->path_count; i++)
        json_array_append_new(paths, path_json(s, &p->paths[i]));
    set(o, "paths", paths);
    set_count(o, "lanes", p->bond.lanes);
    set_count(o, "queued_bytes", p->bond.queued_bytes);
    set_count(o, "reorder_held", p->bond.reorder_held);
    set_count(o, "reorder_late", p->bond.reorder_late);
    set(o, "drops", peer_drops(&p->bond));
    return o;
}

/* Who calls with a key that no peer has. */
static json_t *strangers_json(const struct core *c, struct tstamp now)
{
    struct core_stranger list[CORE_STRANGERS_MAX];
    json_t *strangers = json_array();
    size_t count = core_strangers(c, now, list);
    for (size_t i = 0; i < count; i++) {
        json_t *o = json_object();
        char key[KEY_BASE64_BYTES + 1];
        key_to_base64(key, list[i].public_key);
        set_text(o, "public_key", key);
        set_addr(o, "from", &list[i].from);
        set_count(o, "calls", list[i].calls);
        set_count(o, "age_s", (uint64_t)(list[i].age_ns / NS_PER_S));
        json_array_append_new(strangers, o);
    }
    return strangers;
}

static json_t *tunnel_drops(const struct status_source *s, const struct dataplane_stats *plane)
{
    uint64_t drops[CORE_DROP_COUNT];
    json_t *o = json_object();
    core_drops(s->core, drops);
    for (unsigned i = 0; i < CORE_DROP_COUNT; i++)
        set_count(o, core_drop_name((enum core_drop)i), drops[i]);
    set_count(o, "tun-read", plane->tun_read_drops);
    set_count(o, "tun-write", plane->tun_write_drops);
    set_count(o, "control-garbage", s->control_garbage);
    return o;
}

/* As the kernel counts them: a super-packet is one. */
static json_t *device_json(const struct dataplane_stats *plane)
{
    json_t *o = json_object();
    set_count(o, "read_packets", plane->tun_read_packets);
    set_count(o, "written_packets", plane->tun_written_packets);
    return o;
}

static json_t *offloads_json(const struct dataplane_stats *plane)
{
    json_t *o = json_object();
    set_text(o, "tun", tun_offload_name(plane->tun_offload));
    set(o, "udp_gso", json_boolean(plane->udp_gso));
    set(o, "udp_gro", json_boolean(plane->udp_gro));
    set_text(o, "aes-256-gcm", aead_implementation(AEAD_AES256_GCM));
    set_text(o, "chacha20-poly1305", aead_implementation(AEAD_CHACHA20_POLY1305));
    return o;
}

static const char *standby_when(const struct core_link *l)
{
    if (l->use != WIRE_PATH_STANDBY)
        return NULL;
    if ((l->flags & WIRE_PATH_LAST_RESORT) != 0)
        return "nothing else is left";
    return (l->flags & WIRE_PATH_BUSY) != 0 ? "busy" : "down";
}

static void set_quota(json_t *o, const struct msg_quota *q)
{
    if (q->bytes == 0)
        return;
    set_count(o, "quota_bytes", q->bytes);
    set_count(o, "quota_used_bytes", q->used_bytes);
    set_count(o, "quota_left_bytes", q->used_bytes < q->bytes ? q->bytes - q->used_bytes : 0);
    set_count(o, "quota_reset_s", q->left_s);
}

static json_t *link_json(const struct msg_link *m, const struct msg_quota *quota)
{
    const struct core_link *l = &m->link;
    json_t *o = json_object();
    set_text(o, "name", l->name);
    set_text(o, "state", m->why[0] != '\0' ? "waiting" : "ready");
    set_text(o, "why", m->why[0] != '\0' ? m->why : NULL);
    set_text(o, "why_code", msg_link_why_name(m->why_code));
    set_text(o, "use", use_name(l->use));
    set_text(o, "standby_when", standby_when(l));
    set_count(o, "cost", l->cost);
    set_quota(o, quota);
    set_addr(o, "ipv4", &l->local_ipv4);
    set_addr(o, "ipv6", &l->local_ipv6);
    set_count(o, "mtu", l->mtu_bytes);
    return o;
}

static json_t *policy_json(const struct policy *p)
{
    json_t *o = json_object();
    json_t *links = json_array();
    for (uint8_t i = 0; i < p->action.link_count; i++)
        json_array_append_new(links, json_string(p->action.links[i]));
    set_text(o, "name", p->name);
    set(o, "links", links);
    set(o, "fallback", json_boolean(p->action.fallback));
    set_text(o, "mode", bond_mode_name(p->action.mode));
    set_text(o, "class", bond_class_name(p->action.class));
    set_count(o, "packets", p->packets);
    set_count(o, "bytes", p->bytes);
    return o;
}

static json_t *policies_json(const struct policy_set *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(list, policy_json(&s->list[i]));
    return list;
}

static json_t *restored_json(const struct restored *r)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        set_count(o, restored_name((enum restored_what)i), r->count[i]);
    return o;
}

static json_t *problems_json(const struct problem_list *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->count; i++) {
        json_t *o = json_object();
        set_text(o, "code", l->list[i].code);
        set_text(o, "text", l->list[i].text);
        json_array_append_new(list, o);
    }
    return list;
}

json_t *status_json(const struct status_source *s, struct tstamp now)
{
    struct dataplane_stats plane;
    struct why why;
    struct core_peer_status *peer = malloc(sizeof *peer); /* too large for the stack */
    json_t *o = json_object();
    json_t *peers = json_array();
    json_t *links = json_array();
    if (peer == NULL || o == NULL) {
        free(peer);
        json_decref(o);
        json_decref(peers);
        json_decref(links);
        return NULL;
    }
    dataplane_stats(s->plane, &plane);
    set_text(o, "version", HAWSER_VERSION);
    set_text(o, "interface", s->interface);
    set_count(o, "uptime_s", (uint64_t)(tstamp_sub(now, s->started) / NS_PER_S));
    set_count(o, "cpu", s->cpu);
    set_count(o, "mtu", s->mtu_bytes != 0 ? s->mtu_bytes : core_mtu(s->core));
    set(o, "problems", problems_json(s->problems));
    for (size_t i = 0; i < core_peer_count(s->core); i++) {
        core_peer_status(s->core, now, i, peer);
        silence_why(s->silence, s->core, s->links, now, i, &why);
        json_t *one = peer_json(s, peer, &why);
        set(one, "accepted", accepted_json(s->core, i));
        json_array_append_new(peers, one);
    }
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (s->links[i].link.name[0] != '\0')
            json_array_append_new(links, link_json(&s->links[i], &s->quotas[i]));
    set(o, "peers", peers);
    set(o, "links", links);
    set(o, "policies", policies_json(s->policies));
    set(o, "offloads", offloads_json(&plane));
    set(o, "device", device_json(&plane));
    set(o, "restored", restored_json(s->restored));
    set(o, "strangers", strangers_json(s->core, now));
    set(o, "drops", tunnel_drops(s, &plane));
    free(peer);
    return o;
}
