/* SPDX-License-Identifier: ISC */
/* What leaves and when: acknowledgements, probes, express packets, then paced bulk. */
#ifndef HAWSER_BOND_OUT_H
#define HAWSER_BOND_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/state.h"
#include "bond/types.h"

/* The next datagram, for bond_next(). */
bool out_next(struct bond *b, struct tstamp now, struct bond_out *out);

#endif
