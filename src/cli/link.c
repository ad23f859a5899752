/* SPDX-License-Identifier: ISC */
/* hawser link: lists the links, or changes one of a running tunnel. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/table.h"

enum { COLUMNS = 5 };

/* Called with what is to be told of one link: its name as hawser link takes it, and its peer. */
typedef void visit_fn(void *arg, const char *name, const json_t *peer, const json_t *use,
                      const json_t *path);

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "-";
}

/* The path of that link; NULL: there is none. */
static const json_t *find_path(const json_t *peer, const char *link)
{
    size_t i;
    json_t *path;
    json_array_foreach(json_object_get(peer, "paths"), i, path)
    {
        if (strcmp(text_of(path, "link"), link) == 0)
            return path;
    }
    return NULL;
}

/* A link of ours: as it is towards each peer that it leads to, or by itself. */
static void visit_own(const json_t *status, const json_t *link, visit_fn *visit, void *arg)
{
    const char *name = text_of(link, "name");
    bool seen = false;
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        const json_t *path = find_path(peer, name);
        if (path == NULL || !json_is_true(json_object_get(path, "own")))
            continue;
        visit(arg, name, peer, link, path);
        seen = true;
    }
    if (!seen)
        visit(arg, name, NULL, link, link);
}

static void visit_links(const json_t *status, visit_fn *visit, void *arg)
{
    size_t i;
    size_t k;
    json_t *each;
    json_t *path;
    json_array_foreach(json_object_get(status, "links"), i, each)
    {
        visit_own(status, each, visit, arg);
    }
    json_array_foreach(json_object_get(status, "peers"), i, each)
    {
        json_array_foreach(json_object_get(each, "paths"), k, path)
        {
            char name[2 * RENDER_TEXT_BYTES];
            if (json_is_true(json_object_get(path, "own")))
                continue;
            snprintf(name, sizeof name, "%s/%s", text_of(each, "name"), text_of(path, "link"));
            visit(arg, name, each, path, path);
        }
    }
}

static void add_row(void *arg, const char *name, const json_t *peer, const json_t *use,
                    const json_t *path)
{
    table_cell *row = table_row(arg);
    if (row == NULL)
        return;
    json_t *plain = json_pack("{s:s}", "name", name);
    render_string(plain, "name", row[0]);
    json_decref(plain);
    render_string(peer, "name", row[1]);
    render_string(path, "state", row[2]);
    render_string(use, "use", row[3]);
    render_string(path, "why", row[4]);
}

static void add_object(void *arg, const char *name, const json_t *peer, const json_t *use,
                       const json_t *path)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(name));
    json_object_set(o, "peer", json_object_get(peer, "name"));
    json_object_set(o, "state", json_object_get(path, "state"));
    json_object_set(o, "use", json_object_get(use, "use"));
    json_object_set(o, "why", json_object_get(path, "why"));
    json_array_append_new(arg, o);
}

static void print_links(const json_t *status, bool as_json, bool with_title)
{
    static const char *const titles[COLUMNS] = { "link", "peer", "state", "use", "why" };
    char text[RENDER_TEXT_BYTES];
    struct table t;
    if (as_json) {
        json_t *list = json_array();
        visit_links(status, add_object, list);
        json_dumpf(list, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(list);
        return;
    }
    table_init(&t, titles, COLUMNS);
    visit_links(status, add_row, &t);
    if (with_title)
        printf("tunnel: %s\n", render_string(status, "interface", text));
    if (t.rows > 1)
        table_print(&t, stdout);
    else
        puts("  no links yet");
    table_free(&t);
}

static int list(const struct command_options *options)
{
    const struct control_request request = { .command = CONTROL_STATUS };
    struct client_tunnels tunnels;
    int rc = client_find(&tunnels, options);
    if (rc != COMMAND_DONE)
        return rc;
    for (size_t i = 0; i < tunnels.count; i++) {
        json_t *answer = NULL;
        int one = client_ask(tunnels.names[i], &request, &answer);
        if (one == COMMAND_DONE)
            print_links(json_object_get(answer, "status"), options->json, tunnels.count > 1);
        else
            rc = one;
        json_decref(answer);
    }
    return rc;
}

int command_link(int argc, char **argv)
{
    struct command_options options;
    struct client_tunnels tunnels;
    struct control_request request = { .command = CONTROL_LINK };
    json_t *answer = NULL;
    int rc = command_options(&options, argc, argv, COMMAND_JSON, 0, 2);
    if (rc != COMMAND_DONE)
        return rc;
    if (options.operand_count == 0)
        return list(&options);
    if (options.operand_count == 1)
        return command_misuse(argv[0], "arguments are missing");
    const char *link = argv[options.operands];
    const char *state = argv[options.operands + 1];
    if (!control_link_state_parse(state, &request.state))
        return command_misuse(argv[0], "\"%s\" is not up, down, standby or active", state);
    if (!control_link_parse(link, &request))
        return command_fail("\"%s\" is no name of a link: hawser link lists them", link);
    rc = client_find_one(&tunnels, &options);
    if (rc == COMMAND_DONE)
        rc = client_ask(tunnels.names[0], &request, &answer);
    json_decref(answer);
    return rc;
}
