/* SPDX-License-Identifier: ISC */
#include "guard/network/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/limits.h"
#include "sys/directory.h"

enum { HOLDERS_MAX = 511, NOTES_MAX = 512 };

/* "KEY BEFORE HOLDER,HOLDER" */
struct note {
    char key[SYSCTL_KEY_MAX + 1];
    char before[SYSCTL_VALUE_MAX + 1];
    char holders[HOLDERS_MAX + 1];
};

struct notes {
    struct note *list; /* owned, NOTES_MAX of them */
    size_t count;
    int lock; /* descriptor of the file's directory */
};

/* Settings */

static int open_key(const char *key, int flags)
{
    char path[SYSCTL_KEY_MAX + 16];
    /* The file is root's; a key that leads elsewhere is refused all the same. */
    if (strlen(key) > SYSCTL_KEY_MAX || strncmp(key, "net/", 4) != 0 || strstr(key, "..") != NULL)
        return -EINVAL;
    snprintf(path, sizeof path, "/proc/sys/%s", key);
    int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int read_value(const char *key, char out[SYSCTL_VALUE_MAX + 1])
{
    int fd = open_key(key, O_RDONLY);
    if (fd < 0)
        return fd;
    ssize_t n = read(fd, out, SYSCTL_VALUE_MAX);
    int err = n < 0 ? -errno : 0;
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return err;
}

static int write_value(const char *key, const char *value)
{
    int fd = open_key(key, O_WRONLY);
    if (fd < 0)
        return fd;
    int err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
    close(fd);
    return err;
}

int sysctl_get(const char *key)
{
    char value[SYSCTL_VALUE_MAX + 1];
    return read_value(key, value) < 0 ? -1 : atoi(value);
}

/* The file */

const char *sysctl_file(char out[SYSCTL_FILE_BYTES])
{
    struct stat st = { 0 };
    if (stat("/proc/self/ns/net", &st) < 0)
        st.st_ino = 0;
    snprintf(out, SYSCTL_FILE_BYTES, "%s/settings-%lu", CONTROL_DIR, (unsigned long)st.st_ino);
    return out;
}

/* Nobody else changes the file until the descriptor is closed. */
static int lock_directory(const char *file)
{
    char path[512];
    int err = directory_make_for(file, 0755);
    if (err < 0)
        return err;
    snprintf(path, sizeof path, "%s", file);
    *strrchr(path, '/') = '\0';
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX) < 0) {
        if (errno == EINTR)
            continue;
        err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

/*
 * The file for reading, or negative errno. It lies where others may have made one of that name, so
 * only a plain one of our own is believed.
 */
static int open_noted(const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return fd;
    close(fd);
    return -EPERM;
}

static void take_line(struct notes *n, const char *line)
{
    struct note *note = &n->list[n->count];
    if (n->count < NOTES_MAX &&
        sscanf(line, "%127s %63s %511s", note->key, note->before, note->holders) == 3)
        n->count++;
}

static void close_notes(struct notes *n)
{
    free(n->list);
    close(n->lock);
}

static int open_notes(struct notes *n, const char *file)
{
    char line[sizeof(struct note) + 4];
    *n = (struct notes){ .list = calloc(NOTES_MAX + 1, sizeof *n->list) };
    if (n->list == NULL)
        return -ENOMEM;
    n->lock = lock_directory(file);
    if (n->lock < 0) {
        free(n->list);
        return n->lock;
    }
    int fd = open_noted(file);
    FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (f == NULL && fd != -ENOENT) {
        int err = fd < 0 ? fd : -ENOMEM;
        if (fd >= 0)
            close(fd);
        close_notes(n);
        return err;
    }
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        take_line(n, line);
    if (f != NULL)
        fclose(f);
    return 0;
}

/* Written whole under another name first: a full disk leaves the old one. */
static int save_notes(const struct notes *n, const char *file)
{
    char next[512];
    if (n->count == 0)
        return unlink(file) < 0 && errno != ENOENT ? -errno : 0;
    snprintf(next, sizeof next, "%s.new", file);
    unlink(next);
    int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL)
        return -errno;
    for (size_t i = 0; i < n->count; i++)
        fprintf(f, "%s %s %s\n", n->list[i].key, n->list[i].before, n->list[i].holders);
    int err = ferror(f) ? -EIO : 0;
    if (fclose(f) != 0)
        err = -errno;
    if (err == 0 && rename(next, file) < 0)
        err = -errno;
    if (err < 0)
        unlink(next);
    return err;
}

/* Holders */

/* Where the holder stands in the list, or NULL. */
static char *find_holder(char *holders, const char *holder)
{
    size_t len = strlen(holder);
    for (char *at = holders; *at != '\0'; at += *at == ',') {
        size_t span = strcspn(at, ",");
        if (span == len && strncmp(at, holder, len) == 0)
            return at;
        at += span;
    }
    return NULL;
}

static bool add_holder(struct note *n, const char *holder)
{
    size_t len = strlen(n->holders);
    if (find_holder(n->holders, holder) != NULL)
        return false;
    snprintf(n->holders + len, sizeof n->holders - len, "%s%s", len > 0 ? "," : "", holder);
    return true;
}

static bool remove_holder(struct note *n, const char *holder)
{
    char *at = find_holder(n->holders, holder);
    if (at == NULL)
        return false;
    char *rest = at + strcspn(at, ",");
    if (*rest == ',')
        rest++;
    else if (at > n->holders)
        at--; /* the last one: the comma before it goes */
    memmove(at, rest, strlen(rest) + 1);
    return true;
}

static struct note *find_note(struct notes *n, const char *key)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->list[i].key, key) == 0)
            return &n->list[i];
    return NULL;
}

/* Notes what a setting is now, and that it is held. */
static int hold(struct notes *notes, const char *holder, const struct sysctl_setting *s,
                bool *noted, unsigned *put_back)
{
    char now[SYSCTL_VALUE_MAX + 1];
    int err = read_value(s->key, now);
    if (err < 0)
        return err == -ENOENT ? 0 : err;
    bool changes = strcmp(now, s->value) != 0;
    struct note *note = find_note(notes, s->key);
    if (note == NULL && !changes)
        return 0;
    if (note == NULL) {
        if (notes->count == NOTES_MAX || strpbrk(now, " \t") != NULL)
            return -EINVAL;
        note = &notes->list[notes->count++];
        *note = (struct note){ 0 };
        snprintf(note->key, sizeof note->key, "%s", s->key);
        snprintf(note->before, sizeof note->before, "%s", now);
    }
    bool is_new = add_holder(note, holder);
    *noted = *noted || is_new;
    if (changes && !is_new)
        ++*put_back;
    return 0;
}

static bool is_wanted(const struct sysctl_setting *wanted, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(wanted[i].key, key) == 0)
            return true;
    return false;
}

/* Takes the holder off the notes that it no longer wants, and puts back what nobody holds. */
static int let_go(struct notes *notes, const char *holder, const struct sysctl_setting *wanted,
                  size_t count, bool (*keep)(const char *key), bool *noted)
{
    int first_err = 0;
    size_t left = 0;
    for (size_t i = 0; i < notes->count; i++) {
        struct note *n = &notes->list[i];
        if (!is_wanted(wanted, count, n->key) && remove_holder(n, holder))
            *noted = true;
        if (n->holders[0] != '\0') {
            notes->list[left++] = *n;
            continue;
        }
        int err = keep != NULL && keep(n->key) ? 0 : write_value(n->key, n->before);
        if (err < 0 && err != -ENOENT && first_err == 0) /* its interface may have gone */
            first_err = err;
    }
    notes->count = left;
    return first_err;
}

int sysctl_apply(const char *file, const char *holder, const struct sysctl_setting *wanted,
                 size_t count, bool (*keep)(const char *key), unsigned *put_back)
{
    struct notes notes;
    bool noted = false;
    *put_back = 0;
    if (count == 0 && access(file, F_OK) < 0)
        return 0;
    int err = open_notes(&notes, file);
    if (err < 0)
        return err;
    for (size_t i = 0; i < count && err == 0; i++)
        err = hold(&notes, holder, &wanted[i], &noted, put_back);
    int gone = let_go(&notes, holder, wanted, count, keep, &noted);
    /* What was before is on disk before anything else takes its place. */
    int saved = noted ? save_notes(&notes, file) : 0;
    for (size_t i = 0; i < count && err == 0 && saved == 0; i++) {
        char now[SYSCTL_VALUE_MAX + 1];
        if (read_value(wanted[i].key, now) == 0 && strcmp(now, wanted[i].value) != 0)
            err = write_value(wanted[i].key, wanted[i].value);
    }
    close_notes(&notes);
    return err < 0 ? err : gone < 0 ? gone : saved;
}
