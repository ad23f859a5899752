/* SPDX-License-Identifier: ISC */
/*
 * A byte cursor: bounds-checked reading and writing of network byte order.
 *
 * Every read or write checks the space left. The first failure is remembered: from then on reads
 * return zero, writes do nothing, and cursor_ok() is false. So a parser reads all its fields and
 * asks once. A cursor owns nothing; the memory outlives it.
 */
#ifndef HAWSER_BASE_CURSOR_H
#define HAWSER_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct writer {
    uint8_t *start;
    size_t len_bytes; /* written so far */
    size_t cap_bytes;
    bool failed;
};

static inline struct reader reader_of(const void *data, size_t len_bytes)
{
    const uint8_t *p = data;
    return (struct reader){ .at = p, .end = p + len_bytes, .failed = false };
}

static inline struct writer writer_of(void *data, size_t cap_bytes)
{
    return (struct writer){ .start = data, .cap_bytes = cap_bytes };
}

static inline bool reader_ok(const struct reader *r)
{
    return !r->failed;
}

static inline bool writer_ok(const struct writer *w)
{
    return !w->failed;
}

static inline size_t reader_left(const struct reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

static inline size_t writer_left(const struct writer *w)
{
    return w->failed ? 0 : w->cap_bytes - w->len_bytes;
}

/* Bytes written so far; 0 after a failure. */
static inline size_t writer_len(const struct writer *w)
{
    return w->failed ? 0 : w->len_bytes;
}

/* The next n bytes in place, or NULL. */
static inline const uint8_t *read_bytes(struct reader *r, size_t n)
{
    if (r->failed || (size_t)(r->end - r->at) < n) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += n;
    return p;
}

static inline void read_copy(struct reader *r, void *to, size_t n)
{
    const uint8_t *p = read_bytes(r, n);
    if (p != NULL)
        memcpy(to, p, n);
    else
        memset(to, 0, n);
}

/* Room for n bytes to be filled by the caller, or NULL. */
static inline uint8_t *write_room(struct writer *w, size_t n)
{
    if (w->failed || n > w->cap_bytes - w->len_bytes) {
        w->failed = true;
        return NULL;
    }
    if (n == 0)
        return w->start; /* which may be NULL, and then is not to be added to */
    uint8_t *p = w->start + w->len_bytes;
    w->len_bytes += n;
    return p;
}

static inline void write_bytes(struct writer *w, const void *from, size_t n)
{
    uint8_t *p = write_room(w, n);
    if (p != NULL && n > 0)
        memcpy(p, from, n);
}

/* An unsigned integer of n bytes (1..8), most significant byte first. */
static inline uint64_t read_be(struct reader *r, size_t n)
{
    const uint8_t *p = read_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static inline void write_be(struct writer *w, uint64_t v, size_t n)
{
    uint8_t *p = write_room(w, n);
    for (size_t i = 0; p != NULL && i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

/* Between the machine's order and the network's. */
static inline uint16_t cursor_be16(uint16_t v)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(v) : v;
}

static inline uint32_t cursor_be32(uint32_t v)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(v) : v;
}

static inline uint64_t cursor_be64(uint64_t v)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static inline uint8_t read_u8(struct reader *r)
{
    uint8_t v;
    read_copy(r, &v, sizeof v);
    return v;
}

static inline uint16_t read_u16(struct reader *r)
{
    uint16_t v;
    read_copy(r, &v, sizeof v);
    return cursor_be16(v);
}

static inline uint32_t read_u32(struct reader *r)
{
    uint32_t v;
    read_copy(r, &v, sizeof v);
    return cursor_be32(v);
}

static inline uint64_t read_u64(struct reader *r)
{
    uint64_t v;
    read_copy(r, &v, sizeof v);
    return cursor_be64(v);
}

static inline void write_u8(struct writer *w, uint8_t v)
{
    write_bytes(w, &v, sizeof v);
}

static inline void write_u16(struct writer *w, uint16_t v)
{
    v = cursor_be16(v);
    write_bytes(w, &v, sizeof v);
}

static inline void write_u32(struct writer *w, uint32_t v)
{
    v = cursor_be32(v);
    write_bytes(w, &v, sizeof v);
}

static inline void write_u64(struct writer *w, uint64_t v)
{
    v = cursor_be64(v);
    write_bytes(w, &v, sizeof v);
}

/* Variable-length integers of RFC 9000, section 16: 0 .. 2^62 - 1 in 1, 2, 4 or 8 bytes. */
static inline uint64_t read_varint(struct reader *r)
{
    if (reader_left(r) == 0) {
        r->failed = true;
        return 0;
    }
    size_t n = (size_t)1 << (*r->at >> 6);
    uint64_t v = read_be(r, n);
    return v & (UINT64_MAX >> (66 - 8 * n));
}

static inline void write_varint(struct writer *w, uint64_t v)
{
    if (v < UINT64_C(1) << 6)
        write_be(w, v, 1);
    else if (v < UINT64_C(1) << 14)
        write_be(w, v | UINT64_C(1) << 14, 2);
    else if (v < UINT64_C(1) << 30)
        write_be(w, v | UINT64_C(2) << 30, 4);
    else if (v < UINT64_C(1) << 62)
        write_be(w, v | UINT64_C(3) << 62, 8);
    else
        w->failed = true;
}

#endif
