/* SPDX-License-Identifier: ISC */
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_BYTES = 65536 };

bool program_find(const char *name, char path[PROGRAM_PATH_BYTES])
{
    static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin",
                                           "/usr/local/sbin" };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        int n = snprintf(path, PROGRAM_PATH_BYTES, "%s/%s", folders[i], name);
        if (n < PROGRAM_PATH_BYTES && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* *from: where its output is to be read. */
static int start(const char *const argv[], pid_t *pid, int *from)
{
    static char *const environment[] = { "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL=C", NULL };
    char path[PROGRAM_PATH_BYTES];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int ends[2];
    if (!program_find(argv[0], path))
        return -ENOENT;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int err =
        posix_spawn(pid, path, &actions, &attributes, (char *const *)(uintptr_t)argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (err != 0) {
        close(ends[0]);
        return -err;
    }
    *from = ends[0];
    return 0;
}

struct text {
    char *bytes; /* owned */
    size_t len;
    size_t room;
};

static bool grow(struct text *t, size_t max)
{
    size_t room = t->room == 0 ? FIRST_BYTES : t->room * 2;
    if (room > max + 1)
        room = max + 1;
    char *bytes = realloc(t->bytes, room);
    if (bytes == NULL)
        return false;
    t->bytes = bytes;
    t->room = room;
    return true;
}

/* All that it prints, until it closes its end. */
static int take(int fd, const struct program_limits *limits, struct text *t)
{
    const int64_t until_ms = now_ms() + limits->time_ms;
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left_ms = until_ms - now_ms();
        if (t->len + 1 >= t->room && t->room <= limits->bytes && !grow(t, limits->bytes))
            return -ENOMEM;
        int ready = left_ms > 0 ? poll(&p, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return ready < 0 ? -errno : -ETIMEDOUT;
        char beyond;
        bool full = t->len == limits->bytes;
        ssize_t n = full ? read(fd, &beyond, 1) : read(fd, t->bytes + t->len, t->room - 1 - t->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        if (full)
            return -EFBIG;
        t->len += (size_t)n;
    }
}

int program_output(const char *const argv[], const struct program_limits *limits, char **out,
                   size_t *len_bytes)
{
    struct text t = { 0 };
    int status = 0;
    pid_t pid;
    int fd;
    *out = NULL;
    *len_bytes = 0;
    int err = start(argv, &pid, &fd);
    if (err < 0)
        return err;
    err = take(fd, limits, &t);
    close(fd);
    if (err < 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (err == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        err = -EIO;
    if (err < 0) {
        free(t.bytes);
        return err;
    }
    t.bytes[t.len] = '\0';
    *out = t.bytes;
    *len_bytes = t.len;
    return 0;
}
