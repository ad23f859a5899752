/* SPDX-License-Identifier: ISC */
#include "session/lives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "session/event.h"
#include "session/peer.h"
#include "session/send.h"
#include "session/state.h"

void lives_init(struct lives *l)
{
    *l = (struct lives){ .same_key_at = TSTAMP_NEVER };
}

/* How many places there are. */
static size_t places(const struct peer *p)
{
    return p->called.lives.list != NULL ? LIVES_PLACES : 0;
}

int lives_make(struct peer *p)
{
    if (p->called.lives.list == NULL)
        p->called.lives.list = calloc(LIVES_PLACES, sizeof *p->called.lives.list);
    return p->called.lives.list != NULL ? 0 : -ENOMEM;
}

void lives_free(struct peer *p)
{
    for (size_t i = 0; i < places(p); i++)
        peer_drop_keys(p, &p->called.lives.list[i].refused);
    free(p->called.lives.list);
    p->called.lives.list = NULL;
}

struct life *lives_find(struct peer *p, const uint8_t epoch[WIRE_EPOCH_BYTES])
{
    for (size_t i = 0; i < places(p); i++) {
        struct life *l = &p->called.lives.list[i];
        if (l->number != 0 && memcmp(l->epoch, epoch, sizeof l->epoch) == 0)
            return l;
    }
    return NULL;
}

static bool has_session(const struct peer *p, const struct life *l)
{
    return p->association.is_there &&
           memcmp(p->association.remote_epoch, l->epoch, sizeof l->epoch) == 0;
}

/* Which of two lives is forgotten first. */
static bool matters_less(const struct life *l, const struct life *than)
{
    if (l->confirmed != than->confirmed)
        return !l->confirmed;
    return tstamp_before(l->called_at, than->called_at);
}

/* A free place, or that of the life that called longest ago; who has the session stays. */
static struct life *make_room(struct peer *p)
{
    struct life *least = NULL;
    for (size_t i = 0; i < LIVES_PLACES; i++) {
        struct life *l = &p->called.lives.list[i];
        if (l->number == 0)
            return l;
        if (!has_session(p, l) && (least == NULL || matters_less(l, least)))
            least = l;
    }
    peer_drop_keys(p, &least->refused);
    *least = (struct life){ 0 };
    return least;
}

static struct life *begin(struct peer *p, const uint8_t epoch[WIRE_EPOCH_BYTES])
{
    struct life *l = make_room(p);
    *l = (struct life){ .number = ++p->called.lives.count };
    memcpy(l->epoch, epoch, sizeof l->epoch);
    return l;
}

/* It was no recording. One place stays for those of which that is not known. */
static void confirm(struct peer *p, struct life *life)
{
    size_t confirmed = 0;
    life->confirmed = true;
    for (size_t i = 0; i < LIVES_PLACES; i++)
        confirmed += p->called.lives.list[i].number != 0 && p->called.lives.list[i].confirmed;
    if (confirmed == LIVES_PLACES)
        make_room(p);
}

struct life *lives_called(struct peer *p, struct tstamp now, const struct wire_hello *hello)
{
    struct life *l = lives_find(p, hello->epoch);
    if (l == NULL)
        l = begin(p, hello->epoch);
    memcpy(l->timestamp, hello->timestamp, sizeof l->timestamp);
    l->called_at = now;
    return l;
}

/* On every path: which of them works is what nobody knows now. */
static void ask(struct peer *p, struct tstamp now)
{
    const struct wire_frame_value ping = { .type = WIRE_PING };
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        if (p->paths[id].opened)
            send_frames(p, now, id, &p->paths[id].address.route, &ping, 1, 0);
}

bool lives_may_have(struct peer *p, struct tstamp now, const struct life *life)
{
    const struct life *holder =
        p->association.is_there ? lives_find(p, p->association.remote_epoch) : NULL;
    if (holder == NULL || holder->number <= life->number || !peer_can_send(p, now))
        return true;
    bool silent = !tstamp_is_never(p->clocks.asked_at) &&
                  tstamp_sub(now, p->clocks.asked_at) >= LIVES_SILENCE_NS;
    /* Standby paths are quiet for minutes. */
    if (!silent && tstamp_sub(now, p->clocks.heard_at) >= LIVES_ASK_NS)
        ask(p, now);
    return silent;
}

void lives_refuse(struct peer *p, struct tstamp now, struct life *life, const struct netaddr *from)
{
    struct lives *l = &p->called.lives;
    life->told = 0;
    if (++life->refusals < LIVES_REFUSALS)
        return;
    bool news =
        tstamp_is_never(l->same_key_at) || tstamp_sub(now, l->same_key_at) >= LIVES_QUIET_NS;
    l->same_key_at = now;
    l->same_key_from = *from;
    if (news)
        event_same_key(p);
}

void lives_adopt(struct peer *p, const uint8_t epoch[WIRE_EPOCH_BYTES])
{
    struct life *l = lives_find(p, epoch);
    if (l == NULL)
        l = begin(p, epoch); /* we called, not it */
    peer_drop_keys(p, &l->refused);
    l->refusals = 0;
    confirm(p, l);
}

struct life *lives_of_index(struct peer *p, uint32_t index)
{
    for (size_t i = 0; i < places(p); i++) {
        struct life *l = &p->called.lives.list[i];
        if (l->refused != NULL && l->refused->local == index)
            return l;
    }
    return NULL;
}

/* Says who has the session, to where the datagram came from; it is not much longer than that. */
static void tell(struct peer *p, struct life *life, const struct core_datagram *d, uint8_t path)
{
    struct outbox_item *item = outbox_room(&p->core->outbox, NULL);
    uint8_t plain[32];
    struct writer w = writer_of(plain, sizeof plain);
    const struct wire_frame_value close =
        send_replaced_frame(life->refused->remote_features, &p->last_route.to);
    if (item == NULL) {
        core_drop_one(p->core, CORE_DROP_SEND);
        return;
    }
    wire_put_frame(&w, &close);
    const struct aead_span span = { .data = plain, .len_bytes = writer_len(&w) };
    item->len_bytes = keys_seal(life->refused, path, life->told++, &span, 1, item->data);
    if (item->len_bytes == 0) {
        core_drop_one(p->core, CORE_DROP_SEND);
        return;
    }
    item->route = (struct route){ .socket = d->socket, .to = d->from, .from = d->to };
    outbox_push(&p->core->outbox);
}

void lives_answer(struct peer *p, struct tstamp now, struct life *life,
                  const struct core_datagram *d, const struct wire_header *h)
{
    struct core *c = p->core;
    if (keys_too_old(life->refused, now, c->settings.rekey_after_ns) ||
        life->told == LIVES_TOLD_MAX) {
        core_drop_one(c, CORE_DROP_UNKNOWN_INDEX);
        return;
    }
    struct pkt *pkt = pkt_new(c->pool, d->len_bytes);
    if (pkt == NULL) {
        core_drop_one(c, CORE_DROP_NO_BUFFER);
        return;
    }
    /* What it says is of no interest; that it comes from who called is. */
    bool authentic = keys_open(life->refused, h->path, wire_expand_pn(h->pn, 0), d->data,
                               d->len_bytes, pkt->data);
    if (authentic) {
        tell(p, life, d, h->path);
        confirm(p, life);
    } else {
        core_drop_one(c, CORE_DROP_AUTH);
    }
    pkt_put(pkt);
}

bool lives_contested(const struct peer *p, struct tstamp now)
{
    return !tstamp_is_never(p->called.lives.same_key_at) &&
           tstamp_sub(now, p->called.lives.same_key_at) < LIVES_SAME_KEY_NS;
}

void lives_tick(struct peer *p, struct tstamp now)
{
    for (size_t i = 0; i < places(p); i++) {
        struct life *l = &p->called.lives.list[i];
        if (l->refused == NULL)
            continue;
        struct tstamp ends = tstamp_add(l->refused->born, KEYS_TENTATIVE_NS);
        if (tstamp_reached(ends, now))
            peer_drop_keys(p, &l->refused);
        else
            peer_wake(p, ends);
    }
}
