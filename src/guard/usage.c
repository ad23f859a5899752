/* SPDX-License-Identifier: ISC */
#include "guard/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"
#include "sys/state_file.h"

enum { FILE_BYTES_MAX = 8192, LINE_BYTES_MAX = 80 };

struct quota_usage *usage_of(struct usage *u, const char *name)
{
    struct usage_entry *e = u->list;
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->list[i].name, name) == 0)
            return &u->list[i].usage;
        if (u->list[i].usage.month < e->usage.month)
            e = &u->list[i];
    }
    if (u->count < USAGE_LINKS_MAX)
        e = &u->list[u->count++];
    *e = (struct usage_entry){ .usage.month = QUOTA_MONTH_UNKNOWN };
    snprintf(e->name, sizeof e->name, "%s", name);
    return &e->usage;
}

static bool parse_line(void *arg, char *line)
{
    struct usage *u = arg;
    char name[LINE_BYTES_MAX];
    char month_text[LINE_BYTES_MAX];
    char bytes_text[LINE_BYTES_MAX];
    char extra;
    uint32_t month;
    if (strlen(line) >= LINE_BYTES_MAX)
        return false;
    if (sscanf(line, "%79s %79s %79[0-9] %c", name, month_text, bytes_text, &extra) != 3 ||
        !value_name(name, CONFIG_LINK_NAME_MAX) || !value_uint(month_text, 0, INT32_MAX, &month))
        return false;
    errno = 0;
    unsigned long long bytes = strtoull(bytes_text, NULL, 10);
    if (errno != 0 || bytes > QUOTA_BYTES_MAX)
        return false;
    *usage_of(u, name) = (struct quota_usage){ .month = (int32_t)month, .bytes = bytes };
    return true;
}

size_t usage_parse(struct usage *u, const char *text)
{
    return state_file_lines(text, parse_line, u);
}

int usage_load(struct usage *u, const char *path)
{
    char text[FILE_BYTES_MAX + 1];
    memset(u, 0, sizeof *u);
    ssize_t len = state_file_read(path, text, sizeof text);
    if (len < 0)
        return len == -EFBIG ? -EBADMSG : (int)len;
    size_t wrong = usage_parse(u, text);
    return wrong > 0 || strlen(text) < (size_t)len ? -EBADMSG : 0;
}

int usage_save(const struct usage *u, const char *path)
{
    char text[USAGE_LINKS_MAX * LINE_BYTES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < u->count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %" PRId32 " %" PRIu64 "\n",
                                u->list[i].name, u->list[i].usage.month, u->list[i].usage.bytes);
    return state_file_write(path, text, len);
}
