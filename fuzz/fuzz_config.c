/* SPDX-License-Identifier: ISC */
/* The configuration parser: any text gives a configuration or errors, never both, and no leak. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "config/config.h"

#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static struct config_errors errors;
    struct config config;
    int result = config_load_text(&config, (const char *)data, len_bytes, &errors);
    if ((result == 0) != (errors.count == 0))
        abort();
    config_free(&config);
    return 0;
}
