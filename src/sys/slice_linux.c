/* SPDX-License-Identifier: ISC */
#include "sys/slice.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setattr(2), which the C library does not declare. */
struct sched_attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
};

int slice_set(int64_t slice_ns, int nice)
{
    struct sched_attributes a = {
        .size = sizeof a, .policy = SCHED_OTHER, .nice = nice, .runtime_ns = (uint64_t)slice_ns
    };
    if (nice == SLICE_NICE_KEEP)
        a.nice = getpriority(PRIO_PROCESS, 0);
    return syscall(SYS_sched_setattr, 0, &a, 0) == 0 ? 0 : -errno;
}
