/* SPDX-License-Identifier: ISC */
/* Messages with descriptors between guard and engine. */
#ifndef HAWSER_IPC_CHANNEL_H
#define HAWSER_IPC_CHANNEL_H

#include "ipc/msg.h"

enum { CHANNEL_ENGINE_FD = 3 }; /* where a started engine has its end */

/*
 * Sends a message and up to MSG_FDS_MAX descriptors, which stay the caller's. 0 or negative errno:
 * -EAGAIN when the other side does not keep up (it was not sent).
 */
int channel_send(int fd, const struct msg *m, const int *fds, size_t fd_count);

struct channel_input {
    struct msg msg;
    int fds[MSG_FDS_MAX]; /* the caller's from now on */
    size_t fd_count;
};

/*
 * 1: a message; 0: the other side has closed; negative errno: -EAGAIN none waits, -EBADMSG it was
 * malformed (its descriptors are closed).
 */
int channel_receive(int fd, struct channel_input *in);

/* Closes descriptors that a handler has no use for. */
void channel_close_fds(struct channel_input *in);

#endif
