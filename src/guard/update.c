/* SPDX-License-Identifier: ISC */
/* When the network is looked at, and what follows from what is found. */
#include "guard/update.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "guard/network/network.h"
#include "guard/open.h"
#include "guard/peers.h"
#include "guard/send.h"
#include "guard/tell.h"

enum {
    NETIF_PAUSE_MS = 20,
    NETIF_PAUSE_TIMES = 4, /* as long as a look took, where there is much to look at */
    LOOK_S = 10, /* what the kernel does not tell of, as its settings, is looked at so often */
};

/* The device has gone, or is no longer ours: another one takes its place. */
static int replace_device(struct guard *g)
{
    int old = g->opened.tun_fd;
    if (!guard_open_tun(g)) {
        g->opened.tun_fd = old;
        return -EIO;
    }
    close(old);
    log_warn("another program has deleted %s; it is made anew", g->config.interface);
    network_take_device(&g->network);
    g->network.restored.count[RESTORED_DEVICE]++;
    if (g->engine.ready)
        guard_send(g,
                   &(struct msg){ .type = MSG_TUN, .tun_offload = (uint8_t)g->opened.tun_offload },
                   &g->opened.tun_fd, 1);
    return 0;
}

static int dump(struct guard *g)
{
    struct netif_table next;
    int err = netif_dump(&next);
    if (err < 0) {
        log_error("the interfaces cannot be listed: %s", strerror(-err));
        netif_table_free(&next);
        return err;
    }
    /* Not every message is a change: some tell of what we set ourselves. */
    g->look.changed = g->look.changed || !netif_table_equal(&g->look.netifs, &next);
    netif_table_free(&g->look.netifs);
    g->look.netifs = next;
    return 0;
}

int guard_update_network(struct guard *g, struct tstamp now)
{
    struct restored before = g->network.restored;
    struct tstamp begun = loop_now();
    int err = dump(g);
    g->links.is_idle = !config_calls_out(&g->config);
    g->links.retry = TSTAMP_NEVER; /* until links_update(), which waits for an engine */
    g->look.last = now;
    g->look.at = tstamp_add(now, (err < 0 ? 1 : LOOK_S) * NS_PER_S);
    if (err < 0)
        return err;
    if (!g->links.is_idle)
        links_discover(&g->links, &g->look.netifs);
    if (g->look.changed && g->names.resolver != NULL)
        resolver_retry(g->names.resolver);
    g->look.changed = false;
    guard_accepted_update(g);
    err = network_update(&g->network, &g->config, &g->links, &g->look.netifs, now);
    bool is_lost = g->network.index == 0 && g->opened.tun_fd >= 0;
    if (is_lost && (err = replace_device(g)) == 0 && (err = dump(g)) == 0)
        err = network_update(&g->network, &g->config, &g->links, &g->look.netifs, now);
    if (err < 0)
        g->look.at = tstamp_add(now, NS_PER_S);
    g->look.at = tstamp_min(g->look.at, network_deadline(&g->network, now));
    if (g->engine.ready)
        links_update(&g->links, now, &g->look.netifs);
    if (memcmp(&before, &g->network.restored, sizeof before) != 0)
        guard_tell_restored(g);
    g->look.cost_ns = tstamp_sub(loop_now(), begun);
    return err;
}

void guard_links_tick(struct guard *g, struct tstamp now)
{
    if (g->links.due && g->engine.ready)
        links_update(&g->links, now, &g->look.netifs);
}

void guard_links_open(struct guard *g)
{
    g->links.tunnel = g->config.interface;
    g->links.numbers = &g->network.numbers;
    g->links.tell = guard_tell_link;
    g->links.arg = g;
    g->links.retry = TSTAMP_NEVER;
    links_configure(&g->links, &g->config);
}

size_t guard_lookup_ways(void *guard, struct lookup_way out[LOOKUP_WAYS_MAX])
{
    struct guard *g = guard;
    return links_ways(&g->links, &g->look.netifs, out);
}

bool guard_is_online(void *guard)
{
    const struct guard *g = guard;
    return !g->network.told.lookups;
}

/*
 * Changes come in bursts: an interface, its addresses, its routes. The first may be a carrier that
 * was lost, which does not wait for the rest.
 */
void guard_look_soon(struct guard *g, struct tstamp now)
{
    int64_t pause_ns = NETIF_PAUSE_MS * NS_PER_MS;
    if (pause_ns < NETIF_PAUSE_TIMES * g->look.cost_ns)
        pause_ns = NETIF_PAUSE_TIMES * g->look.cost_ns;
    struct tstamp pause = tstamp_add(g->look.last, pause_ns);
    g->look.at = tstamp_min(g->look.at, tstamp_max(now, pause));
}
