/* SPDX-License-Identifier: ISC */
/* On which paths our acknowledgements leave. Guarantee: each that is built leaves once at least. */
#ifndef HAWSER_BOND_ACKS_H
#define HAWSER_BOND_ACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/state.h"
#include "bond/types.h"

/* Whether one is to be built by then. */
bool acks_due(const struct bond *b, struct tstamp by);
/* Builds those that are due, or will be soon; via: the path on which they leave, NULL: the best. */
void acks_start(struct bond *b, struct tstamp now, const struct path *via);
/* Takes those that leave on path c, as far as there is room; returns their bytes. */
uint32_t acks_take(struct bond *b, const struct path *c, uint32_t room, struct bond_out *out);

#endif
