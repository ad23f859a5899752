/* SPDX-License-Identifier: ISC */
/*
 * Programs of hawserd's own, as hawserd --resolve: executed anew, so that nothing of the guard's
 * memory, with its keys, is in theirs. Each has three descriptors to nowhere, and one end of a
 * SOCK_SEQPACKET pair.
 */
#ifndef HAWSER_IPC_HELPER_H
#define HAWSER_IPC_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

enum { HELPER_CHANNEL_FD = 3 }; /* in the started program */

/* option: as "--resolve". *fd is our end. 0 or negative errno. */
int helper_start(const char *option, int *fd, pid_t *pid);

/*
 * In the program: it ends with the guard from now on. False: the guard has ended already. A change
 * of user takes it back.
 */
bool helper_follow_parent(void);

/* In the program: whether the guard is still there. */
bool helper_has_parent(void);

#endif
