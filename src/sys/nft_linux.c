/* SPDX-License-Identifier: ISC */
#include "sys/nft.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCRIPT_BYTES = 2048, TIMEOUT_MS = 10000 };

/* An interface name in what nft takes as the name of a table: letters, digits and underscores. */
static void table_name(char out[64], const char *interface)
{
    size_t at = (size_t)sprintf(out, "hawser_");
    for (; *interface != '\0' && at < 60; interface++) {
        bool plain = (*interface >= 'a' && *interface <= 'z') ||
                     (*interface >= 'A' && *interface <= 'Z') ||
                     (*interface >= '0' && *interface <= '9');
        if (plain)
            out[at++] = *interface;
        else
            at += (size_t)snprintf(out + at, 64 - at, "_%02x", (unsigned char)*interface);
    }
    out[at] = '\0';
}

/* One end is nft's standard input and error, the other ours. */
static int start(pid_t *pid, int *ours)
{
    static char *const argv[] = { "nft", "-f", "-", NULL };
    static char *const environment[] = { "PATH=/usr/sbin:/sbin:/usr/bin:/bin", NULL };
    static const char *const programs[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft",
                                            "/usr/local/sbin/nft" };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int pair[2];
    int err = ENOENT;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDERR_FILENO);
    for (size_t i = 0; err == ENOENT && i < sizeof programs / sizeof programs[0]; i++)
        err = posix_spawn(pid, programs[i], &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(pair[1]);
    if (err != 0) {
        close(pair[0]);
        return -err;
    }
    *ours = pair[0];
    return 0;
}

/* What nft says until it closes its end; false: it takes too long. */
static bool listen_to(int fd, char *text, unsigned text_bytes)
{
    char more[256];
    unsigned at = 0;
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, TIMEOUT_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t n = read(fd, more, sizeof more);
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n && at + 1 < text_bytes; i++)
            text[at++] = more[i];
    }
    if (text_bytes > 0)
        text[at] = '\0';
    return true;
}

static int run(const char *script, char *error, unsigned error_bytes)
{
    pid_t pid;
    int fd;
    int status = 0;
    int err = start(&pid, &fd);
    if (err < 0)
        return err;
    if (send(fd, script, strlen(script), MSG_NOSIGNAL) != (ssize_t)strlen(script))
        err = -EIO;
    shutdown(fd, SHUT_WR);
    if (!listen_to(fd, error, error_bytes)) {
        snprintf(error, error_bytes, "nft did not end within 10 s");
        kill(pid, SIGKILL);
    }
    close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (err == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        err = -EIO;
    if (error_bytes > 0)
        error[strcspn(error, "\n")] = '\0'; /* the rest repeats the script */
    return err;
}

int nft_apply(const struct nft_rules *rules, char *error, unsigned error_bytes)
{
    static const char syn[] = "tcp flags & (syn|rst) == syn tcp option maxseg size set rt mtu";
    char script[SCRIPT_BYTES];
    char table[64];
    const char *i = rules->interface;
    size_t at;
    table_name(table, i);
    /* Adding before deleting makes the deletion legal when there is no table yet. */
    at = (size_t)snprintf(script, sizeof script,
                          "add table inet %s\ndelete table inet %s\nadd table inet %s\n", table,
                          table, table);
    if (rules->masquerade)
        at += (size_t)snprintf(script + at, sizeof script - at,
                               "add chain inet %s nat { type nat hook postrouting priority 100; }\n"
                               "add rule inet %s nat iifname \"%s\" oifname != \"%s\" masquerade\n",
                               table, table, i, i);
    if (rules->mss_clamp)
        snprintf(script + at, sizeof script - at,
                 "add chain inet %s clamp { type filter hook forward priority -150; }\n"
                 "add rule inet %s clamp iifname \"%s\" %s\n"
                 "add rule inet %s clamp oifname \"%s\" %s\n",
                 table, table, i, syn, table, i, syn);
    return run(script, error, error_bytes);
}

int nft_remove(const char *interface)
{
    char script[SCRIPT_BYTES];
    char table[64];
    char error[160];
    table_name(table, interface);
    snprintf(script, sizeof script, "add table inet %s\ndelete table inet %s\n", table, table);
    int err = run(script, error, sizeof error);
    return err == -ENOENT ? 0 : err;
}
