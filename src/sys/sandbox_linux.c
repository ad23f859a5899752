/* SPDX-License-Identifier: ISC */
#include "sys/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/callfilter.h"
#include "sys/landlock.h"
#include "sys/memory.h"

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
static int drop_bounding(uint64_t keep)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if ((keep >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return -errno;
    return 0;
}

/* Of those that are there. */
static int keep_capabilities(uint64_t keep)
{
    if (capng_get_caps_process() < 0)
        return -EPERM;
    for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
        if ((keep >> cap & 1) == 0)
            capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE, cap);
    return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
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
    if ((err = drop_bounding(0)) < 0)
        return err;
    *step = "change of user";
    if ((err = change_user(uid, gid)) < 0)
        return err;
    *step = "capabilities";
    if ((err = drop_capabilities()) < 0)
        return err;
    *step = "dumps"; /* a change of user sets this anew */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    *step = "no_new_privs";
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int sandbox_enter(const char *root, uid_t uid, gid_t gid, const char **step)
{
    int err;
    *step = "dumps";
    if ((err = memory_hide()) < 0)
        return err;
    *step = "limits";
    if ((err = limit(RLIMIT_NOFILE, DESCRIPTORS_MAX)) < 0)
        return err;
    *step = "chroot";
    if (chroot(root) < 0 || chdir("/") < 0)
        return -errno;
    if ((err = sandbox_drop(uid, gid, step)) < 0)
        return err;
    *step = "system call filter";
    return callfilter_engine();
}

int sandbox_bound(uint64_t keep, const char **step)
{
    int err;
    *step = "capability bounding set";
    if ((err = drop_bounding(keep)) < 0)
        return err;
    *step = "capabilities";
    if ((err = keep_capabilities(keep)) < 0)
        return err;
    *step = "no_new_privs";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    *step = "system call filter";
    return callfilter_guard();
}

int sandbox_lookup(uid_t uid, gid_t gid, const char **step)
{
    static const char *const readable[] = { "/etc",       "/usr",         "/lib",
                                            "/lib32",     "/lib64",       "/run",
                                            "/var/run",   "/var/lib/sss", "/var/cache/nscd",
                                            "/nix/store", "/gnu/store",   "/dev/urandom",
                                            NULL };
    int err;
    *step = "dumps";
    if ((err = memory_hide()) < 0 || (err = sandbox_drop(uid, gid, step)) < 0)
        return err;
    *step = "end with the parent"; /* which the change of user took back */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    *step = "Landlock";
    err = landlock_read_only(readable);
    if (err < 0 && err != -ENOSYS && err != -EOPNOTSUPP)
        return err;
    *step = "system call filter";
    return callfilter_lookup();
}
