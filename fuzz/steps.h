/* SPDX-License-Identifier: ISC */
/* Inputs of targets that do one thing after the other: steps of a kind, a length, so many bytes. */
#ifndef HAWSER_FUZZ_STEPS_H
#define HAWSER_FUZZ_STEPS_H

#include "base/cursor.h"

enum { STEPS_MAX = 200 };

struct step_input {
    unsigned kind;
    const uint8_t *data; /* borrowed of the input */
    size_t len_bytes;
};

/* The next of at most STEPS_MAX, of so many kinds; false: there is none. *taken: 0 at first. */
static inline bool steps_next(struct reader *r, unsigned kinds, unsigned *taken,
                              struct step_input *out)
{
    if (*taken == STEPS_MAX || reader_left(r) < 3)
        return false;
    ++*taken;
    out->kind = read_u8(r) % kinds;
    out->len_bytes = read_u16(r);
    if (out->len_bytes > reader_left(r))
        out->len_bytes = reader_left(r);
    out->data = read_bytes(r, out->len_bytes);
    return true;
}

#endif
