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

#include <stdint.h>
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

/*
 * The bounds of a process that stays privileged, and of all that it starts: no capability but those
 * of the set (bit 1 << CAP_…), none to gain, and the calls of callfilter_guard(). As
 * sandbox_enter().
 */
int sandbox_bound(uint64_t keep, const char **step);

/* The end with the parent, the change of user, files to read only below where resolvers have theirs
 * (where the kernel has Landlock), and the calls of callfilter_lookup(). As sandbox_enter(). */
int sandbox_lookup(uid_t uid, gid_t gid, const char **step);

#endif
