/* SPDX-License-Identifier: ISC */
/* The frames of a datagram that came in and is authentic. */
#ifndef HAWSER_SESSION_FRAMES_H
#define HAWSER_SESSION_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "session/route.h"

struct peer;

/*
 * The plaintext of an authentic datagram that is not data. eliciting: holds anything but
 * acknowledgements, padding and CLOSE. False: malformed.
 */
bool frames_scan(const uint8_t *plain, size_t len_bytes, bool *eliciting);
/* Its work is bounded: one answer to all challenges of a datagram, one acknowledgement and one
 * status of each path. */
void frames_rx(struct peer *p, struct tstamp now, uint8_t path, const struct route *from,
               const uint8_t *plain, size_t len_bytes);

#endif
