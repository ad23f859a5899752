/* SPDX-License-Identifier: ISC */
/*
 * Fields of the messages between our processes, for the byte cursor: what is read is within its
 * limits, or the reader has failed.
 */
#ifndef HAWSER_IPC_FIELD_H
#define HAWSER_IPC_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "base/netaddr.h"
#include "ipc/problem.h"

/* Names and reasons: two length bytes, then the text without its zero. */
static inline void put_text(struct writer *w, const char *text, size_t max)
{
    size_t len = strnlen(text, max + 1);
    if (len > max)
        w->failed = true;
    write_u16(w, (uint16_t)len);
    write_bytes(w, text, len);
}

static inline void get_text(struct reader *r, char *out, size_t max)
{
    size_t len = read_u16(r);
    if (len > max)
        r->failed = true;
    const uint8_t *text = read_bytes(r, r->failed ? 0 : len);
    if (text == NULL || memchr(text, '\0', len) != NULL) {
        r->failed = true;
        len = 0;
    }
    if (len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
}

static inline void put_bool(struct writer *w, bool value)
{
    write_u8(w, value ? 1 : 0);
}

/* A number that is not above max. */
static inline uint8_t get_small(struct reader *r, uint8_t max)
{
    uint8_t v = read_u8(r);
    if (v > max) {
        r->failed = true;
        v = 0;
    }
    return v;
}

static inline bool get_bool(struct reader *r)
{
    return get_small(r, 1) == 1;
}

static inline void put_addr(struct writer *w, const struct netaddr *a)
{
    write_u8(w, a->family);
    write_u16(w, a->port);
    write_u32(w, a->scope);
    write_bytes(w, a->addr, sizeof a->addr);
}

static inline void get_addr(struct reader *r, struct netaddr *a)
{
    a->family = read_u8(r);
    a->port = read_u16(r);
    a->scope = read_u32(r);
    read_copy(r, a->addr, sizeof a->addr);
    if (a->family != 0 && a->family != 4 && a->family != 6)
        r->failed = true;
}

static inline void put_problems(struct writer *w, const struct problem_list *l)
{
    if (l->count > PROBLEMS_MAX)
        w->failed = true;
    write_u8(w, (uint8_t)l->count);
    for (size_t i = 0; writer_ok(w) && i < l->count; i++) {
        put_text(w, l->list[i].code, PROBLEM_CODE_MAX);
        put_text(w, l->list[i].text, PROBLEM_TEXT_MAX);
    }
}

static inline void get_problems(struct reader *r, struct problem_list *l)
{
    l->count = get_small(r, PROBLEMS_MAX);
    for (size_t i = 0; i < l->count; i++) {
        get_text(r, l->list[i].code, PROBLEM_CODE_MAX);
        get_text(r, l->list[i].text, PROBLEM_TEXT_MAX);
    }
}

#endif
