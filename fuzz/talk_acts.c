/* SPDX-License-Identifier: ISC */
/*
 * In the place of all that guard and engine would have done by others: processes, sockets, devices,
 * routes, files. It does nothing, may fail when it is told to, and sees that it is asked for what
 * is possible. Each of these functions has its namesake in src/guard, src/engine, src/ipc or
 * src/sys.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/control.h"
#include "engine/dataplane.h"
#include "guard/announce.h"
#include "guard/firewall_watch.h"
#include "guard/network/network.h"
#include "guard/open.h"
#include "guard/send.h"
#include "sys/udp.h"
#include "talk.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* send.c: an engine that runs makes room by listening. */
bool guard_send(struct guard *g, const struct msg *m, const int *fds, size_t fd_count)
{
    struct talk *t = talk_now;
    if (g->engine.pid == 0 || t->state == TALK_ENGINE_DEAD)
        return false;
    while (t->to_engine.count == TALK_QUEUE && talk_engine_turn(t)) {
    }
    if (t->state != TALK_ENGINE_DEAD && talk_push(t, &t->to_engine, m, fds, fd_count))
        return true;
    talk_kill(t);
    return false;
}

/* channel.c, of the engine's side */
int channel_send(int fd, const struct msg *m, const int *fds, size_t fd_count)
{
    struct talk *t = talk_now;
    (void)fd;
    return talk_push(t, &t->to_guard, m, fds, fd_count) ? 0 : -EAGAIN;
}

void channel_close_fds(struct channel_input *in)
{
    while (in->fd_count > 0)
        talk_fd_close(talk_now, in->fds[--in->fd_count]);
}

/* dataplane.c */

int dataplane_add_socket(struct dataplane *d, uint16_t number, int fd)
{
    int place = talk_socket_place(number);
    if (place < 0) {
        talk_fd_close(talk_now, fd);
        return -EINVAL;
    }
    dataplane_remove_socket(d, number);
    talk_now->sockets[place] = fd;
    return 0;
}

int dataplane_add_beats(struct dataplane *d, uint16_t number, int fd)
{
    (void)d;
    int place = talk_socket_place(number);
    talk_fd_close(talk_now, fd); /* nothing is read here */
    return place >= 0 && talk_now->sockets[place] != 0 ? 0 : -EINVAL;
}

void dataplane_remove_socket(struct dataplane *d, uint16_t number)
{
    int place = talk_socket_place(number);
    (void)d;
    if (place < 0 || talk_now->sockets[place] == 0)
        return;
    talk_fd_close(talk_now, talk_now->sockets[place]);
    talk_now->sockets[place] = 0;
}

int dataplane_replace_tun(struct dataplane *d, int fd, enum tun_offload offload)
{
    (void)d;
    must(offload <= TUN_OFFLOAD_USO);
    talk_fd_close(talk_now, talk_now->tun);
    talk_now->tun = fd;
    return 0;
}

void dataplane_set_policies(struct dataplane *d, struct policy_set *policies)
{
    (void)d;
    must(policies == NULL || policies == &talk_now->engine.policies);
}

uint64_t dataplane_socket_bytes(const struct dataplane *d, uint16_t link)
{
    (void)d;
    must(link < WIRE_PATHS_MAX);
    return talk_now->socket_bytes[link];
}

/* control.c */
void control_reloaded(struct control *c, bool ok, const char *text)
{
    (void)c;
    must(talk_now->is_tainted || ok == (text[0] == '\0') || talk_now->no_network);
}

/* udp_linux.c */

int udp_open(struct udp *u, const struct udp_options *options)
{
    must(options->interface != NULL && options->interface[0] != '\0');
    if (talk_now->no_sockets)
        return -ENODEV;
    *u = (struct udp){ .fd = talk_fd_open(talk_now) };
    return 0;
}

int udp_open_apart(struct udp *apart, struct udp *u, const struct udp_options *options,
                   uint16_t len_bytes)
{
    (void)apart;
    (void)u;
    (void)options;
    (void)len_bytes;
    return -ENOPROTOOPT; /* an older kernel */
}

void udp_close(struct udp *u)
{
    talk_fd_close(talk_now, u->fd);
}

/* lookup_process.c */

int lookup_process_start(struct lookup_process *p, const struct lookup_request *q)
{
    struct talk *t = talk_now;
    uint8_t data[LOOKUP_BYTES_MAX];
    must(lookup_encode_request(q, data) > 0);
    lookup_process_stop(p);
    for (size_t i = 0; i < TALK_LOOKUPS; i++) {
        if (t->lookups[i] != NULL)
            continue;
        t->lookups[i] = p;
        p->pid = ++t->lookup_pid;
        p->name_count = q->name_count;
        p->way_count = q->way_count;
        p->system = q->system;
        return 0;
    }
    return -EAGAIN;
}

void lookup_process_stop(struct lookup_process *p)
{
    for (size_t i = 0; i < TALK_LOOKUPS; i++)
        if (talk_now->lookups[i] == p)
            talk_now->lookups[i] = NULL;
    p->pid = 0;
}

/* netif_linux.c, network.c */

int netif_dump(struct netif_table *out)
{
    static const char *const names[TALK_INTERFACES] = { "eth0", "eth1" };
    *out = (struct netif_table){ 0 };
    out->list = calloc(TALK_INTERFACES, sizeof *out->list);
    out->addresses = calloc(2 * TALK_INTERFACES, sizeof *out->addresses);
    must(out->list != NULL && out->addresses != NULL);
    for (uint32_t i = 0; i < TALK_INTERFACES; i++) {
        uint8_t bits = talk_now->interfaces[i];
        struct netif_info n = { .index = i + 2 + ((bits & TALK_IF_OTHER) != 0 ? 10 : 0),
                                .up = (bits & TALK_IF_UP) != 0,
                                .carrier = (bits & TALK_IF_CARRIER) != 0,
                                .mtu_bytes = 1500,
                                .default_ipv4 = (bits & TALK_IF_DEFAULT) != 0 };
        struct netif_address a = { .index = n.index,
                                   .addr = { .family = 4, .addr = { 10, 0, 0 } } };
        if ((bits & TALK_IF_EXISTS) == 0)
            continue;
        strcpy(n.name, names[i]);
        out->list[out->count++] = n;
        a.addr.addr[3] = (uint8_t)(i + 1);
        if ((bits & TALK_IF_IPV4) != 0)
            out->addresses[out->address_count++] = a;
        a.addr = (struct netaddr){ .family = 6, .addr = { 0xfd, (uint8_t)i, [15] = 1 } };
        if ((bits & TALK_IF_IPV6) != 0)
            out->addresses[out->address_count++] = a;
    }
    return 0;
}

int network_update(struct network *n, const struct config *c, const struct links *l,
                   const struct netif_table *t, struct tstamp now)
{
    (void)l;
    (void)t;
    (void)now;
    must(c->peer_count > 0);
    if (talk_now->is_device_gone) {
        n->index = 0;
        return -ENODEV;
    }
    return talk_now->no_network ? -EPERM : 0;
}

struct tstamp network_deadline(const struct network *n, struct tstamp now)
{
    (void)n;
    (void)now;
    return TSTAMP_NEVER;
}

void network_take_device(struct network *n)
{
    n->index = 1;
}

void network_set_mtu(struct network *n, uint32_t mtu_bytes)
{
    n->mtu_bytes = mtu_bytes;
}

/* open.c, firewall_watch.c */

bool guard_open_tun(struct guard *g)
{
    must(g->network.index == 0);
    if (talk_now->no_network)
        return false;
    g->opened.tun_fd = talk_fd_open(talk_now);
    talk_fd_close(talk_now, g->opened.tun_fd); /* its end is by close(), and not seen */
    talk_now->is_device_gone = false;
    return true;
}

void guard_hint_lan(const struct guard *g)
{
    (void)g;
}

void guard_firewall_recheck(struct guard *g, struct tstamp now)
{
    (void)g;
    (void)now;
}

/* open.c, of accounts.c and names.c */
void guard_state_path(const struct guard *g, const char *suffix, char *out, size_t size)
{
    (void)g;
    (void)suffix;
    (void)size;
    out[0] = '\0';
    must(false); /* files are not the fuzzer's */
}
