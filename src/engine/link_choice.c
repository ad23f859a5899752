/* SPDX-License-Identifier: ISC */
#include "engine/link_choice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_own(const struct link_choice_source *s, const char *name)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (s->links[i].link.name[0] != '\0' && strcmp(s->links[i].link.name, name) == 0)
            return true;
    return false;
}

/* key NULL: a link of ours. */
static void choose(const uint8_t *key, const struct control_request *request,
                   struct msg_choose *out)
{
    static const uint8_t choices[] = { [CONTROL_LINK_UP] = MSG_CHOICE_NONE,
                                       [CONTROL_LINK_DOWN] = MSG_CHOICE_DOWN,
                                       [CONTROL_LINK_STANDBY] = MSG_CHOICE_STANDBY,
                                       [CONTROL_LINK_ACTIVE] = MSG_CHOICE_ACTIVE };
    *out = (struct msg_choose){ .choice = choices[request->state] };
    if (key != NULL)
        memcpy(out->public_key, key, sizeof out->public_key);
    memcpy(out->link, request->link, sizeof out->link);
}

static const char *refuse(char text[LINK_CHOICE_TEXT_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *refuse(char text[LINK_CHOICE_TEXT_BYTES], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, LINK_CHOICE_TEXT_BYTES, format, args);
    va_end(args);
    return text;
}

/* How many peers have such a link: their names are theirs to choose. *found is the last of them. */
static size_t count_peers(const struct link_choice_source *s, const struct control_request *request,
                          size_t *found)
{
    struct core_peer_link link;
    size_t count = 0;
    for (size_t i = 0; i < core_peer_count(s->core); i++) {
        bool meant =
            request->peer[0] == '\0' || strcmp(core_peer_name(s->core, i), request->peer) == 0;
        if (!meant || !core_peer_link(s->core, i, request->link, &link))
            continue;
        *found = i;
        count++;
    }
    return count;
}

/* It can be used less here than its owner wants, but not more. */
static const char *choose_for_peer(const struct link_choice_source *s, size_t peer,
                                   const struct control_request *request, struct msg_choose *out,
                                   char text[LINK_CHOICE_TEXT_BYTES])
{
    static const char *const uses[] = { "active", "on standby", "switched off" };
    const char *state = control_link_state_name(request->state);
    struct core_peer_link link = { .theirs = WIRE_PATH_ACTIVE };
    core_peer_link(s->core, peer, request->link, &link);
    bool raises = request->state == CONTROL_LINK_ACTIVE ? link.theirs != WIRE_PATH_ACTIVE
                                                        : link.theirs == WIRE_PATH_DOWN;
    bool takes_back = request->state == CONTROL_LINK_UP && link.ours != WIRE_PATH_ACTIVE;
    if (request->state != CONTROL_LINK_DOWN && raises && !takes_back)
        return refuse(text, "link %s is %s at its owner, peer %s: hawser link %s %s there",
                      request->link, uses[link.theirs], core_peer_name(s->core, peer),
                      request->link, state);
    choose(core_peer_key(s->core, peer), request, out);
    return NULL;
}

const char *link_choice(const struct link_choice_source *s, const struct control_request *request,
                        struct msg_choose *out, char text[LINK_CHOICE_TEXT_BYTES])
{
    const char *state = control_link_state_name(request->state);
    size_t peer = 0;
    if (request->peer[0] == '\0' && is_own(s, request->link)) {
        choose(NULL, request, out);
        return NULL;
    }
    size_t count = count_peers(s, request, &peer);
    if (count == 1)
        return choose_for_peer(s, peer, request, out, text);
    if (count > 1)
        return refuse(text, "several peers have a link %s: say which, as %s/%s", request->link,
                      core_peer_name(s->core, peer), request->link);
    if (is_own(s, request->link))
        return refuse(text, "link %s is this side's own: hawser link %s %s", request->link,
                      request->link, state);
    return refuse(text, "there is no link %s%s%s: hawser link lists them", request->peer,
                  request->peer[0] != '\0' ? "/" : "", request->link);
}
