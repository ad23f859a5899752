/* SPDX-License-Identifier: ISC */
/*
 * Giving up every privilege for good.
 *
 * After sandbox_enter() the process sees an empty directory as its root, runs as an unprivileged
 * user without any capability, can gain none, and is killed by the kernel for any system call that
 * the packet path does not need: it can open no file, make no socket and start no program.
 */
#ifndef HAWSER_SYS_SANDBOX_H
#define HAWSER_SYS_SANDBOX_H

#include <sys/types.h>

/* The ids of a user name; "nobody"'s if there is no such user (-ENOENT is then returned). */
int sandbox_find_user(const char *name, uid_t *uid, gid_t *gid);

/* An empty directory that only root can change; made if it is not there. 0 or negative errno. */
int sandbox_make_root(const char *path);

/* Needs root; all descriptors that will be needed are open. 0, or negative errno and *step says
 * what failed: the process must then end. */
int sandbox_enter(const char *root, uid_t uid, gid_t gid, const char **step);

/* The change of user alone: no capability, and none to gain, but files and system calls stay. As
 * sandbox_enter(). */
int sandbox_drop(uid_t uid, gid_t gid, const char **step);

#endif
