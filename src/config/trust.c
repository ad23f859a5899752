/* SPDX-License-Identifier: ISC */
#include "config/trust.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PERMISSIONS = 07777, OWNER_BYTES = 40, SHOWN_MAX = 96, LINKS_MAX = 40 /* as the kernel */ };

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

/*
 * The group may change what is in it, or everybody; things in a sticky one only their owners, but
 * anybody may add others: above the place that is read (is_read) that does no harm.
 */
static bool others_write(const struct stat *st, bool is_read)
{
    if ((st->st_mode & S_ISVTX) != 0 && !is_read)
        return false;
    return (st->st_mode & S_IWOTH) != 0 ||
           ((st->st_mode & S_IWGRP) != 0 && !is_trusted_group(st->st_gid));
}

static bool trusts_directory(const char *path, bool is_read, char why[TRUST_TEXT_BYTES])
{
    char owner[OWNER_BYTES];
    struct stat st;
    if (stat(path, &st) < 0) {
        snprintf(why, TRUST_TEXT_BYTES, "its directory %.*s cannot be looked at: %s", SHOWN_MAX,
                 path, strerror(errno));
        return false;
    }
    if (is_trusted_user(st.st_uid) && !others_write(&st, is_read))
        return true;
    snprintf(why, TRUST_TEXT_BYTES,
             "others can put another file in its place: its directory %.*s belongs to %s (mode "
             "%04o)",
             SHOWN_MAX, path, owner_name(st.st_uid, owner), st.st_mode & PERMISSIONS);
    return false;
}

/* A way to a file, name by name, as the kernel goes it. */
struct way {
    char at[PATH_MAX];   /* a directory, without links */
    char rest[PATH_MAX]; /* what is still to go from there */
    unsigned links;      /* that were followed */
};

static bool is_lost(char why[TRUST_TEXT_BYTES], int error)
{
    snprintf(why, TRUST_TEXT_BYTES, "it cannot be found again: %s", strerror(error));
    return false;
}

static void to_parent(char *path)
{
    char *slash = strrchr(path, '/');
    slash[slash == path ? 1 : 0] = '\0';
}

/* at/name; false: too long. */
static bool append(char at[PATH_MAX], const char *name)
{
    size_t len = strlen(at);
    const char *slash = strcmp(at, "/") == 0 ? "" : "/";
    return snprintf(at + len, PATH_MAX - len, "%s%s", slash, name) < (int)(PATH_MAX - len);
}

/* In a sticky directory who owns a link can make another one of that name; *why says so. */
static bool trusts_link(const char *path, const struct stat *st, const struct stat *directory,
                        char why[TRUST_TEXT_BYTES])
{
    char owner[OWNER_BYTES];
    if ((directory->st_mode & S_ISVTX) == 0 || is_trusted_user(st->st_uid))
        return true;
    snprintf(why, TRUST_TEXT_BYTES,
             "others can put another file in its place: %.*s is a link of %s", SHOWN_MAX, path,
             owner_name(st->st_uid, owner));
    return false;
}

/* path is a link in w->at: goes on where it leads. */
static bool follow(struct way *w, const char *path, char why[TRUST_TEXT_BYTES])
{
    char rest[PATH_MAX];
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len < 0)
        return is_lost(why, errno);
    target[len] = '\0';
    if (++w->links > LINKS_MAX)
        return is_lost(why, ELOOP);
    if (snprintf(rest, sizeof rest, "%s/%s", target, w->rest) >= (int)sizeof rest)
        return is_lost(why, ENAMETOOLONG);
    memcpy(w->rest, rest, sizeof rest);
    if (target[0] == '/')
        strcpy(w->at, "/");
    return true;
}

/* One name further, in a directory that must be trusted for that. */
static bool step(struct way *w, const char *name, char why[TRUST_TEXT_BYTES])
{
    char path[PATH_MAX];
    struct stat st, directory;
    if (!trusts_directory(w->at, false, why))
        return false;
    strcpy(path, w->at);
    if (!append(path, name))
        return is_lost(why, ENAMETOOLONG);
    if (lstat(path, &st) < 0 || stat(w->at, &directory) < 0)
        return is_lost(why, errno);
    if (S_ISLNK(st.st_mode))
        return trusts_link(path, &st, &directory, why) && follow(w, path, why);
    strcpy(w->at, path);
    return true;
}

static bool trusts_way(struct way *w, char why[TRUST_TEXT_BYTES])
{
    while (w->rest[0] != '\0') {
        char name[NAME_MAX + 1];
        size_t len = strcspn(w->rest, "/");
        if (len > NAME_MAX)
            return is_lost(why, ENAMETOOLONG);
        memcpy(name, w->rest, len);
        name[len] = '\0';
        size_t skip = len + strspn(w->rest + len, "/");
        memmove(w->rest, w->rest + skip, strlen(w->rest + skip) + 1);
        if (strcmp(name, "..") == 0)
            to_parent(w->at);
        else if (len > 0 && strcmp(name, ".") != 0 && !step(w, name, why))
            return false;
    }
    return true;
}

/* Each directory on the way from / to the file, and each link, is nobody else's to change. */
static bool trusts_place(const char *path, char why[TRUST_TEXT_BYTES])
{
    struct way w = { .at = "/" };
    if (path[0] != '/' && getcwd(w.rest, sizeof w.rest) == NULL)
        return is_lost(why, errno);
    size_t len = strlen(w.rest);
    if (snprintf(w.rest + len, sizeof w.rest - len, "%s%s", len > 0 ? "/" : "", path) >=
        (int)(sizeof w.rest - len))
        return is_lost(why, ENAMETOOLONG);
    return trusts_way(&w, why);
}

bool trust_entry(const struct stat *st, mode_t others, char why[TRUST_TEXT_BYTES])
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
        return true;
    snprintf(why, TRUST_TEXT_BYTES, "others can %s it (owner %s, mode %04o): chmod %s it",
             !writes ? "read"
             : reads ? "read and change"
                     : "change",
             owner_name(st->st_uid, owner), mode, others != 0 ? "600" : "go-w");
    return false;
}

bool trust_file(const char *path, const struct stat *st, mode_t others, char why[TRUST_TEXT_BYTES])
{
    return trust_entry(st, others, why) && trusts_place(path, why);
}

bool trust_directory(const char *path, char why[TRUST_TEXT_BYTES])
{
    return trusts_place(path, why) && trusts_directory(path, true, why);
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
