/* SPDX-License-Identifier: ISC */
#include "sim/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/wire.h"

static const char *const side_names[SIDES] = { "client", "server" };

void check_init(struct check *c, struct events *events, uint64_t seed)
{
    *c = (struct check){ .events = events, .seed = seed, .digest = UINT64_C(0xcbf29ce484222325) };
}

void check_free(struct check *c)
{
    for (int side = 0; side < SIDES; side++)
        free(c->ids[side].len_bytes);
    for (size_t i = 0; i < c->space_count; i++)
        free(c->spaces[i].used);
    *c = (struct check){ 0 };
}

void check_fail(struct check *c, const char *format, ...)
{
    if (c->failed)
        return;
    c->failed = true;
    int used =
        snprintf(c->message, sizeof(c->message), "seed %llu, %.6f s: ", (unsigned long long)c->seed,
                 (double)tstamp_sub(c->events->now, c->events->start) / 1e9);
    va_list args;
    va_start(args, format);
    vsnprintf(c->message + used, sizeof(c->message) - (size_t)used, format, args);
    va_end(args);
    events_stop(c->events);
}

/* FNV-1a (Fowler, Noll, Vo) over 64-bit words, with the time. */
void check_digest(struct check *c, uint64_t value)
{
    const uint64_t prime = UINT64_C(0x100000001b3);
    c->digest = (c->digest ^ value) * prime;
    c->digest = (c->digest ^ (uint64_t)c->events->now.ns) * prime;
    c->digest ^= c->digest >> 32;
}

void check_inner_sent(struct check *c, enum side from, uint32_t id, uint32_t len_bytes)
{
    struct check_ids *ids = &c->ids[from];
    if (id >= ids->count) {
        size_t count = ids->count < 4096 ? 4096 : ids->count;
        while (count <= id)
            count *= 2;
        ids->len_bytes = sim_grow(ids->len_bytes, ids->count, count, sizeof(*ids->len_bytes));
        ids->count = count;
    }
    ids->len_bytes[id] = len_bytes;
}

void check_inner_delivered(struct check *c, enum side from, uint32_t id, uint32_t len_bytes)
{
    struct check_ids *ids = &c->ids[from];
    if (id >= ids->count || ids->len_bytes[id] == 0) {
        check_fail(c, "packet %u of the %s delivered twice or never sent", id, side_names[from]);
        return;
    }
    if (ids->len_bytes[id] != len_bytes) {
        check_fail(c, "packet %u of the %s: %u bytes sent, %u delivered", id, side_names[from],
                   ids->len_bytes[id], len_bytes);
        return;
    }
    ids->len_bytes[id] = 0;
    check_digest(c, (uint64_t)from << 32 | id);
}

static bool space_is(const struct check_space *s, enum side side, const struct wire_header *h)
{
    return s->side == side && s->receiver == h->receiver && s->path == h->path;
}

/* NULL: the table is full. */
static struct check_space *space_of(struct check *c, enum side side, const struct wire_header *h)
{
    if (c->last_space < c->space_count && space_is(&c->spaces[c->last_space], side, h))
        return &c->spaces[c->last_space];
    for (size_t i = 0; i < c->space_count; i++) {
        if (space_is(&c->spaces[i], side, h)) {
            c->last_space = i;
            return &c->spaces[i];
        }
    }
    if (c->space_count == CHECK_SPACES_MAX)
        return NULL;
    c->last_space = c->space_count++;
    struct check_space *s = &c->spaces[c->last_space];
    *s = (struct check_space){ .side = side, .receiver = h->receiver, .path = h->path };
    return s;
}

void check_datagram(struct check *c, enum side from, const uint8_t *data, size_t len_bytes)
{
    check_digest(c, (uint64_t)from << 63 | len_bytes);
    struct wire_header h;
    if (!wire_get_header(data, len_bytes, &h))
        return;
    struct check_space *s = space_of(c, from, &h);
    if (s == NULL) {
        check_fail(c, "more than %d pairs of session and path", CHECK_SPACES_MAX);
        return;
    }
    size_t word = h.pn / 64;
    uint64_t bit = UINT64_C(1) << (h.pn % 64);
    if (word >= s->words) {
        size_t words = word + 1 + s->words + 64;
        s->used = sim_grow(s->used, s->words, words, sizeof(*s->used));
        s->words = words;
    }
    if (s->used[word] & bit)
        check_fail(c, "the %s used number %u of path %u, session %08x twice", side_names[from],
                   h.pn, h.path, h.receiver);
    s->used[word] |= bit;
    check_digest(c, (uint64_t)h.path << 32 | h.pn);
}
