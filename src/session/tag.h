/* SPDX-License-Identifier: ISC */
/* What a tag of bond_take_pn() is about. */
#ifndef HAWSER_SESSION_TAG_H
#define HAWSER_SESSION_TAG_H

#include <stdint.h>

enum tag_kind { TAG_STATUS = 1, TAG_MTU = 2, TAG_ACCEPTED = 3, TAG_RATE_LIMIT = 4 };

static inline uint32_t tag_of(enum tag_kind kind, uint8_t path, uint16_t serial)
{
    return (uint32_t)kind << 24 | (uint32_t)path << 16 | serial;
}

#endif
