/* SPDX-License-Identifier: ISC */
/* The directories of the files that the guard makes. */
#ifndef HAWSER_SYS_DIRECTORY_H
#define HAWSER_SYS_DIRECTORY_H

#include <sys/types.h>

/*
 * Makes the directory of a file, of which only the last part may be missing, with these permissions
 * less umask(2)'s. Returns 0, also if it was there, or a negative errno.
 */
int directory_make_for(const char *path, mode_t mode);

#endif
