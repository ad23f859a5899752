/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/summary.h"
#include "config/value.h"

enum { PEERS_IN_FULL = 4 };

struct view {
    bool as_json;
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

static void print(struct view *v, json_t *status)
{
    bool many = json_array_size(json_object_get(status, "peers")) > PEERS_IN_FULL;
    if (v->shown++ > 0 && !v->as_json)
        putchar('\n');
    if (v->request.command == CONTROL_SUMMARY)
        summary_make(status);
    if (v->as_json) {
        json_dumpf(status, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (v->request.command == CONTROL_SUMMARY) {
        summary_print(status, stdout);
    } else if (many) {
        render_lines(status, stdout);
    } else {
        render_status(status, stdout);
    }
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

/* The status of one tunnel in the answer; NULL: a line on stderr said why there is none. */
static json_t *ask(const char *tunnel, const struct control_request *request, json_t **answer)
{
    if (client_ask(tunnel, request, answer) != COMMAND_DONE)
        return NULL;
    json_t *status = json_object_get(*answer, "status");
    if (json_is_object(status))
        return status;
    command_fail("the answer of %s holds no status: are daemon and command of one version?",
                 tunnel);
    return NULL;
}

static int show(const char *tunnel, struct view *v)
{
    json_t *answer = NULL;
    int rc = COMMAND_FAILED;
    json_t *status = ask(tunnel, &v->request, &answer);
    bool found = json_array_size(json_object_get(status, "peers")) > 0;
    if (status != NULL && v->peer != NULL && !found) {
        rc = COMMAND_DONE; /* another tunnel may have it */
    } else if (status != NULL) {
        bool any_up = is_any_up(status);
        v->peer_found = v->peer_found || found;
        print(v, status);
        rc = judge(tunnel, v, any_up);
    }
    json_decref(answer);
    return rc;
}

/* Nobody has that name. */
static int tell_nearest(struct view *v, const struct client_tunnels *tunnels)
{
    const struct control_request all = { .command = CONTROL_SUMMARY };
    size_t k;
    json_t *peer;
    for (size_t i = 0; i < tunnels->count; i++) {
        json_t *answer = NULL;
        json_t *status = ask(tunnels->names[i], &all, &answer);
        json_array_foreach(json_object_get(status, "peers"), k, peer)
        {
            note_name(v, peer);
        }
        json_decref(answer);
        if (status == NULL)
            return COMMAND_FAILED;
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
    if (options.summary)
        v.request.command = CONTROL_SUMMARY;
    bool can_be = v.peer == NULL || control_peer_parse(v.peer, &v.request);
    for (size_t i = 0; can_be && i < tunnels.count; i++) {
        int one = show(tunnels.names[i], &v);
        if (one != COMMAND_DONE)
            rc = one;
    }
    if (v.peer == NULL || v.peer_found || rc != COMMAND_DONE)
        return rc;
    return tell_nearest(&v, &tunnels);
}
