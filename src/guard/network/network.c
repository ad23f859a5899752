/* SPDX-License-Identifier: ISC */
#include "guard/network/network.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "guard/network/network_filter.h"
#include "guard/network/network_flows.h"
#include "guard/network/network_links.h"
#include "guard/network/network_routing.h"
#include "guard/network/network_settings.h"
#include "guard/network/network_told.h"
#include "guard/network/stale.h"
#include "sys/netif_route.h"
#include "sys/nft.h"
#include "sys/tun.h"

enum { MTU_AT_START = 1420 };

#define AGAIN_NS (20 * NS_PER_MS)
#define TELL_AGAIN_NS (60 * NS_PER_S) /* that something was put back */

static void warn_failure(const char *what, int err)
{
    if (err < 0)
        log_warn("%s: %s", what, strerror(-err));
}

int network_begin(struct network *n, const struct config *c)
{
    *n = (struct network){ .told.lookup_slot = -1,
                           .filter.young_until = TSTAMP_NEVER,
                           .told_at = TSTAMP_NEVER,
                           .flows.again = TSTAMP_NEVER,
                           .flows.way = { NETWORK_WAY_UNKNOWN, NETWORK_WAY_UNKNOWN } };
    snprintf(n->interface, sizeof n->interface, "%s", c->interface);
    sysctl_file(n->settings.file);
    n->mtu_bytes = c->mtu_bytes != 0 ? c->mtu_bytes : MTU_AT_START;
    n->filter.nft_fd = nft_watch_open();
    if (n->filter.nft_fd < 0)
        log_debug("changes of packet filter rules are not told: %s", strerror(-n->filter.nft_fd));
    int err = numbers_choose(&n->numbers, n->interface, c->network.mark, c->network.mark_mask);
    if (err == -EBUSY)
        log_error("no routing tables are left for %s: %d tunnels, or other programs, have all",
                  n->interface, NUMBERS_SETS);
    else if (err < 0)
        log_error("routes cannot be listed: %s", strerror(-err));
    return err;
}

void network_take_device(struct network *n)
{
    n->index = if_nametoindex(n->interface);
    n->device_is_new = true;
    n->address_count = 0;
    /* Older kernels have no such attribute before 4.16, and do with their own limit. */
    int err = netif_set_gso_max(n->index, TUN_GSO_BYTES_MAX);
    if (err < 0)
        log_debug("gso_max_size of %s: %s", n->interface, strerror(-err));
    warn_failure("the queue of the tunnel's interface",
                 netif_set_queue(n->index, TUN_QUEUE_PACKETS));
}

/* The device */

static bool has_prefix(const struct netprefix *list, size_t count, const struct netprefix *p)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].family == p->family && list[i].len == p->len &&
            memcmp(list[i].addr, p->addr, sizeof p->addr) == 0)
            return true;
    return false;
}

static int update_addresses(struct network *n, const struct config *c, const struct netif_table *t)
{
    char text[NETADDR_STRLEN];
    struct netprefix *next = calloc(c->address_count + 1, sizeof *next);
    if (next == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n->address_count; i++)
        if (!has_prefix(c->addresses, c->address_count, &n->addresses[i]))
            netif_remove_address(n->index, &n->addresses[i]);
    for (size_t i = 0; i < c->address_count; i++) {
        const struct netprefix *p = &c->addresses[i];
        struct netaddr addr = { .family = p->family };
        memcpy(addr.addr, p->addr, sizeof addr.addr);
        int added = netif_has_address(t, n->index, &addr) ? 0 : netif_add_address(n->index, p);
        if (added < 0) {
            log_error("address %s cannot be set on %s: %s", netprefix_format(p, text), n->interface,
                      strerror(-added));
            free(next);
            return added;
        }
        if (added > 0 && has_prefix(n->addresses, n->address_count, p))
            n->restored.count[RESTORED_ADDRESS]++;
        next[i] = *p;
    }
    free(n->addresses);
    n->addresses = next;
    n->address_count = c->address_count;
    return 0;
}

static int update_device(struct network *n, const struct config *c, const struct netif_table *t)
{
    const struct netif_info *found = netif_find(t, n->interface);
    bool is_new = n->device_is_new;
    if (found == NULL || found->index != n->index)
        return -ENODEV;
    if (found->mtu_bytes != n->mtu_bytes) {
        network_set_mtu(n, n->mtu_bytes);
        n->restored.count[RESTORED_MTU] += !is_new;
    }
    int err = found->up ? 0 : netif_set_up(n->index, true);
    if (err < 0) {
        log_error("%s cannot be set up: %s", n->interface, strerror(-err));
        return err;
    }
    n->restored.count[RESTORED_UP] += !found->up && !is_new;
    return update_addresses(n, c, t);
}

/* Flows */

/* After routes and rules, by which those that are forgotten begin anew. */
static void update_flows(struct network *n, const struct config *c, const struct netif_table *t,
                         struct tstamp now)
{
    int way[2] = { NETWORK_WAY_UNKNOWN, NETWORK_WAY_UNKNOWN };
    for (uint8_t family = 4; family <= 6; family += 2) {
        const struct network_link *link = network_stand_in(n, c, family);
        if (c->network.routes && c->network.fallback == CONFIG_FALLBACK_DIRECT)
            way[network_family_at(family)] = link != NULL ? (int)link->slot : STALE_TUNNEL;
    }
    network_flows_update(n, c, t, way, now);
}

/* All together */

static void tell_restored(struct network *n, const struct restored *before, struct tstamp now)
{
    char what[160] = "";
    size_t at = 0;
    bool is_recent = !tstamp_is_never(n->told_at) && tstamp_sub(now, n->told_at) < TELL_AGAIN_NS;
    if (is_recent || memcmp(before, &n->restored, sizeof *before) == 0)
        return;
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        if (n->restored.count[i] > 0)
            at += (size_t)snprintf(what + at, sizeof what - at, "%s%s %u", at > 0 ? ", " : "",
                                   restored_name((enum restored_what)i), n->restored.count[i]);
    n->told_at = now;
    log_warn("another program changed what %s had set up, and it is put back (so often by now: %s)",
             n->interface, what);
}

int network_update(struct network *n, const struct config *c, const struct links *l,
                   const struct netif_table *t, struct tstamp now)
{
    struct restored before = n->restored;
    network_take_links(n, l, t);
    int err = n->index != 0 ? update_device(n, c, t) : 0;
    if (err == -ENODEV)
        n->index = 0;
    /* Whatever becomes of the device, what must not leave by a link does not. */
    int routing_err = network_update_routing(n, c);
    int filter_err = network_update_filter(n, c, t, now);
    update_flows(n, c, t, now);
    network_update_settings(n, c, t);
    n->device_is_new = n->device_is_new && err < 0;
    tell_restored(n, &before, now);
    if (err < 0)
        return err;
    return routing_err < 0 ? routing_err : filter_err;
}

struct tstamp network_deadline(const struct network *n, struct tstamp now)
{
    /* Somebody else was at it while our own rules were put in place. */
    if (n->filter.touched && !n->filter.failed)
        return tstamp_add(now, AGAIN_NS);
    struct tstamp old_at =
        tstamp_reached(n->filter.young_until, now) ? TSTAMP_NEVER : n->filter.young_until;
    return tstamp_min(old_at, n->flows.again);
}

void network_set_mtu(struct network *n, uint32_t mtu_bytes)
{
    n->mtu_bytes = mtu_bytes;
    int err = n->index != 0 ? netif_set_mtu(n->index, mtu_bytes) : 0;
    if (err < 0)
        log_warn("MTU %u of %s: %s", mtu_bytes, n->interface, strerror(-err));
}

int network_end(struct network *n)
{
    struct routing nothing = { 0 };
    struct routing_changes changes;
    if (n->interface[0] == '\0' || n->numbers.table == 0)
        return 0;
    int routing_err = routing_apply(&nothing, &n->applied, &n->numbers, n->index, &changes);
    warn_failure("removing routes and routing rules", routing_err);
    int filter_err = network_end_filter(n);
    int settings_err = network_end_settings(n);
    warn_failure("restoring kernel settings", settings_err);
    return routing_err < 0 ? routing_err : filter_err < 0 ? filter_err : settings_err;
}

void network_free(struct network *n)
{
    routing_clear(&n->applied);
    free(n->addresses);
    free(n->told.accepted);
    network_forget_peers(n);
    free(n->filter.ruleset);
    if (n->filter.nft_fd >= 0)
        close(n->filter.nft_fd);
    *n = (struct network){ .filter.nft_fd = -1 };
}
