/* SPDX-License-Identifier: ISC */
/*
 * Files into lines, lines into headers and pairs.
 *
 * inih splits pairs. It is built in many ways (continued lines, comment characters, line length, a
 * line number for the handler or not), says only the first line that is wrong, and tells of a
 * section by its first key. So it is handed the lines by a reader that counts them, takes comments,
 * indentation and headers out, and sees by the handler's silence that a line was no pair: every
 * build of it gives the same result.
 */
#include "config/load.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/check.h"
#include "config/files.h"
#include "config/keys.h"
#include "config/parser.h"
#include "config/section.h"

struct line_source {
    struct config_parser *parser;
    const char *at;
    const char *end;
    bool awaited; /* the last line should have been a pair, and has not come to the handler */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* From start up to a comment: '#' or ';' at the start or after a blank. */
static const char *comment_start(const char *start, const char *end)
{
    for (const char *c = start; c < end; c++) {
        if ((*c == '#' || *c == ';') && (c == start || is_blank(c[-1])))
            return c;
    }
    return end;
}

static void settle_last_line(struct line_source *s)
{
    if (s->awaited)
        config_fault(s->parser, s->parser->line, "the line is neither key = value nor a [section]");
    s->awaited = false;
}

/* The reader of ini_parse_stream(): the next pair as a line, NULL at the end. */
static char *next_pair(char *out, int cap_bytes, void *stream)
{
    struct line_source *s = stream;
    settle_last_line(s);
    while (s->at < s->end && !s->parser->no_memory) {
        const char *start = s->at;
        const char *newline = memchr(start, '\n', (size_t)(s->end - start));
        const char *end = newline != NULL ? newline : s->end;
        s->at = newline != NULL ? newline + 1 : s->end;
        s->parser->line++;

        if (memchr(start, '\0', (size_t)(end - start)) != NULL) {
            config_fault(s->parser, s->parser->line, "the line holds a zero byte: is this text?");
            continue;
        }
        while (start < end && is_blank(*start))
            start++;
        end = comment_start(start, end);
        while (start < end && is_blank(end[-1]))
            end--;
        if (start == end)
            continue;
        size_t len = (size_t)(end - start);
        if (len + 1 >= (size_t)cap_bytes) {
            config_fault(
                s->parser, s->parser->line,
                "the line is longer than %d bytes: a key that takes a list may be repeated",
                cap_bytes - 2);
            continue;
        }
        memcpy(out, start, len);
        out[len] = '\0';
        if (*out == '[') {
            config_parse_header(s->parser, out);
            continue;
        }
        s->awaited = true;
        return out;
    }
    return NULL;
}

/* The handler; its section is always the empty one. */
static int take_pair(void *user, const char *section, const char *key, const char *value)
{
    struct line_source *s = user;
    (void)section;
    if (value != NULL) {
        s->awaited = false;
        config_parse_pair(s->parser, key, value);
    }
    return 1;
}

/* Line by line; errors are few, so by insertion. */
static void sort_errors(struct config_errors *errs)
{
    for (size_t i = 1; i < errs->count; i++) {
        struct config_error moving = errs->list[i];
        size_t j = i;
        for (; j > 0 && errs->list[j - 1].line > moving.line; j--)
            errs->list[j] = errs->list[j - 1];
        errs->list[j] = moving;
    }
}

static void set_defaults(struct config *c)
{
    memset(c, 0, sizeof *c);
    strcpy(c->interface, CONFIG_DEFAULT_INTERFACE);
    strcpy(c->engine.user, CONFIG_DEFAULT_USER);
    c->network.routes = true;
    c->network.mss_clamp = true;
    c->engine.rekey_s = CONFIG_REKEY_S_MAX;
    c->engine.tun_offload = TUN_OFFLOAD_USO;
    c->engine.udp_gso = true;
    c->engine.udp_gro = true;
    c->log_level = LOG_LEVEL_INFO;
}

/* The text, errors into p->errs; returns 0, -EINVAL or -ENOMEM. */
static int parse_text(struct config_parser *p, const char *text, size_t len_bytes)
{
    if (len_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* the byte order mark of UTF-8 */
        len_bytes -= 3;
    }
    struct line_source source = { .parser = p, .at = text, .end = text + len_bytes };
    int rc = ini_parse_stream(next_pair, &source, take_pair, &source);
    settle_last_line(&source);
    if (p->no_memory || rc == -2) {
        config_fault(p, 0, "out of memory");
        return -ENOMEM;
    }
    config_parse_end(p);
    config_check(p);
    return p->errs->count == 0 ? 0 : -EINVAL;
}

static void begin(struct config_parser *p, struct config *out, struct config_errors *errs,
                  const char *path)
{
    set_defaults(out);
    memset(errs, 0, sizeof *errs);
    *p = (struct config_parser){ .config = out, .errs = errs };
    snprintf(errs->path, sizeof errs->path, "%s", path);
}

int config_load_text(struct config *out, const char *text, size_t len_bytes,
                     struct config_errors *errs)
{
    struct config_parser p;
    begin(&p, out, errs, "text");
    int rc = parse_text(&p, text, len_bytes);
    sort_errors(errs);
    return rc;
}

static void check_file(struct config_parser *p, const char *path, const struct stat *st)
{
    char why[TRUST_TEXT_BYTES];
    if (!trust_file(path, st, p->holds_secret ? S_IRGRP | S_IROTH : 0, why))
        config_fault(p, 0, "the file %s %s",
                     p->holds_secret ? "holds a secret key and" : "is not safe:", why);
}

int config_load(struct config *out, const char *path, struct config_errors *errs)
{
    struct config_parser p;
    struct stat st = { 0 };
    size_t len = 0;
    int rc = 0;
    begin(&p, out, errs, path);
    char *text = config_read_file(path, CONFIG_FILE_BYTES_MAX, &st, &len, &rc);
    if (text == NULL && rc == -EINVAL && !S_ISREG(st.st_mode)) {
        config_fault(&p, 0, "the configuration is %s, not a file: write it into a file",
                     trust_irregular(&st));
        return rc;
    }
    if (text == NULL) {
        config_fault(&p, 0, "cannot read the configuration: %s", strerror(-rc));
        return rc;
    }
    rc = parse_text(&p, text, len);
    explicit_bzero(text, len);
    free(text);
    check_file(&p, path, &st);
    if (rc == 0 && errs->count > 0)
        rc = -EINVAL;
    sort_errors(errs);
    return rc;
}
