/* SPDX-License-Identifier: ISC */
#include "crypto/replay.h"

#include <stddef.h>
#include <string.h>

enum { WORD_BITS = 64, WORDS = REPLAY_RING_BITS / WORD_BITS };

static bool too_old(const struct replay *w, uint64_t number)
{
    return number < w->next && w->next - 1 - number > REPLAY_WINDOW;
}

static size_t word_of(uint64_t number)
{
    return number / WORD_BITS % WORDS;
}

void replay_init(struct replay *w)
{
    memset(w, 0, sizeof(*w));
}

bool replay_check(const struct replay *w, uint64_t number)
{
    if (number >= w->next)
        return number != UINT64_MAX; /* next could not follow it */
    if (too_old(w, number))
        return false;
    return (w->bits[word_of(number)] >> number % WORD_BITS & 1) == 0;
}

void replay_mark(struct replay *w, uint64_t number)
{
    if (number == UINT64_MAX || too_old(w, number))
        return;
    if (number >= w->next) {
        /* Words are cleared as the window enters them; the window is one word short of the ring,
         * so what they held has left it. */
        uint64_t newest = w->next == 0 ? 0 : (w->next - 1) / WORD_BITS;
        uint64_t entered = number / WORD_BITS - newest;
        if (entered > WORDS)
            entered = WORDS;
        for (uint64_t i = 1; i <= entered; i++)
            w->bits[(newest + i) % WORDS] = 0;
        w->next = number + 1;
    }
    w->bits[word_of(number)] |= UINT64_C(1) << number % WORD_BITS;
}
