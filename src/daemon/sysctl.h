/* SPDX-License-Identifier: ISC */
/*
 * Kernel settings that are changed for as long as a tunnel runs.
 *
 * What a setting was before is written to a file first, so that it is put back at the end, or at
 * the next start after a process that could not do it itself.
 */
#ifndef HAWSER_DAEMON_SYSCTL_H
#define HAWSER_DAEMON_SYSCTL_H

/* key: a path below /proc/sys. 0 or negative errno; nothing is noted if value is what it is. */
int sysctl_set(const char *file, const char *key, const char *value);
/* The number it is now; -1: there is none. */
int sysctl_get(const char *key);
/* Puts everything back and removes the file; 0 also when there is none. */
int sysctl_restore(const char *file);

#endif
