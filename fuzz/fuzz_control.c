/* SPDX-License-Identifier: ISC */
/* Requests on the control socket: what was taken must be written and taken again as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/control_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    char line[CONTROL_REQUEST_BYTES_MAX];
    struct control_request request, again;
    if (control_request_parse((const char *)data, len_bytes, &request) != 0)
        return 0;
    int len = control_request_format(&request, line);
    if (len < 0 || control_request_parse(line, (size_t)len, &again) != 0 ||
        again.command != request.command)
        abort();
    if (strcmp(again.peer, request.peer) != 0)
        abort();
    if (request.command == CONTROL_LINK &&
        (again.state != request.state || strcmp(again.link, request.link) != 0))
        abort();
    return 0;
}
