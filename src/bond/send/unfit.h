/* SPDX-License-Identifier: ISC */
/*
 * Which paths do more harm than good beside the others. What such a path carries is missing at the
 * receiver longer than a repair takes, so that every flow waits for it, and inner TCP closes its
 * window: the flow then loses the other paths' rate, too. It is taken out of use, and carries
 * nothing but the probes of its trials (trial.h), unless there is no other path, for all packets or
 * for those of a policy.
 */
#ifndef HAWSER_BOND_SEND_UNFIT_H
#define HAWSER_BOND_SEND_UNFIT_H

#include "base/tstamp.h"
#include "bond/send/path_set.h"
#include "bond/send/policies.h"

/* Takes such a path out of use, and returns it; NULL: there is none. */
struct path *unfit_next(const struct path_set *paths, struct tstamp now,
                        const struct policies *policies);

#endif
