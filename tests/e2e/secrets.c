/* SPDX-License-Identifier: ISC */
/*
 * Whether the memory of a process holds a key, in its 32 bytes or as base64:
 *
 *     secrets PID KEY-FILE...
 *
 * Exit code 0: it does, and "KEY-FILE bytes" or "KEY-FILE text" is printed; 1: it does not; 2: its
 * memory cannot be read.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/key.h"

enum { CHUNK_BYTES = 1 << 20, OVERLAP_BYTES = 64, KEYS_MAX = 8, EXIT_UNREADABLE = 2 };

struct wanted {
    const char *file;
    uint8_t bytes[32];
    char text[KEY_BASE64_BYTES + 1];
};

static struct wanted wanted[KEYS_MAX];
static size_t wanted_count;
static bool found;

static void look(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < wanted_count; i++) {
        const struct wanted *w = &wanted[i];
        if (memmem(data, len, w->bytes, sizeof w->bytes) != NULL)
            found = printf("%s bytes\n", w->file) > 0;
        /* The last letters also depend on what follows. */
        if (memmem(data, len, w->text, strlen(w->text) - 2) != NULL)
            found = printf("%s text\n", w->file) > 0;
    }
}

/* What can be read of from .. to; the number of bytes. */
static uint64_t look_at(int fd, uint64_t from, uint64_t to)
{
    static uint8_t data[CHUNK_BYTES];
    uint64_t all = 0;
    while (from < to) {
        size_t len = to - from < sizeof data ? (size_t)(to - from) : sizeof data;
        ssize_t n = pread(fd, data, len, (off_t)from);
        if (n <= 0)
            break;
        look(data, (size_t)n);
        all += (uint64_t)n;
        from += (uint64_t)(n > OVERLAP_BYTES && from + (uint64_t)n < to ? n - OVERLAP_BYTES : n);
    }
    return all;
}

static uint64_t look_at_all(const char *pid)
{
    char path[64];
    char line[512];
    uint64_t all = 0;
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "re");
    while (fd >= 0 && maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char *end;
        uint64_t from = strtoull(line, &end, 16);
        uint64_t to = *end == '-' ? strtoull(end + 1, &end, 16) : 0;
        if (end[0] == ' ' && end[1] == 'r')
            all += look_at(fd, from, to);
    }
    if (maps != NULL)
        fclose(maps);
    if (fd >= 0)
        close(fd);
    return all;
}

static bool read_key(const char *file)
{
    struct wanted *w = &wanted[wanted_count++];
    FILE *f = fopen(file, "re");
    w->file = file;
    bool good = f != NULL && fscanf(f, "%44s", w->text) == 1 && key_from_base64(w->bytes, w->text);
    if (f != NULL)
        fclose(f);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 2 + KEYS_MAX) {
        fprintf(stderr, "usage: secrets PID KEY-FILE...\n");
        return EXIT_UNREADABLE;
    }
    for (int i = 2; i < argc; i++) {
        if (!read_key(argv[i])) {
            fprintf(stderr, "secrets: %s has no key\n", argv[i]);
            return EXIT_UNREADABLE;
        }
    }
    if (look_at_all(argv[1]) == 0) {
        fprintf(stderr, "secrets: the memory of process %s cannot be read\n", argv[1]);
        return EXIT_UNREADABLE;
    }
    return found ? EXIT_SUCCESS : EXIT_FAILURE;
}
