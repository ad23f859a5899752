/* SPDX-License-Identifier: ISC */
#include "session/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/links.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/state.h"

#define REFUSED_MEMORY_NS (60 * NS_PER_S) /* a peer may call as rarely as it likes */
enum { HALF_OPEN_ANSWERS = 2 };

const char *why_code_name(enum why_code code)
{
    static const char *const names[WHY_COUNT] = {
        [WHY_WAITING] = "waiting",
        [WHY_CONNECTING] = "connecting",
        [WHY_NO_LINK] = "no-link",
        [WHY_NO_ADDRESS] = "no-address",
        [WHY_NAME_NOT_FOUND] = "name-not-found",
        [WHY_NO_ROUTE] = "no-route",
        [WHY_FORBIDDEN] = "forbidden",
        [WHY_UNREACHABLE] = "unreachable",
        [WHY_REFUSED] = "refused",
        [WHY_NO_ANSWER] = "no-answer",
        [WHY_UDP_BLOCKED] = "udp-blocked",
        [WHY_BUSY] = "busy",
        [WHY_PRESHARED_KEY] = "preshared-key",
        [WHY_HALF_OPEN] = "half-open",
        [WHY_ONE_WAY] = "one-way",
        [WHY_CLOCK] = "clock",
        [WHY_VERSION] = "version",
        [WHY_CIPHER] = "cipher",
        [WHY_KEY_ELSEWHERE] = "key-used-elsewhere",
    };
    return names[code];
}

/* What is noted */

void why_called(struct peer *p, struct tstamp now, uint16_t link, const struct netaddr *to)
{
    if (!p->calling.why.calling)
        p->calling.why.since = now;
    p->calling.why.calling = true;
    peers_count_calling(p);
    peers_suspect(p);
    if (p->calling.why.ways == NULL)
        p->calling.why.ways = calloc(WIRE_PATHS_MAX, sizeof *p->calling.why.ways);
    if (p->calling.why.ways == NULL)
        return; /* a call goes out all the same */
    struct why_way *way = &p->calling.why.ways[link][to->family == 6];
    way->called = true;
    way->called_at = now;
}

void why_ended(struct peer *p)
{
    free(p->calling.why.ways);
    p->calling.why.ways = NULL;
    p->calling.why.calling = false;
    p->calling.why.answer = WHY_NONE;
    peers_count_calling(p);
}

static enum why_code code_of_error(int error, bool is_icmp)
{
    if (error == EPERM || (error == EACCES && !is_icmp))
        return WHY_FORBIDDEN;
    if (!is_icmp)
        return WHY_NO_ROUTE;
    return error == ECONNREFUSED ? WHY_REFUSED : WHY_UNREACHABLE;
}

static bool calls_address(const struct peer *p, const struct netaddr *to)
{
    for (size_t i = 0; p->calling.why.calling && i < p->calling.endpoint_count; i++)
        if (netaddr_equal(&p->calling.endpoints[i], to))
            return true;
    return false;
}

void why_failed(struct core *c, struct tstamp now, uint16_t link, const struct netaddr *to,
                int error, bool is_icmp)
{
    if (link >= WIRE_PATHS_MAX)
        return;
    /* Who calls in vain is among these. */
    const struct list *silent = &c->peers.silent;
    for (struct list_item *i = list_first(silent); i != NULL; i = list_after(silent, i)) {
        const struct peer *p = LIST_OF(i, struct peer, places.silent);
        if (p->calling.why.ways == NULL || !calls_address(p, to))
            continue;
        struct why_way *way = &p->calling.why.ways[link][to->family == 6];
        way->failure = code_of_error(error, is_icmp);
        way->failed_at = now;
    }
}

void why_answered(struct peer *p, struct tstamp now, enum why_code code)
{
    p->calling.why.answer = code;
    p->calling.why.answered_at = now;
}

static enum why_code code_of_refusal(uint8_t refusal)
{
    if (refusal == WIRE_REFUSAL_CIPHER)
        return WHY_CIPHER;
    return refusal == WIRE_REFUSAL_TIMESTAMP ? WHY_CLOCK : WHY_VERSION;
}

void why_answer_refused(struct peer *p, struct tstamp now, uint8_t refusal)
{
    why_answered(p, now, code_of_refusal(refusal));
}

void why_refused(struct peer *p, struct tstamp now, uint8_t refusal, const struct netaddr *caller)
{
    p->calling.why.refusal = code_of_refusal(refusal);
    p->calling.why.refused_at = now;
    p->calling.why.caller = *caller;
    peers_suspect(p);
}

void why_replied(struct peer *p, struct tstamp now, const struct netaddr *caller)
{
    p->calling.why.refusal = WHY_NONE;
    p->calling.why.unconfirmed++;
    p->calling.why.unconfirmed_at = now;
    p->calling.why.caller = *caller;
    peers_suspect(p);
}

/* What is told */

static void say(struct why *out, enum why_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct why *out, enum why_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out->text, sizeof out->text, format, args);
    va_end(args);
    out->code = code;
}

static bool recent(struct tstamp at, struct tstamp now, int64_t memory_ns)
{
    return tstamp_sub(now, at) < memory_ns;
}

static bool any_link(const struct core *c)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        const struct core_link *l = &c->links[i];
        if (l->present && l->carrier && l->use != WIRE_PATH_DOWN)
            return true;
    }
    return false;
}

/*
 * What became of the newest calls over a link to one family; WHY_NO_ANSWER: they went out, and that
 * is all. A system lets them out without a route, too, for whoever may hear them on the link
 * itself.
 */
static enum why_code outcome(const struct peer *p, uint8_t link, bool six, struct tstamp now)
{
    const struct core_link *l = &p->core->links[link];
    if (p->calling.why.ways == NULL)
        return WHY_NONE;
    const struct why_way *way = &p->calling.why.ways[link][six];
    if (!way->called || !recent(way->called_at, now, WHY_MEMORY_NS))
        return WHY_NONE;
    if (way->failure != WHY_NONE && recent(way->failed_at, now, WHY_MEMORY_NS))
        return way->failure;
    bool routed = (six ? l->gateway_ipv6 : l->gateway_ipv4).family != 0;
    return routed ? WHY_NO_ANSWER : WHY_NO_ROUTE;
}

/*
 * What the ways have in common. A refusal came from the end of one, so it says most; else a way on
 * which calls leave and vanish does; what is wrong near this side counts only where nothing else is
 * known.
 */
static enum why_code judge(const struct peer *p, struct tstamp now)
{
    static const enum why_code by_weight[] = { WHY_REFUSED, WHY_NO_ANSWER, WHY_UNREACHABLE,
                                               WHY_FORBIDDEN, WHY_NO_ROUTE };
    enum why_code best = WHY_NONE;
    size_t best_at = sizeof by_weight / sizeof by_weight[0];
    for (uint8_t i = 0; i < WIRE_PATHS_MAX * 2; i++) {
        enum why_code found = outcome(p, i / 2, i % 2 != 0, now);
        for (size_t at = 0; found != WHY_NONE && at < best_at; at++) {
            if (by_weight[at] == found) {
                best = found;
                best_at = at;
            }
        }
    }
    return best;
}

/* "dsl, lte": the links on which that came out. */
static void list_links(const struct peer *p, struct tstamp now, enum why_code code, char *out,
                       size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint8_t i = 0; i < WIRE_PATHS_MAX; i++) {
        if (outcome(p, i, false, now) != code && outcome(p, i, true, now) != code)
            continue;
        const char *name = p->core->links[i].name;
        if (at + strlen(name) + 8 > size) {
            snprintf(out + at, size - at, ", ...");
            return;
        }
        at += (size_t)snprintf(out + at, size - at, "%s%s", at > 0 ? ", " : "", name);
    }
}

/* "4297, 443"; returns how many different ports there are. */
static unsigned list_ports(const struct peer *p, char *out, size_t size)
{
    unsigned count = 0;
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < p->calling.endpoint_count; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again |= p->calling.endpoints[j].port == p->calling.endpoints[i].port;
        if (again)
            continue;
        at += (size_t)snprintf(out + at, size - at, "%s%u", count > 0 ? ", " : "",
                               p->calling.endpoints[i].port);
        count++;
    }
    return count;
}

/* Calls that only vanish. */
static void explain_silence(const struct peer *p, struct tstamp now, const char *address,
                            const char *links, struct why *out)
{
    char ports[CORE_ENDPOINTS_MAX * 8];
    double silent_s = (double)tstamp_sub(now, p->calling.why.since) / 1e9;
    if (list_ports(p, ports, sizeof ports) > 1)
        say(out, WHY_UDP_BLOCKED,
            "nothing came back on any port for %.0f s (%s; over %s): UDP blocked?", silent_s, ports,
            links);
    else
        say(out, WHY_NO_ANSWER,
            "nothing came back from %s for %.0f s (over %s): is the server running, its UDP port "
            "open, its public key right here, and ours there?",
            address, silent_s, links);
}

/* A link that has a way to any of the peer's addresses. */
static bool any_way(const struct peer *p)
{
    struct netaddr to;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        const struct core_link *l = &p->core->links[id];
        if (l->present && l->carrier && l->use != WIRE_PATH_DOWN && links_endpoint(p, l, 0, &to))
            return true;
    }
    return false;
}

static void explain_family(const struct peer *p, struct why *out)
{
    const struct netaddr *to = &p->calling.endpoints[p->calling.endpoint];
    char address[NETADDR_STRLEN];
    say(out, WHY_NO_ROUTE, "no link leads to %s: none has IPv%u", netaddr_format(to, address),
        to->family);
}

static void explain_ways(const struct peer *p, struct tstamp now, struct why *out)
{
    char address[NETADDR_STRLEN];
    char links[64];
    enum why_code code = judge(p, now);
    netaddr_format(&p->calling.endpoints[p->calling.endpoint], address);
    list_links(p, now, code, links, sizeof links);
    bool early = recent(p->calling.why.since, now, WHY_CONNECTING_NS);
    if (code == WHY_REFUSED)
        say(out, code,
            "%s refuses (ICMP port unreachable, over %s): is hawserd running there, on this port?",
            address, links);
    else if (code == WHY_UNREACHABLE)
        say(out, code, "%s cannot be reached (ICMP, over %s)", address, links);
    else if (code == WHY_FORBIDDEN)
        say(out, code, "a firewall of this machine forbids UDP to %s (over %s)", address, links);
    else if (code == WHY_NO_ROUTE && !early)
        say(out, code, "no default route leads to %s (over %s), and its answers do not come",
            address, links);
    else if (code == WHY_NO_ANSWER && !early)
        explain_silence(p, now, address, links, out);
    else
        say(out, WHY_CONNECTING, "calling %s", address);
}

static void explain_answer(const struct peer *p, struct why *out)
{
    switch (p->calling.why.answer) {
    case WHY_BUSY:
        say(out, WHY_BUSY, "it only asks to call again: it is flooded with calls");
        break;
    case WHY_PRESHARED_KEY:
        say(out, WHY_PRESHARED_KEY,
            "its answers cannot be opened: is the preshared-key the same on both sides?");
        break;
    case WHY_CLOCK:
        say(out, WHY_CLOCK,
            "it takes our calls for old ones: was this machine's clock set back, or does another "
            "use its key?");
        break;
    case WHY_CIPHER:
        say(out, WHY_CIPHER, "it accepts none of our ciphers: see cipher = on both sides");
        break;
    default:
        say(out, WHY_VERSION, "it speaks another version of the protocol");
        break;
    }
}

/* A peer that is called. */
static void explain_calls(const struct peer *p, struct tstamp now, struct why *out)
{
    const struct why_facts *f = &p->calling.why;
    if (!any_link(p->core))
        say(out, WHY_NO_LINK, "no link can be used");
    else if (p->calling.endpoint_count == 0)
        say(out, WHY_NO_ADDRESS, "none of its addresses is known yet");
    else if (!any_way(p))
        explain_family(p, out);
    else if (f->answer != WHY_NONE && recent(f->answered_at, now, WHY_MEMORY_NS))
        explain_answer(p, out);
    else if (f->calling)
        explain_ways(p, now, out);
    else
        say(out, WHY_CONNECTING,
            peer_can_send(p, now) ? "it answered, and the first path is being validated"
                                  : "about to call it");
}

/* A peer that has to call: true if its calls are known to lack something. */
static bool explain_caller(const struct peer *p, struct tstamp now, struct why *out)
{
    const struct why_facts *f = &p->calling.why;
    char caller[NETADDR_STRLEN];
    netaddr_format(&f->caller, caller);
    bool refused = f->refusal != WHY_NONE && recent(f->refused_at, now, REFUSED_MEMORY_NS);
    bool half_open =
        f->unconfirmed >= HALF_OPEN_ANSWERS && recent(f->unconfirmed_at, now, WHY_MEMORY_NS);
    if (refused && f->refusal == WHY_CLOCK)
        say(out, WHY_CLOCK,
            "its calls from %s are older than those before: was its clock set back, or do two "
            "machines use its key?",
            caller);
    else if (refused && f->refusal == WHY_CIPHER)
        say(out, WHY_CIPHER, "it calls from %s, but accepts none of our ciphers", caller);
    else if (refused)
        say(out, WHY_VERSION, "it calls from %s, but in another version of the protocol", caller);
    else if (half_open)
        say(out, WHY_HALF_OPEN,
            "it calls from %s, but nothing follows our answers: do the preshared keys differ, or "
            "do answers get lost?",
            caller);
    return refused || half_open;
}

/* Its datagrams come, and no path of ours brings an answer. */
static bool one_way(const struct peer *p)
{
    bool any = false;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        if (p->paths[id].opened && bond_path_state(p->bond, id) != BOND_PATH_DOWN)
            return false;
        any |= p->paths[id].opened;
    }
    return any;
}

static void explain_same_key(const struct peer *p, struct why *out)
{
    char text[NETADDR_STRLEN];
    say(out, WHY_KEY_ELSEWHERE,
        "another machine uses this key%s%s, and started later: give each a key of its own",
        p->called.displaced_by.family != 0 ? ": " : "",
        p->called.displaced_by.family != 0 ? netaddr_format(&p->called.displaced_by, text) : "");
}

void why_peer(const struct peer *p, struct tstamp now, struct why *out)
{
    *out = (struct why){ .code = WHY_NONE };
    if (p->up && one_way(p))
        say(out, WHY_ONE_WAY, "it is heard, but nothing that we send arrives: see its links");
    if (p->up)
        return;
    if (peer_is_displaced(p, now)) {
        explain_same_key(p, out);
        return;
    }
    bool known = explain_caller(p, now, out);
    if (p->calling.initiates && !p->calling.yielded && (!known || p->calling.why.calling))
        explain_calls(p, now, out);
    else if (!known && p->association.handshakes == 0)
        say(out, WHY_WAITING, "it has not called yet");
    else if (!known)
        say(out, WHY_WAITING, "silent for %.0f s; it has to call",
            (double)tstamp_sub(now, p->clocks.down_at) / 1e9);
}
