/* SPDX-License-Identifier: ISC */
/*
 * Files that decide what runs as root: the configuration, keys and hooks.
 *
 * Such a file is trusted if it belongs to root or to the user who runs this, nobody else can write
 * it, and nobody else can put another one in its place: so each directory above it belongs to these
 * two as well, and is written by others only if it is sticky, as /tmp is. A group that may write a
 * directory must be root's, the group of who runs this, or staff, which Debian lets write
 * /usr/local. The same goes for every symbolic link on the way, wherever it is and leads.
 */
#ifndef HAWSER_CONFIG_TRUST_H
#define HAWSER_CONFIG_TRUST_H

#include <stdbool.h>
#include <sys/stat.h>

enum { TRUST_TEXT_BYTES = 256 };

/*
 * Whether a regular file is trusted, and its mode has none of the bits of others, as S_IRGRP |
 * S_IROTH, besides those for writing. False: *why says what is wrong, with the owner and the mode,
 * and what to do; "it" is the file.
 */
bool trust_file(const char *path, const struct stat *st, mode_t others, char why[TRUST_TEXT_BYTES]);

/*
 * The same in two parts, for the files of one directory: whether the directory lets nobody else
 * change what is in it, and whether a file there lets nobody else. A symbolic link needs
 * trust_file().
 */
bool trust_directory(const char *path, char why[TRUST_TEXT_BYTES]);
bool trust_entry(const struct stat *st, mode_t others, char why[TRUST_TEXT_BYTES]);

/* The same for a program that is run as root. 0, -EPERM: *why says what is wrong with it, or
 * another negative errno: it cannot be looked at, as -ENOENT. */
int trust_program(const char *path, char why[TRUST_TEXT_BYTES]);

/* "a pipe" and so on; NULL: a regular file. */
const char *trust_irregular(const struct stat *st);

#endif
