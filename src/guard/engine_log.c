/* SPDX-License-Identifier: ISC */
/*
 * The engine's lines for the log: it reads packets of others, so what it writes comes to the
 * guard, which makes it plain and passes it on. A log that is full or stopped holds no traffic.
 */
#include "guard/engine_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/plain.h"

enum { LINES_PER_TURN = 64, WRITING_BYTES = 4096 };

/* Each line by one write, as log.c does. */
static void pass_on(char *text)
{
    char line[WRITING_BYTES + 2];
    char *rest = text;
    char *next;
    while ((next = strsep(&rest, "\n")) != NULL) {
        int len = snprintf(line, sizeof line, "%s\n", plain_text(next));
        if (*next != '\0' && write(STDERR_FILENO, line, (size_t)len) < 0)
            return; /* nowhere to complain to */
    }
}

/* False: no more now. */
static bool take(int fd)
{
    char text[WRITING_BYTES + 1];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = '?';
    text[n] = '\0';
    pass_on(text);
    return true;
}

static void ready(void *arg, struct tstamp now, unsigned events)
{
    struct guard *g = arg;
    char end;
    (void)now;
    (void)events;
    for (unsigned i = 0; i < LINES_PER_TURN && take(g->engine.log.fd); i++) {
    }
    if (recv(g->engine.log.fd, &end, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
        loop_remove(&g->loop, &g->engine.log); /* nothing more will come: the engine has ended */
}

int guard_log_open(struct guard *g, int *engine_end)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return -errno;
    g->engine.log = (struct loop_watch){ .fd = pair[0], .ready = ready, .arg = g };
    int err = loop_add(&g->loop, &g->engine.log, LOOP_READ);
    if (err < 0) {
        close(pair[0]);
        close(pair[1]);
        g->engine.log.fd = -1;
        return err;
    }
    *engine_end = pair[1];
    return 0;
}

void guard_log_close(struct guard *g)
{
    if (g->engine.log.fd < 0)
        return;
    while (take(g->engine.log.fd)) {
    }
    loop_remove(&g->loop, &g->engine.log);
    close(g->engine.log.fd);
    g->engine.log.fd = -1;
}
