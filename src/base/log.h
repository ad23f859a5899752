/* SPDX-License-Identifier: ISC */
/*
 * Logging to stderr, one line a call, with systemd's <N> priority prefix when stderr is the
 * journal. Control characters become question marks. Never called for a packet: a packet that is
 * dropped is a counter.
 */
#ifndef HAWSER_BASE_LOG_H
#define HAWSER_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* name: prefix of every line (static string); journal: write priority prefixes. */
void log_init(const char *name, enum log_level level, bool journal);
void log_set_level(enum log_level level);

/* "error", "warn", "info", "debug"; false if text is none of them. */
bool log_level_parse(const char *text, enum log_level *out);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
