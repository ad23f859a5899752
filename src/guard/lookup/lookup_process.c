/* SPDX-License-Identifier: ISC */
#include "guard/lookup/lookup_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/helper.h"

enum { ANSWERS_MAX = 4096 };

void lookup_process_stop(struct lookup_process *p)
{
    if (p->pid == 0)
        return;
    loop_remove(p->loop, &p->watch);
    close(p->watch.fd);
    kill(p->pid, SIGKILL); /* has closed its end: it is ending, or never will */
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
}

static void said(void *arg, struct tstamp now, unsigned events)
{
    struct lookup_process *p = arg;
    uint8_t data[LOOKUP_BYTES_MAX];
    struct lookup_answer a;
    (void)events;
    ssize_t n = recv(p->watch.fd, data, sizeof data, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool good = n > 0 && (size_t)n <= sizeof data && p->answers_left > 0 &&
                lookup_decode_answer(&a, data, (size_t)n) && lookup_process_fits(p, &a);
    if (!good) {
        lookup_process_stop(p);
        return;
    }
    p->answers_left--;
    p->answer(p->arg, now, &a);
}

static int send_request(int fd, const struct lookup_request *q)
{
    uint8_t data[LOOKUP_BYTES_MAX];
    size_t len = lookup_encode_request(q, data);
    if (len == 0)
        return -EINVAL;
    return send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int lookup_process_start(struct lookup_process *p, const struct lookup_request *q)
{
    pid_t pid;
    int fd;
    lookup_process_stop(p);
    int err = helper_start("--resolve", &fd, &pid);
    if (err < 0)
        return err;
    p->watch = (struct loop_watch){ .fd = fd, .ready = said, .arg = p };
    if ((err = send_request(fd, q)) == 0)
        err = loop_add(p->loop, &p->watch, LOOP_READ);
    if (err < 0) {
        close(fd);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return err;
    }
    p->pid = pid;
    p->name_count = q->name_count;
    p->way_count = q->way_count;
    p->system = q->system;
    p->answers_left = ANSWERS_MAX;
    return 0;
}
