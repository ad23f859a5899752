/* SPDX-License-Identifier: ISC */
/* What CoDel and the spacing of acknowledgements have to know of the paths, and how much may stand
 * in the network before each of them. */
#ifndef HAWSER_BOND_SEND_AQM_H
#define HAWSER_BOND_SEND_AQM_H

#include "base/tstamp.h"
#include "bond/send/flowq.h"
#include "bond/send/path_set.h"
#include "bond/send/shape.h"

/* Sets how much may be in flight, by how steady the paths' rates are. */
void aqm_set_spare(const struct path_set *paths);
/* Adapts the queues to the paths. */
void aqm_adapt(struct flowq *q, struct tstamp now, const struct path_set *paths,
               const struct shape *shape);

#endif
