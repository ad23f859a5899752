/* SPDX-License-Identifier: ISC */
#include "engine/answers.h"

#include "engine/status.h"
#include "engine/tell.h"

static bool on_look(void *arg, struct tstamp now)
{
    const struct engine *e = arg;
    return core_look(e->core, now);
}

static bool on_known(void *arg, struct tstamp now)
{
    const struct engine *e = arg;
    return core_seen(e->core, now);
}

static json_t *on_status(void *arg, struct tstamp now)
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
    return status_json(&s, now);
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
        .look = on_look,
        .known = on_known,
        .status = on_status,
        .link = on_link,
        .reload = on_reload,
        .arg = e,
    };
}
