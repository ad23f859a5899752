/* SPDX-License-Identifier: ISC */
/* The values of [policy NAME], from text; one function a key, for the table of keys.c. */
#ifndef HAWSER_CONFIG_ASSIGN_POLICY_H
#define HAWSER_CONFIG_ASSIGN_POLICY_H

#include "config/parser.h"

void assign_policy_match(struct config_parser *p, const char *value);
void assign_policy_dscp(struct config_parser *p, const char *value);
void assign_policy_link(struct config_parser *p, const char *value);
void assign_policy_fallback(struct config_parser *p, const char *value);
void assign_policy_mode(struct config_parser *p, const char *value);
void assign_policy_class(struct config_parser *p, const char *value);

#endif
