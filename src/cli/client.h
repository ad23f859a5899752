/* SPDX-License-Identifier: ISC */
/*
 * The command's end of the control socket: finds the running tunnels, asks one of them.
 */
#ifndef HAWSER_CLI_CLIENT_H
#define HAWSER_CLI_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "ipc/control_proto.h"

enum { CLIENT_TUNNELS_MAX = 64, CLIENT_NAME_BYTES = 256, CLIENT_ERROR_BYTES = 2048 };

/* Running tunnels, by name. */
struct client_tunnels {
    size_t count;
    char names[CLIENT_TUNNELS_MAX][CLIENT_NAME_BYTES];
};

struct command_options;

/*
 * What -i or -c says, or without them every tunnel with a socket. Returns 0, or an exit code after
 * the line on stderr: no tunnel is running.
 */
int client_find(struct client_tunnels *out, const struct command_options *options);

/* The same where one tunnel is needed: several without -i are an error. */
int client_find_one(struct client_tunnels *out, const struct command_options *options);

/*
 * Sends the request to a tunnel, by interface name or by the path of its socket. Returns 0 with the
 * answer, whose "ok" is true, to be given back with json_decref(); else an exit code after the
 * line on stderr.
 */
int client_ask(const char *tunnel, const struct control_request *request, json_t **answer);

/*
 * The same for a status or summary: status is to be given back with json_decref(). text is what
 * the daemon wrote of it on its line, to be freed; NULL where that may not go to a terminal.
 */
int client_ask_status(const char *tunnel, const struct control_request *request, json_t **status,
                      char **text);

/* The same, with the line in error. */
int client_try_status(const char *tunnel, const struct control_request *request, json_t **status,
                      char **text, char error[CLIENT_ERROR_BYTES]);

/* As client_ask(), for at most so long, with the line in error. */
int client_try(const char *tunnel, const struct control_request *request, int patience_ms,
               json_t **answer, char error[CLIENT_ERROR_BYTES]);

#endif
