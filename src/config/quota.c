/* SPDX-License-Identifier: ISC */
#include "config/quota.h"

#include <math.h>

enum { YEAR_LEAST = 2024, DAY_S = 86400, HOUR_S = 3600 };

#define TAPER 0.1 /* the last share of the quota */

int32_t quota_month(const struct tm *local, uint8_t reset_day)
{
    int32_t year = local->tm_year + 1900;
    if (year < YEAR_LEAST)
        return QUOTA_MONTH_UNKNOWN;
    return year * 12 + local->tm_mon - (local->tm_mday < reset_day ? 1 : 0);
}

static int days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 1 && leap ? 1 : 0);
}

int64_t quota_left_s(const struct tm *local, uint8_t reset_day)
{
    int64_t days = reset_day - local->tm_mday;
    if (days <= 0)
        days += days_of_month(local->tm_year + 1900, local->tm_mon);
    int64_t today_s = local->tm_hour * HOUR_S + local->tm_min * 60 + local->tm_sec;
    int64_t left_s = days * DAY_S - today_s;
    return left_s > 0 ? left_s : 1; /* a leap second */
}

void quota_turn(struct quota_usage *u, int32_t before, int32_t month)
{
    bool has_begun = before != QUOTA_MONTH_UNKNOWN && month > before;
    if (month == QUOTA_MONTH_UNKNOWN || (month <= u->month && !has_begun))
        return;
    if (u->month != QUOTA_MONTH_UNKNOWN)
        u->bytes = 0;
    u->month = month;
}

void quota_add(struct quota_usage *u, uint64_t bytes)
{
    uint64_t room = u->bytes < QUOTA_BYTES_MAX ? QUOTA_BYTES_MAX - u->bytes : 0;
    u->bytes += bytes < room ? bytes : room;
}

struct quota_advice quota_advise(const struct quota_rule *rule, uint64_t used_bytes, int64_t left_s)
{
    struct quota_advice none = { 0 };
    if (rule->bytes == 0)
        return none;
    if (used_bytes >= rule->bytes)
        return (struct quota_advice){ .used_up = true };
    double left_bytes = (double)(rule->bytes - used_bytes);
    double full = left_bytes / (TAPER * (double)rule->bytes); /* of the taper */
    if (full > 1)
        return none;
    /* From an hour to the whole time that is left, by equal factors for equal steps. */
    double least_s = fmin(HOUR_S, (double)left_s);
    double lasts_s = pow(least_s, full) * pow((double)left_s, 1 - full);
    double bps = left_bytes * 8 / lasts_s;
    if (bps < QUOTA_LEAST_BPS)
        return (struct quota_advice){ .used_up = true };
    return (struct quota_advice){ .limit_bps = (uint64_t)bps };
}
