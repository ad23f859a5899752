/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"
#include "config/value.h"

enum { PEERS_IN_FULL = 4 };

struct view {
    bool as_json;
    bool summary;
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

/* Leaves only the peer that is asked for; false: the tunnel has none of that name. */
static bool pick_peer(struct view *v, json_t *status)
{
    json_t *peers = json_object_get(status, "peers");
    bool found = false;
    for (size_t i = json_array_size(peers); i > 0; i--) {
        const json_t *peer = json_array_get(peers, i - 1);
        const char *name = json_string_value(json_object_get(peer, "name"));
        bool wanted = name != NULL && strcmp(name, v->peer) == 0;
        note_name(v, peer);
        found = found || wanted;
        if (!wanted)
            json_array_remove(peers, i - 1);
    }
    v->peer_found = v->peer_found || found;
    return found;
}

static void print(struct view *v, const json_t *status)
{
    bool many = json_array_size(json_object_get(status, "peers")) > PEERS_IN_FULL;
    if (v->shown++ > 0 && !v->as_json)
        putchar('\n');
    if (v->as_json) {
        json_dumpf(status, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (v->peer == NULL && (many || v->summary)) {
        render_summary(status, stdout);
    } else {
        render_status(status, stdout);
    }
}

/* Whether a peer of those that are shown is up; else the line on stderr. */
static int judge(const char *tunnel, const struct view *v, const json_t *status)
{
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        const char *state = json_string_value(json_object_get(peer, "state"));
        if (state != NULL && strcmp(state, "up") == 0)
            return COMMAND_DONE;
    }
    fflush(stdout); /* the line stands below */
    if (v->peer != NULL)
        return command_fail("%s: peer %s is not up", tunnel, v->peer);
    return command_fail("%s: no peer is up", tunnel);
}

/* One tunnel's status; a daemon that does not answer has had its line. */
static int show(const char *tunnel, struct view *v)
{
    json_t *answer = NULL;
    int rc = client_ask(tunnel, &(struct control_request){ .command = CONTROL_STATUS }, &answer);
    if (rc != COMMAND_DONE)
        return rc;
    json_t *status = json_object_get(answer, "status");
    if (!json_is_object(status)) {
        rc = command_fail(
            "the answer of %s holds no status: are daemon and command of one version?", tunnel);
    } else if (v->peer == NULL || pick_peer(v, status)) {
        print(v, status);
        rc = judge(tunnel, v, status);
    }
    json_decref(answer);
    return rc;
}

int command_status(int argc, char **argv)
{
    struct command_options options;
    struct client_tunnels tunnels;
    int rc = command_options(&options, argc, argv, COMMAND_JSON | COMMAND_SUMMARY, 0, 1);
    if (rc != COMMAND_DONE)
        return rc;
    rc = client_find(&tunnels, &options);
    if (rc != COMMAND_DONE)
        return rc;
    struct view v = { .as_json = options.json, .summary = options.summary };
    if (options.operand_count == 1)
        v.peer = argv[options.operands];
    for (size_t i = 0; i < tunnels.count; i++) {
        int one = show(tunnels.names[i], &v);
        if (one != COMMAND_DONE)
            rc = one;
    }
    if (v.peer == NULL || v.peer_found || rc != COMMAND_DONE)
        return rc;
    if (v.nearest[0] == '\0')
        return command_fail("there is no peer \"%s\", nor any other", v.peer);
    return command_fail("there is no peer \"%s\": the nearest is %s", v.peer, v.nearest);
}
