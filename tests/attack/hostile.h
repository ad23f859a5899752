/* SPDX-License-Identifier: ISC */
/*
 * A peer that holds a genuine key and says what it likes: datagrams of any frames, sealed with the
 * keys of a core's session, on any path. It uses the core's insides, which only tests may.
 */
#ifndef HAWSER_TESTS_ATTACK_HOSTILE_H
#define HAWSER_TESTS_ATTACK_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/tstamp.h"
#include "wire/wire.h"

struct core;

enum {
    HOSTILE_PLAIN_MAX = 1400,
    HOSTILE_BYTES = WIRE_HEADER_BYTES + HOSTILE_PLAIN_MAX + WIRE_TAG_BYTES
};

/* A datagram in the making. */
struct hostile {
    struct core *core; /* borrowed */
    struct tstamp now;
    struct writer w;
    uint8_t plain[HOSTILE_PLAIN_MAX];
    uint8_t sealed[HOSTILE_BYTES];
};

void hostile_begin(struct hostile *h, struct core *core, struct tstamp now);
/* Fills it with frames of that kind, as many as fit; n tells datagrams apart. */
void hostile_challenges(struct hostile *h, uint32_t n);
/* Statuses of so many paths that turn each on and off; the last one of each path says use. */
void hostile_statuses(struct hostile *h, unsigned paths, uint8_t use);
/* The same acknowledgement, of so many paths, again and again. */
void hostile_acks(struct hostile *h, unsigned paths);
/* Packet frames of a byte each, with a step in the lane's sequence between two. */
void hostile_packets(struct hostile *h, uint16_t lane, uint32_t *sequence, uint32_t step,
                     uint8_t flags);
/* A lone data frame of so many bytes of nothing. */
void hostile_data(struct hostile *h, uint16_t lane, uint32_t sequence, uint8_t flags,
                  uint32_t bytes);
/* Some frame. */
void hostile_frame(struct hostile *h, const struct wire_frame_value *f);

/* Seals it for the core's first peer, in h->sealed, with the next number of the path; skip: numbers
 * left out before it. Its length; 0: there is no session. */
size_t hostile_seal(struct hostile *h, uint8_t path, uint32_t skip);

#endif
