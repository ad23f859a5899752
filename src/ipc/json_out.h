/* SPDX-License-Identifier: ISC */
/*
 * JSON written member by member at the end of a text that grows, so that a long answer is made, and
 * sent, in pieces: what was sent is taken out between two members.
 *
 * Guarantee: with every object and array closed, all the pieces together are one valid document of
 * printable ASCII. Bytes of a text that are none of it become '?'. Without memory it is failed, and
 * what follows is left out.
 *
 * name: of a member of an object, words of ours; NULL: an element of an array, or the document.
 */
#ifndef HAWSER_IPC_JSON_OUT_H
#define HAWSER_IPC_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out {       /* all zero: empty */
    char *text;         /* owned; without a terminating zero */
    size_t len_bytes;   /* of what is written */
    size_t size_bytes;  /* of what there is room for */
    bool has_neighbour; /* what comes next in its object or array is not the first */
    bool failed;        /* there was no memory */
};

void json_out_object(struct json_out *o, const char *name);
void json_out_object_end(struct json_out *o);
void json_out_array(struct json_out *o, const char *name);
void json_out_array_end(struct json_out *o);

void json_out_text(struct json_out *o, const char *name, const char *text); /* NULL: null */
/* At most 2^63 - 1 is told: readers have no room for more. */
void json_out_count(struct json_out *o, const char *name, uint64_t value);
void json_out_bool(struct json_out *o, const char *name, bool value);
void json_out_null(struct json_out *o, const char *name);
/* A number with a fraction: value / 10^digits, exactly; at most 18 digits. */
void json_out_decimal(struct json_out *o, const char *name, int64_t value, unsigned digits);

/* A newline, as behind each document. */
void json_out_newline(struct json_out *o);
/* Takes the first bytes out, or all; the room stays. */
void json_out_take(struct json_out *o, size_t len_bytes);
void json_out_free(struct json_out *o);

#endif
