/* SPDX-License-Identifier: ISC */
#include "bond/send/heavy.h"

int heavy_find(const struct heavy *h, uint32_t hash)
{
    for (int i = 0; i < HEAVY_FLOWS; i++)
        if (h->hashes[i] == hash)
            return hash != 0 ? i : -1;
    return -1;
}

/* A place for the flow, its own or a free one; negative: there is none. */
static int enter(struct heavy *h, struct tstamp now, uint32_t hash)
{
    for (int i = 0; i < HEAVY_FLOWS; i++) {
        struct heavy_flow *f = &h->flows[i];
        int64_t silent_ns = f->kept ? LARGEST_SILENT_KEPT_NS : LARGEST_SILENT_NS;
        if (h->hashes[i] != 0 && tstamp_sub(now, f->last) < silent_ns)
            continue;
        h->hashes[i] = hash;
        *f = (struct heavy_flow){ .since = now };
        return i;
    }
    return -1;
}

static void mark(struct heavy_flow *f, struct tstamp now, uint32_t start)
{
    struct heavy_mark m = { start, now };
    uint32_t last = f->mark_count - 1;
    if (f->mark_count == 0 || tstamp_sub(now, f->marks[last % HEAVY_MARKS].at) >= LARGEST_MARK_NS)
        f->marks[f->mark_count++ % HEAVY_MARKS] = m;
}

bool heavy_count(struct heavy *h, struct tstamp now, const struct heavy_packet *p)
{
    int i = heavy_find(h, p->hash);
    if (i < 0 && p->recent_bytes >= LARGEST_BYTES && p->hash != 0)
        i = enter(h, now, p->hash);
    if (i < 0)
        return false;
    struct heavy_flow *f = &h->flows[i];
    /* What is sent again is no sign of when its acknowledgement is due. */
    bool first = f->bytes == 0;
    if (first || (int32_t)(p->tcp_end - f->tcp_end) > 0) {
        mark(f, now, first ? p->tcp_end - p->bytes : f->tcp_end);
        f->tcp_end = p->tcp_end;
    } else {
        f->repeated_at = now;
    }
    if (!first && tstamp_sub(now, f->last) > LARGEST_PAUSE_NS &&
        tstamp_sub(now, f->repeated_at) > LARGEST_REPEATED_NS)
        f->paused_at = now;
    f->bytes += p->bytes;
    f->last = now;
    return f->kept;
}

struct tstamp heavy_sent_at(const struct heavy_flow *f, uint32_t tcp_ack)
{
    uint32_t count = f->mark_count < HEAVY_MARKS ? f->mark_count : HEAVY_MARKS;
    for (uint32_t n = 1; n <= count; n++) {
        const struct heavy_mark *m = &f->marks[(f->mark_count - n) % HEAVY_MARKS];
        if ((int32_t)(tcp_ack - m->start) > 0)
            return m->at;
    }
    return TSTAMP_NEVER;
}
