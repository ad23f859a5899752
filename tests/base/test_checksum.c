/* SPDX-License-Identifier: ISC */
/* The Internet checksum: against RFC 1071's example and a sum byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/rng.h"

static void the_example_of_the_rfc(void **state)
{
    (void)state;
    const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    assert_int_equal(checksum_fold(checksum_add(data, sizeof data, 0)), 0xddf2);
}

static uint16_t slowly(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void sums_add_up_whatever_the_length_and_the_cut(void **state)
{
    (void)state;
    uint8_t data[64];
    struct rng random = { 2 };
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)rng_next(&random);
    for (size_t len = 0; len <= sizeof data; len++) {
        uint16_t whole = checksum_fold(checksum_add(data, len, 0));
        assert_int_equal(whole, slowly(data, len));
        for (size_t cut = 0; cut <= len; cut += 2) {
            uint64_t sum = checksum_add(data, cut, 0);
            assert_int_equal(checksum_fold(checksum_add(data + cut, len - cut, sum)), whole);
        }
    }
}

static void a_long_packet_of_ones_does_not_overflow(void **state)
{
    (void)state;
    static uint8_t data[65536];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = 0xff;
    assert_int_equal(checksum_fold(checksum_add(data, sizeof data, 0)), 0xffff);
}

/* The header of RFC 1071's most quoted example, 20 bytes, and one with options. */
static void an_ipv4_header_sums_up_to_ones(void **state)
{
    (void)state;
    uint8_t header[24] = { 0x45, 0,    0,    0x73, 0, 0,    0x40, 0,    0x40, 0x11,
                           0xaa, 0xbb, 0xc0, 0xa8, 0, 0x01, 0xc0, 0xa8, 0,    0xc7 };
    checksum_ipv4(header, 20);
    assert_int_equal(header[10] << 8 | header[11], 0xb861);
    assert_int_equal(checksum_fold(checksum_add(header, 20, 0)), 0xffff);
    header[0] = 0x46;
    header[20] = 0x94;
    checksum_ipv4(header, 24);
    assert_int_equal(checksum_fold(checksum_add(header, 24, 0)), 0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(sums_add_up_whatever_the_length_and_the_cut),
        cmocka_unit_test(a_long_packet_of_ones_does_not_overflow),
        cmocka_unit_test(an_ipv4_header_sums_up_to_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
