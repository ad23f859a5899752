/* SPDX-License-Identifier: ISC */
#include "engine/policy.h"

#include <errno.h>
#include <string.h>

#include "base/be.h"

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, IPV6_FRAGMENT = 44, FRAGMENT_HEADER = 8 };

int policy_set_begin(struct policy_set *s, size_t expected)
{
    policy_set_clear(s);
    s->expected = expected;
    return expected <= CONFIG_POLICIES_MAX ? 0 : -EINVAL;
}

int policy_set_add(struct policy_set *s, const struct msg_policy *m)
{
    /* Only read: filter_copy() takes what the message holds. */
    const struct filter told = { .steps = (struct filter_step *)(uintptr_t)m->steps,
                                 .count = m->step_count };
    if (s->count >= s->expected || !filter_is_valid(&told))
        return -EBADMSG;
    struct policy *p = &s->list[s->count];
    *p = (struct policy){ .dscps = m->dscps, .action = m->action };
    memcpy(p->name, m->name, sizeof p->name);
    int err = filter_copy(&p->filter, &told);
    if (err == 0)
        s->count++;
    return err;
}

bool policy_set_complete(const struct policy_set *s)
{
    return s->count == s->expected;
}

static const struct policy *find(const struct policy_set *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].name, name) == 0)
            return &s->list[i];
    return NULL;
}

/* Half of the numbers are in use at most by each set, so there is always one that is free. */
_Static_assert(2 * (int)CONFIG_POLICIES_MAX <= (int)CORE_POLICIES_MAX, "two sets fit");

void policy_set_follow(struct policy_set *s, const struct policy_set *before)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < before->count; i++)
        taken |= UINT64_C(1) << before->list[i].number;
    for (size_t i = 0; i < s->count; i++) {
        struct policy *p = &s->list[i];
        const struct policy *old = find(before, p->name);
        if (old != NULL) {
            p->number = old->number;
            p->packets = old->packets;
            p->bytes = old->bytes;
            continue;
        }
        for (p->number = 1; (taken >> p->number & 1) != 0;)
            p->number++;
        taken |= UINT64_C(1) << p->number;
    }
}

void policy_set_actions(const struct policy_set *s, struct core_policy out[CORE_POLICIES_MAX])
{
    memset(out, 0, CORE_POLICIES_MAX * sizeof out[0]);
    for (size_t i = 0; i < s->count; i++)
        out[s->list[i].number - 1] = s->list[i].action;
}

void policy_set_clear(struct policy_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        filter_free(&s->list[i].filter);
    memset(s, 0, sizeof *s);
}

/* What matters of a packet's header. */
struct header {
    uint8_t dscp;
    uint64_t fragment_key; /* 0: it is whole */
    bool is_later;         /* not the first fragment */
};

/* FNV-1a, of Fowler, Noll and Vo. */
static uint64_t mix(uint64_t h, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void read_ipv4(const uint8_t *d, struct header *out)
{
    enum { MORE = 0x2000, OFFSET = 0x1fff };
    uint16_t fragment = be16_get(d + 6);
    out->dscp = d[1] >> 2;
    if ((fragment & (MORE | OFFSET)) == 0)
        return;
    uint64_t h = mix(UINT64_C(0xcbf29ce484222325), d + 12, 8);
    out->fragment_key = mix(mix(h, d + 9, 1), d + 4, 2) | 1;
    out->is_later = (fragment & OFFSET) != 0;
}

/* A fragment header that stands first, as everyone but routers of mobile hosts writes it. */
static void read_ipv6(const uint8_t *d, size_t len, struct header *out)
{
    enum { OFFSET = 0xfff8 };
    const uint8_t *f = d + IPV6_HEADER;
    out->dscp = (uint8_t)((d[0] & 15) << 2 | d[1] >> 6);
    if (d[6] != IPV6_FRAGMENT || len < IPV6_HEADER + FRAGMENT_HEADER)
        return;
    uint64_t h = mix(UINT64_C(0xcbf29ce484222325), d + 8, 32);
    out->fragment_key = mix(h, f + 4, 4) | 1;
    out->is_later = (be16_get(f + 2) & OFFSET) != 0;
}

static bool read_header(const struct pkt *p, struct header *out)
{
    *out = (struct header){ 0 };
    if (p->len_bytes >= IPV4_HEADER && p->data[0] >> 4 == 4)
        read_ipv4(p->data, out);
    else if (p->len_bytes >= IPV6_HEADER && p->data[0] >> 4 == 6)
        read_ipv6(p->data, p->len_bytes, out);
    else
        return false;
    return true;
}

static uint8_t first_match(const struct policy_set *s, const struct pkt *p, const struct header *h)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct policy *a = &s->list[i];
        if ((a->dscps == 0 || (a->dscps >> h->dscp & 1) != 0) &&
            filter_matches(&a->filter, p->data, p->len_bytes))
            return a->number;
    }
    return 0;
}

static void count(struct policy_set *s, const struct pkt *p)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->list[i].number == p->policy) {
            s->list[i].packets += p->seg_count;
            s->list[i].bytes += p->len_bytes;
        }
    }
}

void policy_set_match(struct policy_set *s, struct pkt *p)
{
    struct header h;
    if (!read_header(p, &h))
        return;
    struct policy_fragment *f = &s->fragments[h.fragment_key >> 32 & (POLICY_FRAGMENTS - 1)];
    if (h.is_later && f->key == h.fragment_key) {
        p->policy = f->policy;
    } else {
        p->policy = first_match(s, p, &h);
        if (h.fragment_key != 0 && !h.is_later)
            *f = (struct policy_fragment){ .key = h.fragment_key, .policy = p->policy };
    }
    if (p->policy != 0)
        count(s, p);
}
