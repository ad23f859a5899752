/* SPDX-License-Identifier: ISC */
#include "sys/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 256, NOBODY = 65534 };

int sandbox_find_user(const char *name, uid_t *uid, gid_t *gid)
{
    const struct passwd *p = getpwnam(name);
    int err = p == NULL ? -ENOENT : 0;
    if (p == NULL)
        p = getpwnam("nobody");
    *uid = p != NULL ? p->pw_uid : NOBODY;
    *gid = p != NULL ? p->pw_gid : NOBODY;
    return err;
}

int sandbox_make_root(const char *path)
{
    struct stat st;
    if (mkdir(path, 0555) < 0 && errno != EEXIST)
        return -errno;
    if (lstat(path, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return -EPERM;
    return 0;
}

/* What an engine does once it runs: move bytes between open descriptors, wait, and allocate. */
static int filter_calls(void)
{
    static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(write),
        SCMP_SYS(readv),
        SCMP_SYS(writev),
        SCMP_SYS(sendto),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),
        SCMP_SYS(recvmmsg),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(epoll_pwait2),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(accept4),
        SCMP_SYS(shutdown),
        SCMP_SYS(close),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(getsockname),
        SCMP_SYS(fstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(lseek),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(madvise),
        SCMP_SYS(brk),
        SCMP_SYS(futex),
        SCMP_SYS(getrandom),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(sched_yield),
        /* What 32-bit machines have instead; elsewhere a number that no call has. */
        SCMP_SYS(_llseek),
        SCMP_SYS(fstat64),
        SCMP_SYS(fstatat64),
        SCMP_SYS(clock_gettime64),
        SCMP_SYS(clock_nanosleep_time64),
        SCMP_SYS(futex_time64),
        SCMP_SYS(ppoll_time64),
        SCMP_SYS(recvmmsg_time64),
    };
    static const int mapping[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect) };
    static const int control[] = { SCMP_SYS(fcntl), SCMP_SYS(fcntl64) };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return -ENOMEM;
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof allowed / sizeof allowed[0]; i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    /* Memory may become readable and writable, but never executable. */
    for (size_t i = 0; err == 0 && i < sizeof mapping / sizeof mapping[0]; i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mapping[i], 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* fcntl(2): F_GETFD .. F_SETFL only; no leases, signals or duplicates. */
    for (size_t i = 0; err == 0 && i < sizeof control / sizeof control[0]; i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, control[i], 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)7, 0));
    /* abort(3): only to itself, and that only ends it */
    if (err == 0)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (err == 0)
        err = seccomp_load(filter);
    seccomp_release(filter);
    return err;
}

static int limit(int what, rlim_t value)
{
    struct rlimit l = { .rlim_cur = value, .rlim_max = value };
    return setrlimit((__rlimit_resource_t)what, &l) < 0 ? -errno : 0;
}

static int change_user(uid_t uid, gid_t gid)
{
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return -errno;
    return 0;
}

/* The bounding set can be emptied only while CAP_SETPCAP is there. */
static int drop_bounding(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return -errno;
    return 0;
}

static int drop_capabilities(void)
{
    capng_clear(CAPNG_SELECT_ALL);
    if (capng_apply(CAPNG_SELECT_CAPS) < 0 || capng_apply(CAPNG_SELECT_AMBIENT) < 0)
        return -EPERM;
    return 0;
}

int sandbox_drop(uid_t uid, gid_t gid, const char **step)
{
    int err;
    *step = "capability bounding set";
    if ((err = drop_bounding()) < 0)
        return err;
    *step = "change of user";
    if ((err = change_user(uid, gid)) < 0)
        return err;
    *step = "capabilities";
    if ((err = drop_capabilities()) < 0)
        return err;
    *step = "no_new_privs";
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int sandbox_enter(const char *root, uid_t uid, gid_t gid, const char **step)
{
    int err;
    *step = "limits";
    if ((err = limit(RLIMIT_CORE, 0)) < 0 || (err = limit(RLIMIT_NOFILE, DESCRIPTORS_MAX)) < 0)
        return err;
    *step = "chroot";
    if (chroot(root) < 0 || chdir("/") < 0)
        return -errno;
    if ((err = sandbox_drop(uid, gid, step)) < 0)
        return err;
    *step = "system call filter";
    return filter_calls();
}
