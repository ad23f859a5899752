/* SPDX-License-Identifier: ISC */
#include "guard/lookup/lookup_order.h"

#include <ares.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum { HOSTS = 'f', NAME_SERVERS = 'b', ORDER_BYTES = 8 }; /* the letters of ares_options.lookups */

static void read_order(char order[ORDER_BYTES])
{
    ares_channel channel;
    struct ares_options o;
    int mask;
    memset(order, 0, ORDER_BYTES);
    if (ares_init(&channel) != ARES_SUCCESS)
        return;
    if (ares_save_options(channel, &o, &mask) == ARES_SUCCESS) {
        if (o.lookups != NULL && strlen(o.lookups) < ORDER_BYTES)
            memcpy(order, o.lookups, strlen(o.lookups));
        ares_destroy_options(&o);
    }
    ares_destroy(channel);
}

bool lookup_order_asks(void)
{
    char order[ORDER_BYTES];
    read_order(order);
    return strchr(order, NAME_SERVERS) != NULL;
}

static void note_found(void *arg, int status, int timeouts, struct ares_addrinfo *list)
{
    bool *found = arg;
    (void)timeouts;
    *found = status == ARES_SUCCESS;
    if (list != NULL)
        ares_freeaddrinfo(list);
}

bool lookup_order_in_hosts(const char *name)
{
    const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC };
    char order[ORDER_BYTES];
    char hosts[] = { HOSTS, '\0' };
    struct ares_options o = { .lookups = hosts };
    ares_channel channel;
    bool found = false;
    read_order(order);
    if (order[0] != HOSTS || ares_init_options(&channel, &o, ARES_OPT_LOOKUPS) != ARES_SUCCESS)
        return false;
    ares_getaddrinfo(channel, name, NULL, &hints, note_found, &found);
    ares_destroy(channel);
    return found;
}
