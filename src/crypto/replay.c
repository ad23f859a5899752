/* SPDX-License-Identifier: ISC */
#include "crypto/replay.h"

#include <string.h>

enum { BLOCKS = REPLAY_RING_BITS / 64 };

void replay_init(struct replay *w)
{
    memset(w, 0, sizeof *w);
}

bool replay_check(const struct replay *w, uint64_t number)
{
    if (number >= w->next)
        return number < UINT64_MAX;
    if (w->next - number > REPLAY_WINDOW)
        return false;
    return (w->bits[number / 64 % BLOCKS] >> (number % 64) & 1) == 0;
}

void replay_mark(struct replay *w, uint64_t number)
{
    if (number >= w->next) {
        uint64_t from = w->next == 0 ? 0 : (w->next - 1) / 64;
        uint64_t to = number / 64;
        if (to - from >= BLOCKS)
            memset(w->bits, 0, sizeof w->bits);
        else
            for (uint64_t block = from + 1; block <= to; block++)
                w->bits[block % BLOCKS] = 0;
        w->next = number + 1;
    }
    w->bits[number / 64 % BLOCKS] |= UINT64_C(1) << (number % 64);
}
