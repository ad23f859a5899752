/* SPDX-License-Identifier: ISC */
/* A configuration as text. */
#ifndef HAWSER_CONFIG_DUMP_H
#define HAWSER_CONFIG_DUMP_H

#include <stdio.h>

#include "config/config.h"

/* Normalised, secrets left out: for golden files and --check -v. */
void config_dump(const struct config *c, FILE *to);

#endif
