/* SPDX-License-Identifier: ISC */
/*
 * Every parser of the wire format. What was taken must be written and read back to the same value.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void frames(const uint8_t *data, size_t len_bytes)
{
    struct reader r = reader_of(data, len_bytes);
    struct wire_frame_value f, again;
    memset(&f, 0, sizeof f);
    while (wire_get_frame(&r, &f) > 0) {
        static uint8_t out[2][WIRE_DATAGRAM_MAX + 64];
        struct writer w = writer_of(out[0], sizeof out[0]);
        wire_put_frame(&w, &f);
        must(writer_ok(&w));
        must(f.type != WIRE_ACK || wire_ack_bytes(&f.ack) == writer_len(&w));
        struct reader back = reader_of(out[0], writer_len(&w));
        memset(&again, 0, sizeof again);
        must(wire_get_frame(&back, &again) == 1);
        must(again.type == f.type);
        struct writer w2 = writer_of(out[1], sizeof out[1]);
        wire_put_frame(&w2, &again);
        must(writer_len(&w) == writer_len(&w2) && memcmp(out[0], out[1], writer_len(&w)) == 0);
        memset(&f, 0, sizeof f);
    }
}

static void data_frame(const uint8_t *data, size_t len_bytes)
{
    struct wire_data d;
    uint8_t out[WIRE_DATA_BYTES];
    if (!wire_get_data(data, len_bytes, &d))
        return;
    wire_put_data(out, &d);
    must(memcmp(out, data, sizeof out) == 0);
}

static void messages(const uint8_t *data, size_t len_bytes)
{
    struct wire_header h;
    struct wire_initiation i;
    struct wire_response r;
    struct wire_cookie c;
    struct wire_hello hello;
    struct wire_welcome welcome;
    uint8_t out[WIRE_HELLO_LONG_BYTES];
    if (wire_get_header(data, len_bytes, &h)) {
        wire_put_header(out, &h);
        must(memcmp(out, data, WIRE_HEADER_BYTES) == 0);
    }
    if (wire_get_initiation(data, len_bytes, &i))
        must(i.mac2 + WIRE_MAC_BYTES == data + len_bytes);
    if (wire_get_response(data, len_bytes, &r))
        must(r.mac2 + WIRE_MAC_BYTES == data + len_bytes);
    if (wire_get_cookie(data, len_bytes, &c))
        must(c.sealed + WIRE_MAC_BYTES + WIRE_TAG_BYTES == data + len_bytes);
    if (wire_get_hello(data, len_bytes, &hello)) {
        must(wire_put_hello(out, &hello) == len_bytes);
        must(memcmp(out, data, len_bytes) == 0);
    }
    if (wire_get_welcome(data, len_bytes, &welcome)) {
        wire_put_welcome(out, &welcome);
        must(memcmp(out, data, WIRE_WELCOME_BYTES) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    frames(data, len_bytes);
    data_frame(data, len_bytes);
    messages(data, len_bytes);
    return 0;
}
