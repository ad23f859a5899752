/* SPDX-License-Identifier: ISC */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

void table_init(struct table *t, const char *const *titles, size_t columns)
{
    *t = (struct table){ .columns = columns };
    table_cell *row = table_row(t);
    for (size_t c = 0; row != NULL && c < columns; c++)
        snprintf(row[c], sizeof row[c], "%s", titles[c]);
}

table_cell *table_row(struct table *t)
{
    if (t->rows == t->capacity) {
        size_t capacity = t->capacity == 0 ? 16 : 2 * t->capacity;
        table_cell *wider = realloc(t->cells, capacity * t->columns * sizeof *wider);
        if (wider == NULL)
            return NULL;
        t->cells = wider;
        t->capacity = capacity;
    }
    table_cell *row = &t->cells[t->rows++ * t->columns];
    memset(row, 0, t->columns * sizeof *row);
    return row;
}

static int width_of(const struct table *t, size_t column)
{
    int width = 0;
    for (size_t r = 0; r < t->rows; r++) {
        int len = (int)strlen(t->cells[r * t->columns + column]);
        width = len > width ? len : width;
    }
    return width;
}

void table_print(const struct table *t, FILE *to)
{
    int *widths = calloc(t->columns, sizeof *widths);
    for (size_t c = 0; widths != NULL && c < t->columns; c++)
        widths[c] = width_of(t, c);
    for (size_t r = 0; r < t->rows; r++) {
        const table_cell *row = &t->cells[r * t->columns];
        fputs("  ", to);
        for (size_t c = 0; c + 1 < t->columns; c++)
            fprintf(to, "%-*s  ", widths != NULL ? widths[c] : 0, row[c]);
        fprintf(to, "%s\n", row[t->columns - 1]);
    }
    free(widths);
}

void table_free(struct table *t)
{
    free(t->cells);
    *t = (struct table){ 0 };
}
