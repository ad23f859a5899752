/* SPDX-License-Identifier: ISC */
#include "ipc/control_proto.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const command_names[] = {
    [CONTROL_STATUS] = "status",
    [CONTROL_SUMMARY] = "summary",
    [CONTROL_LINK] = "link",
    [CONTROL_RELOAD] = "reload",
};

static const char *const state_names[] = {
    [CONTROL_LINK_UP] = "up",
    [CONTROL_LINK_DOWN] = "down",
    [CONTROL_LINK_STANDBY] = "standby",
    [CONTROL_LINK_ACTIVE] = "active",
};

bool control_link_state_parse(const char *text, enum control_link_state *out)
{
    for (size_t i = 0; i < sizeof state_names / sizeof state_names[0]; i++) {
        if (strcmp(text, state_names[i]) == 0) {
            *out = (enum control_link_state)i;
            return true;
        }
    }
    return false;
}

const char *control_link_state_name(enum control_link_state state)
{
    return state_names[state];
}

static bool command_parse(const char *text, enum control_command *out)
{
    for (size_t i = 0; i < sizeof command_names / sizeof command_names[0]; i++) {
        if (strcmp(text, command_names[i]) == 0) {
            *out = (enum control_command)i;
            return true;
        }
    }
    return false;
}

/* Names are visible ASCII without quotes or backslash, so they stand in JSON as they are. */
static bool is_name(const char *name, size_t len_max)
{
    size_t len = strlen(name);
    if (len == 0 || len > len_max)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
            return false;
    }
    return true;
}

bool control_peer_parse(const char *text, struct control_request *out)
{
    if (!is_name(text, CONTROL_PEER_NAME_MAX))
        return false;
    memcpy(out->peer, text, strlen(text) + 1);
    return true;
}

bool control_link_parse(const char *text, struct control_request *out)
{
    const char *slash = strchr(text, '/');
    const char *link = slash != NULL ? slash + 1 : text;
    size_t peer_len = slash != NULL ? (size_t)(slash - text) : 0;
    if (!is_name(link, CONTROL_LINK_NAME_MAX) || (slash != NULL && peer_len == 0) ||
        peer_len > CONTROL_PEER_NAME_MAX)
        return false;
    memcpy(out->peer, text, peer_len);
    out->peer[peer_len] = '\0';
    memcpy(out->link, link, strlen(link) + 1);
    return peer_len == 0 || is_name(out->peer, CONTROL_PEER_NAME_MAX);
}

/* The peer, if there is one: the request has so many members besides. */
static bool peer_from_json(const json_t *object, size_t others, struct control_request *out)
{
    const json_t *peer = json_object_get(object, "peer");
    const char *name = json_string_value(peer);
    if (json_object_size(object) != others + (peer != NULL))
        return false;
    return peer == NULL || (name != NULL && control_peer_parse(name, out));
}

/* The link and the state of a link request. */
static bool link_from_json(const json_t *object, struct control_request *out)
{
    const char *link = json_string_value(json_object_get(object, "link"));
    const char *state = json_string_value(json_object_get(object, "state"));
    if (link == NULL || state == NULL || !is_name(link, CONTROL_LINK_NAME_MAX) ||
        !control_link_state_parse(state, &out->state))
        return false;
    memcpy(out->link, link, strlen(link) + 1);
    return true;
}

static bool request_from_json(const json_t *object, struct control_request *out)
{
    const char *command = json_string_value(json_object_get(object, "cmd"));
    if (command == NULL || !command_parse(command, &out->command))
        return false;
    switch (out->command) {
    case CONTROL_STATUS:
        return peer_from_json(object, 1, out);
    case CONTROL_SUMMARY:
    case CONTROL_RELOAD:
        return json_object_size(object) == 1;
    case CONTROL_LINK:
        return link_from_json(object, out) && peer_from_json(object, 3, out);
    }
    return false;
}

int control_request_parse(const char *text, size_t len_bytes, struct control_request *out)
{
    json_error_t error;
    memset(out, 0, sizeof *out);
    if (len_bytes > CONTROL_REQUEST_BYTES_MAX)
        return -EMSGSIZE;
    json_t *object = json_loadb(text, len_bytes, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
    int rc = 0;
    if (!json_is_object(object))
        rc = -EBADMSG;
    else if (!request_from_json(object, out))
        rc = -EINVAL;
    json_decref(object);
    return rc;
}

const char *control_request_error(int error)
{
    switch (error) {
    case -EMSGSIZE:
        return "the request is longer than 4096 bytes";
    case -EBADMSG:
        return "the request is not one JSON object on a line";
    case -ENOMEM:
        return "out of memory";
    default: /* -EINVAL; a number, not an enum */
        return "no such request: is the hawser command newer than the daemon?";
    }
}

int control_request_format(const struct control_request *request,
                           char out[CONTROL_REQUEST_BYTES_MAX])
{
    char peer[CONTROL_PEER_NAME_MAX + sizeof ",\"peer\":\"\""] = "";
    char link[CONTROL_LINK_NAME_MAX + sizeof ",\"link\":\"\",\"state\":\"standby\""] = "";
    bool of_link = request->command == CONTROL_LINK;
    bool of_peer = request->peer[0] != '\0' && (of_link || request->command == CONTROL_STATUS);
    if ((of_link && !is_name(request->link, CONTROL_LINK_NAME_MAX)) ||
        (of_peer && !is_name(request->peer, CONTROL_PEER_NAME_MAX)))
        return -EINVAL;
    if (of_peer)
        snprintf(peer, sizeof peer, ",\"peer\":\"%s\"", request->peer);
    if (of_link)
        snprintf(link, sizeof link, ",\"link\":\"%s\",\"state\":\"%s\"", request->link,
                 control_link_state_name(request->state));
    return snprintf(out, CONTROL_REQUEST_BYTES_MAX, "{\"cmd\":\"%s\"%s%s}\n",
                    command_names[request->command], peer, link);
}
