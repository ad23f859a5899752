/* SPDX-License-Identifier: ISC */
#include "config/parser.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void *config_grow(struct config_parser *p, void *list, size_t count, size_t item_bytes)
{
    if ((count & (count - 1)) != 0) {
        memset((char *)list + count * item_bytes, 0, item_bytes);
        return list;
    }
    void *wider = calloc(count == 0 ? 1 : 2 * count, item_bytes);
    if (wider == NULL) {
        p->no_memory = true;
        return NULL;
    }
    if (count > 0) {
        memcpy(wider, list, count * item_bytes);
        explicit_bzero(list, count * item_bytes);
        free(list);
    }
    return wider;
}

/* Without memory for the list of files the main one stands for all. */
static const char *path_of(const struct config_parser *p, uint32_t file)
{
    return file < p->file_count ? p->files[file].path : p->errs->path;
}

const char *config_quote(const char *text, char buf[CONFIG_QUOTE_BYTES])
{
    enum { DOTS_AND_QUOTE = 5 }; /* what may follow the text, with the zero */
    size_t used = 0;
    buf[used++] = '"';
    for (; *text != '\0' && used < CONFIG_QUOTE_BYTES - DOTS_AND_QUOTE; text++)
        buf[used++] = *text >= ' ' && *text <= '~' ? *text : '?';
    strcpy(buf + used, *text == '\0' ? "\"" : "...\"");
    return buf;
}

static void add_fault(struct config_parser *p, struct config_place at, const char *format,
                      va_list args) __attribute__((format(printf, 3, 0)));

static void add_fault(struct config_parser *p, struct config_place at, const char *format,
                      va_list args)
{
    struct config_errors *errs = p->errs;
    if (errs->count == CONFIG_ERRORS_MAX) {
        errs->suppressed++;
        return;
    }
    struct config_error *e = &errs->list[errs->count++];
    vsnprintf(e->text, sizeof e->text, format, args);
    snprintf(e->path, sizeof e->path, "%s", path_of(p, at.file));
    e->at = at;
}

void config_fault(struct config_parser *p, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_fault(p, (struct config_place){ .file = p->file, .line = line }, format, args);
    va_end(args);
}

void config_fault_at(struct config_parser *p, struct config_place at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_fault(p, at, format, args);
    va_end(args);
}

const char *config_where(const struct config_parser *p, struct config_place at, uint32_t from_file,
                         char buf[CONFIG_WHERE_BYTES])
{
    if (at.file == from_file)
        snprintf(buf, CONFIG_WHERE_BYTES, "line %u", at.line);
    else
        snprintf(buf, CONFIG_WHERE_BYTES, "%s:%u", path_of(p, at.file), at.line);
    return buf;
}

void config_bad_value(struct config_parser *p, const char *value, const char *what)
{
    char quoted[CONFIG_QUOTE_BYTES];
    config_fault(p, p->line, "%s: %s is %s", p->key, config_quote(value, quoted), what);
}

bool config_is_full(struct config_parser *p, size_t count, size_t max)
{
    if (count < max)
        return false;
    config_fault(p, p->line, "%s: more than %zu are not supported by this version", p->key, max);
    return true;
}
