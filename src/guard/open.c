/* SPDX-License-Identifier: ISC */
#include "guard/open.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "guard/network/sysctl.h"
#include "ipc/control_proto.h"
#include "sys/directory.h"
#include "sys/udp.h"
#include "wire/wire.h"

bool guard_check_privileges(const char *unit)
{
    static const struct {
        unsigned capability;
        const char *name;
        const char *why;
    } needed[] = {
        { CAP_NET_ADMIN, "CAP_NET_ADMIN", "to make the tunnel's interface and routes" },
        { CAP_NET_RAW, "CAP_NET_RAW", "to bind sockets to interfaces" },
        { CAP_SYS_CHROOT, "CAP_SYS_CHROOT", "to lock its engine in" },
        { CAP_SETUID, "CAP_SETUID", "to run its engine without privileges" },
        { CAP_SETGID, "CAP_SETGID", "to run its engine without privileges" },
        { CAP_SETPCAP, "CAP_SETPCAP", "to run its engine without privileges" },
        { CAP_KILL, "CAP_KILL", "to end its engine" },
    };
    capng_get_caps_process();
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability))
            continue;
        log_error("the privilege %s is missing, needed %s: run hawserd as root (sudo%s%s)",
                  needed[i].name, needed[i].why, unit[0] != '\0' ? ", or systemctl start " : "",
                  unit);
        return false;
    }
    return true;
}

enum { TRIES = 40, PAUSE_MS = 50 };

/* The engine of a guard that was killed is just about to end. */
static void wait_for_engine(void)
{
    const struct timespec pause = { .tv_nsec = PAUSE_MS * NS_PER_MS };
    nanosleep(&pause, NULL);
}

static bool is_served(const struct sockaddr_un *addr)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool is_alive = connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 ||
                    errno == EAGAIN; /* its queue is full */
    close(fd);
    return is_alive;
}

/* A daemon that goes on serving the socket; else the file was left behind. */
static bool answers_at(const struct sockaddr_un *addr)
{
    for (unsigned i = 0; i < TRIES; i++) {
        if (!is_served(addr))
            return false;
        wait_for_engine();
    }
    return true;
}

bool guard_answers(const char *control)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (strlen(control) >= sizeof addr.sun_path)
        return false;
    memcpy(addr.sun_path, control, strlen(control));
    return answers_at(&addr);
}

static int bind_private(int fd, const struct sockaddr_un *addr)
{
    mode_t mask = umask(0177);
    int err = bind(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 ? -errno : 0;
    umask(mask);
    return err;
}

bool guard_open_control(struct guard *g)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    const char *path = g->config.control;
    struct stat st;
    int fd = -1;
    int err = strlen(path) >= sizeof addr.sun_path ? -ENAMETOOLONG : directory_make_for(path, 0755);
    if (err == 0) {
        memcpy(addr.sun_path, path, strlen(path));
        if (answers_at(&addr)) {
            log_error("another hawserd serves %s already: stop it first, or name another "
                      "interface or control socket",
                      path);
            return false;
        }
        if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
            unlink(path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        err = fd < 0 ? -errno : bind_private(fd, &addr);
    }
    if (err == 0 && listen(fd, SOMAXCONN) < 0)
        err = -errno;
    if (err < 0) {
        log_error("control socket %s: %s", path, strerror(-err));
        if (fd >= 0)
            close(fd);
        return false;
    }
    g->opened.control_fd = fd;
    g->opened.control_made = true;
    return true;
}

void guard_close_control(struct guard *g)
{
    if (g->opened.control_made)
        unlink(g->config.control);
    if (g->opened.control_fd >= 0)
        close(g->opened.control_fd);
    g->opened.control_fd = -1;
    g->opened.control_made = false;
}

bool guard_open_tun(struct guard *g)
{
    int fd = tun_open(g->config.interface, g->config.engine.tun_offload, &g->opened.tun_offload);
    for (unsigned i = 0; fd == -EBUSY && i < TRIES; i++) {
        wait_for_engine();
        fd = tun_open(g->config.interface, g->config.engine.tun_offload, &g->opened.tun_offload);
    }
    if (fd == -EBUSY)
        log_error("interface %s exists already: is another tunnel using it? Name another one",
                  g->config.interface);
    else if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
        log_error("this kernel has no TUN devices: modprobe tun");
    else if (fd < 0)
        log_error("interface %s cannot be made: %s", g->config.interface, strerror(-fd));
    g->opened.tun_fd = fd;
    return fd >= 0;
}

/* What peers send while they have nothing to say can wait for what wakes the engine anyway. */
static int open_beats(struct udp *u, const struct udp_options *options)
{
    struct udp beats;
    int err = udp_open_apart(&beats, u, options, WIRE_BEAT_DATAGRAM_BYTES);
    if (err < 0)
        log_info("no socket of their own for beats: %s", strerror(-err));
    return err < 0 ? -1 : beats.fd;
}

bool guard_open_listen(struct guard *g)
{
    char text[NETADDR_STRLEN];
    for (size_t i = 0; i < g->config.listen_count; i++) {
        const struct netaddr *local = &g->config.listen[i];
        struct udp_options options = { .local = *local,
                                       .mark =
                                           numbers_mark(&g->network.numbers, NUMBERS_SLOT_TUNNEL),
                                       .listening = true,
                                       .no_gso = !g->config.engine.udp_gso,
                                       .no_gro = !g->config.engine.udp_gro };
        struct udp u;
        int err = udp_open(&u, &options);
        if (local->family == 0)
            snprintf(text, sizeof text, "%u", local->port);
        else
            netaddr_format(local, text);
        if (err == -EADDRINUSE)
            log_error("listen = %s: the UDP port is in use (ss -ulpn shows by whom): end that "
                      "program or choose another port",
                      text);
        else if (err == -EADDRNOTAVAIL)
            log_error("listen = %s: this machine does not have the address", text);
        else if (err < 0)
            log_error("listen = %s: %s", text, strerror(-err));
        if (err < 0)
            return false;
        g->opened.listen_fds[g->opened.listen_count] = u.fd;
        g->opened.beat_fds[g->opened.listen_count++] = open_beats(&u, &options);
    }
    return true;
}

/* RFC 1918, and not what container and virtual machine programs make for themselves. */
static bool may_be_lan(const struct netif_info *n, const struct netif_address *a)
{
    static const char *const others[] = { "lo", "docker", "br-", "virbr", "veth", "lxc", "cni" };
    const uint8_t *x = a->addr.addr;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strncmp(n->name, others[i], strlen(others[i])) == 0)
            return false;
    bool is_private = x[0] == 10 || (x[0] == 172 && x[1] >> 4 == 1) || (x[0] == 192 && x[1] == 168);
    return n->up && !n->default_ipv4 && a->addr.family == 4 && is_private;
}

void guard_hint_lan(const struct guard *g)
{
    char text[NETADDR_STRLEN];
    if (!config_takes_default(&g->config, 4) || g->config.network.lan_count > 0 ||
        g->config.network.nat || sysctl_get("net/ipv4/ip_forward") != 0)
        return;
    for (size_t i = 0; i < g->look.netifs.address_count; i++) {
        const struct netif_address *a = &g->look.netifs.addresses[i];
        const struct netif_info *n = netif_find_index(&g->look.netifs, a->index);
        bool is_own = a->index == g->network.index;
        for (size_t k = 0; n != NULL && k < g->network.link_count; k++)
            is_own = is_own || strcmp(g->network.links[k].interface, n->name) == 0;
        if (n == NULL || is_own || !may_be_lan(n, a))
            continue;
        log_info("this machine does not forward for hosts on %s (%s): if they are to reach the "
                 "tunnel, add lan = %s to [tunnel]",
                 n->name, netaddr_format(&a->addr, text), n->name);
        return;
    }
}

void guard_state_path(const struct guard *g, const char *suffix, char *out, size_t size)
{
    static const char usual[] = "/var/lib/hawser";
    const char *directory = getenv("STATE_DIRECTORY"); /* systemd.exec(5); the first of a list */
    int len = directory != NULL ? (int)strcspn(directory, ":") : 0;
    snprintf(out, size, "%.*s/%s.%s", len > 0 ? len : (int)sizeof usual - 1,
             len > 0 ? directory : usual, g->config.interface, suffix);
}
