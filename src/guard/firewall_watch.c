/* SPDX-License-Identifier: ISC */
/*
 * Whether what the tunnel needs is let through by this machine: a program of its own reads the
 * rules of packet filters, while the guard goes on.
 */
#include "guard/firewall_watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "guard/firewall/firewall_program.h"
#include "guard/network/sysctl.h"
#include "guard/problems.h"
#include "ipc/helper.h"

enum {
    POLL_S = 60,       /* not every change is told by the kernel */
    POLL_FOUND_S = 10, /* while something is dropped, and somebody mends it */
    FORWARDING_S = 10,
    AGAIN_S = 1,
    CALM_MS = 200, /* rules come in bursts */
    GAP_MIN_S = 2,
    GAP_TIMES = 20, /* how much longer to wait than a look took: a large set of rules costs more */
};

/* Questions */

/* An address that no rule but one for everything means: of the Internet, and of nobody special. */
static struct netaddr somewhere(enum firewall_family f)
{
    static const char *const texts[] = { "9.9.9.9", "2620:fe::9" };
    struct netaddr a = { 0 };
    netaddr_parse(&a, texts[f]);
    return a;
}

static uint8_t number_of(enum firewall_family f)
{
    return f == FIREWALL_IPV4 ? 4 : 6;
}

/* The interface over which others are reached; NULL: none. */
static const struct netif_info *way_out(const struct guard *g, enum firewall_family f)
{
    const struct netif_info *any = NULL;
    for (size_t i = 0; i < g->look.netifs.count; i++) {
        const struct netif_info *n = &g->look.netifs.list[i];
        bool has_default = f == FIREWALL_IPV4 ? n->default_ipv4 : n->default_ipv6;
        if (!n->up || strcmp(n->name, g->config.interface) == 0 || strcmp(n->name, "lo") == 0)
            continue;
        if (has_default)
            return n;
        if (any == NULL && netif_address_of(&g->look.netifs, n->index, number_of(f)).family != 0)
            any = n;
    }
    return any;
}

/* An address of a peer in the tunnel, or of what is behind one that may have any. */
static struct netaddr inside(const struct config *c, enum firewall_family f)
{
    const uint8_t family = number_of(f);
    const size_t bytes = family == 4 ? 4 : 16;
    for (size_t i = 0; i < c->peer_count; i++) {
        for (size_t j = 0; j < c->peers[i].allowed_count; j++) {
            const struct netprefix *p = &c->peers[i].allowed[j];
            struct netaddr a = { .family = family };
            if (p->family != family || config_is_wide(p))
                continue;
            memcpy(a.addr, p->addr, bytes);
            if (p->len < 8 * bytes - 1)
                a.addr[bytes - 1] |= 1;
            return a;
        }
    }
    return somewhere(f);
}

static bool has_family(const struct config *c, enum firewall_family f)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].family == number_of(f))
            return true;
    return false;
}

/* Two families over one interface are one question. */
static void ask(struct firewall_request *all, const struct firewall_question *q)
{
    struct firewall_question *last = all->count > 0 ? &all->list[all->count - 1] : NULL;
    const enum firewall_family f = q->asked[FIREWALL_IPV4] ? FIREWALL_IPV4 : FIREWALL_IPV6;
    if (last != NULL && last->hook == q->hook && last->port == q->port && !last->asked[f] &&
        last->inward == q->inward && strcmp(last->other, q->other) == 0) {
        last->asked[f] = true;
        last->inside[f] = q->inside[f];
        last->outside[f] = q->outside[f];
    } else if (all->count < FIREWALL_QUESTIONS_MAX) {
        all->list[all->count++] = *q;
    }
}

static struct firewall_question question(const struct guard *g, enum firewall_hook hook,
                                         enum firewall_family f, const char *other)
{
    struct firewall_question q = { .hook = hook };
    snprintf(q.tunnel, sizeof q.tunnel, "%s", g->config.interface);
    snprintf(q.other, sizeof q.other, "%s", other);
    q.asked[f] = true;
    q.outside[f] = somewhere(f);
    return q;
}

/* What comes out of the tunnel and leaves masqueraded. */
static void ask_nat(const struct guard *g, enum firewall_family f, struct firewall_request *all)
{
    const struct netif_info *out = way_out(g, f);
    struct firewall_question q = question(g, FIREWALL_FORWARD, f, out != NULL ? out->name : "");
    if (out == NULL && f == FIREWALL_IPV6)
        return; /* this machine has none */
    q.inside[f] = inside(&g->config, f);
    ask(all, &q);
}

/* What a LAN sends into the tunnel. */
static void ask_lan(const struct guard *g, const char *lan, struct firewall_request *all)
{
    const struct netif_info *in = netif_find(&g->look.netifs, lan);
    for (enum firewall_family f = FIREWALL_IPV4; in != NULL && f < FIREWALL_FAMILIES; f++) {
        struct firewall_question q = question(g, FIREWALL_FORWARD, f, lan);
        if (!has_family(&g->config, f))
            continue;
        q.inward = true;
        q.inside[f] = inside(&g->config, f);
        q.outside[f] = netif_address_of(&g->look.netifs, in->index, number_of(f));
        if (f == FIREWALL_IPV4 || q.outside[f].family != 0)
            ask(all, &q);
    }
}

/* Peers that call. */
static void ask_listen(const struct guard *g, const struct netaddr *listen,
                       struct firewall_request *all)
{
    for (enum firewall_family f = FIREWALL_IPV4; f < FIREWALL_FAMILIES; f++) {
        const struct netif_info *in = way_out(g, f);
        if (in == NULL || (listen->family != 0 && listen->family != number_of(f)))
            continue;
        struct firewall_question q = question(g, FIREWALL_INPUT, f, in->name);
        q.port = listen->port;
        q.inside[f] = listen->family != 0
                          ? *listen
                          : netif_address_of(&g->look.netifs, in->index, number_of(f));
        ask(all, &q);
    }
}

static void collect(const struct guard *g, struct firewall_request *all)
{
    const struct config *c = &g->config;
    all->count = 0;
    for (enum firewall_family f = FIREWALL_IPV4; f < FIREWALL_FAMILIES; f++)
        if (c->network.nat && has_family(c, f))
            ask_nat(g, f, all);
    for (size_t i = 0; i < c->network.lan_count; i++)
        ask_lan(g, c->network.lans[i], all);
    for (size_t i = 0; i < c->listen_count; i++)
        ask_listen(g, &c->listen[i], all);
}

/* The process */

static void close_child(struct guard *g)
{
    struct guard_firewall *w = &g->firewall;
    loop_remove(&g->loop, &w->watch);
    close(w->watch.fd);
    kill(w->pid, SIGKILL); /* has closed its end: it is ending */
    waitpid(w->pid, NULL, 0);
    w->pid = 0;
}

/* error: of the look. */
static void finish(struct guard *g, struct tstamp now, int error, const struct problem_list *found)
{
    struct guard_firewall *w = &g->firewall;
    w->gap_ns = GAP_TIMES * tstamp_sub(now, w->started);
    if (w->gap_ns < GAP_MIN_S * NS_PER_S)
        w->gap_ns = GAP_MIN_S * NS_PER_S;
    if (error == 0)
        guard_problems_set(g, PROBLEM_FIREWALL, found);
    else if (!w->has_failed)
        log_warn("the rules of packet filters cannot be listed: %s", strerror(-error));
    w->has_failed = error != 0;
    bool waits = g->problems[PROBLEM_FIREWALL].count > 0;
    int64_t pause_ns = (waits ? POLL_FOUND_S : POLL_S) * NS_PER_S;
    w->next = tstamp_add(now, w->gap_ns > pause_ns ? w->gap_ns : pause_ns);
    if (w->again)
        guard_firewall_recheck(g, now);
    w->again = false;
}

static void child_ready(void *arg, struct tstamp now, unsigned events)
{
    struct guard *g = arg;
    static struct firewall_answer answer; /* too large for the stack */
    uint8_t data[FIREWALL_BYTES_MAX];
    (void)events;
    ssize_t n = recv(g->firewall.watch.fd, data, sizeof data, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool good =
        n > 0 && (size_t)n <= sizeof data && firewall_decode_answer(&answer, data, (size_t)n);
    close_child(g);
    finish(g, now, good ? answer.error : -EPROTO, &answer.found);
}

static int start(struct guard *g, struct tstamp now, const struct firewall_request *all)
{
    struct guard_firewall *w = &g->firewall;
    uint8_t data[FIREWALL_BYTES_MAX];
    size_t len = firewall_encode_request(all, data);
    int fd;
    w->started = now;
    int err = len == 0 ? -EINVAL : helper_start("--firewall", &fd, &w->pid);
    if (err < 0) {
        w->pid = 0;
        return err;
    }
    w->watch = (struct loop_watch){ .fd = fd, .ready = child_ready, .arg = g };
    if (send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        err = -errno;
    if (err == 0)
        err = loop_add(&g->loop, &w->watch, LOOP_READ);
    if (err == 0)
        return 0;
    close(fd);
    kill(w->pid, SIGKILL);
    waitpid(w->pid, NULL, 0);
    w->pid = 0;
    return err;
}

static void look(struct guard *g, struct tstamp now)
{
    struct guard_firewall *w = &g->firewall;
    static struct firewall_request all; /* too large for the stack */
    collect(g, &all);
    w->next = TSTAMP_NEVER; /* the answer sets it */
    if (all.count == 0) {
        guard_problems_set(g, PROBLEM_FIREWALL, &(struct problem_list){ 0 });
        return;
    }
    int err = start(g, now, &all);
    if (err < 0) {
        log_debug("no process to list the rules of packet filters: %s", strerror(-err));
        w->next = tstamp_add(now, POLL_S * NS_PER_S);
    }
}

/* Forwarding */

static void add_off(const struct config *c, struct problem_list *l, const char *family,
                    const char *name)
{
    char text[PROBLEM_TEXT_MAX + 1];
    snprintf(text, sizeof text,
             "%s is not forwarded although %s: %s is 0; to turn it on: sysctl -w %s=1", family,
             c->network.nat ? "nat = yes" : "lan names an interface", name, name);
    problem_add(l, "forwarding-off", text);
}

static void find_off_on(const struct guard *g, struct problem_list *l, const char *interface)
{
    char key[96];
    snprintf(key, sizeof key, "net/ipv4/conf/%s/forwarding", interface);
    if (sysctl_get(key) == 0)
        add_off(&g->config, l, "IPv4", key);
}

/* The kernel asks the interface that a packet came in by; ip_forward sets all of them. */
static void find_off(const struct guard *g, struct problem_list *l)
{
    const struct config *c = &g->config;
    const struct netif_info *out = way_out(g, FIREWALL_IPV4);
    bool ipv4 = has_family(c, FIREWALL_IPV4);
    bool all_off = ipv4 && sysctl_get("net/ipv4/ip_forward") == 0;
    if (all_off)
        add_off(c, l, "IPv4", "net.ipv4.ip_forward");
    if (ipv4 && !all_off) {
        find_off_on(g, l, c->interface);
        if (c->network.nat && out != NULL)
            find_off_on(g, l, out->name);
        for (size_t i = 0; i < c->network.lan_count; i++)
            find_off_on(g, l, c->network.lans[i]);
    }
    if (has_family(c, FIREWALL_IPV6) && sysctl_get("net/ipv6/conf/all/forwarding") == 0)
        add_off(c, l, "IPv6", "net.ipv6.conf.all.forwarding");
}

/* They may come later; a name that is misspelt never does. */
static void check_lans(struct guard *g)
{
    struct problem_list found = { 0 };
    char text[PROBLEM_TEXT_MAX + 1];
    for (size_t i = 0; i < g->config.network.lan_count; i++) {
        const char *name = g->config.network.lans[i];
        if (netif_find(&g->look.netifs, name) != NULL)
            continue;
        snprintf(
            text, sizeof text,
            "lan: there is no interface %s, so none of its hosts is led into the tunnel; those "
            "that there are: ip -br link",
            name);
        problem_add(&found, "no-lan", text);
    }
    guard_problems_set(g, PROBLEM_LAN, &found);
}

/* What can be put back is, first; what is off after that is told. */
static void check_forwarding(struct guard *g, struct tstamp now)
{
    struct guard_firewall *w = &g->firewall;
    struct problem_list found = { 0 };
    bool is_wanted = g->config.network.nat || g->config.network.lan_count > 0;
    w->forwarding_at = is_wanted ? tstamp_add(now, FORWARDING_S * NS_PER_S) : TSTAMP_NEVER;
    check_lans(g);
    if (is_wanted)
        find_off(g, &found);
    bool is_new = found.count > 0 && !w->was_off;
    w->was_off = found.count > 0;
    if (is_new) {
        g->look.at = now;
        w->forwarding_at = tstamp_add(now, AGAIN_S * NS_PER_S);
        return;
    }
    guard_problems_set(g, PROBLEM_FORWARDING, &found);
}

/* The guard's */

void guard_firewall_recheck(struct guard *g, struct tstamp now)
{
    struct guard_firewall *w = &g->firewall;
    struct tstamp calm = tstamp_add(now, CALM_MS * NS_PER_MS);
    w->forwarding_at = now;
    w->again = w->pid != 0;
    if (!w->again)
        w->next = tstamp_min(w->next, tstamp_max(calm, tstamp_add(w->started, w->gap_ns)));
}

struct tstamp guard_firewall_tick(struct guard *g, struct tstamp now)
{
    struct guard_firewall *w = &g->firewall;
    if (g->network.filter.others_changed)
        guard_firewall_recheck(g, now);
    g->network.filter.others_changed = false;
    if (w->pid == 0 && tstamp_reached(w->next, now))
        look(g, now);
    if (tstamp_reached(w->forwarding_at, now))
        check_forwarding(g, now);
    return tstamp_min(w->forwarding_at, w->next);
}

void guard_firewall_stop(struct guard *g)
{
    if (g->firewall.pid != 0)
        close_child(g);
}
