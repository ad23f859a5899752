/* SPDX-License-Identifier: ISC */
#include "config/include.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/limits.h"

static const char suffix[] = ".conf";

static bool is_conf(const char *name)
{
    size_t len = strlen(name);
    return len >= sizeof suffix - 1 && strcmp(name + len - (sizeof suffix - 1), suffix) == 0;
}

bool include_usual_directory(const char *config_path, char *out, size_t size)
{
    int len = snprintf(out, size, "%s.d", config_path);
    return is_conf(config_path) && len > 0 && (size_t)len < size;
}

/* The list with room for one more; NULL: no memory, and it is as it was. */
static char **widen(char **list, size_t count)
{
    if ((count & (count - 1)) != 0)
        return list;
    return realloc(list, (count == 0 ? 1 : 2 * count) * sizeof *list);
}

static int add(const char *directory, const char *name, char ***list, size_t *count)
{
    char path[CONFIG_PATH_BYTES_MAX + 1];
    int len = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return -ENAMETOOLONG;
    char **wider = widen(*list, *count);
    if (wider == NULL)
        return -ENOMEM;
    *list = wider;
    wider[*count] = strdup(path);
    if (wider[*count] == NULL)
        return -ENOMEM;
    ++*count;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int include_list(const char *directory, size_t most, char ***list, size_t *count)
{
    const struct dirent *entry;
    int err = 0;
    *list = NULL;
    *count = 0;
    DIR *d = opendir(directory);
    if (d == NULL)
        return -errno;
    while (err == 0 && (errno = 0, entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.' || !is_conf(entry->d_name))
            continue;
        err = *count < most ? add(directory, entry->d_name, list, count) : -EFBIG;
    }
    if (err == 0 && errno != 0)
        err = -errno;
    closedir(d);
    if (*count > 0)
        qsort(*list, *count, sizeof **list, by_name);
    return err;
}

void include_free(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}
