/* SPDX-License-Identifier: ISC */
/* How this machine looks names up, by nsswitch.conf(5), as far as c-ares knows of it. */
#ifndef HAWSER_GUARD_LOOKUP_LOOKUP_ORDER_H
#define HAWSER_GUARD_LOOKUP_LOOKUP_ORDER_H

#include <stdbool.h>

/* Name servers are asked. */
bool lookup_order_asks(void);

/* hosts(5) comes first and knows the name, so nobody is asked for it. */
bool lookup_order_in_hosts(const char *name);

#endif
