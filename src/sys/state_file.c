/* SPDX-License-Identifier: ISC */
#include "sys/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/directory.h"

enum { PATH_BYTES_MAX = 320, LINE_BYTES_MAX = 512 };

static bool is_ours(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

ssize_t state_file_read(const char *path, char *out, size_t size)
{
    size_t len = 0;
    ssize_t n = 1;
    out[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!is_ours(fd)) {
        close(fd);
        return -EPERM;
    }
    while (n > 0 && len < size) {
        n = read(fd, out + len, size - len);
        len += n > 0 ? (size_t)n : 0;
    }
    ssize_t err = n < 0 ? -errno : len == size ? -EFBIG : 0;
    close(fd);
    if (err < 0)
        return err;
    out[len] = '\0';
    return (ssize_t)len;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

size_t state_file_lines(const char *text, bool (*take)(void *arg, char *line), void *arg)
{
    size_t wrong = 0;
    while (*text != '\0') {
        char line[LINE_BYTES_MAX];
        size_t len = strcspn(text, "\n");
        bool good = len < sizeof line && text[len] == '\n';
        if (good) {
            memcpy(line, text, len);
            line[len] = '\0';
            good = take(arg, line);
        }
        wrong += !good;
        text += len + (text[len] == '\n');
    }
    return wrong;
}

int state_file_write(const char *path, const char *text, size_t len)
{
    char fresh[PATH_BYTES_MAX];
    int err = directory_make_for(path, 0700);
    if (err < 0)
        return err;
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return -ENAMETOOLONG;
    unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    err = write_all(fd, text, len);
    close(fd);
    if (err == 0 && rename(fresh, path) < 0)
        err = -errno;
    if (err < 0)
        unlink(fresh);
    return err;
}
