/* SPDX-License-Identifier: ISC */
#include "cli/client.h"
#include "cli/command.h"

int command_reload(int argc, char **argv)
{
    struct command_options options;
    struct client_tunnels tunnels;
    json_t *answer = NULL;
    int rc = command_options(&options, argc, argv, 0, 0, 0);
    if (rc == COMMAND_DONE)
        rc = client_find_one(&tunnels, &options);
    if (rc == COMMAND_DONE)
        rc = client_ask(tunnels.names[0], &(struct control_request){ .command = CONTROL_RELOAD },
                        &answer);
    json_decref(answer);
    return rc;
}
