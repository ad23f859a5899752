/* SPDX-License-Identifier: ISC */
#include "sim/series.h"

#include <stdlib.h>

#include "sim/events.h"

void series_add(struct series *s, int64_t value_ns)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 1024 : 2 * s->capacity;
        s->value_ns = sim_grow(s->value_ns, s->capacity, capacity, sizeof(*s->value_ns));
        s->capacity = capacity;
    }
    s->value_ns[s->count++] = value_ns;
}

static int compare_ns(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

int64_t series_percentile(struct series *s, double share)
{
    if (s->count == 0)
        return 0;
    qsort(s->value_ns, s->count, sizeof(*s->value_ns), compare_ns);
    size_t at = (size_t)(share * (double)s->count);
    return s->value_ns[at < s->count ? at : s->count - 1];
}

void series_free(struct series *s)
{
    free(s->value_ns);
    *s = (struct series){ 0 };
}
