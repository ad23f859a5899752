/* SPDX-License-Identifier: ISC */
#include "sys/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Which kinds of mappings a dump has (core(5)): none, should there be one in spite of all. */
static void empty_dumps(void)
{
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* no /proc: the others hold */
    if (write(fd, "0", 1) < 0) {
        close(fd);
        return;
    }
    close(fd);
}

int memory_hide(void)
{
    const struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    empty_dumps();
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

uint64_t memory_of_machine_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}

enum { LARGE_BYTES = 1 << 17 };

void memory_map_large(void)
{
#ifdef M_MMAP_THRESHOLD /* glibc's; a value that is set is not adapted any more */
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
#endif
}

int memory_lock_part(const void *from, size_t len_bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)from & ~(page - 1);
    const size_t bytes = (uintptr_t)from + len_bytes - begin;
    return mlock2((const void *)begin, bytes, MLOCK_ONFAULT) < 0 ? -errno : 0;
}

/* The heap and the stack as they are now. */
static int lock_by_name(void)
{
    char line[256];
    int err = -ENOENT;
    FILE *f = fopen("/proc/self/maps", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        uintptr_t begin;
        uintptr_t end;
        if ((strstr(line, "[heap]") == NULL && strstr(line, "[stack]") == NULL) ||
            sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) != 2)
            continue;
        err = memory_lock_part((const void *)begin, end - begin);
        if (err < 0)
            break;
    }
    if (f != NULL)
        fclose(f);
    return err < 0 ? err : MEMORY_LOCKED_IN_PART;
}

int memory_lock(void)
{
    struct rlimit l;
    const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
    if (getrlimit(RLIMIT_MEMLOCK, &l) < 0)
        return -errno;
    /* Within a limit, memory that is reserved and never touched would count, and be refused. */
    if (l.rlim_cur != RLIM_INFINITY && setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
        return lock_by_name();
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}
