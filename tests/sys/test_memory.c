/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/memory.h"

enum { TABLE_BYTES = 20 << 20, TURNS = 8, ROOM_BYTES = 2 << 20 };

/* What this process has in memory. */
static size_t resident_bytes(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*s %zu", &pages), 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* As peers that come and go. */
static void tables_that_nobody_touches_take_nothing(void **state)
{
    (void)state;
    memory_map_large();
    size_t before = resident_bytes();
    for (unsigned i = 0; i < TURNS; i++) {
        uint8_t *table = calloc(1, TABLE_BYTES);
        assert_non_null(table);
        table[TABLE_BYTES / 2] = 1;
        assert_true(resident_bytes() < before + ROOM_BYTES);
        free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_that_nobody_touches_take_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
