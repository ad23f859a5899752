/* SPDX-License-Identifier: ISC */
/* What no single line of a configuration can show. */
#ifndef HAWSER_CONFIG_CHECK_H
#define HAWSER_CONFIG_CHECK_H

#include "config/parser.h"

/* What is missing, and what contradicts something else. Fills in what follows from the rest. */
void config_check(struct config_parser *p);

#endif
