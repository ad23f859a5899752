/* SPDX-License-Identifier: ISC */
#include "sys/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The rights of the first version of Landlock: all kernels that have it know them. */
#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ALL_RIGHTS                                                                                 \
    (READ_RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                    \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |    \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
     LANDLOCK_ACCESS_FS_MAKE_SYM)

static int allow_below(int rules, const char *path)
{
    struct landlock_path_beneath_attr below = { .allowed_access = READ_RIGHTS };
    struct stat st;
    int err = 0;
    below.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (below.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
    if (fstat(below.parent_fd, &st) < 0)
        err = -errno;
    else if (!S_ISDIR(st.st_mode))
        below.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    if (err == 0 &&
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
        err = -errno;
    close(below.parent_fd);
    return err;
}

int landlock_read_only(const char *const paths[])
{
    const struct landlock_ruleset_attr all = { .handled_access_fs = ALL_RIGHTS };
    int err = 0;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules < 0)
        return -errno;
    for (size_t i = 0; err == 0 && paths[i] != NULL; i++)
        err = allow_below(rules, paths[i]);
    if (err == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
        err = -errno;
    close(rules);
    return err;
}
