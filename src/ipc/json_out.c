/* SPDX-License-Identifier: ISC */
#include "ipc/json_out.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_AT_FIRST = 4096, DIGITS_MAX = 20 /* of 2^64 */ };

/* Where so many bytes go; NULL: there is no memory. */
static char *extend(struct json_out *o, size_t len_bytes)
{
    size_t size = o->size_bytes == 0 ? ROOM_AT_FIRST : o->size_bytes;
    while (size - o->len_bytes < len_bytes)
        size *= 2;
    if (size != o->size_bytes && !o->failed) {
        char *wider = realloc(o->text, size);
        o->failed = wider == NULL;
        if (wider != NULL) {
            o->text = wider;
            o->size_bytes = size;
        }
    }
    if (o->failed)
        return NULL;
    char *at = o->text + o->len_bytes;
    o->len_bytes += len_bytes;
    return at;
}

static void put(struct json_out *o, const char *bytes, size_t len_bytes)
{
    char *at = extend(o, len_bytes);
    if (at != NULL)
        memcpy(at, bytes, len_bytes);
}

static void put_char(struct json_out *o, char c)
{
    put(o, &c, 1);
}

/* The comma before a value, and its name. */
static void begin(struct json_out *o, const char *name)
{
    if (o->has_neighbour)
        put_char(o, ',');
    o->has_neighbour = true;
    if (name == NULL)
        return;
    size_t len = strlen(name);
    char *at = extend(o, len + 3);
    if (at == NULL)
        return;
    *at++ = '"';
    memcpy(at, name, len);
    memcpy(at + len, "\":", 2);
}

static void open_with(struct json_out *o, const char *name, char bracket)
{
    begin(o, name);
    put_char(o, bracket);
    o->has_neighbour = false;
}

static void close_with(struct json_out *o, char bracket)
{
    put_char(o, bracket);
    o->has_neighbour = true;
}

void json_out_object(struct json_out *o, const char *name)
{
    open_with(o, name, '{');
}

void json_out_object_end(struct json_out *o)
{
    close_with(o, '}');
}

void json_out_array(struct json_out *o, const char *name)
{
    open_with(o, name, '[');
}

void json_out_array_end(struct json_out *o)
{
    close_with(o, ']');
}

void json_out_text(struct json_out *o, const char *name, const char *text)
{
    if (text == NULL) {
        json_out_null(o, name);
        return;
    }
    begin(o, name);
    size_t len = strlen(text);
    char *at = extend(o, 2 * len + 2); /* as if each were escaped */
    if (at == NULL)
        return;
    char *start = at;
    *at++ = '"';
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '"' || c == '\\')
            *at++ = '\\';
        *at++ = c >= ' ' && c <= '~' ? c : '?';
    }
    *at++ = '"';
    o->len_bytes = o->len_bytes - (2 * len + 2) + (size_t)(at - start);
}

/* Right-aligned in front of end, at least so many digits; returns the first. */
static char *digits_before(char *end, uint64_t value, unsigned least)
{
    char *at = end;
    for (unsigned n = 0; value > 0 || n < least; n++, value /= 10)
        *--at = (char)('0' + value % 10);
    return at;
}

void json_out_count(struct json_out *o, const char *name, uint64_t value)
{
    char text[DIGITS_MAX];
    char *at = digits_before(text + sizeof text, value < INT64_MAX ? value : INT64_MAX, 1);
    begin(o, name);
    put(o, at, (size_t)(text + sizeof text - at));
}

void json_out_bool(struct json_out *o, const char *name, bool value)
{
    begin(o, name);
    put(o, value ? "true" : "false", value ? 4 : 5);
}

void json_out_null(struct json_out *o, const char *name)
{
    begin(o, name);
    put(o, "null", 4);
}

void json_out_decimal(struct json_out *o, const char *name, int64_t value, unsigned digits)
{
    char text[DIGITS_MAX];
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t one = 1;
    assert(digits <= 18);
    for (unsigned i = 0; i < digits; i++)
        one *= 10;
    char *end = text + sizeof text;
    char *at = digits_before(end, size / one, 1);
    begin(o, name);
    if (value < 0)
        put_char(o, '-');
    put(o, at, (size_t)(end - at));
    put_char(o, '.');
    at = digits_before(end, size % one, digits);
    while (end > at + 1 && end[-1] == '0')
        end--;
    if (end == at)
        put_char(o, '0');
    put(o, at, (size_t)(end - at));
}

void json_out_newline(struct json_out *o)
{
    put_char(o, '\n');
    o->has_neighbour = false;
}

void json_out_take(struct json_out *o, size_t len_bytes)
{
    o->len_bytes -= len_bytes;
    memmove(o->text, o->text + len_bytes, o->len_bytes);
}

void json_out_free(struct json_out *o)
{
    free(o->text);
    *o = (struct json_out){ 0 };
}
