/* SPDX-License-Identifier: ISC */
#include "bond/send/largest.h"

int largest_find(const struct largest *h, uint32_t hash)
{
    for (int i = 0; i < LARGEST_FLOWS; i++)
        if (h->hashes[i] == hash)
            return hash != 0 ? i : -1;
    return -1;
}

/* A place for the flow, its own or a free one; negative: there is none. */
static int enter(struct largest *h, struct tstamp now, uint32_t hash)
{
    for (int i = 0; i < LARGEST_FLOWS; i++) {
        struct largest_flow *f = &h->flows[i];
        int64_t silent_ns = f->kept ? LARGEST_SILENT_KEPT_NS : LARGEST_SILENT_NS;
        if (h->hashes[i] != 0 && tstamp_sub(now, f->last) < silent_ns)
            continue;
        h->hashes[i] = hash;
        *f = (struct largest_flow){ .since = now };
        return i;
    }
    return -1;
}

static void mark(struct largest_flow *f, struct tstamp now, uint32_t start)
{
    struct largest_mark m = { start, now };
    uint32_t last = f->mark_count - 1;
    if (f->mark_count == 0 || tstamp_sub(now, f->marks[last % LARGEST_MARKS].at) >= LARGEST_MARK_NS)
        f->marks[f->mark_count++ % LARGEST_MARKS] = m;
}

bool largest_count(struct largest *h, struct tstamp now, const struct largest_packet *p)
{
    int i = largest_find(h, p->hash);
    if (i < 0 && p->recent_bytes >= LARGEST_BYTES && p->hash != 0)
        i = enter(h, now, p->hash);
    if (i < 0)
        return false;
    struct largest_flow *f = &h->flows[i];
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

struct tstamp largest_sent_at(const struct largest_flow *f, uint32_t tcp_ack)
{
    uint32_t count = f->mark_count < LARGEST_MARKS ? f->mark_count : LARGEST_MARKS;
    for (uint32_t n = 1; n <= count; n++) {
        const struct largest_mark *m = &f->marks[(f->mark_count - n) % LARGEST_MARKS];
        if ((int32_t)(tcp_ack - m->start) > 0)
            return m->at;
    }
    return TSTAMP_NEVER;
}
