/* SPDX-License-Identifier: ISC */
#include "engine/policy.h"

#include <errno.h>
#include <string.h>

#include "base/ip.h"

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

static uint8_t first_match(const struct policy_set *s, const struct pkt *p)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct policy *a = &s->list[i];
        if ((a->dscps == 0 || (a->dscps >> ip_dscp(p) & 1) != 0) &&
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

/* A later fragment goes with the first one, if that is still remembered. */
static void match_fragment(struct policy_set *s, struct pkt *p)
{
    uint64_t key = ip_fragment_key(p);
    struct policy_fragment *f = &s->fragments[key >> 32 & (POLICY_FRAGMENTS - 1)];
    bool later = ip_is(p, IP_LATER);
    p->policy = later && f->key == key ? f->policy : first_match(s, p);
    if (!later)
        *f = (struct policy_fragment){ .key = key, .policy = p->policy };
}

void policy_set_match(struct policy_set *s, struct pkt *p)
{
    if (p->ip.family == 0)
        return;
    if (ip_is(p, IP_FRAGMENT))
        match_fragment(s, p);
    else
        p->policy = first_match(s, p);
    if (p->policy != 0)
        count(s, p);
}
