/* SPDX-License-Identifier: ISC */
/* Files that a process may see, by Landlock: for one that needs some, and so cannot be in a chroot.
 */
#ifndef HAWSER_SYS_LANDLOCK_H
#define HAWSER_SYS_LANDLOCK_H

/*
 * From now on this process reads what is below the paths (NULL at the end; those that are not there
 * do not count), writes nothing, and runs nothing. Needs no_new_privs. 0 or negative errno: -ENOSYS
 * or -EOPNOTSUPP where the kernel has no Landlock.
 */
int landlock_read_only(const char *const paths[]);

#endif
