/* SPDX-License-Identifier: ISC */
/* A growing list of measured durations and its percentiles. */
#ifndef HAWSER_SIM_SERIES_H
#define HAWSER_SIM_SERIES_H

#include <stddef.h>
#include <stdint.h>

struct series {
    int64_t *value_ns; /* owned */
    size_t count;
    size_t capacity;
};

void series_add(struct series *s, int64_t value_ns);
/* share: 0.5 is the median. Sorts the series. 0 when it is empty. */
int64_t series_percentile(struct series *s, double share);
void series_free(struct series *s);

#endif
