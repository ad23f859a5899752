/* SPDX-License-Identifier: ISC */
#include "sys/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int notify_send(const char *state)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || (path[0] != '/' && path[0] != '@'))
        return 0;
    size_t len = strlen(path);
    if (len >= sizeof to.sun_path)
        return -ENAMETOOLONG;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') /* an abstract socket */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int err = 0;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        err = -errno;
    close(fd);
    return err;
}

int notify_reloading(void)
{
    char text[64];
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    return notify_send(text);
}

/* sd_watchdog_enabled(3) */
int64_t notify_watchdog_usec(void)
{
    enum { DECIMAL = 10 };
    const char *text = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    char *end;
    if (text == NULL || (pid != NULL && strtol(pid, NULL, DECIMAL) != (long)getpid()))
        return 0;
    errno = 0;
    long long usec = strtoll(text, &end, DECIMAL);
    return errno == 0 && *end == '\0' && usec > 0 ? usec : 0;
}
