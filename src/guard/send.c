/* SPDX-License-Identifier: ISC */
#include "guard/send.h"

#include <errno.h>
#include <signal.h>

#include "base/log.h"

bool guard_send(struct guard *g, const struct msg *m, const int *fds, size_t fd_count)
{
    if (g->engine.pid == 0)
        return false;
    int err = channel_send(g->engine.watch.fd, m, fds, fd_count);
    if (err == 0)
        return true;
    if (err == -EINVAL) {
        log_error("message %d to the engine does not fit", (int)m->type);
        return false;
    }
    if (err == -EAGAIN)
        log_error("the engine does not listen any more and is ended");
    kill(g->engine.pid, SIGKILL); /* its end is noticed, and it is started anew */
    return false;
}
