/* SPDX-License-Identifier: ISC */
#include "sim/tune.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bond/tuning.h"

/* The longest first: a value is told in the first that it has one of. */
static const struct {
    const char *word;
    double ns;
} times[] = { { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };

enum { TIMES = sizeof times / sizeof times[0], VALUE_BYTES = 32 };

static bool is_time(const struct tuning *t)
{
    return t->unit == TUNING_ns || t->unit == TUNING_ns_real;
}

static bool is_whole(const struct tuning *t)
{
    return tuning_ranges[t->unit].type != TUNING_DOUBLE;
}

/* The value with its unit. */
static const char *value_text(const struct tuning *t, double value, char out[VALUE_BYTES])
{
    unsigned i = 0;
    if (!is_time(t)) {
        snprintf(out, VALUE_BYTES, "%.10g\t%s", value, tuning_ranges[t->unit].word);
        return out;
    }
    while (i + 1 < TIMES && value < times[i].ns)
        i++;
    snprintf(out, VALUE_BYTES, "%.10g\t%s", value / times[i].ns, times[i].word);
    return out;
}

static bool refuse(const char *text, const char *why)
{
    fprintf(stderr, "hawser-sim: --tune %s: %s\n", text, why);
    return false;
}

static const struct tuning *find(const char *name, size_t len)
{
    for (size_t i = 0; i < tuning_count; i++)
        if (strlen(tunings[i].name) == len && memcmp(tunings[i].name, name, len) == 0)
            return &tunings[i];
    return NULL;
}

/* A number, of a time with or without a unit behind it. */
static bool read_value(const struct tuning *t, const char *text, double *out)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno != 0 || !isfinite(value))
        return false;
    for (unsigned i = 0; is_time(t) && i < TIMES; i++) {
        if (strcmp(end, times[i].word) == 0) {
            *out = round(value * times[i].ns);
            return true;
        }
    }
    *out = value;
    return *end == '\0';
}

bool tune_set(const char *text)
{
    char range[128];
    double value;
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return refuse(text, "expected NAME=VALUE");
    const struct tuning *t = find(text, (size_t)(equals - text));
    if (t == NULL)
        return refuse(text, "no such constant; hawser-sim --tunes lists them");
    const struct tuning_range *u = &tuning_ranges[t->unit];
    if (!read_value(t, equals + 1, &value))
        return refuse(text, is_time(t) ? "not a time such as 8ms, or a number of nanoseconds"
                                       : "not a number");
    if (is_whole(t) && value != floor(value))
        return refuse(text, "not a whole number");
    if (value < u->least || value > u->most) {
        snprintf(range, sizeof range, "it must be from %.10g to %.10g%s%s", u->least, u->most,
                 u->word[0] != '\0' ? " " : "", u->word);
        return refuse(text, range);
    }
    return tuning_set(t, value) || refuse(text, "the constants of this build are fixed");
}

void tune_list(void)
{
    char value[VALUE_BYTES];
    for (size_t i = 0; i < tuning_count; i++) {
        const struct tuning *t = &tunings[i];
        printf("%s\t%s\t%s\t%s\t%s\n", t->name, value_text(t, t->value, value), t->why, t->source,
               t->effect);
    }
}
