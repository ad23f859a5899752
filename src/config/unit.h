/* SPDX-License-Identifier: ISC */
/*
 * The systemd unit that runs the daemon of a configuration file: hawserd.service has hawser.conf of
 * UNIT_CONFIG_DIR, hawserd@NAME.service has NAME.conf of it.
 */
#ifndef HAWSER_CONFIG_UNIT_H
#define HAWSER_CONFIG_UNIT_H

#include <stdbool.h>

#define UNIT_CONFIG_DIR "/etc/hawser"

enum { UNIT_NAME_BYTES = 80 };

/* "hawserd" or "hawserd@office"; false: no unit has that file, which is of directory. */
bool unit_of_config(const char *directory, const char *path, char out[UNIT_NAME_BYTES]);

#endif
