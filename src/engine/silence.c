/* SPDX-License-Identifier: ISC */
#include "engine/silence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

int silence_reserve(struct silence *s, size_t count)
{
    enum { LEAST = 4 };
    size_t wide = s->count > 0 ? s->count : LEAST;
    while (wide < count)
        wide *= 2;
    if (wide == s->count)
        return 0;
    struct silence_peer *list = realloc(s->list, wide * sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    memset(list + s->count, 0, (wide - s->count) * sizeof *list);
    s->list = list;
    s->count = wide;
    return 0;
}

void silence_remove(struct silence *s, size_t peer, size_t last)
{
    s->list[peer] = s->list[last];
    s->list[last] = (struct silence_peer){ 0 };
}

void silence_clear(struct silence *s)
{
    free(s->list);
    s->list = NULL;
    s->count = 0;
}

void silence_lookup(struct silence *s, size_t peer, const char *text)
{
    if (peer < s->count)
        snprintf(s->list[peer].lookup, sizeof s->list[peer].lookup, "%s", text);
}

static void append(struct why *w, const char *before, const char *name, const char *text)
{
    size_t at = strlen(w->text);
    snprintf(w->text + at, sizeof w->text - at, "%s%s%s", before, name, text);
}

/* "no link can be used: dsl: interface eth1 has no carrier; lte: ..." */
static void add_links(struct why *w, const struct msg_link *links)
{
    bool first = true;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        if (links[i].link.name[0] == '\0' || links[i].why[0] == '\0')
            continue;
        append(w, first ? ": " : "; ", links[i].link.name, ": ");
        append(w, links[i].why, "", "");
        first = false;
    }
}

void silence_why(const struct silence *s, const struct core *c, const struct msg_link *links,
                 struct tstamp now, size_t peer, struct why *out)
{
    const char *lookup = peer < s->count ? s->list[peer].lookup : "";
    core_peer_why(c, now, peer, out);
    if (out->code == WHY_NO_LINK) {
        add_links(out, links);
    } else if (out->code == WHY_NO_ADDRESS && lookup[0] != '\0') {
        out->code = WHY_NAME_NOT_FOUND;
        snprintf(out->text, sizeof out->text, "%s", lookup);
    } else if (lookup[0] != '\0' && (out->code == WHY_NO_ANSWER || out->code == WHY_UDP_BLOCKED ||
                                     out->code == WHY_UNREACHABLE || out->code == WHY_REFUSED)) {
        append(out, "; and its address may be old: ", lookup, "");
    }
}

/* Whether the log has not heard of it already: the guard says what it cannot look up, which links
 * are down, and that another machine has the key. */
static bool is_news(enum why_code code)
{
    switch (code) {
    case WHY_NO_LINK:
    case WHY_NO_ROUTE:
    case WHY_FORBIDDEN:
    case WHY_UNREACHABLE:
    case WHY_REFUSED:
    case WHY_NO_ANSWER:
    case WHY_UDP_BLOCKED:
    case WHY_BUSY:
    case WHY_PRESHARED_KEY:
    case WHY_HALF_OPEN:
    case WHY_CLOCK:
    case WHY_VERSION:
    case WHY_CIPHER:
        return true;
    case WHY_NONE:
    case WHY_WAITING:
    case WHY_CONNECTING:
    case WHY_NO_ADDRESS:
    case WHY_NAME_NOT_FOUND:
    case WHY_ONE_WAY:
    case WHY_KEY_ELSEWHERE:
    case WHY_COUNT:
        break;
    }
    return false;
}

static void look_at(struct silence_peer *p, struct tstamp now, const struct why *why,
                    const char *name)
{
    if (why->code != p->seen) {
        p->seen = why->code;
        p->seen_since = now;
    }
    if (why->code == WHY_NONE)
        p->told = WHY_NONE;
    bool sure = tstamp_sub(now, p->seen_since) >= SILENCE_SURE_NS;
    p->lines.interval_ns = SILENCE_LINE_NS;
    p->lines.burst = SILENCE_LINES;
    if (!is_news(why->code) || why->code == p->told || !sure || !bucket_take(&p->lines, now))
        return;
    log_warn("peer %s is not up: %s", name, why->text);
    p->told = why->code;
}

/* There is nothing to say of a peer that is up, or that has to call and does not. */
static bool is_settled(enum why_code code)
{
    return code == WHY_NONE || code == WHY_WAITING;
}

struct tstamp silence_tick(struct silence *s, struct tstamp now, struct core *c,
                           const struct msg_link *links)
{
    struct why why;
    bool waits = false;
    if (tstamp_before(now, s->not_before))
        return s->next;
    s->not_before = tstamp_add(now, NS_PER_S);
    for (int i = core_next_silent(c, -1), next; i >= 0; i = next) {
        size_t peer = (size_t)i;
        next = core_next_silent(c, i);
        silence_why(s, c, links, now, peer, &why);
        look_at(&s->list[peer], now, &why, core_peer_name(c, peer));
        waits |= core_peer_initiates(c, peer) && why.code != WHY_NONE;
        if (is_settled(why.code))
            core_not_silent(c, peer);
    }
    s->next = waits ? s->not_before : TSTAMP_NEVER;
    return s->next;
}
