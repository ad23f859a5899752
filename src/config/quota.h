/* SPDX-License-Identifier: ISC */
/*
 * The arithmetic of a metered link: which month of the account it is, and what the link may still
 * do in it.
 *
 * A month begins at midnight, local time, of the reset day. Up to 90 % of the quota the link is
 * free. From there on it is slowed down such that the rest would last for an hour at first, and,
 * the less is left, for ever more of the time until the reset. Below QUOTA_LEAST_BPS the link
 * counts as used up: the little that is left is kept for when nothing else works.
 */
#ifndef HAWSER_CONFIG_QUOTA_H
#define HAWSER_CONFIG_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
    QUOTA_DAY_MAX = 28, /* which every month has */
    QUOTA_LEAST_BPS = 64000,
    QUOTA_MONTH_UNKNOWN = 0,
};

#define QUOTA_BYTES_MAX ((uint64_t)INT64_MAX)

struct quota_rule {
    uint64_t bytes;    /* a month, both directions; 0: no quota */
    uint8_t reset_day; /* 1 .. QUOTA_DAY_MAX */
};

struct quota_usage {
    int32_t
        month; /* the latest, counted from year 0, by the day it began; or QUOTA_MONTH_UNKNOWN */
    uint64_t bytes; /* at most QUOTA_BYTES_MAX */
};

/* The account's month of a local time; unknown while the clock is before 2024: it was not set. */
int32_t quota_month(const struct tm *local, uint8_t reset_day);

/* Seconds from a local time until the account's next month, at least 1. */
int64_t quota_left_s(const struct tm *local, uint8_t reset_day);

/*
 * A later month begins with nothing used, and so does one that begins while the clock runs.
 * before: the month by the same clock some minutes ago, or unknown. A clock that is unset, or goes
 * back and is set right again, takes nothing away from what is used.
 */
void quota_turn(struct quota_usage *u, int32_t before, int32_t month);

/* Up to the most that the file of usage.h can hold. */
void quota_add(struct quota_usage *u, uint64_t bytes);

struct quota_advice {
    uint64_t limit_bps; /* most in either direction; 0: no limit */
    bool used_up;
};

struct quota_advice quota_advise(const struct quota_rule *rule, uint64_t used_bytes,
                                 int64_t left_s);

#endif
