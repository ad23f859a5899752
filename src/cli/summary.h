/* SPDX-License-Identifier: ISC */
/*
 * A tunnel with many peers on one screen: how many are up, what they carry, and those that need
 * somebody to look at them, the worst first.
 */
#ifndef HAWSER_CLI_SUMMARY_H
#define HAWSER_CLI_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

enum { SUMMARY_WORST_MAX = 10 };

#define SUMMARY_LOSS 0.02 /* of a link, that is worth a line */

/* In the answer to CONTROL_SUMMARY: "summary" takes the place of "peers". */
void summary_make(json_t *status);
/* The same for people. */
void summary_print(const json_t *status, FILE *to);

#endif
