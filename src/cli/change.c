/* SPDX-License-Identifier: ISC */
/* Commands that change a running tunnel. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"

static int ask_one(const char *interface, const struct control_request *request)
{
    struct client_tunnels tunnels;
    json_t *answer = NULL;
    int rc = client_find_one(&tunnels, interface);
    if (rc == COMMAND_DONE)
        rc = client_ask(tunnels.names[0], request, &answer);
    json_decref(answer);
    return rc;
}

int command_link(int argc, char **argv)
{
    struct command_options options;
    struct control_request request = { .command = CONTROL_LINK };
    int rc = command_options(&options, argc, argv, 0, 2);
    if (rc != COMMAND_DONE)
        return rc;
    const char *link = argv[options.operands];
    const char *state = argv[options.operands + 1];
    if (!control_link_state_parse(state, &request.state))
        return command_misuse(argv[0], "\"%s\" is not up, down, standby or active", state);
    if (*link == '\0' || strlen(link) > CONTROL_LINK_NAME_MAX)
        return command_fail("\"%s\" is no name of a link: hawser status lists them", link);
    strcpy(request.link, link);
    return ask_one(options.interface, &request);
}

int command_reload(int argc, char **argv)
{
    struct command_options options;
    int rc = command_options(&options, argc, argv, 0, 0);
    if (rc != COMMAND_DONE)
        return rc;
    return ask_one(options.interface, &(struct control_request){ .command = CONTROL_RELOAD });
}
