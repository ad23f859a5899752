/* SPDX-License-Identifier: ISC */
/* The sections of a configuration file. */
#ifndef HAWSER_CONFIG_SECTION_H
#define HAWSER_CONFIG_SECTION_H

#include "config/parser.h"

/* A header, brackets and all, trimmed; ends the section before. */
void config_parse_header(struct config_parser *p, const char *text);
/* The end of the file: ends the last section. */
void config_parse_end(struct config_parser *p);

#endif
