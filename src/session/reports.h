/* SPDX-License-Identifier: ISC */
/*
 * What each side found about the paths that it sends on, told to the other: only that side knows
 * what limits it. Once a second, and only while the other asks for it, which it does while somebody
 * looks at its status.
 *
 * Guarantee: a peer cannot make us send more than a report a second, nor for longer than
 * REPORTS_ASKED_MOST_S after it asked last; nothing of this is acknowledged or repeated.
 */
#ifndef HAWSER_SESSION_REPORTS_H
#define HAWSER_SESSION_REPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "wire/wire.h"

struct bond_stats;
struct peer;

enum {
    REPORTS_ASK_S = 8, /* for so long reports are asked for */
    REPORTS_ASKED_MOST_S = 30,
};

#define REPORTS_BUSY_CPU 90 /* percent: the program itself is the limit */
#define REPORTS_EVERY_NS NS_PER_S
#define REPORTS_LOOK_NS (5 * NS_PER_S) /* after a look at the status it is asked for more */
#define REPORTS_ASK_NS (4 * NS_PER_S)  /* between two questions; sooner while none is answered: */
#define REPORTS_ASK_AGAIN_NS NS_PER_S
#define REPORTS_OLD_NS (4 * NS_PER_S) /* a report of before says nothing about now */

/* Somebody looks; true: and the peer is asked for the first time in a while. */
bool reports_look(struct peer *p, struct tstamp now);
/* The peer can be asked. */
bool reports_due(const struct peer *p);
void reports_asked(struct peer *p, struct tstamp now, uint8_t seconds);
void reports_told(struct peer *p, struct tstamp now, const struct wire_report *report);
void reports_tick(struct peer *p, struct tstamp now);

/* What limits the bond, with what is known of rates and of the program. */
void reports_limit(const struct peer *p, struct tstamp now, struct bond_stats *s);

/* The newest report, if it is of now; NULL: there is none. */
const struct wire_report *reports_latest(const struct peer *p, struct tstamp now);

#endif
