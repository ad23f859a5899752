/* SPDX-License-Identifier: ISC */
/* The peers' names: what the guard's resolver asks of the rest, and the file that keeps their
 * addresses. */
#include "guard/names.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "guard/network/network_told.h"
#include "guard/open.h"
#include "guard/tell.h"
#include "guard/update.h"

enum { SAVE_S = 60 };

/* Before the question that follows is sent. */
static void steer(void *arg, const char *name, int link_slot)
{
    struct guard *g = arg;
    if (name != NULL)
        log_debug("look-ups by others here go over link %s", name);
    network_set_lookups(&g->network, g->network.told.lookups, link_slot);
    guard_update_network(g, loop_now());
}

static void kept(void *arg)
{
    struct guard *g = arg;
    g->names.dirty = true;
}

bool guard_names_open(struct guard *g, struct tstamp now)
{
    struct resolver_config config = { .loop = &g->loop,
                                      .uid = g->engine.uid,
                                      .gid = g->engine.gid,
                                      .found = guard_tell_endpoints,
                                      .failing = guard_tell_lookup,
                                      .kept = kept,
                                      .ways = guard_lookup_ways,
                                      .is_online = guard_is_online,
                                      .steer = steer,
                                      .arg = g };
    g->names.addresses = addresses_new();
    if (g->names.addresses == NULL)
        return false;
    config.addresses = g->names.addresses;
    g->names.saved = TSTAMP_NEVER;
    guard_state_path(g, "addresses", g->names.path, sizeof g->names.path);
    int err = addresses_load(g->names.addresses, g->names.path);
    if (err == -EBADMSG)
        log_warn("%s is damaged: what is readable of it is used", g->names.path);
    else if (err == -EPERM)
        log_warn("%s is not used, as others may have written it: remove it", g->names.path);
    else if (err < 0)
        log_warn("%s cannot be read: %s", g->names.path, strerror(-err));
    g->names.resolver = resolver_new(&config);
    return g->names.resolver != NULL &&
           resolver_set_peers(g->names.resolver, now, &g->config, NULL) == 0;
}

static void save(struct guard *g, struct tstamp now)
{
    int err = addresses_save(g->names.addresses, g->names.path);
    g->names.saved = now;
    g->names.dirty = false;
    if (err < 0 && err != g->names.error)
        log_warn("%s cannot be written: %s; a restart will need a name server", g->names.path,
                 strerror(-err));
    else if (err == 0 && g->names.error != 0)
        log_info("%s is written again", g->names.path);
    g->names.error = err;
}

struct tstamp guard_names_tick(struct guard *g, struct tstamp now)
{
    struct tstamp next = resolver_tick(g->names.resolver, now);
    if (!g->names.dirty)
        return next;
    bool first = tstamp_is_never(g->names.saved);
    struct tstamp save_at = first ? now : tstamp_add(g->names.saved, SAVE_S * NS_PER_S);
    if (!tstamp_reached(save_at, now))
        return tstamp_min(next, save_at);
    save(g, now);
    return next;
}

void guard_names_close(struct guard *g)
{
    resolver_free(g->names.resolver);
    g->names.resolver = NULL;
    if (g->names.dirty)
        save(g, loop_now());
    addresses_free(g->names.addresses);
    g->names.addresses = NULL;
}
