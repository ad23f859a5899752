/* SPDX-License-Identifier: ISC */
#include "bond/tuning.h"

#ifdef HAWSER_TUNABLE
#undef TUNE_INT
#undef TUNE_INT64
#undef TUNE_DOUBLE
#define TUNE_INT(name, value) int name = (value);
#define TUNE_INT64(name, value) int64_t name = (value);
#define TUNE_DOUBLE(name, value) double name = (value);
#define TUNE(name, unit, value, why, source, effect) TUNE_##unit(name, value)
#include "bond/tuning.h"
#define PLACE(name) &name
#else
#define PLACE(name) NULL
#endif

#define TUNE(name, unit, value, why, source, effect)                                               \
    { #name, TUNING_##unit, (double)(value), PLACE(name), why, source, effect },
const struct tuning tunings[] = {
#include "bond/tuning.h"
};

const size_t tuning_count = sizeof tunings / sizeof tunings[0];

#define RANGE(unit, word, type, least, most) [TUNING_##unit] = { word, type, least, most },
const struct tuning_range tuning_ranges[] = { TUNING_UNITS(RANGE) };

bool tuning_set(const struct tuning *t, double value)
{
    const struct tuning_range *r = &tuning_ranges[t->unit];
    if (t->place == NULL || !(value >= r->least && value <= r->most))
        return false;
    switch (r->type) {
    case TUNING_INT:
        *(int *)t->place = (int)value;
        break;
    case TUNING_INT64:
        *(int64_t *)t->place = (int64_t)value;
        break;
    case TUNING_DOUBLE:
        *(double *)t->place = value;
        break;
    }
    return true;
}
