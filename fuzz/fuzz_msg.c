/* SPDX-License-Identifier: ISC */
/*
 * Messages between guard and engine, which a broken-into engine could send to the process that has
 * every privilege: what is taken must be exactly what would be sent.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static struct msg m;
    static uint8_t again[MSG_BYTES_MAX];
    if (!msg_decode(&m, data, len_bytes))
        return 0;
    if (msg_encode(&m, again) != len_bytes || memcmp(again, data, len_bytes) != 0)
        abort();
    return 0;
}
