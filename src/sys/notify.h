/* SPDX-License-Identifier: ISC */
/* Telling the service manager our state (sd_notify(3)), without its library. */
#ifndef HAWSER_SYS_NOTIFY_H
#define HAWSER_SYS_NOTIFY_H

/* "READY=1" and the like; without a service manager nothing is done. 0 or negative errno. */
int notify_send(const char *state);

/* "RELOADING=1" with the time it needs beside it. */
int notify_reloading(void);

#endif
