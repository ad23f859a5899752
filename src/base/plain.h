/* SPDX-License-Identifier: ISC */
/*
 * Text of others made plain, before a log, a terminal or a hook has it: of what could end a line,
 * move a cursor or colour a screen nothing is left.
 */
#ifndef HAWSER_BASE_PLAIN_H
#define HAWSER_BASE_PLAIN_H

#include <stdbool.h>

static inline bool plain_is_text(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* Every byte that is no printable character of ASCII becomes '?'. Returns text. */
static inline char *plain_text(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return text;
}

#endif
