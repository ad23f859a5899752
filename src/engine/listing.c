/* SPDX-License-Identifier: ISC */
#include "engine/listing.h"

#include <stdlib.h>
#include <string.h>

enum {
    NOTED = 512,    /* peers in a step */
    LOOKED_AT = 64, /* the same, where it says nothing about them */
};

enum listing_phase { PHASE_NOTE, PHASE_ASK, PHASE_WAIT, PHASE_HEAD, PHASE_PEERS, PHASE_TAIL };

struct listing {
    enum listing_phase phase;
    bool is_brief;
    char name[CONTROL_PEER_NAME_MAX + 1]; /* empty: all */
    size_t asked;
    struct tstamp wait_until;
    size_t at;           /* the next peer of this phase */
    uint64_t version;    /* of the core's peers, as they are noted */
    uint8_t (*keys)[32]; /* owned; count of them */
    size_t count;
};

struct listing *listing_new(const struct control_request *request)
{
    struct listing *l = malloc(sizeof *l);
    if (l == NULL)
        return NULL;
    *l = (struct listing){ .is_brief = request->command == CONTROL_SUMMARY };
    memcpy(l->name, request->peer, sizeof l->name);
    return l;
}

void listing_free(struct listing *l)
{
    if (l != NULL)
        free(l->keys);
    free(l);
}

/* The number of the peer whose turn it is; negative: nothing is told of it. */
static int find(const struct listing *l, const struct core *c)
{
    int peer = core_find_peer(c, l->keys[l->at]);
    bool is_wanted =
        peer >= 0 && (l->name[0] == '\0' || strcmp(core_peer_name(c, (size_t)peer), l->name) == 0);
    return is_wanted ? peer : -1;
}

static void begin_phase(struct listing *l, enum listing_phase phase)
{
    l->phase = phase;
    l->at = 0;
}

/* Who is there. Where that changes before all are noted it begins anew. False: no memory. */
static bool note(struct listing *l, const struct core *c)
{
    if (l->keys == NULL || l->version != core_peers_version(c)) {
        free(l->keys);
        l->version = core_peers_version(c);
        l->count = core_peer_count(c);
        l->keys = malloc((l->count + 1) * sizeof l->keys[0]);
        l->at = 0;
    }
    if (l->keys == NULL)
        return false;
    for (size_t n = 0; n < NOTED && l->at < l->count; n++, l->at++)
        memcpy(l->keys[l->at], core_peer_key(c, l->at), sizeof l->keys[0]);
    if (l->at == l->count)
        begin_phase(l, l->is_brief ? PHASE_HEAD : PHASE_ASK);
    return true;
}

static enum control_step ask(struct listing *l, struct core *c, struct tstamp now,
                             struct tstamp *again)
{
    size_t asked = 0;
    for (size_t n = 0; n < LOOKED_AT && asked < LISTING_ASKS && l->at < l->count; n++, l->at++) {
        int peer = find(l, c);
        asked += peer >= 0 && core_look(c, now, (size_t)peer);
    }
    l->asked += asked;
    if (l->at == l->count) {
        int64_t ms = l->asked <= LISTING_FEW ? LISTING_WAIT_MS : LISTING_WAIT_MANY_MS;
        l->wait_until = tstamp_add(now, ms * NS_PER_MS);
        begin_phase(l, l->asked > 0 ? PHASE_WAIT : PHASE_HEAD);
    }
    *again = now; /* in the next turn: what they are asked is sent first */
    return asked > 0 ? CONTROL_WAITS : CONTROL_MORE;
}

static enum control_step await(struct listing *l, const struct core *c, struct tstamp now,
                               struct tstamp *again)
{
    for (size_t n = 0; n < LOOKED_AT && l->at < l->count; n++, l->at++) {
        int peer = find(l, c);
        if (peer < 0 || core_seen(c, now, (size_t)peer))
            continue;
        *again = l->wait_until;
        if (!tstamp_reached(l->wait_until, now))
            return CONTROL_WAITS;
        l->at = l->count;
        break;
    }
    if (l->at == l->count)
        begin_phase(l, PHASE_HEAD);
    return CONTROL_MORE;
}

static void begin_answer(struct listing *l, const struct status_source *s, struct tstamp now,
                         struct json_out *out)
{
    json_out_object(out, NULL);
    json_out_bool(out, "ok", true);
    json_out_object(out, "status");
    status_head(out, s, now);
    json_out_array(out, "peers");
    begin_phase(l, PHASE_PEERS);
}

/* One of them at most. */
static void tell_peer(struct listing *l, const struct status_source *s, struct tstamp now,
                      struct json_out *out)
{
    for (size_t n = 0; n < LOOKED_AT && l->at < l->count; n++) {
        int peer = find(l, s->core);
        l->at++;
        if (peer < 0)
            continue;
        if (l->is_brief)
            status_peer_brief(out, s, now, (size_t)peer);
        else
            status_peer(out, s, now, (size_t)peer);
        break;
    }
    if (l->at == l->count)
        begin_phase(l, PHASE_TAIL);
}

enum control_step listing_go_on(struct listing *l, const struct status_source *s, struct tstamp now,
                                struct tstamp *again, struct json_out *out)
{
    switch (l->phase) {
    case PHASE_NOTE:
        out->failed = !note(l, s->core);
        return out->failed ? CONTROL_DONE : CONTROL_MORE;
    case PHASE_ASK:
        return ask(l, s->core, now, again);
    case PHASE_WAIT:
        return await(l, s->core, now, again);
    case PHASE_HEAD:
        begin_answer(l, s, now, out);
        return CONTROL_MORE;
    case PHASE_PEERS:
        tell_peer(l, s, now, out);
        return CONTROL_MORE;
    case PHASE_TAIL:
        json_out_array_end(out);
        status_tail(out, s, now);
        json_out_object_end(out);
        json_out_object_end(out);
        return CONTROL_DONE;
    }
    return CONTROL_DONE;
}
