/* SPDX-License-Identifier: ISC */
/*
 * What must hold at every step of a simulation. The first failure is kept with its time and stops
 * the run.
 *
 * - An inner packet is delivered at most once, at the other side, as long as it was sent.
 * - A packet number is used once for each path and session.
 *
 * All outputs also go into a digest, which is equal for equal seeds.
 */
#ifndef HAWSER_SIM_CHECK_H
#define HAWSER_SIM_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/events.h"

enum side { SIDE_CLIENT, SIDE_SERVER, SIDES };

enum { CHECK_MESSAGE_BYTES = 256, CHECK_SPACES_MAX = 1024 };

/* Lengths of the inner packets by their ids; 0: not sent, or delivered. */
struct check_ids {
    uint32_t *len_bytes; /* owned */
    size_t count;
};

/* The packet numbers used by one side on one path of one session, as a bit map. */
struct check_space {
    enum side side;
    uint32_t receiver;
    uint8_t path;
    uint64_t *used; /* owned */
    size_t words;
};

struct check {
    struct events *events; /* not owned */
    uint64_t seed;
    bool failed;
    char message[CHECK_MESSAGE_BYTES];
    uint64_t digest;
    struct check_ids ids[SIDES];
    struct check_space spaces[CHECK_SPACES_MAX];
    size_t space_count;
    size_t last_space;
};

void check_init(struct check *c, struct events *events, uint64_t seed);
void check_free(struct check *c);

void check_fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

void check_inner_sent(struct check *c, enum side from, uint32_t id, uint32_t len_bytes);
void check_inner_delivered(struct check *c, enum side from, uint32_t id, uint32_t len_bytes);

/* A datagram that leaves. */
void check_datagram(struct check *c, enum side from, const uint8_t *data, size_t len_bytes);

void check_digest(struct check *c, uint64_t value);

#endif
