/* SPDX-License-Identifier: ISC */
/* The keys of a configuration file. */
#ifndef HAWSER_CONFIG_KEYS_H
#define HAWSER_CONFIG_KEYS_H

#include "config/parser.h"

/* As it is written in a file. */
const char *config_key_name(enum config_key key);

/* A key with its value, both trimmed. */
void config_parse_pair(struct config_parser *p, const char *key, const char *value);

#endif
