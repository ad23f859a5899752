/* SPDX-License-Identifier: ISC */
#include "engine/status.h"

#include <math.h>
#include <string.h>

#include "bond/why.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "session/why.h"

/* Milliseconds, to the nanosecond. */
static void put_ms(struct json_out *o, const char *name, int64_t ns)
{
    json_out_decimal(o, name, ns, 6);
}

/* A share of 1. */
static void put_share(struct json_out *o, const char *name, double share)
{
    json_out_decimal(o, name, llround(share * 1e6), 6);
}

static void put_addr(struct json_out *o, const char *name, const struct netaddr *addr)
{
    char text[NETADDR_STRLEN];
    json_out_text(o, name, addr->family != 0 ? netaddr_format(addr, text) : NULL);
}

static void put_key(struct json_out *o, const char *name, const uint8_t public_key[32])
{
    char text[KEY_BASE64_BYTES + 1];
    key_to_base64(text, public_key);
    json_out_text(o, name, text);
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
static void put_known(struct json_out *o, const char *name, uint64_t value)
{
    if (value != 0)
        json_out_count(o, name, value);
    else
        json_out_null(o, name);
}

/* A reason of the peer's: a newer one has a number that we do not know. */
static void put_code(struct json_out *o, const char *name, const char *code)
{
    json_out_text(o, name, code != NULL ? code : "unknown");
}

/* What the peer found about the direction that it sends in. */
static void put_path_far(struct json_out *o, const struct core_path_status *p)
{
    const struct wire_report_path *far = &p->far;
    char why[BOND_WHY_BYTES];
    if (!p->far_known) {
        json_out_null(o, "far");
        return;
    }
    json_out_object(o, "far");
    put_known(o, "rate_bps", far->rate_kbps * UINT64_C(1000));
    put_share(o, "loss", (double)far->loss / WIRE_REPORT_LOSS_ALL);
    json_out_decimal(o, "queue_ms", far->queue_100us, 1);
    json_out_text(o, "use", use_name(far->use));
    json_out_text(o, "why", bond_why_sentence(far->why, -1, why));
    put_code(o, "why_code", bond_why_name(far->why));
    json_out_object_end(o);
}

static void put_peer_far(struct json_out *o, const struct core_peer_status *p)
{
    const struct wire_report *far = &p->far;
    char limit[BOND_WHY_BYTES];
    if (!p->far_known) {
        json_out_null(o, "far");
        return;
    }
    json_out_object(o, "far");
    json_out_text(o, "limit", bond_limit_sentence_theirs(far->limit, limit));
    put_code(o, "limit_code", bond_limit_name(far->limit));
    if (far->cpu != WIRE_REPORT_CPU_UNKNOWN)
        json_out_count(o, "cpu", far->cpu);
    else
        json_out_null(o, "cpu");
    json_out_text(o, "version", far->version_len > 0 ? far->version : NULL);
    json_out_object_end(o);
}

static void put_path_why(struct json_out *o, const struct status_source *s,
                         const struct core_path_status *p)
{
    const struct msg_link *link = link_of(s, p->link);
    bool waits = link != NULL && link->why[0] != '\0';
    json_out_text(o, "link", p->link);
    json_out_text(o, "state", waits ? "waiting" : state_of(p));
    json_out_text(o, "why", waits ? link->why : p->bond.why);
    json_out_text(o, "why_code",
                  waits ? msg_link_why_name(link->why_code)
                        : bond_why_name((uint8_t)p->bond.why_code));
}

static void put_path(struct json_out *o, const struct status_source *s,
                     const struct core_path_status *p)
{
    const struct bond_path_stats *b = &p->bond;
    json_out_object(o, NULL);
    put_path_why(o, s, p);
    put_addr(o, "local", &p->local);
    put_addr(o, "remote", &p->remote);
    json_out_bool(o, "validated", p->validated);
    json_out_bool(o, "own", p->ours);
    json_out_text(o, "use", use_name(p->use));
    if (b->srtt_ns != 0) {
        put_ms(o, "rtt_ms", b->srtt_ns);
        put_ms(o, "rtt_min_ms", b->rtt_min_ns);
        put_ms(o, "owd_ms", b->owd_ns);
        put_ms(o, "jitter_ms", b->jitter_ns);
    }
    put_share(o, "loss", b->loss);
    put_known(o, "tx_rate_bps", b->rate_bps);
    put_known(o, "rx_rate_bps", p->far_known ? p->far.rate_kbps * UINT64_C(1000) : 0);
    put_known(o, "tx_usual_bps", b->usual_bps);
    json_out_bool(o, "slow", b->slow);
    json_out_count(o, "tx_bps", b->tx_bps);
    json_out_count(o, "rx_bps", b->rx_bps);
    json_out_count(o, "mtu", b->datagram_bytes);
    json_out_count(o, "tx_bytes", b->tx_bytes);
    json_out_count(o, "rx_bytes", b->rx_bytes);
    json_out_count(o, "tx_packets", b->tx_packets);
    json_out_count(o, "rx_packets", b->rx_packets);
    json_out_count(o, "resent", b->resent_packets);
    json_out_count(o, "inflight_bytes", b->inflight_bytes);
    put_ms(o, "queue_ms", b->queue_ns);
    put_path_far(o, p);
    json_out_object_end(o);
}

static void put_peer_drops(struct json_out *o, const struct bond_stats *b)
{
    json_out_object(o, "drops");
    for (unsigned i = 0; i < BOND_DROP_COUNT; i++)
        json_out_count(o, bond_drop_name((enum bond_drop)i), b->drops[i]);
    json_out_object_end(o);
}

static void put_accepted(struct json_out *o, const struct core *c, size_t peer)
{
    struct netprefix list[CORE_ACCEPTED_MAX];
    char text[NETADDR_STRLEN];
    size_t count = core_accepted(c, peer, list);
    json_out_array(o, "accepted");
    for (size_t i = 0; i < count; i++)
        json_out_text(o, NULL, netprefix_format(&list[i], text));
    json_out_array_end(o);
}

static void put_handshake_age(struct json_out *o, const struct core_peer_status *p)
{
    if (p->handshake_age_ns >= 0)
        json_out_count(o, "handshake_age_s", (uint64_t)(p->handshake_age_ns / NS_PER_S));
    else
        json_out_null(o, "handshake_age_s");
}

static void put_state(struct json_out *o, const struct core_peer_status *p, const struct why *why)
{
    json_out_text(o, "state", p->up ? "up" : "down");
    json_out_text(o, "why", why->code != WHY_NONE ? why->text : NULL);
    json_out_text(o, "why_code", why_code_name(why->code));
    put_addr(o, "endpoint", &p->endpoint);
}

static void put_traffic(struct json_out *o, const struct core_peer_status *p)
{
    json_out_count(o, "tx_bytes", p->tx_bytes);
    json_out_count(o, "rx_bytes", p->rx_bytes);
    json_out_count(o, "tx_packets", p->tx_packets);
    json_out_count(o, "rx_packets", p->rx_packets);
}

static void put_peer(struct json_out *o, const struct status_source *s,
                     const struct core_peer_status *p, const struct why *why)
{
    json_out_text(o, "name", p->name);
    put_key(o, "public_key", p->public_key);
    put_state(o, p, why);
    if (p->displaced)
        put_addr(o, "displaced_by", &p->displaced_by);
    if (p->contested)
        put_addr(o, "contested_by", &p->contested_by);
    put_handshake_age(o, p);
    json_out_count(o, "handshakes", p->handshakes);
    put_traffic(o, p);
    json_out_text(o, "cipher", wire_cipher_name(p->cipher));
    json_out_text(o, "limit", p->bond.limit);
    json_out_text(o, "limit_code", bond_limit_name((uint8_t)p->bond.limit_code));
    put_peer_far(o, p);
    put_known(o, "mtu", p->mtu_bytes);
    json_out_array(o, "paths");
    for (size_t i = 0; i < p->path_count; i++)
        put_path(o, s, &p->paths[i]);
    json_out_array_end(o);
    json_out_count(o, "lanes", p->bond.lanes);
    json_out_count(o, "queued_bytes", p->bond.queued_bytes);
    json_out_count(o, "reorder_held", p->bond.reorder_held);
    json_out_count(o, "reorder_late", p->bond.reorder_late);
    put_peer_drops(o, &p->bond);
}

/* The sums of a peer's paths, and the worst loss and the best delay of those that are up. */
static void put_paths_brief(struct json_out *o, const struct core_peer_status *p)
{
    uint64_t tx_bps = 0;
    uint64_t rx_bps = 0;
    uint64_t up = 0;
    int64_t rtt_ns = 0;
    double loss = 0;
    for (size_t i = 0; i < p->path_count; i++) {
        const struct bond_path_stats *b = &p->paths[i].bond;
        tx_bps += b->tx_bps;
        rx_bps += b->rx_bps;
        if (b->state != BOND_PATH_UP)
            continue;
        up++;
        loss = b->loss > loss ? b->loss : loss;
        if (b->srtt_ns != 0 && (rtt_ns == 0 || b->srtt_ns < rtt_ns))
            rtt_ns = b->srtt_ns;
    }
    json_out_count(o, "links", p->path_count);
    json_out_count(o, "links_up", up);
    if (rtt_ns != 0)
        put_ms(o, "rtt_ms", rtt_ns);
    put_share(o, "loss", loss);
    json_out_count(o, "tx_bps", tx_bps);
    json_out_count(o, "rx_bps", rx_bps);
}

/* Who calls with a key that no peer has. */
static void put_strangers(struct json_out *o, const struct core *c, struct tstamp now)
{
    struct core_stranger list[CORE_STRANGERS_MAX];
    size_t count = core_strangers(c, now, list);
    json_out_array(o, "strangers");
    for (size_t i = 0; i < count; i++) {
        json_out_object(o, NULL);
        put_key(o, "public_key", list[i].public_key);
        put_addr(o, "from", &list[i].from);
        json_out_count(o, "calls", list[i].calls);
        json_out_count(o, "age_s", (uint64_t)(list[i].age_ns / NS_PER_S));
        json_out_object_end(o);
    }
    json_out_array_end(o);
}

static void put_tunnel_drops(struct json_out *o, const struct status_source *s,
                             const struct dataplane_stats *plane)
{
    uint64_t drops[CORE_DROP_COUNT];
    core_drops(s->core, drops);
    json_out_object(o, "drops");
    for (unsigned i = 0; i < CORE_DROP_COUNT; i++)
        json_out_count(o, core_drop_name((enum core_drop)i), drops[i]);
    json_out_count(o, "tun-read", plane->tun_read_drops);
    json_out_count(o, "tun-write", plane->tun_write_drops);
    json_out_count(o, "control-garbage", s->control_garbage);
    json_out_object_end(o);
}

/* As the kernel counts them: a super-packet is one. */
static void put_device(struct json_out *o, const struct dataplane_stats *plane)
{
    json_out_object(o, "device");
    json_out_count(o, "read_packets", plane->tun_read_packets);
    json_out_count(o, "written_packets", plane->tun_written_packets);
    json_out_object_end(o);
}

static void put_offloads(struct json_out *o, const struct dataplane_stats *plane)
{
    json_out_object(o, "offloads");
    json_out_text(o, "tun", tun_offload_name(plane->tun_offload));
    json_out_bool(o, "udp_gso", plane->udp_gso);
    json_out_bool(o, "udp_gro", plane->udp_gro);
    json_out_text(o, "aes-256-gcm", aead_implementation(AEAD_AES256_GCM));
    json_out_text(o, "chacha20-poly1305", aead_implementation(AEAD_CHACHA20_POLY1305));
    json_out_object_end(o);
}

static const char *standby_when(const struct core_link *l)
{
    if (l->use != WIRE_PATH_STANDBY)
        return NULL;
    if ((l->flags & WIRE_PATH_LAST_RESORT) != 0)
        return "nothing else is left";
    return (l->flags & WIRE_PATH_BUSY) != 0 ? "busy" : "down";
}

static void put_quota(struct json_out *o, const struct msg_quota *q)
{
    if (q->bytes == 0)
        return;
    json_out_count(o, "quota_bytes", q->bytes);
    json_out_count(o, "quota_used_bytes", q->used_bytes);
    json_out_count(o, "quota_left_bytes", q->used_bytes < q->bytes ? q->bytes - q->used_bytes : 0);
    json_out_count(o, "quota_reset_s", q->left_s);
}

static void put_link(struct json_out *o, const struct msg_link *m, const struct msg_quota *quota)
{
    const struct core_link *l = &m->link;
    json_out_object(o, NULL);
    json_out_text(o, "name", l->name);
    json_out_text(o, "state", m->why[0] != '\0' ? "waiting" : "ready");
    json_out_text(o, "why", m->why[0] != '\0' ? m->why : NULL);
    json_out_text(o, "why_code", msg_link_why_name(m->why_code));
    json_out_text(o, "use", use_name(l->use));
    json_out_text(o, "standby_when", standby_when(l));
    json_out_count(o, "cost", l->cost);
    put_quota(o, quota);
    put_addr(o, "ipv4", &l->local_ipv4);
    put_addr(o, "ipv6", &l->local_ipv6);
    json_out_count(o, "mtu", l->mtu_bytes);
    json_out_object_end(o);
}

static void put_links(struct json_out *o, const struct status_source *s)
{
    json_out_array(o, "links");
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (s->links[i].link.name[0] != '\0')
            put_link(o, &s->links[i], &s->quotas[i]);
    json_out_array_end(o);
}

static void put_policy(struct json_out *o, const struct policy *p)
{
    json_out_object(o, NULL);
    json_out_text(o, "name", p->name);
    json_out_array(o, "links");
    for (uint8_t i = 0; i < p->action.link_count; i++)
        json_out_text(o, NULL, p->action.links[i]);
    json_out_array_end(o);
    json_out_bool(o, "fallback", p->action.fallback);
    json_out_text(o, "mode", bond_mode_name(p->action.mode));
    json_out_text(o, "class", bond_class_name(p->action.class));
    json_out_count(o, "packets", p->packets);
    json_out_count(o, "bytes", p->bytes);
    json_out_object_end(o);
}

static void put_policies(struct json_out *o, const struct policy_set *s)
{
    json_out_array(o, "policies");
    for (size_t i = 0; i < s->count; i++)
        put_policy(o, &s->list[i]);
    json_out_array_end(o);
}

static void put_restored(struct json_out *o, const struct restored *r)
{
    json_out_object(o, "restored");
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        json_out_count(o, restored_name((enum restored_what)i), r->count[i]);
    json_out_object_end(o);
}

static void put_problems(struct json_out *o, const struct problem_list *l)
{
    json_out_array(o, "problems");
    for (size_t i = 0; i < l->count; i++) {
        json_out_object(o, NULL);
        json_out_text(o, "code", l->list[i].code);
        json_out_text(o, "text", l->list[i].text);
        json_out_object_end(o);
    }
    json_out_array_end(o);
}

void status_head(struct json_out *o, const struct status_source *s, struct tstamp now)
{
    json_out_text(o, "version", HAWSER_VERSION);
    json_out_text(o, "interface", s->interface);
    json_out_count(o, "uptime_s", (uint64_t)(tstamp_sub(now, s->started) / NS_PER_S));
    json_out_count(o, "cpu", s->cpu);
    json_out_count(o, "mtu", s->mtu_bytes != 0 ? s->mtu_bytes : core_mtu(s->core));
    put_problems(o, s->problems);
}

void status_tail(struct json_out *o, const struct status_source *s, struct tstamp now)
{
    struct dataplane_stats plane;
    dataplane_stats(s->plane, &plane);
    put_links(o, s);
    put_policies(o, s->policies);
    put_offloads(o, &plane);
    put_device(o, &plane);
    put_restored(o, s->restored);
    put_strangers(o, s->core, now);
    put_tunnel_drops(o, s, &plane);
}

void status_peer(struct json_out *o, const struct status_source *s, struct tstamp now, size_t peer)
{
    struct core_peer_status p;
    struct why why;
    core_peer_status(s->core, now, peer, &p);
    silence_why(s->silence, s->core, s->links, now, peer, &why);
    json_out_object(o, NULL);
    put_peer(o, s, &p, &why);
    put_accepted(o, s->core, peer);
    json_out_object_end(o);
}

void status_peer_brief(struct json_out *o, const struct status_source *s, struct tstamp now,
                       size_t peer)
{
    struct core_peer_status p;
    struct why why;
    core_peer_status(s->core, now, peer, &p);
    silence_why(s->silence, s->core, s->links, now, peer, &why);
    json_out_object(o, NULL);
    json_out_text(o, "name", p.name);
    put_state(o, &p, &why);
    put_handshake_age(o, &p);
    put_traffic(o, &p);
    put_paths_brief(o, &p);
    json_out_object_end(o);
}
