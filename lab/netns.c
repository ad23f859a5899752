/* SPDX-License-Identifier: ISC */
#include "lab/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

int netns_enter(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "/run/netns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

int netns_current(void)
{
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int netns_return(int fd)
{
    int result = setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

/* In the child, before exec. */
static void child_setup(const char *netns, int input, int output, bool errors_too)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);

    int error = netns != NULL ? netns_enter(netns) : 0;
    if (error < 0) {
        log_error("namespace %s: %s", netns, strerror(-error));
        _exit(127);
    }
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    if (output >= 0)
        dup2(output, STDOUT_FILENO);
    if (output >= 0 && errors_too)
        dup2(output, STDERR_FILENO);
}

static void child_exec(const char *const argv[])
{
    /* execvp() does not change the strings; its prototype is older than const. */
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    log_error("cannot run %s: %s", argv[0], strerror(errno));
    _exit(127);
}

pid_t run_start(const char *netns, const char *const argv[], int output)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid > 0 ? pid : -errno;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    setpgid(0, 0); /* a terminal's Ctrl-C is for the parent, which then stops its children */
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    child_setup(netns, null_fd, output, true);
    child_exec(argv);
    return -ENOEXEC;
}

pid_t run_detached(const char *const argv[], int output, const char *log)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid > 0 ? pid : -errno;

    setsid();
    child_setup(NULL, open("/dev/null", O_RDONLY | O_CLOEXEC), output, false);
    int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_fd >= 0)
        dup2(log_fd, STDERR_FILENO);
    child_exec(argv);
    return -ENOEXEC;
}

static void write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* the program ended early; its exit status tells */
        text += n;
        left -= (size_t)n;
    }
}

static size_t read_all(int fd, char *output, size_t size)
{
    size_t len = 0;
    char spill[512];
    for (;;) {
        bool full = len + 1 >= size;
        ssize_t n = read(fd, full ? spill : output + len, full ? sizeof(spill) : size - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += full ? 0 : (size_t)n;
    }
    output[len] = '\0';
    return len;
}

static int wait_status(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int run_capture(const char *netns, const char *const argv[], const char *input, char *output,
                size_t size)
{
    int in[2] = { -1, -1 };
    int out[2] = { -1, -1 };
    if (pipe2(in, O_CLOEXEC) < 0)
        return -1;
    if (output != NULL && pipe2(out, O_CLOEXEC) < 0) {
        close(in[0]);
        close(in[1]);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        child_setup(netns, in[0], out[1], false);
        child_exec(argv);
    }
    close(in[0]);
    if (out[1] >= 0)
        close(out[1]);
    if (pid > 0 && input != NULL)
        write_all(in[1], input);
    close(in[1]);
    if (out[0] >= 0) {
        size_t len = read_all(out[0], output, size);
        if (len > 0 && output[len - 1] == '\n')
            output[len - 1] = '\0';
        close(out[0]);
    }
    return pid > 0 ? wait_status(pid) : -1;
}

int run_wait(const char *netns, const char *const argv[], const char *input)
{
    return run_capture(netns, argv, input, NULL, 0);
}

void run_stop(pid_t pid, int timeout_ms)
{
    const struct timespec pause = { .tv_nsec = 5000000 };
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += 5) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        nanosleep(&pause, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

bool run_own_directory(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    if (len <= 0)
        return false;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}
