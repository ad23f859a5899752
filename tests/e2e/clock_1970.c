/* SPDX-License-Identifier: ISC */
/*
 * Linked into a hawserd of its own (--wrap=clock_gettime): one on a machine without a clock that
 * runs on, where time begins in 1970 at each start.
 */
#include <time.h>

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    return __real_clock_gettime(clock == CLOCK_REALTIME ? CLOCK_MONOTONIC : clock, out);
}
