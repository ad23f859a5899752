/* SPDX-License-Identifier: ISC */
/*
 * A ring of bits for growing numbers: bit n stands at n modulo the ring's size, a power of two and
 * a multiple of 64. All work is by words: a number far ahead costs little more than the next one.
 */
#ifndef HAWSER_BASE_BITRING_H
#define HAWSER_BASE_BITRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool bitring_get(const uint64_t *bits, uint64_t size, uint64_t n)
{
    return bits[(n & (size - 1)) / 64] >> (n % 64) & 1;
}

static inline void bitring_set(uint64_t *bits, uint64_t size, uint64_t n)
{
    bits[(n & (size - 1)) / 64] |= UINT64_C(1) << (n % 64);
}

static inline void bitring_drop(uint64_t *bits, uint64_t size, uint64_t n)
{
    bits[(n & (size - 1)) / 64] &= ~(UINT64_C(1) << (n % 64));
}

/* The first bit from bit from on that is set; end: none below that is. */
static inline uint64_t bitring_next(const uint64_t *bits, uint64_t size, uint64_t from,
                                    uint64_t end)
{
    while (from < end) {
        uint64_t rest = bits[(from & (size - 1)) / 64] >> (from % 64);
        if (rest != 0) {
            from += (uint64_t)__builtin_ctzll(rest);
            return from < end ? from : end;
        }
        from += 64 - from % 64;
    }
    return end;
}

/* Clears so many bits from bit from on, all in one word. */
static inline void bitring_clear_part(uint64_t *bits, uint64_t size, uint64_t from, uint64_t count)
{
    if (count > 0)
        bits[(from & (size - 1)) / 64] &= ~(UINT64_MAX >> (64 - count) << (from % 64));
}

/* Clears so many bits from bit from on. */
static inline void bitring_clear(uint64_t *bits, uint64_t size, uint64_t from, uint64_t count)
{
    if (count == 0)
        return; /* as mostly: numbers come in order */
    if (count >= size) {
        memset(bits, 0, (size_t)(size / 8));
        return;
    }
    uint64_t head = (64 - from % 64) % 64;
    head = head < count ? head : count;
    bitring_clear_part(bits, size, from, head);
    from += head;
    count -= head;
    uint64_t to_end = (size - (from & (size - 1))) / 64;
    uint64_t words = count / 64;
    uint64_t first = words < to_end ? words : to_end;
    memset(bits + (from & (size - 1)) / 64, 0, (size_t)first * sizeof *bits);
    memset(bits, 0, (size_t)(words - first) * sizeof *bits);
    bitring_clear_part(bits, size, from + words * 64, count % 64);
}

/* The bits below end that are alike, set or not, down to floor: the first of them; end: none. */
static inline uint64_t bitring_run(const uint64_t *bits, uint64_t size, uint64_t end,
                                   uint64_t floor, bool set)
{
    while (end > floor) {
        uint64_t last = end - 1;
        uint64_t word = bits[(last & (size - 1)) / 64];
        uint64_t others = (set ? ~word : word) << (63 - last % 64);
        if (others != 0) {
            uint64_t from = end - (uint64_t)__builtin_clzll(others);
            return from > floor ? from : floor;
        }
        end = last - last % 64;
    }
    return floor;
}

#endif
