/* SPDX-License-Identifier: ISC */
#include "cli/tunnel_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_INTERFACE "hawser0"

static const char blanks[] = " \t\r\n\f\v";

/* Where the configurations are; tests have them elsewhere. */
static const char *config_dir(void)
{
    const char *dir = getenv("HAWSER_CONFIG_DIR");
    return dir != NULL && *dir != '\0' ? dir : UNIT_CONFIG_DIR;
}

/* Without comment and the blanks around it. */
static char *trim(char *text)
{
    text += strspn(text, blanks);
    for (char *c = text; *c != '\0'; c++) {
        if ((*c == '#' || *c == ';') && (c == text || strchr(blanks, c[-1]) != NULL))
            *c = '\0';
        if (*c == '\0')
            break;
    }
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
        text[--len] = '\0';
    return text;
}

static void take_pair(struct tunnel_file *out, char *line)
{
    char *value = line + strcspn(line, "=:");
    if (*value == '\0')
        return;
    *value++ = '\0';
    const char *key = trim(line);
    if (strcmp(key, "interface") == 0)
        snprintf(out->interface, sizeof out->interface, "%s", trim(value));
    else if (strcmp(key, "control") == 0)
        snprintf(out->control, sizeof out->control, "%s", trim(value));
}

int tunnel_file_read(struct tunnel_file *out, const char *path)
{
    char *line = NULL;
    size_t cap = 0;
    bool in_tunnel = false;
    FILE *f = fopen(path, "re");
    *out = (struct tunnel_file){ .interface = DEFAULT_INTERFACE };
    if (f == NULL)
        return -errno;
    while (getline(&line, &cap, f) > 0) {
        char *text = trim(line);
        if (*text == '[')
            in_tunnel = strcmp(text, "[tunnel]") == 0;
        else if (in_tunnel)
            take_pair(out, text);
    }
    int err = ferror(f) ? -EIO : 0;
    if (line != NULL)
        explicit_bzero(line, cap); /* there are keys in such a file */
    free(line);
    fclose(f);
    return err;
}

static bool is_of(const char *path, const char *tunnel)
{
    struct tunnel_file file;
    if (tunnel_file_read(&file, path) < 0)
        return false;
    return strcmp(strchr(tunnel, '/') != NULL ? file.control : file.interface, tunnel) == 0;
}

bool tunnel_file_unit(const char *tunnel, char out[UNIT_NAME_BYTES])
{
    const struct dirent *entry;
    size_t found = 0;
    DIR *d = opendir(config_dir());
    while (d != NULL && (entry = readdir(d)) != NULL) {
        char path[PATH_MAX];
        char unit[UNIT_NAME_BYTES];
        int len = snprintf(path, sizeof path, "%s/%s", config_dir(), entry->d_name);
        if (len < 0 || (size_t)len >= sizeof path || !unit_of_config(config_dir(), path, unit) ||
            (tunnel != NULL && !is_of(path, tunnel)))
            continue;
        memcpy(out, unit, sizeof unit);
        found++;
    }
    if (d != NULL)
        closedir(d);
    return found == 1;
}
