/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"

/* One tunnel's status; a daemon that does not answer has had its line. */
static int show(const char *tunnel, bool as_json)
{
    json_t *answer = NULL;
    int rc = client_ask(tunnel, &(struct control_request){ .command = CONTROL_STATUS }, &answer);
    if (rc != COMMAND_DONE)
        return rc;
    const json_t *status = json_object_get(answer, "status");
    if (!json_is_object(status)) {
        rc = command_fail(
            "the answer of %s holds no status: are daemon and command of one version?", tunnel);
    } else if (as_json) {
        json_dumpf(status, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        render_status(status, stdout);
    }
    json_decref(answer);
    return rc;
}

int command_status(int argc, char **argv)
{
    struct command_options options;
    struct client_tunnels tunnels;
    int rc = command_options(&options, argc, argv, 1, 0);
    if (rc != COMMAND_DONE)
        return rc;
    rc = client_find(&tunnels, options.interface);
    if (rc != COMMAND_DONE)
        return rc;
    for (size_t i = 0; i < tunnels.count; i++) {
        if (i > 0 && !options.json)
            putchar('\n');
        int one = show(tunnels.names[i], options.json);
        if (one != COMMAND_DONE)
            rc = one;
    }
    return rc;
}
