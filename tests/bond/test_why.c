/* SPDX-License-Identifier: ISC */
/* The words for reasons: fixed names that differ, and sentences that fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bond/why.h"

static void every_reason_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    char text[BOND_WHY_BYTES];
    for (uint8_t i = 1; i < WIRE_WHY_COUNT; i++) {
        assert_non_null(bond_why_name(i));
        for (uint8_t j = 1; j < i; j++)
            assert_string_not_equal(bond_why_name(i), bond_why_name(j));
        for (double value = -1; value < 1e9; value = value < 0 ? 0 : value * 10 + 1) {
            size_t len = strlen(bond_why_sentence(i, value, text));
            assert_true(len > 0 && len < BOND_WHY_BYTES - 1);
        }
    }
}

static void every_limit_has_a_name_and_sentences(void **state)
{
    (void)state;
    char text[BOND_WHY_BYTES];
    for (uint8_t i = 1; i < WIRE_LIMIT_COUNT; i++) {
        assert_non_null(bond_limit_name(i));
        for (uint8_t j = 1; j < i; j++)
            assert_string_not_equal(bond_limit_name(i), bond_limit_name(j));
        assert_true(strlen(bond_limit_sentence(i, text)) > 0);
        assert_true(strlen(bond_limit_sentence_theirs(i, text)) > 0);
    }
}

/* What a newer peer may send. */
static void unknown_numbers_have_none(void **state)
{
    (void)state;
    char text[BOND_WHY_BYTES] = "x";
    static const uint8_t unknown[] = { 0, WIRE_WHY_COUNT, 255 };
    for (size_t i = 0; i < sizeof unknown; i++) {
        assert_null(bond_why_name(unknown[i]));
        assert_null(bond_limit_name(unknown[i]));
        assert_string_equal(bond_why_sentence(unknown[i], 1, text), "");
        assert_string_equal(bond_limit_sentence_theirs(unknown[i], text), "");
    }
}

static void a_value_that_is_known_is_said(void **state)
{
    (void)state;
    char text[BOND_WHY_BYTES];
    assert_string_equal(bond_why_sentence(WIRE_WHY_LOSS, 7.4, text), "in use, 7 % loss");
    assert_string_equal(bond_why_sentence(WIRE_WHY_LOSS, -1, text), "in use, and loses packets");
    assert_string_equal(bond_why_sentence(WIRE_WHY_TOO_SLOW, 0.34, text),
                        "0.3 Mbit/s, too little beside the others, probing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
        cmocka_unit_test(every_limit_has_a_name_and_sentences),
        cmocka_unit_test(unknown_numbers_have_none),
        cmocka_unit_test(a_value_that_is_known_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
