/* SPDX-License-Identifier: ISC */
/* Telling the service manager our state (sd_notify(3)), without its library. */
#ifndef HAWSER_SYS_NOTIFY_H
#define HAWSER_SYS_NOTIFY_H

#include <stdint.h>

/* "READY=1" and the like; without a service manager nothing is done. 0 or negative errno. */
int notify_send(const char *state);

/* "RELOADING=1" with the time it needs beside it. */
int notify_reloading(void);

/* How often it wants to hear "WATCHDOG=1" of this process, in microseconds; 0: not at all. */
int64_t notify_watchdog_usec(void);

#endif
