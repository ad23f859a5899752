/* SPDX-License-Identifier: ISC */
/*
 * Rows of texts, printed in columns as wide as their longest text. The last column is not filled
 * up.
 */
#ifndef HAWSER_CLI_TABLE_H
#define HAWSER_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_CELL_BYTES = 96 };

typedef char table_cell[TABLE_CELL_BYTES];

struct table {
    size_t columns;
    size_t rows;
    size_t capacity;   /* rows */
    table_cell *cells; /* owned */
};

/* With a first row of titles; to be freed. */
void table_init(struct table *t, const char *const *titles, size_t columns);

/* The cells of a new row, empty; NULL: there is no memory for it. */
table_cell *table_row(struct table *t);

void table_print(const struct table *t, FILE *to);
void table_free(struct table *t);

#endif
