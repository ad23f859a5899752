/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/summary.h"
#include "config/value.h"

enum { PEERS_IN_FULL = 4 };

struct view {
    bool as_json;
    bool summary;
    struct control_request request;
    const char *peer; /* this one only; NULL: all */
    bool peer_found;
    size_t shown;                    /* tunnels */
    size_t distance;                 /* of the name that is nearest to peer */
    char nearest[RENDER_TEXT_BYTES]; /* that name; empty: there is none */
};

static void note_name(struct view *v, const json_t *peer)
{
    char name[RENDER_TEXT_BYTES];
    render_string(peer, "name", name);
    size_t distance = value_distance(v->peer, name);
    if (v->nearest[0] != '\0' && distance >= v->distance)
        return;
    memcpy(v->nearest, name, sizeof name);
    v->distance = distance;
}

static void print_json(const json_t *status, const char *text)
{
    if (text != NULL)
        fputs(text, stdout); /* a thousand peers are not written anew */
    else
        json_dumpf(status, stdout, JSON_COMPACT);
    putchar('\n');
}

static void print(struct view *v, json_t *status, const char *text)
{
    bool is_brief = v->request.command == CONTROL_SUMMARY;
    if (v->shown++ > 0 && !v->as_json)
        putchar('\n');
    if (v->summary)
        summary_make(status);
    if (v->as_json)
        print_json(status, v->summary ? NULL : text);
    else if (v->summary)
        summary_print(status, stdout);
    else if (is_brief)
        render_lines(status, stdout);
    else
        render_status(status, stdout);
}

static bool is_any_up(const json_t *status)
{
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        const char *state = json_string_value(json_object_get(peer, "state"));
        if (state != NULL && strcmp(state, "up") == 0)
            return true;
    }
    return false;
}

/* Whether a peer of those that are shown is up; else the line on stderr. */
static int judge(const char *tunnel, const struct view *v, bool any_up)
{
    if (any_up)
        return COMMAND_DONE;
    fflush(stdout); /* the line stands below */
    if (v->peer != NULL)
        return command_fail("%s: peer %s is not up", tunnel, v->peer);
    return command_fail("%s: no peer is up", tunnel);
}

static int show(const char *tunnel, struct view *v)
{
    json_t *status;
    char *text;
    int rc = client_ask_status(tunnel, &v->request, &status, &text);
    if (rc != COMMAND_DONE)
        return rc;
    bool found = json_array_size(json_object_get(status, "peers")) > 0;
    v->peer_found = v->peer_found || found;
    if (v->peer == NULL || found) { /* else another tunnel may have it */
        bool any_up = is_any_up(status);
        print(v, status, text);
        rc = judge(tunnel, v, any_up);
    }
    free(text);
    json_decref(status);
    return rc;
}

/* For people: few peers in full, of many a line each. A daemon of before tells all in full. */
static int show_all(const char *tunnel, struct view *v)
{
    char error[CLIENT_ERROR_BYTES];
    json_t *status;
    char *text;
    v->request.command = CONTROL_SUMMARY;
    int rc = client_try_status(tunnel, &v->request, &status, &text, error);
    bool many = json_array_size(json_object_get(status, "peers")) > PEERS_IN_FULL;
    if (many) {
        bool any_up = is_any_up(status);
        print(v, status, text);
        rc = judge(tunnel, v, any_up);
    }
    free(text);
    json_decref(status);
    if (many)
        return rc;
    v->request.command = CONTROL_STATUS;
    return show(tunnel, v);
}

/* Nobody has that name. */
static int tell_nearest(struct view *v, const struct client_tunnels *tunnels)
{
    const struct control_request all = { .command = CONTROL_SUMMARY };
    size_t k;
    json_t *peer;
    for (size_t i = 0; i < tunnels->count; i++) {
        json_t *status;
        char *text;
        if (client_ask_status(tunnels->names[i], &all, &status, &text) != COMMAND_DONE)
            return COMMAND_FAILED;
        json_array_foreach(json_object_get(status, "peers"), k, peer)
        {
            note_name(v, peer);
        }
        free(text);
        json_decref(status);
    }
    if (v->nearest[0] == '\0')
        return command_fail("there is no peer \"%s\", nor any other", v->peer);
    return command_fail("there is no peer \"%s\": the nearest is %s", v->peer, v->nearest);
}

int command_status(int argc, char **argv)
{
    struct command_options options;
    struct client_tunnels tunnels;
    struct view v = { .request.command = CONTROL_STATUS };
    int rc = command_options(&options, argc, argv, COMMAND_JSON | COMMAND_SUMMARY, 0, 1);
    if (rc != COMMAND_DONE)
        return rc;
    if (options.operand_count == 1)
        v.peer = argv[options.operands];
    if (v.peer != NULL && options.summary)
        return command_misuse(argv[0], "--summary is of all peers: leave \"%s\" out", v.peer);
    rc = client_find(&tunnels, &options);
    if (rc != COMMAND_DONE)
        return rc;
    v.as_json = options.json;
    v.summary = options.summary;
    if (v.summary)
        v.request.command = CONTROL_SUMMARY;
    bool in_lines = v.peer == NULL && !v.as_json && !v.summary;
    bool can_be = v.peer == NULL || control_peer_parse(v.peer, &v.request);
    for (size_t i = 0; can_be && i < tunnels.count; i++) {
        int one = in_lines ? show_all(tunnels.names[i], &v) : show(tunnels.names[i], &v);
        if (one != COMMAND_DONE)
            rc = one;
    }
    if (v.peer == NULL || v.peer_found || rc != COMMAND_DONE)
        return rc;
    return tell_nearest(&v, &tunnels);
}
