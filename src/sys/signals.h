/* SPDX-License-Identifier: ISC */
/* What a process does with signals when it begins. */
#ifndef HAWSER_SYS_SIGNALS_H
#define HAWSER_SYS_SIGNALS_H

/*
 * Every signal has its default effect and none is blocked, whatever the starter of this process
 * left: with SIGCHLD ignored the end of a child is never told, and a blocked SIGTERM stops nothing.
 */
void signals_reset(void);

#endif
