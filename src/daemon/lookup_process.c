/* SPDX-License-Identifier: ISC */
#include "daemon/lookup_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWERS_MAX = 4096 };

/* The program has three descriptors to nowhere and the channel, and is told nothing else. */
static void child(int fd)
{
    static char *const argv[] = { "hawserd", "--resolve", NULL };
    static char *const environment[] = { NULL };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < LOOKUP_CHANNEL_FD; i++)
        if (nowhere < 0 || dup2(nowhere, i) < 0)
            _exit(1);
    if (fd == LOOKUP_CHANNEL_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, LOOKUP_CHANNEL_FD) < 0)
        _exit(1);
    closefrom(LOOKUP_CHANNEL_FD + 1);
    execve("/proc/self/exe", argv, environment);
    _exit(1);
}

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

/* Nothing is believed but what was asked. */
static bool fits(const struct lookup_process *p, const struct lookup_answer *a)
{
    bool way = a->way == LOOKUP_SYSTEM ? p->system : a->way < p->way_count;
    return way && (a->type == LOOKUP_UNBOUND || a->name < p->name_count);
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
                lookup_decode_answer(&a, data, (size_t)n) && fits(p, &a);
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
    int pair[2];
    lookup_process_stop(p);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    int err = send_request(pair[0], q);
    pid_t pid = err == 0 ? fork() : -1;
    if (pid == 0)
        child(pair[1]);
    if (err == 0 && pid < 0)
        err = -errno;
    close(pair[1]);
    p->watch = (struct loop_watch){ .fd = pair[0], .ready = said, .arg = p };
    if (err == 0)
        err = loop_add(p->loop, &p->watch, LOOP_READ);
    if (err < 0) {
        close(pair[0]);
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return err;
    }
    p->pid = pid;
    p->name_count = q->name_count;
    p->way_count = q->way_count;
    p->system = q->system;
    p->answers_left = ANSWERS_MAX;
    return 0;
}
