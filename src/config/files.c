/* SPDX-License-Identifier: ISC */
#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_blank(char c)
{
    return c != '\0' && strchr(" \t\r\f\v\n", c) != NULL;
}

/* Opening a pipe waits for its other end, and opening a device may do anything. */
static int open_regular(const char *path, struct stat *st)
{
    if (stat(path, st) < 0)
        return -1;
    if (!S_ISREG(st->st_mode)) {
        errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, st) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Twice as large; NULL: no memory. What moves is cleared where it was: it may be keys. */
static char *widen(char *data, size_t *size)
{
    char *wider = malloc(2 * *size);
    if (wider != NULL)
        memcpy(wider, data, *size);
    explicit_bzero(data, *size);
    free(data);
    *size *= 2;
    return wider;
}

char *config_read_file(const char *path, size_t cap_bytes, struct stat *st, size_t *len_bytes,
                       int *error)
{
    enum { SIZE_LEAST = 1024 }; /* some files do not say how long they are */
    char *data = NULL;
    size_t size = SIZE_LEAST;
    size_t len = 0;
    ssize_t got = 1;
    int fd = open_regular(path, st);
    if (fd < 0)
        goto fail;
    if (st->st_size >= (off_t)size)
        size = st->st_size < (off_t)cap_bytes ? (size_t)st->st_size + 1 : cap_bytes + 1;
    data = malloc(size);
    while (data != NULL && got > 0 && len <= cap_bytes) {
        if (len == size && (data = widen(data, &size)) == NULL)
            break;
        got = read(fd, data + len, size - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    if (data == NULL || got < 0)
        goto fail;
    if (len > cap_bytes) {
        errno = EFBIG;
        goto fail;
    }
    close(fd);
    *len_bytes = len;
    return data;

fail:
    *error = -errno;
    if (data != NULL)
        explicit_bzero(data, len);
    free(data);
    if (fd >= 0)
        close(fd);
    return NULL;
}

int config_read_secret(const char *path, char *out, size_t cap_bytes, char why[TRUST_TEXT_BYTES])
{
    enum { FILE_BYTES_MAX = 1024 };
    struct stat st = { 0 };
    size_t len = 0;
    int rc = 0;
    char *data = config_read_file(path, FILE_BYTES_MAX, &st, &len, &rc);
    if (data == NULL && rc == -EINVAL)
        snprintf(why, TRUST_TEXT_BYTES, "it is %s, not a file", trust_irregular(&st));
    if (data == NULL)
        return rc == -EFBIG ? -EMSGSIZE : rc;
    while (len > 0 && is_blank(data[len - 1]))
        len--;
    if (!trust_file(path, &st, S_IRGRP | S_IROTH, why)) {
        rc = -EINVAL;
    } else if (len == 0 || len >= cap_bytes || memchr(data, '\n', len) != NULL ||
               memchr(data, '\0', len) != NULL) {
        rc = -EMSGSIZE;
    } else {
        memcpy(out, data, len);
        out[len] = '\0';
    }
    explicit_bzero(data, len);
    free(data);
    return rc;
}
