/* SPDX-License-Identifier: ISC */
#include "sys/directory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

int directory_make_for(const char *path, mode_t mode)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (len == 0)
        return 0;
    if (len >= sizeof directory)
        return -ENAMETOOLONG;
    memcpy(directory, path, len);
    directory[len] = '\0';
    return mkdir(directory, mode) < 0 && errno != EEXIST ? -errno : 0;
}
