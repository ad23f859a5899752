/* SPDX-License-Identifier: ISC */
/* The byte cursor: exact fits, one byte too few, and the memory of the first error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "base/rng.h"

static void integers_are_big_endian(void **state)
{
    (void)state;
    static const uint8_t expected[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                        0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };
    uint8_t data[sizeof expected];
    struct writer w = writer_of(data, sizeof data);
    write_u8(&w, 0x01);
    write_u16(&w, 0x0203);
    write_u32(&w, 0x04050607);
    write_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(writer_ok(&w));
    assert_int_equal(writer_len(&w), sizeof expected);
    assert_int_equal(writer_left(&w), 0);
    assert_memory_equal(data, expected, sizeof expected);

    struct reader r = reader_of(data, sizeof data);
    assert_int_equal(read_u8(&r), 0x01);
    assert_int_equal(read_u16(&r), 0x0203);
    assert_int_equal(read_u32(&r), 0x04050607);
    assert_true(read_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(reader_ok(&r));
    assert_int_equal(reader_left(&r), 0);
}

static void a_reader_remembers_its_first_error(void **state)
{
    (void)state;
    static const uint8_t data[] = { 1, 2, 3 };
    struct reader r = reader_of(data, sizeof data);
    assert_int_equal(read_u32(&r), 0);
    assert_false(reader_ok(&r));
    assert_int_equal(reader_left(&r), 0);
    /* There would be a byte, but no longer for this reader. */
    assert_int_equal(read_u8(&r), 0);
    assert_null(read_bytes(&r, 0));
    uint8_t copy[2] = { 7, 7 };
    read_copy(&r, copy, sizeof copy);
    assert_int_equal(copy[0] | copy[1], 0);
    assert_int_equal(read_varint(&r), 0);
}

static void a_writer_remembers_its_first_error(void **state)
{
    (void)state;
    uint8_t data[4] = { 9, 9, 9, 9 };
    struct writer w = writer_of(data, 3);
    write_u8(&w, 1);
    write_u32(&w, 0);
    assert_false(writer_ok(&w));
    assert_int_equal(writer_len(&w), 0);
    assert_int_equal(writer_left(&w), 0);
    write_u8(&w, 2);
    write_bytes(&w, "x", 1);
    assert_null(write_room(&w, 0));
    static const uint8_t expected[] = { 1, 9, 9, 9 };
    assert_memory_equal(data, expected, sizeof expected);
}

static void absurd_lengths_fail(void **state)
{
    (void)state;
    uint8_t data[8] = { 0 };
    struct reader r = reader_of(data, sizeof data);
    read_u8(&r);
    assert_null(read_bytes(&r, SIZE_MAX));
    assert_false(reader_ok(&r));
    struct writer w = writer_of(data, sizeof data);
    write_u8(&w, 0);
    assert_null(write_room(&w, SIZE_MAX));
    assert_false(writer_ok(&w));
}

static void nothing_is_a_legal_buffer(void **state)
{
    (void)state;
    struct writer w = writer_of(NULL, 0);
    write_bytes(&w, NULL, 0);
    assert_true(writer_ok(&w));
    write_u8(&w, 0);
    assert_false(writer_ok(&w));
    uint8_t nothing;
    struct reader r = reader_of(&nothing, 0);
    assert_true(reader_ok(&r));
    assert_int_equal(read_varint(&r), 0);
    assert_false(reader_ok(&r));
}

/* The examples of RFC 9000, appendix A.1, and the borders of each length. */
static const struct {
    uint64_t value;
    size_t len;
    uint8_t bytes[8];
} varints[] = {
    { UINT64_C(151288809941952652), 8, { 0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c } },
    { 494878333, 4, { 0x9d, 0x7f, 0x3e, 0x7d } },
    { 15293, 2, { 0x7b, 0xbd } },
    { 37, 1, { 0x25 } },
    { 0, 1, { 0x00 } },
    { 63, 1, { 0x3f } },
    { 64, 2, { 0x40, 0x40 } },
    { 16383, 2, { 0x7f, 0xff } },
    { 16384, 4, { 0x80, 0x00, 0x40, 0x00 } },
    { (1 << 30) - 1, 4, { 0xbf, 0xff, 0xff, 0xff } },
    { 1 << 30, 8, { 0xc0, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00 } },
    { (UINT64_C(1) << 62) - 1, 8, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

static void varints_are_those_of_rfc9000(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof varints / sizeof *varints; i++) {
        uint8_t data[8];
        struct writer w = writer_of(data, sizeof data);
        write_varint(&w, varints[i].value);
        assert_int_equal(writer_len(&w), varints[i].len);
        assert_memory_equal(data, varints[i].bytes, varints[i].len);
        struct reader r = reader_of(data, varints[i].len);
        assert_true(read_varint(&r) == varints[i].value);
        assert_true(reader_ok(&r));
        assert_int_equal(reader_left(&r), 0);
        /* Cut short it is an error, and no room is one as well. */
        r = reader_of(data, varints[i].len - 1);
        assert_int_equal(read_varint(&r), 0);
        assert_false(reader_ok(&r));
        w = writer_of(data, varints[i].len - 1);
        write_varint(&w, varints[i].value);
        assert_false(writer_ok(&w));
    }
}

static void a_varint_may_be_longer_than_it_has_to(void **state)
{
    (void)state;
    static const uint8_t data[] = { 0x40, 0x25 };
    struct reader r = reader_of(data, sizeof data);
    assert_int_equal(read_varint(&r), 37);
    assert_true(reader_ok(&r));
}

static void a_varint_has_62_bits(void **state)
{
    (void)state;
    uint8_t data[8];
    struct writer w = writer_of(data, sizeof data);
    write_varint(&w, UINT64_C(1) << 62);
    assert_false(writer_ok(&w));
}

static void random_varints_come_back(void **state)
{
    (void)state;
    struct rng random = { 1 };
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t v = rng_next(&random) >> (2 + rng_below(&random, 62));
        uint8_t data[8];
        struct writer w = writer_of(data, sizeof data);
        write_varint(&w, v);
        struct reader r = reader_of(data, writer_len(&w));
        assert_true(read_varint(&r) == v && reader_ok(&r) && reader_left(&r) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(a_reader_remembers_its_first_error),
        cmocka_unit_test(a_writer_remembers_its_first_error),
        cmocka_unit_test(absurd_lengths_fail),
        cmocka_unit_test(nothing_is_a_legal_buffer),
        cmocka_unit_test(varints_are_those_of_rfc9000),
        cmocka_unit_test(a_varint_may_be_longer_than_it_has_to),
        cmocka_unit_test(a_varint_has_62_bits),
        cmocka_unit_test(random_varints_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
