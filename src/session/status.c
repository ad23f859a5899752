/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "bond/why.h"
#include "session/core.h"
#include "session/links.h"
#include "session/lives.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/reports.h"
#include "session/state.h"
#include "session/why.h"

const char *core_drop_name(enum core_drop reason)
{
    switch (reason) {
    case CORE_DROP_MALFORMED:
        return "malformed";
    case CORE_DROP_UNKNOWN_INDEX:
        return "unknown-index";
    case CORE_DROP_AUTH:
        return "not-authentic";
    case CORE_DROP_REPLAY:
        return "replay";
    case CORE_DROP_HANDSHAKE:
        return "handshake";
    case CORE_DROP_HANDSHAKE_REPLAY:
        return "handshake-replay";
    case CORE_DROP_UNKNOWN_KEY:
        return "unknown-key";
    case CORE_DROP_MAC1:
        return "mac1";
    case CORE_DROP_NO_ROUTE:
        return "no-route";
    case CORE_DROP_SOURCE:
        return "source-not-allowed";
    case CORE_DROP_NO_SESSION:
        return "no-session";
    case CORE_DROP_NO_BUFFER:
        return "no-buffer";
    case CORE_DROP_SEND:
        return "send-refused";
    case CORE_DROP_CALLS:
        return "calls-too-often";
    case CORE_DROP_COOKIE:
        return "cookie-asked";
    case CORE_DROP_RATE_LIMIT:
        return "over-rate-limit";
    case CORE_DROP_COUNT:
        break;
    }
    return "unknown";
}

size_t core_peer_count(const struct core *c)
{
    return c->peers.count;
}

uint64_t core_peers_version(const struct core *c)
{
    return c->peers.version;
}

void core_drops(const struct core *c, uint64_t out[CORE_DROP_COUNT])
{
    memcpy(out, c->drops, sizeof c->drops);
}

void core_peer_why(const struct core *c, struct tstamp now, size_t peer, struct why *out)
{
    why_peer(c->peers.list[peer], now, out);
}

size_t core_strangers(const struct core *c, struct tstamp now,
                      struct core_stranger out[CORE_STRANGERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < CORE_STRANGERS_MAX; i++) {
        if (c->strangers.list[i].calls == 0)
            continue;
        out[count] = c->strangers.list[i];
        out[count++].age_ns = tstamp_sub(now, c->strangers.called_at[i]);
    }
    return count;
}

uint32_t core_mtu(const struct core *c)
{
    return c->mtu.bytes;
}

static bool is_link(const struct peer *p, uint8_t id)
{
    return p->calling.initiates && !p->calling.yielded && p->core->links[id].name[0] != '\0';
}

static void path_status(const struct peer *p, struct tstamp now, uint8_t id,
                        struct core_path_status *out)
{
    const struct validation *v = &p->paths[id].address;
    const struct route *r = v->open ? &v->route : &v->candidate;
    const struct wire_report *far = reports_latest(p, now);
    *out = (struct core_path_status){ .path = id,
                                      .validated = v->open,
                                      .ours = is_link(p, id),
                                      .use = links_use(p, id),
                                      .remote = r->to };
    for (unsigned i = 0; far != NULL && i < far->count; i++) {
        if (far->paths[i].path == id) {
            out->far_known = true;
            out->far = far->paths[i];
        }
    }
    links_name(p, id, out->link);
    out->local = r->from;
    uint16_t socket = v->open || v->searching ? r->socket : id;
    if (socket < WIRE_PATHS_MAX) {
        const struct core_link *link = &p->core->links[socket];
        out->local = r->to.family == 6 ? link->local_ipv6 : link->local_ipv4;
    }
    bond_path_stats(p->bond, now, id, &out->bond);
    if (is_link(p, id) && p->core->links[id].use == WIRE_PATH_DOWN &&
        out->bond.state == BOND_PATH_CLOSED) {
        out->bond.state = BOND_PATH_STANDBY; /* as one that was open before */
        out->bond.why_code = WIRE_WHY_SWITCHED_OFF;
        bond_why_sentence(WIRE_WHY_SWITCHED_OFF, -1, out->bond.why);
    }
}

/* A link of ours is shown even when there is no path over it. */
static bool path_shown(const struct peer *p, uint8_t id)
{
    const struct validation *v = &p->paths[id].address;
    return v->open || v->searching || is_link(p, id);
}

void core_peer_status(const struct core *c, struct tstamp now, size_t peer,
                      struct core_peer_status *out)
{
    const struct peer *p = c->peers.list[peer];
    *out = (struct core_peer_status){
        .up = p->up,
        .endpoint = p->last_route.to,
        .handshake_age_ns =
            p->association.handshakes > 0 ? tstamp_sub(now, p->association.adopted_at) : -1,
        .handshakes = p->association.handshakes,
        .tx_bytes = p->counters.tx_bytes,
        .rx_bytes = p->counters.rx_bytes,
        .tx_packets = p->counters.tx_packets,
        .rx_packets = p->counters.rx_packets,
        .mtu_bytes = p->mtu.routed_bytes,
        .cipher = p->association.current != NULL ? p->association.current->cipher : 0,
    };
    if (peer_is_displaced(p, now)) {
        out->displaced = true;
        out->displaced_by = p->called.displaced_by;
    }
    if (lives_contested(p, now)) {
        out->contested = true;
        out->contested_by = p->called.lives.same_key_from;
    }
    memcpy(out->name, p->name, sizeof out->name);
    memcpy(out->public_key, p->public_key, sizeof out->public_key);
    why_peer(p, now, &out->why);
    if (p->bond != NULL) {
        bond_stats(p->bond, now, &out->bond);
        reports_limit(p, now, &out->bond);
    }
    const struct wire_report *far = reports_latest(p, now);
    out->tells = (p->association.remote_features & WIRE_FEATURE_REPORTS) != 0;
    out->far_known = far != NULL;
    if (far != NULL)
        out->far = *far;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        if (path_shown(p, id))
            path_status(p, now, id, &out->paths[out->path_count++]);
}
