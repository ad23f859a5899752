/* SPDX-License-Identifier: ISC */
#include "cli/keyboard.h"

enum { ESCAPE = 0x1b };

static enum key plain_key(uint8_t byte)
{
    switch (byte) {
    case 'q':
    case 'Q':
        return KEY_QUIT;
    case 'k':
        return KEY_UP;
    case 'j':
        return KEY_DOWN;
    case 'b':
        return KEY_PAGE_UP;
    case ' ':
        return KEY_PAGE_DOWN;
    case 'g':
        return KEY_HOME;
    case 'G':
        return KEY_END;
    default: /* a character, not an enum */
        return KEY_NONE;
    }
}

static enum key numbered_key(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 5:
        return KEY_PAGE_UP;
    case 6:
        return KEY_PAGE_DOWN;
    default: /* a number, not an enum */
        return KEY_NONE;
    }
}

static enum key final_key(unsigned number, uint8_t byte)
{
    switch (byte) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case '~':
        return numbered_key(number);
    default: /* a character, not an enum */
        return KEY_NONE;
    }
}

static enum key sequence_key(struct keyboard *k, uint8_t byte)
{
    if (byte >= '0' && byte <= '9' && k->number < 100) {
        k->number = 10 * k->number + byte - '0';
        return KEY_NONE;
    }
    if (byte < '@') /* further parameters */
        return KEY_NONE;
    k->state = KEYBOARD_PLAIN;
    return final_key(k->number, byte);
}

enum key keyboard_take(struct keyboard *k, uint8_t byte)
{
    if (byte == ESCAPE) {
        *k = (struct keyboard){ .state = KEYBOARD_ESCAPE };
        return KEY_NONE;
    }
    switch (k->state) {
    case KEYBOARD_PLAIN:
        break;
    case KEYBOARD_ESCAPE:
        k->state = byte == '[' || byte == 'O' ? KEYBOARD_SEQUENCE : KEYBOARD_PLAIN;
        if (k->state == KEYBOARD_SEQUENCE)
            return KEY_NONE;
        break;
    case KEYBOARD_SEQUENCE:
        return sequence_key(k, byte);
    }
    return plain_key(byte);
}
