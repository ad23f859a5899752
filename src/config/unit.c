/* SPDX-License-Identifier: ISC */
#include "config/unit.h"

#include <stdio.h>
#include <string.h>

bool unit_of_config(const char *directory, const char *path, char out[UNIT_NAME_BYTES])
{
    static const char suffix[] = ".conf";
    size_t at = strlen(directory);
    if (strncmp(path, directory, at) != 0 || path[at] != '/')
        return false;
    const char *name = path + at + 1;
    size_t len = strlen(name);
    if (len <= strlen(suffix) || strchr(name, '/') != NULL ||
        strcmp(name + len - strlen(suffix), suffix) != 0)
        return false;
    len -= strlen(suffix);
    bool is_main = len == strlen("hawser") && strncmp(name, "hawser", len) == 0;
    int written = is_main ? snprintf(out, UNIT_NAME_BYTES, "hawserd")
                          : snprintf(out, UNIT_NAME_BYTES, "hawserd@%.*s", (int)len, name);
    return written > 0 && written < UNIT_NAME_BYTES;
}
