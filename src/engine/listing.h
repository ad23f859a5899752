/* SPDX-License-Identifier: ISC */
/*
 * The answer to somebody who wants the status, made in steps that are short, so that packets go in
 * between: it is noted who is there, peers are asked what they find, where nobody looked of late,
 * and waited for a moment; then each is told of as it is then.
 *
 * Guarantee: however the set of peers changes meanwhile, each that was there when it was noted and
 * still is when its turn comes is told once, in that order; no other is.
 */
#ifndef HAWSER_ENGINE_LISTING_H
#define HAWSER_ENGINE_LISTING_H

#include "base/tstamp.h"
#include "engine/control.h"
#include "engine/status.h"
#include "ipc/control_proto.h"

enum {
    LISTING_WAIT_MS = 300, /* for what peers find, at most */
    LISTING_FEW = 16,      /* peers; of more, one is always far away: */
    LISTING_WAIT_MANY_MS = 50,
    LISTING_ASKS = 32, /* peers that are asked in a turn: a datagram each */
};

struct listing;

/* NULL: no memory. */
struct listing *listing_new(const struct control_request *request);
/* As control_handler.go_on(); without memory out is failed. */
enum control_step listing_go_on(struct listing *l, const struct status_source *s, struct tstamp now,
                                struct tstamp *again, struct json_out *out);
void listing_free(struct listing *l);

#endif
