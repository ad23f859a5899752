/* SPDX-License-Identifier: ISC */
/*
 * Kernel settings that are changed for as long as tunnels run.
 *
 * A file, shared by the tunnels of a network namespace, says what each changed setting was before
 * and who holds it. The last holder that lets go puts it back; a holder that was killed holds on
 * until its next start ends. What is found as wanted, and held by nobody, is not ours and stays.
 */
#ifndef HAWSER_GUARD_NETWORK_SYSCTL_H
#define HAWSER_GUARD_NETWORK_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

enum { SYSCTL_FILE_BYTES = 64, SYSCTL_KEY_MAX = 127, SYSCTL_VALUE_MAX = 63 };

/* The file of this network namespace. */
const char *sysctl_file(char out[SYSCTL_FILE_BYTES]);

struct sysctl_setting {
    char key[SYSCTL_KEY_MAX + 1]; /* a path below /proc/sys, in net/ */
    char value[SYSCTL_VALUE_MAX + 1];
};

/* The number it is now; -1: there is none. */
int sysctl_get(const char *key);
/*
 * The holder wants exactly these settings from now on: they are set, also if somebody else has
 * changed them meanwhile, and the holder lets go of all others. keep (NULL: none): settings that
 * stay as they are when they are let go, because others need them by now. *put_back counts those
 * that were held and had changed. A setting that does not exist is left out. 0 or the first
 * negative errno.
 */
int sysctl_apply(const char *file, const char *holder, const struct sysctl_setting *wanted,
                 size_t count, bool (*keep)(const char *key), unsigned *put_back);

#endif
