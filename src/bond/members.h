/* SPDX-License-Identifier: ISC */
/*
 * The paths of a bond together: which of those on standby are needed, that one which is out of use
 * is better than none, and where the packets of a path that fails go.
 */
#ifndef HAWSER_BOND_MEMBERS_H
#define HAWSER_BOND_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/state.h"
#include "bond/types.h"

/* The path of that id, made ready if this is its first use. */
struct path *members_make(struct bond *b, struct tstamp now, uint8_t id);
static inline struct path *members_get(struct bond *b, struct tstamp now, uint8_t id)
{
    struct path *p = &b->sender.paths.at[id];
    return p->ready ? p : members_make(b, now, id);
}

bool members_any_open(const struct bond *b);

/* As their names in bond.h say. */
void members_open(struct bond *b, struct tstamp now, uint8_t path,
                  const struct bond_path_config *config);
void members_close(struct bond *b, struct tstamp now, uint8_t path);
void members_suspect(struct bond *b, struct tstamp now, uint8_t path);
void members_retry(struct bond *b, struct tstamp now, uint8_t path);

/* An acknowledgement came; and after those of one datagram, what they mean for the paths. */
void members_ack(struct bond *b, struct tstamp now, uint8_t arrived_on, const struct wire_ack *ack);
void members_settle(struct bond *b, struct tstamp now);

void members_tick(struct bond *b, struct tstamp now);

#endif
