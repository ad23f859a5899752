/* SPDX-License-Identifier: ISC */
/*
 * The terminal for a command that fills it: its other screen, without cursor, wrapping and echo.
 * However the command ends or is stopped by a signal that can be caught, the terminal is as before;
 * after Ctrl-Z and fg the command has it again.
 */
#ifndef HAWSER_CLI_SCREEN_H
#define HAWSER_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/keyboard.h"

/* There is one; false: it cannot be had, and errno tells why. */
bool screen_open(void);
void screen_close(void);

/* Lines and columns now. */
void screen_size(unsigned *lines, unsigned *columns);

/* SCREEN_AGAIN: the picture has to be drawn anew. SCREEN_END: a signal asks for the end. */
enum screen_event { SCREEN_TIME, SCREEN_KEY, SCREEN_AGAIN, SCREEN_END };

/* Waits for one of them, or for so long. */
enum screen_event screen_wait(int wait_ms, enum key *key);

#endif
