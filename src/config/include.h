/* SPDX-License-Identifier: ISC */
/* The files of a directory that belong to a configuration. */
#ifndef HAWSER_CONFIG_INCLUDE_H
#define HAWSER_CONFIG_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>

/* "/etc/hawser/NAME.conf.d" beside "/etc/hawser/NAME.conf"; false: the file has no such name. */
bool include_usual_directory(const char *config_path, char *out, size_t size);

/*
 * The paths of the files in it whose names end in ".conf", but for hidden ones, in order of their
 * names' bytes. *list is to be given back with include_free() in any case. 0 or negative errno:
 * -ENOENT, -ENOTDIR, -EFBIG (more than most files), -ENAMETOOLONG, ...
 */
int include_list(const char *directory, size_t most, char ***list, size_t *count);
void include_free(char **list, size_t count);

#endif
