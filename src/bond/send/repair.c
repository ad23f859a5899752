/* SPDX-License-Identifier: ISC */
#include "bond/send/repair.h"

#include "bond/send/allowance.h"
#include "bond/send/budget.h"
#include "bond/send/choose.h"
#include "bond/send/place.h"
#include "bond/send/room.h"
#include "bond/tuning.h"

void repair_take(struct sender *snd, const struct path *p, struct segment *s)
{
    bool needless = s->once || s->again || (s->copied && p->life.state != BOND_PATH_UP);
    if (needless || s->tries >= REPAIR_TRIES || !ring_push(&snd->repairs, s, 0)) {
        if (!s->once) /* a copy is counted by its original */
            snd->drops[needless ? BOND_DROP_FORGOTTEN : BOND_DROP_REPEAT_LATE] +=
                segment_packets(s);
        pkt_put(s->pkt);
    }
}

/* Repeats make a queue in the network, small where calls would have to stand in it. */
static bool may_repeat(const struct sender *snd, struct tstamp now, const struct path *p)
{
    return allowance_lets(snd, p, now, BUDGET_REPEAT) &&
           (!policies_urgent(snd->policies, now) || budget_allows(p, now, BUDGET_CARE));
}

/*
 * The paths whose datagrams hold it, as a bit mask. All where none does: it was made for another
 * path, and what these carry may not be known yet.
 */
static uint32_t paths_that_hold(const struct sender *snd, const struct segment *s)
{
    uint32_t payload_bytes = path_segment_payload(s);
    uint32_t fit = ANY_PATH;
    bool any = false;
    for_each_path (&snd->paths, p) {
        if (!path_usable(p))
            continue;
        if (payload_bytes > p->config.datagram_bytes)
            fit &= ~(1U << p->id);
        else
            any = true;
    }
    return any ? fit : ANY_PATH;
}

void repair_pump(struct sender *snd, struct tstamp now)
{
    unsigned put_off = 0;
    for (const struct segment *head; (head = ring_head(&snd->repairs)) != NULL;) {
        if (snd->memory->wanted) {
            room_grow(snd);
            continue;
        }
        uint8_t left_on = (uint8_t)(head->left_on - 1);
        if (head->left_on > 0 && flight_came(&snd->paths.at[left_on].flight, head, left_on)) {
            pkt_put(head->pkt);
            ring_pop(&snd->repairs, &(struct segment){ 0 }, 0);
            continue;
        }
        uint32_t paths = place_paths(snd, now, head->pkt) & paths_that_hold(snd, head);
        struct path *p = choose_express(snd, now, head->bytes, paths);
        bool late = paths == 0 || tstamp_sub(now, head->first_sent) > HOLD_MOST_NS;
        struct segment s;
        if (!late && (p == NULL || !may_repeat(snd, now, p))) {
            /* One that waits for a certain path does not hold up the others. */
            if (paths == ANY_PATH || put_off++ == REPAIR_PUT_OFF)
                return;
            ring_pop(&snd->repairs, &s, 0);
            ring_push(&snd->repairs, &s, 0);
            continue;
        }
        ring_pop(&snd->repairs, &s, 0);
        if (s.tries > 0)
            s.flags |= WIRE_DATA_REPEAT;
        if (late || !ring_push(&p->pacer.express, &s, path_segment_bytes(p, &s))) {
            snd->drops[BOND_DROP_REPEAT_LATE] += segment_packets(&s);
            pkt_put(s.pkt);
        }
    }
}

void repair_expire(struct sender *snd, struct tstamp now)
{
    for (const struct segment *head; (head = ring_head(&snd->repairs)) != NULL;) {
        struct segment s;
        if (tstamp_sub(now, head->first_sent) <= NO_PATH_NS)
            return;
        ring_pop(&snd->repairs, &s, 0);
        snd->drops[BOND_DROP_NO_PATH]++;
        pkt_put(s.pkt);
    }
}

void repair_clear(struct sender *snd)
{
    struct segment s;
    while (ring_pop(&snd->repairs, &s, 0)) {
        snd->drops[BOND_DROP_FORGOTTEN] += segment_packets(&s);
        pkt_put(s.pkt);
    }
}
