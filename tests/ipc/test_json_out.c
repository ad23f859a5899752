/* SPDX-License-Identifier: ISC */
/* JSON in pieces: read again with the library that the hawser command reads it with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ipc/json_out.h"

static json_t *parse(const struct json_out *o)
{
    json_error_t error;
    assert_false(o->failed);
    json_t *json =
        json_loadb(o->text, o->len_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL)
        print_error("%s: %.*s\n", error.text, (int)o->len_bytes, o->text);
    assert_non_null(json);
    return json;
}

static void assert_text(struct json_out *o, const char *text)
{
    if (o->len_bytes != strlen(text) || memcmp(o->text, text, o->len_bytes) != 0)
        print_error("%.*s instead of %s\n", (int)o->len_bytes, o->text, text);
    assert_int_equal(o->len_bytes, strlen(text));
    assert_memory_equal(o->text, text, o->len_bytes);
    json_decref(parse(o));
    json_out_free(o);
}

static void objects_and_arrays(void **state)
{
    struct json_out o = { 0 };
    (void)state;
    json_out_object(&o, NULL);
    json_out_array(&o, "none");
    json_out_array_end(&o);
    json_out_object(&o, "empty");
    json_out_object_end(&o);
    json_out_array(&o, "two");
    json_out_object(&o, NULL);
    json_out_bool(&o, "yes", true);
    json_out_bool(&o, "no", false);
    json_out_object_end(&o);
    json_out_count(&o, NULL, 7);
    json_out_array_end(&o);
    json_out_null(&o, "nothing");
    json_out_object_end(&o);
    json_out_newline(&o);
    assert_text(&o, "{\"none\":[],\"empty\":{},\"two\":[{\"yes\":true,\"no\":false},7],"
                    "\"nothing\":null}\n");
    json_out_object(&o, NULL); /* the next document is no neighbour of the last one */
    json_out_object_end(&o);
    assert_text(&o, "{}");
}

static void numbers(void **state)
{
    static const struct {
        int64_t value;
        unsigned digits;
        const char *text;
    } rows[] = {
        { 0, 6, "0.0" },
        { 1, 6, "0.000001" },
        { 25123456, 6, "25.123456" },
        { 25100000, 6, "25.1" },
        { 25000000, 6, "25.0" },
        { -500000, 6, "-0.5" },
        { -25000001, 6, "-25.000001" },
        { 7, 0, "7.0" },
        { INT64_MAX, 0, "9223372036854775807.0" },
        { INT64_MAX, 18, "9.223372036854775807" },
        { INT64_MIN, 18, "-9.223372036854775808" },
    };
    struct json_out o = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_decimal(&o, NULL, rows[i].value, rows[i].digits);
        assert_text(&o, rows[i].text);
    }
    json_out_count(&o, NULL, 0);
    assert_text(&o, "0");
    json_out_count(&o, NULL, INT64_MAX);
    assert_text(&o, "9223372036854775807");
    json_out_count(&o, NULL, UINT64_MAX);
    assert_text(&o, "9223372036854775807");
}

static void texts_of_others_are_made_plain(void **state)
{
    struct json_out o = { 0 };
    char all[256];
    (void)state;
    json_out_text(&o, NULL, "a \"b\" \\ c/d\n\033[2J\177\303\274");
    assert_text(&o, "\"a \\\"b\\\" \\\\ c/d??[2J???\"");
    json_out_text(&o, NULL, "");
    assert_text(&o, "\"\"");
    for (unsigned c = 0; c < 255; c++)
        all[c] = (char)(c + 1);
    all[255] = '\0';
    json_out_text(&o, NULL, all);
    json_t *json = parse(&o);
    assert_int_equal(json_string_length(json), 255);
    json_decref(json);
    json_out_free(&o);
    json_out_array(&o, NULL);
    json_out_text(&o, NULL, NULL);
    json_out_array_end(&o);
    assert_text(&o, "[null]");
}

/* However it is taken out, the pieces are the whole. */
static void pieces_are_the_whole(void **state)
{
    enum { ELEMENTS = 2000 };
    static char whole[1 << 18];
    struct json_out o = { 0 };
    struct rng random = { 3 };
    size_t len = 0;
    (void)state;
    json_out_array(&o, NULL);
    for (unsigned i = 0; i < ELEMENTS; i++) {
        json_out_object(&o, NULL);
        json_out_count(&o, "number", i);
        json_out_text(&o, "name", "somebody");
        json_out_object_end(&o);
        size_t take = rng_next(&random) % (o.len_bytes + 1);
        memcpy(whole + len, o.text, take);
        len += take;
        json_out_take(&o, take);
    }
    json_out_array_end(&o);
    assert_true(o.size_bytes < 16384); /* what was taken needs no room */
    memcpy(whole + len, o.text, o.len_bytes);
    len += o.len_bytes;
    json_t *json = json_loadb(whole, len, 0, NULL);
    assert_int_equal(json_array_size(json), ELEMENTS);
    json_decref(json);
    json_out_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays),
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts_of_others_are_made_plain),
        cmocka_unit_test(pieces_are_the_whole),
    };
    return cmocka_run_group_tests_name("json_out", tests, NULL, NULL);
}
