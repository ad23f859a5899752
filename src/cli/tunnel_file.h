/* SPDX-License-Identifier: ISC */
/*
 * Which tunnel a configuration file is of, and which systemd unit runs it. Of the file only that is
 * read: what else may be wrong with it is for the daemon to tell.
 */
#ifndef HAWSER_CLI_TUNNEL_FILE_H
#define HAWSER_CLI_TUNNEL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/unit.h"

enum { TUNNEL_FILE_VALUE_BYTES = 256 };

struct tunnel_file {
    char interface[TUNNEL_FILE_VALUE_BYTES];
    char control[TUNNEL_FILE_VALUE_BYTES]; /* empty: where the interface's socket is */
};

/* 0, or negative errno. */
int tunnel_file_read(struct tunnel_file *out, const char *path);

/*
 * The unit that runs a tunnel, by interface name or by the path of its socket; tunnel NULL: of the
 * only configuration there is. False: none is known.
 */
bool tunnel_file_unit(const char *tunnel, char out[UNIT_NAME_BYTES]);

#endif
