/* SPDX-License-Identifier: ISC */
/* What the parts of peers-bench share. */
#ifndef HAWSER_BENCH_PEERS_H
#define HAWSER_BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "session/core.h"

/* As core_config.random. */
void bench_random(void *arg, void *out, size_t len_bytes);

/* Of this process. */
double bench_resident_kb(void);

/*
 * So many peers come one after the other, each with two links, and are idle then: how much memory
 * each holds of the server's. False: one did not come.
 */
bool bench_awake(size_t count, double *kb);

#endif
