/* SPDX-License-Identifier: ISC */
#include "daemon/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MAX = 128, VALUE_MAX = 64 };

static int open_key(const char *key, int flags)
{
    char path[KEY_MAX + 16];
    /* The file is root's; a key that leads elsewhere is refused all the same. */
    if (strlen(key) > KEY_MAX || strncmp(key, "net/", 4) != 0 || strstr(key, "..") != NULL)
        return -EINVAL;
    snprintf(path, sizeof path, "/proc/sys/%s", key);
    int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int read_value(const char *key, char out[VALUE_MAX + 1])
{
    int fd = open_key(key, O_RDONLY);
    if (fd < 0)
        return fd;
    ssize_t n = read(fd, out, VALUE_MAX);
    int err = n < 0 ? -errno : 0;
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return err;
}

static int write_value(const char *key, const char *value)
{
    int fd = open_key(key, O_WRONLY);
    if (fd < 0)
        return fd;
    int err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
    close(fd);
    return err;
}

int sysctl_get(const char *key)
{
    char value[VALUE_MAX + 1];
    return read_value(key, value) < 0 ? -1 : atoi(value);
}

/*
 * The file, or negative errno. It lies where others may have made one of that name, so only a plain
 * one of our own is believed.
 */
static int open_noted(const char *file, int flags)
{
    struct stat st;
    int fd = open(file, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return fd;
    close(fd);
    return -EPERM;
}

/* What a setting was at first counts, however often it is changed. */
static bool is_noted(const char *file, const char *key)
{
    char line[KEY_MAX + VALUE_MAX + 4];
    size_t len = strlen(key);
    bool noted = false;
    int fd = open_noted(file, O_RDONLY);
    FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (fd >= 0 && f == NULL)
        close(fd);
    while (f != NULL && !noted && fgets(line, sizeof line, f) != NULL)
        noted = strncmp(line, key, len) == 0 && line[len] == ' ';
    if (f != NULL)
        fclose(f);
    return noted;
}

static int note(const char *file, const char *key, const char *value)
{
    char line[KEY_MAX + VALUE_MAX + 4];
    int n = snprintf(line, sizeof line, "%s %s\n", key, value);
    int err = 0;
    int fd = open_noted(file, O_WRONLY | O_CREAT | O_APPEND);
    if (fd < 0)
        return fd;
    if (write(fd, line, (size_t)n) != n)
        err = -EIO;
    close(fd);
    return err;
}

int sysctl_set(const char *file, const char *key, const char *value)
{
    char before[VALUE_MAX + 1];
    int err = read_value(key, before);
    if (err < 0 || strcmp(before, value) == 0)
        return err;
    if (!is_noted(file, key))
        err = note(file, key, before);
    return err < 0 ? err : write_value(key, value);
}

int sysctl_restore(const char *file)
{
    char line[KEY_MAX + VALUE_MAX + 4];
    int err = 0;
    int fd = open_noted(file, O_RDONLY);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    FILE *f = fdopen(fd, "r");
    if (f == NULL) {
        close(fd);
        return -ENOMEM;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *space = strchr(line, ' ');
        if (space == NULL)
            continue;
        *space = '\0';
        int one = write_value(line, space + 1);
        if (one < 0 && one != -ENOENT) /* its interface may have gone */
            err = one;
    }
    fclose(f);
    unlink(file);
    return err;
}
