/* SPDX-License-Identifier: ISC */
/*
 * Traffic that a household makes, and more of it than the links carry: named mixes, and mixes drawn
 * by a seed. Beside any of them the same must hold, which mix_holds() judges:
 *
 * - The links' queues drop less than 1 % of the frames.
 * - Pings of others take at most 10 ms more at the median and 40 ms at the 99th percentile; three
 *   packet times more where a link carries less than 2 Mbit/s.
 * - What the flows ask for arrives, up to .9 of what the links carry in bytes.
 * - Each flow gets its fair share of what arrives, as far as it asks for it: Jain's index is .9.
 *
 * Not judged: the start of a run, which is a second, five of the longest round trips (one of 600 ms
 * needs two seconds to be known), or what the first windows of all TCPs take, if that is more;
 * links that change, reorder or police (they are not drawn; bench/sim-bond and
 * tests/sim/test_changing.c have bounds for one kind each, for here the links' queues drop what was
 * sent before their rate fell), and processor time. What TCP leaves unused where a round trip is
 * above 400 ms is not asked for.
 *
 * A ping that asks for more than a fair share is not one of those: in a drawn mix it is slower, or
 * it is left out. A share of few packets is not judged.
 */
#ifndef HAWSER_SIM_MIX_H
#define HAWSER_SIM_MIX_H

#include "sim/simulator.h"

enum { MIX_TEXT_BYTES = 256 };

struct mix {
    const char *name;
    const char *about;
    const char *links; /* for linkspecs_parse() */
    enum sim_direction direction;
    unsigned flows; /* of TCP (cubic) */
    struct datagrams_config datagrams;
    struct sim_pages pages;
    bool call;
};

extern const struct mix mixes[];
extern const size_t mix_count;

/* NULL: no mix of that name. */
const struct mix *mix_find(const char *name);

/* Into config; the links are the caller's to parse. */
void mix_apply(const struct mix *mix, struct sim_config *config);

/*
 * With the links in place: a ping that takes no more than a part of a fair share, or none; and how
 * long the run is, where nobody said.
 */
void mix_fit(struct sim_config *config);

/* A mix of 1 to 3000 flows at half to five times what the links of a known scenario carry. */
bool mix_draw(uint64_t seed, struct mix *mix, char text[static MIX_TEXT_BYTES]);

/* False: text says what does not hold. */
bool mix_holds(const struct sim_config *config, const struct sim_result *result,
               char text[static MIX_TEXT_BYTES]);

#endif
