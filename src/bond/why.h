/* SPDX-License-Identifier: ISC */
/*
 * Why a path is used as it is, and what limits a bond: the numbers of wire.h with their fixed names
 * for programs and their sentences for people. The one home of these words.
 */
#ifndef HAWSER_BOND_WHY_H
#define HAWSER_BOND_WHY_H

#include <stdint.h>

#include "bond/types.h"
#include "wire/wire.h"

/* "link-full"; NULL for a number that is not known. */
const char *bond_why_name(uint8_t why);
const char *bond_limit_name(uint8_t limit);

/* value: what the sentence counts, as bond_path_stats.why_value tells; negative: it is not known,
 * and not said. Returns out, which is empty for a number that is not known. */
const char *bond_why_sentence(uint8_t why, double value, char out[BOND_WHY_BYTES]);

/* What limits this bond, or with theirs the peer's as it told, with no rates. */
const char *bond_limit_sentence(uint8_t limit, char out[BOND_WHY_BYTES]);
const char *bond_limit_sentence_theirs(uint8_t limit, char out[BOND_WHY_BYTES]);

#endif
