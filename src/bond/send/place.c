/* SPDX-License-Identifier: ISC */
#include "bond/send/place.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/send/choose.h"
#include "bond/tuning.h"

/* The flow's place, or the one that was used longest ago for it. */
static struct pin *find_pin(struct policies *s, const struct pkt *pkt)
{
    struct pin *set =
        &s->pins[pkt->flow_hash % (POLICIES_PINS / POLICIES_PIN_WAYS) * POLICIES_PIN_WAYS];
    struct pin *oldest = set;
    for (struct pin *pin = set; pin < set + POLICIES_PIN_WAYS; pin++) {
        if (pin->policy == pkt->policy && pin->hash == pkt->flow_hash)
            return pin;
        if (pin->policy == 0 || (oldest->policy != 0 && tstamp_before(pin->used, oldest->used)))
            oldest = pin;
    }
    *oldest = (struct pin){ .hash = pkt->flow_hash, .path = WIRE_PATHS_MAX };
    return oldest;
}

/* What a flow more on the path could expect of it, in bits per second. */
static double expected_bps(const struct policies *s, struct tstamp now, const struct path *p)
{
    unsigned flows = 1;
    for (const struct pin *pin = s->pins; pin < s->pins + POLICIES_PINS; pin++)
        flows += pin->policy != 0 && pin->path == p->id && tstamp_sub(now, pin->used) < PIN_BUSY_NS;
    return p->rate.capacity_bps / flows;
}

/* Of the paths that promise a new flow about the most the one on which it arrives first. */
static const struct path *place_single(struct sender *snd, struct tstamp now, uint32_t among)
{
    double expected[WIRE_PATHS_MAX];
    double most = 0;
    for_each_path (&snd->paths, p) {
        bool may = (among >> p->id & 1) != 0;
        expected[p->id] = may ? expected_bps(snd->policies, now, p) : -1;
        most = fmax(most, expected[p->id]);
    }
    for_each_path (&snd->paths, p)
        if (expected[p->id] * PIN_SPREAD < most)
            among &= ~(1U << p->id);
    return choose_first(snd, now, FRAME_BYTES, among);
}

/* The path that the flow keeps, among the usable ones. */
static uint32_t single_path(struct sender *snd, struct tstamp now, const struct pkt *pkt,
                            uint32_t among)
{
    struct pin *pin = find_pin(snd->policies, pkt);
    pin->used = now;
    if (pin->path < WIRE_PATHS_MAX && (among >> pin->path & 1) != 0)
        return 1U << pin->path;
    const struct path *p = place_single(snd, now, among);
    if (p == NULL)
        return 0;
    pin->policy = pkt->policy;
    pin->path = p->id;
    return 1U << p->id;
}

uint32_t place_paths(struct sender *snd, struct tstamp now, const struct pkt *pkt)
{
    const struct bond_policy *a = policies_of(snd->policies, pkt);
    if (a == NULL)
        return ANY_PATH;
    uint32_t paths = snd->policies->paths[pkt->policy - 1];
    return a->mode == BOND_MODE_SINGLE ? single_path(snd, now, pkt, paths) : paths;
}
