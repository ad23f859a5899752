/* SPDX-License-Identifier: ISC */
#include "ipc/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void child(const char *option, int fd)
{
    const char *const argv[] = { "hawserd", option, NULL };
    static char *const environment[] = { NULL };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < HELPER_CHANNEL_FD; i++)
        if (nowhere < 0 || dup2(nowhere, i) < 0)
            _exit(1);
    if (fd == HELPER_CHANNEL_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, HELPER_CHANNEL_FD) < 0)
        _exit(1);
    closefrom(HELPER_CHANNEL_FD + 1);
    execve("/proc/self/exe", (char *const *)(uintptr_t)argv, environment);
    _exit(1);
}

int helper_start(const char *option, int *fd, pid_t *pid)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    *pid = fork();
    if (*pid == 0)
        child(option, pair[1]);
    int err = *pid < 0 ? -errno : 0;
    close(pair[1]);
    if (err < 0)
        close(pair[0]);
    else
        *fd = pair[0];
    return err;
}

bool helper_has_parent(void)
{
    struct pollfd p = { .fd = HELPER_CHANNEL_FD };
    return poll(&p, 1, 0) >= 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

bool helper_follow_parent(void)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && helper_has_parent();
}
