/* SPDX-License-Identifier: ISC */
#include "daemon/trust.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PERMISSIONS = 07777, OWNER_BYTES = 40, SHOWN_MAX = 96 };

const char *trust_irregular(const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return NULL;
    if (S_ISDIR(st->st_mode))
        return "a directory";
    if (S_ISFIFO(st->st_mode))
        return "a pipe";
    if (S_ISSOCK(st->st_mode))
        return "a socket";
    return "a device";
}

static bool is_trusted_user(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

static bool is_trusted_group(gid_t gid)
{
    const struct group *staff = getgrnam("staff");
    return gid == 0 || gid == getegid() || (staff != NULL && staff->gr_gid == gid);
}

static const char *owner_name(uid_t uid, char out[OWNER_BYTES])
{
    const struct passwd *p = getpwuid(uid);
    if (p != NULL)
        snprintf(out, OWNER_BYTES, "%s", p->pw_name);
    else
        snprintf(out, OWNER_BYTES, "user %lu", (unsigned long)uid);
    return out;
}

/* The group may change what is in it, or everybody; things in a sticky one only their owners. */
static bool others_write(const struct stat *st)
{
    if ((st->st_mode & S_ISVTX) != 0)
        return false;
    return (st->st_mode & S_IWOTH) != 0 ||
           ((st->st_mode & S_IWGRP) != 0 && !is_trusted_group(st->st_gid));
}

static bool trusts_directory(const char *path, char why[TRUST_TEXT_BYTES])
{
    char owner[OWNER_BYTES];
    struct stat st;
    if (stat(path, &st) < 0) {
        snprintf(why, TRUST_TEXT_BYTES, "its directory %.*s cannot be looked at: %s", SHOWN_MAX,
                 path, strerror(errno));
        return false;
    }
    if (is_trusted_user(st.st_uid) && !others_write(&st))
        return true;
    snprintf(why, TRUST_TEXT_BYTES,
             "others can put another file in its place: its directory %.*s belongs to %s (mode "
             "%04o)",
             SHOWN_MAX, path, owner_name(st.st_uid, owner), st.st_mode & PERMISSIONS);
    return false;
}

/* Cuts the last name off; false: none is left. */
static bool to_parent(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || strcmp(path, "/") == 0)
        return false;
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

/* path: absolute and without links. */
static bool trusts_directories_of(char *path, char why[TRUST_TEXT_BYTES])
{
    while (to_parent(path))
        if (!trusts_directory(path, why))
            return false;
    return true;
}

static bool trusts_place(const char *path, char why[TRUST_TEXT_BYTES])
{
    char at[PATH_MAX];
    char real[PATH_MAX];
    bool is_link = readlink(path, at, sizeof at) >= 0;
    if (realpath(path, real) == NULL) {
        snprintf(why, TRUST_TEXT_BYTES, "it cannot be found again: %s", strerror(errno));
        return false;
    }
    if (!trusts_directories_of(real, why))
        return false;
    if (!is_link)
        return true;
    snprintf(at, sizeof at, "%s", path);
    if (!to_parent(at))
        snprintf(at, sizeof at, ".");
    if (realpath(at, real) == NULL || strlen(real) + 2 >= sizeof real) {
        snprintf(why, TRUST_TEXT_BYTES, "its directory cannot be found: %s", strerror(errno));
        return false;
    }
    strcat(real, "/x"); /* what is in the directory */
    return trusts_directories_of(real, why);
}

bool trust_file(const char *path, const struct stat *st, mode_t others, char why[TRUST_TEXT_BYTES])
{
    const unsigned mode = st->st_mode & PERMISSIONS;
    const bool reads = (mode & others & (S_IRGRP | S_IROTH)) != 0;
    const bool writes = (mode & (S_IWGRP | S_IWOTH)) != 0;
    char owner[OWNER_BYTES];
    why[0] = '\0';
    if (!is_trusted_user(st->st_uid)) {
        snprintf(why, TRUST_TEXT_BYTES,
                 "it belongs to %s (mode %04o), who can change it: chown root it",
                 owner_name(st->st_uid, owner), mode);
        return false;
    }
    if (!reads && !writes)
        return trusts_place(path, why);
    snprintf(why, TRUST_TEXT_BYTES, "others can %s it (owner %s, mode %04o): chmod %s it",
             !writes ? "read"
             : reads ? "read and change"
                     : "change",
             owner_name(st->st_uid, owner), mode, others != 0 ? "600" : "go-w");
    return false;
}

int trust_program(const char *path, char why[TRUST_TEXT_BYTES])
{
    struct stat st;
    if (stat(path, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode)) {
        snprintf(why, TRUST_TEXT_BYTES, "it is %s and cannot be run", trust_irregular(&st));
        return -EPERM;
    }
    if ((st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
        snprintf(why, TRUST_TEXT_BYTES, "it cannot be run (mode %04o): chmod 755 it",
                 st.st_mode & PERMISSIONS);
        return -EPERM;
    }
    return trust_file(path, &st, 0, why) ? 0 : -EPERM;
}
