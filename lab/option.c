/* SPDX-License-Identifier: ISC */
#include "lab/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"

bool option_count(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, isdigit((unsigned char)text[0]) && text[1] == 'x' ? 16 : 10);
    if (isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *out >= min && *out <= max)
        return true;
    log_error("%s: \"%s\" is no number from %" PRIu64 " to %" PRIu64, name, text, min, max);
    return false;
}

bool option_number(const char *name, const char *text, double min, double max, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (isdigit((unsigned char)text[0]) && *end == '\0' && *out >= min && *out <= max)
        return true;
    log_error("%s: \"%s\" is no number from %g to %g", name, text, min, max);
    return false;
}
