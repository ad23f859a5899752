/* SPDX-License-Identifier: ISC */
/*
 * Keys out of the bytes that a terminal sends: letters, and the sequences of arrow and page keys
 * (ECMA-48 and xterm's, "ESC [ 5 ~" and "ESC O A"). What is no key of ours is passed over.
 */
#ifndef HAWSER_CLI_KEYBOARD_H
#define HAWSER_CLI_KEYBOARD_H

#include <stdint.h>

enum key {
    KEY_NONE,
    KEY_QUIT,
    KEY_UP,
    KEY_DOWN,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END,
};

enum keyboard_state { KEYBOARD_PLAIN, KEYBOARD_ESCAPE, KEYBOARD_SEQUENCE };

struct keyboard { /* all zero: nothing came yet */
    enum keyboard_state state;
    unsigned number; /* first one of the sequence */
};

/* KEY_NONE: none of ours, or its sequence goes on. */
enum key keyboard_take(struct keyboard *k, uint8_t byte);

#endif
