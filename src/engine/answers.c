/* SPDX-License-Identifier: ISC */
#include "engine/answers.h"

#include "engine/listing.h"
#include "engine/tell.h"

static void *on_begin(void *arg, struct tstamp now, const struct control_request *request)
{
    (void)arg;
    (void)now;
    return listing_new(request);
}

static enum control_step on_go_on(void *arg, void *answer, struct tstamp now, struct tstamp *again,
                                  struct json_out *out)
{
    const struct engine *e = arg;
    struct status_source s = { .interface = e->setup.interface,
                               .mtu_bytes = e->setup.mtu_bytes,
                               .core = e->core,
                               .plane = e->plane,
                               .policies = &e->policies,
                               .silence = &e->silence,
                               .cpu = e->load.cpu,
                               .links = e->links,
                               .quotas = e->quotas,
                               .restored = &e->restored,
                               .problems = &e->problems,
                               .started = e->started,
                               .control_garbage = control_garbage(e->control) };
    return listing_go_on(answer, &s, now, again, out);
}

static void on_end(void *arg, void *answer)
{
    (void)arg;
    listing_free(answer);
}

static const char *on_link(void *arg, struct tstamp now, const struct control_request *request)
{
    (void)now;
    return engine_choose(arg, request);
}

static const char *on_reload(void *arg)
{
    return engine_ask_reload(arg);
}

struct control_handler engine_answers(struct engine *e)
{
    return (struct control_handler){
        .begin = on_begin,
        .go_on = on_go_on,
        .end = on_end,
        .link = on_link,
        .reload = on_reload,
        .arg = e,
    };
}
