/* SPDX-License-Identifier: ISC */
/*
 * Answers of the program that looks names up, which name servers may have broken into, to the
 * process that has every privilege: what is taken must be exactly what would be sent. And the lists
 * of name servers that it reads.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/lookup/lookup.h"
#include "guard/lookup/nameservers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static uint8_t again[LOOKUP_BYTES_MAX];
    struct nameserver servers[NAMESERVERS_MAX];
    struct lookup_answer a;
    char *text = malloc(len_bytes + 1);
    if (text == NULL)
        return 0;
    if (len_bytes > 0)
        memcpy(text, data, len_bytes);
    text[len_bytes] = '\0';
    if (nameservers_parse(text, servers) > NAMESERVERS_MAX)
        abort();
    free(text);
    if (!lookup_decode_answer(&a, data, len_bytes))
        return 0;
    if (lookup_encode_answer(&a, again) != len_bytes || memcmp(again, data, len_bytes) != 0)
        abort();
    return 0;
}
