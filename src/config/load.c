/* SPDX-License-Identifier: ISC */
/*
 * A configuration into files, files into lines, lines into headers and pairs.
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
#include "config/include.h"
#include "config/keys.h"
#include "config/parser.h"
#include "config/section.h"
#include "crypto/key.h"

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

static bool is_before(const struct config_place *a, const struct config_place *b)
{
    return a->file != b->file ? a->file < b->file : a->line < b->line;
}

/* By file and line; errors are few, so by insertion. */
static void sort_errors(struct config_errors *errs)
{
    for (size_t i = 1; i < errs->count; i++) {
        struct config_error moving = errs->list[i];
        size_t j = i;
        for (; j > 0 && is_before(&moving.at, &errs->list[j - 1].at); j--)
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
    key_random(&c->peers_by_name.seed, sizeof c->peers_by_name.seed);
    c->peers_by_key.seed = c->peers_by_name.seed;
}

/* The next file, from which errors are from now on. False: no memory. */
static bool begin_file(struct config_parser *p, const char *path, const struct stat *st)
{
    struct config_file *list = config_grow(p, p->files, p->file_count, sizeof *list);
    if (list == NULL)
        return false;
    p->files = list;
    list[p->file_count] = (struct config_file){ .path = strdup(path), .st = *st };
    if (list[p->file_count].path == NULL) {
        p->no_memory = true;
        return false;
    }
    p->file = p->file_count++;
    p->line = 0;
    p->section = CONFIG_SECTION_NONE;
    p->holds_secret = false;
    return true;
}

/* Of the present file. */
static void parse_text(struct config_parser *p, const char *text, size_t len_bytes)
{
    if (len_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* the byte order mark of UTF-8 */
        len_bytes -= 3;
    }
    struct line_source source = { .parser = p, .at = text, .end = text + len_bytes };
    int rc = ini_parse_stream(next_pair, &source, take_pair, &source);
    settle_last_line(&source);
    p->no_memory = p->no_memory || rc == -2;
    config_parse_end(p);
}

static void begin(struct config_parser *p, struct config *out, struct config_errors *errs,
                  const char *path)
{
    set_defaults(out);
    memset(errs, 0, sizeof *errs);
    *p = (struct config_parser){ .config = out, .errs = errs };
    p->prefixes.seed = out->peers_by_name.seed;
    snprintf(errs->path, sizeof errs->path, "%s", path);
}

/* Judges the whole. Returns 0, -EINVAL or -ENOMEM. */
static int finish(struct config_parser *p)
{
    struct config_errors *errs = p->errs;
    p->file = 0;
    if (p->no_memory)
        config_fault(p, 0, "out of memory");
    else
        config_check(p);
    sort_errors(errs);
    for (uint32_t i = 0; i < p->file_count; i++)
        free(p->files[i].path);
    free(p->files);
    hash_clear(&p->prefixes);
    if (p->no_memory)
        return -ENOMEM;
    return errs->count == 0 ? 0 : -EINVAL;
}

int config_load_text(struct config *out, const char *text, size_t len_bytes,
                     struct config_errors *errs)
{
    const struct stat none = { 0 };
    struct config_parser p;
    begin(&p, out, errs, "text");
    if (begin_file(&p, "text", &none))
        parse_text(&p, text, len_bytes);
    return finish(&p);
}

/* is_entry: of a directory that was judged already. */
static void check_file(struct config_parser *p, const char *path, const struct stat *st,
                       bool is_entry)
{
    char why[TRUST_TEXT_BYTES];
    mode_t others = p->holds_secret ? S_IRGRP | S_IROTH : 0;
    bool good = is_entry ? trust_entry(st, others, why) : trust_file(path, st, others, why);
    if (!good)
        config_fault(p, 0, "the file %s %s",
                     p->holds_secret ? "holds a secret key and" : "is not safe:", why);
}

/* Files of a directory are written while others are read: what is no whole file yet is refused. */
static bool is_whole(struct config_parser *p, const char *text, size_t len)
{
    bool is_blank_text = true;
    for (size_t i = 0; i < len; i++)
        is_blank_text = is_blank_text && (is_blank(text[i]) || text[i] == '\n');
    if (is_blank_text)
        config_fault(p, 0, "the file is empty: reload once it is written, or remove it");
    else if (text[len - 1] != '\n')
        config_fault(p, 0,
                     "its last line does not end: reload once it is written, or, if it is, end it "
                     "with a newline");
    return !is_blank_text && text[len - 1] == '\n';
}

static void include_file(struct config_parser *p, const char *path)
{
    struct stat st = { 0 };
    struct stat entry = { 0 };
    size_t len = 0;
    int err = 0;
    bool is_link = lstat(path, &entry) == 0 && S_ISLNK(entry.st_mode);
    char *text = config_read_file(path, CONFIG_FILE_BYTES_MAX, &st, &len, &err);
    if (!begin_file(p, path, &st)) {
        /* that is told at the end */
    } else if (text != NULL) {
        if (is_whole(p, text, len))
            parse_text(p, text, len);
        check_file(p, path, &st, !is_link);
    } else if (err == -EINVAL && !S_ISREG(st.st_mode)) {
        config_fault(p, 0, "it is %s, not a file: remove it, or rename it", trust_irregular(&st));
    } else if (err == -ENOENT && !is_link) {
        config_fault(p, 0, "the file vanished while the configuration was read: reload again");
    } else {
        config_fault(p, 0, "cannot read the file: %s", strerror(-err));
    }
    if (text != NULL)
        explicit_bzero(text, len);
    free(text);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_unchanged(const char *path, const struct stat *before)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_dev == before->st_dev && st.st_ino == before->st_ino &&
           st.st_size == before->st_size && same_time(&st.st_mtim, &before->st_mtim) &&
           same_time(&st.st_ctim, &before->st_ctim);
}

/* A set of files that somebody was changing is half an old and half a new one. */
static void check_unchanged(struct config_parser *p, const char *directory, const struct stat *st)
{
    if (!is_unchanged(directory, st))
        config_fault_at(p, (struct config_place){ 0 }, "%s changed while it was read: reload again",
                        directory);
    for (uint32_t i = 0; i < p->file_count && p->errs->count == 0; i++)
        if (!is_unchanged(p->files[i].path, &p->files[i].st))
            config_fault_at(p, (struct config_place){ .file = i },
                            "the file changed while the configuration was read: reload again");
}

static void include_all(struct config_parser *p, const char *directory, const struct stat *st)
{
    char why[TRUST_TEXT_BYTES];
    char **list;
    size_t count;
    if (!trust_directory(directory, why))
        config_fault(p, 0, "the directory %s is not safe: %s", directory, why);
    int err = include_list(directory, CONFIG_FILES_MAX, &list, &count);
    if (err == -EFBIG)
        config_fault(p, 0, "%s: more than %d files are not supported by this version", directory,
                     CONFIG_FILES_MAX);
    else if (err < 0)
        config_fault(p, 0, "cannot read the directory %s: %s", directory, strerror(-err));
    for (size_t i = 0; err == 0 && i < count && !p->no_memory; i++)
        include_file(p, list[i]);
    include_free(list, count);
    check_unchanged(p, directory, st);
}

/* The directory that the main file names must be there; the usual one may be. */
static void include_directory(struct config_parser *p, const char *path)
{
    char usual[CONFIG_PATH_BYTES_MAX + 1];
    struct stat st;
    const char *named = p->config->include_dir;
    const char *directory = named;
    if (*named == '\0') {
        if (!include_usual_directory(path, usual, sizeof usual))
            return;
        directory = usual;
    }
    int err = stat(directory, &st) < 0 ? -errno : 0;
    if (err == 0 && !S_ISDIR(st.st_mode))
        err = -ENOTDIR;
    if (err == 0)
        include_all(p, directory, &st);
    else if (*named != '\0')
        config_fault(p, p->seen[CONFIG_TUNNEL_INCLUDE_DIR],
                     "include-dir: %s cannot be read: %s: make it, or remove the line", named,
                     strerror(-err));
    else if (err != -ENOENT)
        config_fault(p, 0, "%s cannot be read: %s", usual, strerror(-err));
}

int config_load(struct config *out, const char *path, struct config_errors *errs)
{
    struct config_parser p;
    struct stat st = { 0 };
    size_t len = 0;
    int err = 0;
    begin(&p, out, errs, path);
    char *text = config_read_file(path, CONFIG_FILE_BYTES_MAX, &st, &len, &err);
    if (text == NULL && err == -EINVAL && !S_ISREG(st.st_mode)) {
        config_fault(&p, 0, "the configuration is %s, not a file: write it into a file",
                     trust_irregular(&st));
        return err;
    }
    if (text == NULL) {
        config_fault(&p, 0, "cannot read the configuration: %s", strerror(-err));
        return err;
    }
    if (begin_file(&p, path, &st)) {
        parse_text(&p, text, len);
        check_file(&p, path, &st, false);
    }
    explicit_bzero(text, len);
    free(text);
    if (!p.no_memory)
        include_directory(&p, path);
    return finish(&p);
}
