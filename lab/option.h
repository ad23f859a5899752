/* SPDX-License-Identifier: ISC */
/*
 * Numbers on the command lines of the lab's programs. What is wrong is logged in one line that
 * names the option, what stands there and what may.
 */
#ifndef HAWSER_LAB_OPTION_H
#define HAWSER_LAB_OPTION_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal, or hexadecimal after 0x. */
bool option_count(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out);
/* With a fraction if need be. */
bool option_number(const char *name, const char *text, double min, double max, double *out);

#endif
