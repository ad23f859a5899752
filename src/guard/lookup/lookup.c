/* SPDX-License-Identifier: ISC */
#include "guard/lookup/lookup.h"

#include <string.h>

#include "base/cursor.h"
#include "ipc/field.h"

size_t lookup_encode_request(const struct lookup_request *q, uint8_t out[LOOKUP_BYTES_MAX])
{
    struct writer w = writer_of(out, LOOKUP_BYTES_MAX);
    if (q->name_count > LOOKUP_NAMES_MAX || q->way_count > LOOKUP_WAYS_MAX)
        return 0;
    write_u32(&w, q->uid);
    write_u32(&w, q->gid);
    put_bool(&w, q->system);
    write_u8(&w, q->name_count);
    for (size_t i = 0; i < q->name_count; i++)
        put_text(&w, q->names[i], sizeof q->names[i] - 1);
    write_u8(&w, q->way_count);
    for (size_t i = 0; i < q->way_count; i++) {
        const struct lookup_way *way = &q->ways[i];
        write_u8(&w, way->slot);
        put_text(&w, way->name, sizeof way->name - 1);
        put_text(&w, way->interface, sizeof way->interface - 1);
        write_u32(&w, way->mark);
        put_addr(&w, &way->source);
    }
    return writer_len(&w);
}

bool lookup_decode_request(struct lookup_request *out, const uint8_t *data, size_t len_bytes)
{
    struct reader r = reader_of(data, len_bytes);
    memset(out, 0, sizeof *out);
    out->uid = read_u32(&r);
    out->gid = read_u32(&r);
    out->system = get_bool(&r);
    out->name_count = get_small(&r, LOOKUP_NAMES_MAX);
    for (size_t i = 0; i < out->name_count; i++)
        get_text(&r, out->names[i], sizeof out->names[i] - 1);
    out->way_count = get_small(&r, LOOKUP_WAYS_MAX);
    for (size_t i = 0; i < out->way_count; i++) {
        struct lookup_way *way = &out->ways[i];
        way->slot = read_u8(&r);
        get_text(&r, way->name, sizeof way->name - 1);
        get_text(&r, way->interface, sizeof way->interface - 1);
        way->mark = read_u32(&r);
        get_addr(&r, &way->source);
    }
    return reader_ok(&r) && reader_left(&r) == 0;
}

size_t lookup_encode_answer(const struct lookup_answer *a, uint8_t out[LOOKUP_BYTES_MAX])
{
    struct writer w = writer_of(out, LOOKUP_BYTES_MAX);
    write_u8(&w, (uint8_t)a->type);
    write_u8(&w, a->way);
    switch (a->type) {
    case LOOKUP_FOUND:
        write_u8(&w, a->name);
        put_addr(&w, &a->addr);
        break;
    case LOOKUP_NOTHING:
        write_u8(&w, a->name);
        write_u8(&w, (uint8_t)a->reason);
        break;
    case LOOKUP_UNBOUND:
        write_u32(&w, a->error);
        break;
    }
    return writer_len(&w);
}

bool lookup_decode_answer(struct lookup_answer *out, const uint8_t *data, size_t len_bytes)
{
    struct reader r = reader_of(data, len_bytes);
    memset(out, 0, sizeof *out);
    out->type = (enum lookup_answer_type)get_small(&r, LOOKUP_UNBOUND);
    out->way = get_small(&r, LOOKUP_SYSTEM);
    if (out->type == 0)
        return false;
    switch (out->type) {
    case LOOKUP_FOUND:
        out->name = get_small(&r, LOOKUP_NAMES_MAX - 1);
        get_addr(&r, &out->addr);
        if (out->addr.family == 0 || out->addr.port != 0)
            return false;
        break;
    case LOOKUP_NOTHING:
        out->name = get_small(&r, LOOKUP_NAMES_MAX - 1);
        out->reason = (enum lookup_reason)get_small(&r, LOOKUP_UNKNOWN);
        break;
    case LOOKUP_UNBOUND:
        out->error = read_u32(&r);
        break;
    }
    return reader_ok(&r) && reader_left(&r) == 0;
}
