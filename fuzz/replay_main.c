/* SPDX-License-Identifier: ISC */
/* Runs a fuzz target over files, or over all files of directories, without a fuzzer: as a test. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum { INPUT_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 4096 };

static bool run_file(const char *path)
{
    static uint8_t buffer[INPUT_BYTES_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    size_t len = fread(buffer, 1, sizeof buffer, f);
    fclose(f);
    /* A copy of exactly that size, so that reading past its end is seen. */
    uint8_t *input = malloc(len + 1);
    if (input == NULL)
        return false;
    memcpy(input, buffer, len);
    input = realloc(input, len > 0 ? len : 1);
    LLVMFuzzerTestOneInput(input, len);
    free(input);
    return true;
}

/* Returns how many inputs were run, negative after a failure. */
static int run_directory(const char *path)
{
    struct dirent **entries;
    int count = 0;
    int found = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char name[PATH_BYTES_MAX];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && count >= 0)
            count = run_file(name) ? count + 1 : -1;
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
    return found >= 0 ? count : -1;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int count = -1;
        if (stat(argv[i], &st) == 0)
            count = S_ISDIR(st.st_mode) ? run_directory(argv[i]) : (int)run_file(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: no input could be run\n", argv[i]);
            return 1;
        }
        total += count;
    }
    printf("%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
