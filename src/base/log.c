/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *name;
    enum log_level level;
    bool journal;
} logger = { .name = "hawser", .level = LOG_LEVEL_INFO };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void log_init(const char *name, enum log_level level, bool journal)
{
    logger.name = name;
    logger.level = level;
    logger.journal = journal;
}

void log_set_level(enum log_level level)
{
    logger.level = level;
}

bool log_level_parse(const char *text, enum log_level *out)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* Nothing that is logged ends the line, begins another, or moves the cursor of who reads it. */
static void make_plain(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
}

void log_line(enum log_level level, const char *format, ...)
{
    static const int priorities[] = { 3, 4, 6, 7 }; /* sd-daemon(3): SD_ERR and so on */
    char line[1024];
    int at = 0;

    if (level > logger.level)
        return;
    if (logger.journal)
        at = snprintf(line, sizeof line, "<%d>", priorities[level]);
    at += snprintf(line + at, sizeof line - (size_t)at, "%s: %s", logger.name,
                   level <= LOG_LEVEL_WARN ? level_names[level] : "");
    if (level <= LOG_LEVEL_WARN)
        at += snprintf(line + at, sizeof line - (size_t)at, ": ");
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + at, sizeof line - (size_t)at - 1, format, args);
    va_end(args);
    size_t len = (size_t)at + (n > 0 ? (size_t)n : 0);
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    make_plain(line, len);
    line[len++] = '\n';
    /* One write, so that lines of the two processes never mix; a log that cannot be written has
     * nowhere to complain to. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}
