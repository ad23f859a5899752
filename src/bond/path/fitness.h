/* SPDX-License-Identifier: ISC */
/*
 * Whether a path that answers is worth using: the one home of what is held against it.
 *
 *     fault      it does more harm than good beside others, and is out of use until a trial is
 *                passed (trial.h): it loses too much, answers too late, or carries next to nothing
 *     trust      it fell again soon after a return: it has to answer for twice as long as before,
 *                from half a second to half a minute; a minute without a fall is forgiven
 *     doubt      a single packet on it may come late or not at all: a copy goes on another one
 */
#ifndef HAWSER_BOND_PATH_FITNESS_H
#define HAWSER_BOND_PATH_FITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/path/rate.h"
#include "bond/path/rtt.h"
#include "bond/path/trial.h"

/* Why a path that answers is not used while others are there. */
enum path_fault { PATH_SOUND, PATH_LOSSY, PATH_LATE, PATH_SLOW };

struct fitness {
    enum path_fault fault;     /* with BOND_PATH_PROBING: why it is tried */
    struct trial trial;        /* with fault */
    struct tstamp unfit_since; /* TSTAMP_NEVER: it is fit */
    int64_t rtt_most_ns; /* answers that take longer are too late; 0: no other path is there */
    int64_t rtt_latest_ns;
    int64_t trust_ns;       /* answers for so long before it is up */
    struct tstamp returned; /* up since then; TSTAMP_NEVER: it never fell */
};

/* What the usable paths beside it have. */
struct fitness_others {
    double loss; /* smallest */
    double rate_bps;
    int64_t srtt_ns; /* smallest; 0: no other path is there */
};

void fitness_init(struct fitness *f);

/* It fell. */
void fitness_distrust(struct fitness *f, struct tstamp now);

/* Its answers are of no use any more: another path repeats sooner. */
static inline bool fitness_is_late(const struct fitness *f)
{
    return f->rtt_most_ns > 0 && f->rtt_latest_ns > f->rtt_most_ns;
}

/* A path in use beside others; packet_ns: of a full packet at its pace. The fault that it has had
 * for long enough, or PATH_SOUND. */
enum path_fault fitness_judge(struct fitness *f, struct tstamp now, const struct rate *rate,
                              const struct rtt *rtt, int64_t packet_ns,
                              const struct fitness_others *others);

/*
 * Whether a packet sent now may come late or not at all: the path loses some, a queue stands in the
 * network, or an answer is overdue. asked: when the first in flight left; TSTAMP_NEVER: none is.
 */
bool fitness_is_doubtful(const struct rate *rate, const struct rtt *rtt, int64_t packet_ns,
                         struct tstamp asked, struct tstamp now);

#endif
