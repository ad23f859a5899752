/* SPDX-License-Identifier: ISC */
/*
 * The status of a tunnel for people. Members that are missing or null are shown as "-", and no text
 * of the daemon's reaches the terminal with control characters in it: names come from peers.
 */
#ifndef HAWSER_CLI_RENDER_H
#define HAWSER_CLI_RENDER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/table.h"

enum { RENDER_TEXT_BYTES = TABLE_CELL_BYTES };

/* The whole status, as hawser status shows it. */
void render_status(const json_t *status, FILE *to);
/* The answer to CONTROL_SUMMARY, with a line for each peer. */
void render_lines(const json_t *status, FILE *to);
/* Of it what is the tunnel's own. */
void render_tunnel(const json_t *status, FILE *to);
void render_policies(const json_t *status, FILE *to);

/* "12.5 Mbit/s", "1.2 GiB", "1 hour, 3 minutes", "25.1 ms", "0.1 %"; each returns out. */
const char *render_rate(double rate_bps, char out[RENDER_TEXT_BYTES]);
const char *render_bytes(double bytes, char out[RENDER_TEXT_BYTES]);
const char *render_age(double age_s, char out[RENDER_TEXT_BYTES]);
const char *render_ms(double ms, char out[RENDER_TEXT_BYTES]);
const char *render_share(double share, char out[RENDER_TEXT_BYTES]);

/* The string member, printable and shortened; "-" if there is none. */
const char *render_string(const json_t *object, const char *member, char out[RENDER_TEXT_BYTES]);

/* The number member, or NAN. */
double render_number(const json_t *object, const char *member);

/* What limits a path now, in a few words. */
const char *render_why(const json_t *path, char out[RENDER_TEXT_BYTES]);

#endif
