/* SPDX-License-Identifier: ISC */
#include "sys/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/netif_internal.h"
#include "sys/program.h"

enum { TIMEOUT_MS = 10000, MESSAGES_BYTES = 65536 };

/* nft takes letters, digits and underscores. */
const char *nft_table_name(char out[NFT_TABLE_NAME_BYTES], const char *interface)
{
    size_t at = (size_t)sprintf(out, "hawser_");
    for (; *interface != '\0' && at < NFT_TABLE_NAME_BYTES - 4; interface++) {
        bool plain = (*interface >= 'a' && *interface <= 'z') ||
                     (*interface >= 'A' && *interface <= 'Z') ||
                     (*interface >= '0' && *interface <= '9');
        if (plain)
            out[at++] = *interface;
        else
            at += (size_t)snprintf(out + at, NFT_TABLE_NAME_BYTES - at, "_%02x",
                                   (unsigned char)*interface);
    }
    out[at] = '\0';
    return out;
}

/* One end is nft's standard input and error, the other ours. */
static int start(pid_t *pid, int *ours)
{
    static char *const argv[] = { "nft", "-f", "-", NULL };
    static char *const environment[] = { "PATH=/usr/sbin:/sbin:/usr/bin:/bin", NULL };
    static const char *const programs[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft",
                                            "/usr/local/sbin/nft" };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int pair[2];
    int err = ENOENT;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDERR_FILENO);
    for (size_t i = 0; err == ENOENT && i < sizeof programs / sizeof programs[0]; i++)
        err = posix_spawn(pid, programs[i], &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(pair[1]);
    if (err != 0) {
        close(pair[0]);
        return -err;
    }
    *ours = pair[0];
    return 0;
}

/* What nft says until it closes its end; false: it takes too long. */
static bool listen_to(int fd, char *text, size_t text_bytes)
{
    char more[256];
    size_t at = 0;
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, TIMEOUT_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t n = read(fd, more, sizeof more);
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n && at + 1 < text_bytes; i++)
            text[at++] = more[i];
    }
    if (text_bytes > 0)
        text[at] = '\0';
    return true;
}

/* All of it; nft reads to the end before it acts. */
static int send_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -EIO;
        text += n;
        left -= (size_t)n;
    }
    return 0;
}

int nft_run(const char *script, char *error, size_t error_bytes, pid_t *by)
{
    pid_t pid;
    int fd;
    int status = 0;
    int err = start(&pid, &fd);
    if (err < 0)
        return err;
    if (by != NULL)
        *by = pid;
    err = send_all(fd, script);
    shutdown(fd, SHUT_WR);
    if (!listen_to(fd, error, error_bytes)) {
        snprintf(error, error_bytes, "nft did not end within 10 s");
        kill(pid, SIGKILL);
    }
    close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (err == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        err = -EIO;
    if (error_bytes > 0)
        error[strcspn(error, "\n")] = '\0'; /* the rest repeats the script */
    return err;
}

int nft_remove(const char *interface, pid_t *by)
{
    char script[256];
    char table[NFT_TABLE_NAME_BYTES];
    char error[160];
    nft_table_name(table, interface);
    /* Adding before deleting makes the deletion legal when there is no table. */
    snprintf(script, sizeof script, "add table inet %s\ndelete table inet %s\n", table, table);
    int err = nft_run(script, error, sizeof error, by);
    if (err != -ENOENT)
        return err;
    int found = nft_has_table(interface);
    return found > 0 ? err : found;
}

int nft_has_table(const char *interface)
{
    char table[NFT_TABLE_NAME_BYTES];
    char buf[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *h =
        netfilter_begin(buf, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, 0, NFPROTO_INET);
    mnl_attr_put_strz(h, NFTA_TABLE_NAME, nft_table_name(table, interface));
    int err = netfilter_ask(h, NULL, NULL);
    /* Without the module there are no tables at all. */
    bool is_absent = err == -ENOENT || err == -EINVAL || err == -EOPNOTSUPP;
    return err == 0 ? 1 : is_absent ? 0 : err;
}

static int keep_attribute(const struct nlattr *attr, void *arg)
{
    const struct nlattr **by_type = arg;
    if (mnl_attr_get_type(attr) <= NFTA_CHAIN_TYPE)
        by_type[mnl_attr_get_type(attr)] = attr;
    return MNL_CB_OK;
}

static int look_for_forwarding(const struct nlmsghdr *h, void *arg)
{
    bool *found = arg;
    const struct nlattr *chain[NFTA_CHAIN_TYPE + 1] = { 0 };
    const struct nlattr *hook[NFTA_CHAIN_TYPE + 1] = { 0 };
    mnl_attr_parse(h, sizeof(struct nfgenmsg), keep_attribute, chain);
    if (chain[NFTA_CHAIN_HOOK] == NULL || chain[NFTA_CHAIN_TABLE] == NULL ||
        chain[NFTA_CHAIN_TYPE] == NULL)
        return MNL_CB_OK;
    mnl_attr_parse_nested(chain[NFTA_CHAIN_HOOK], keep_attribute, hook);
    if (hook[NFTA_HOOK_HOOKNUM] == NULL)
        return MNL_CB_OK;
    uint32_t number = ntohl(mnl_attr_get_u32(hook[NFTA_HOOK_HOOKNUM]));
    bool translates = strcmp(mnl_attr_get_str(chain[NFTA_CHAIN_TYPE]), "nat") == 0;
    bool ours = strncmp(mnl_attr_get_str(chain[NFTA_CHAIN_TABLE]), "hawser_", 7) == 0;
    if (!ours && (number == NF_INET_FORWARD || (translates && number == NF_INET_POST_ROUTING)))
        *found = true;
    return MNL_CB_OK;
}

/* Those of iptables-legacy, which nftables does not list. */
static bool has_legacy_tables(void)
{
    char first;
    int fd = open("/proc/net/ip_tables_names", O_RDONLY | O_CLOEXEC);
    bool has = fd >= 0 && read(fd, &first, 1) == 1;
    if (fd >= 0)
        close(fd);
    return has;
}

bool nft_others_forward(void)
{
    char buf[NETLINK_REQUEST_BYTES];
    bool found = false;
    struct nlmsghdr *h =
        netfilter_begin(buf, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC);
    netfilter_ask(h, look_for_forwarding, &found); /* without the module there are none */
    return found || has_legacy_tables();
}

int nft_watch_open(void)
{
    struct sockaddr_nl local = { .nl_family = AF_NETLINK };
    const int group = NFNLGRP_NFTABLES;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&local, sizeof local) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

/* The table that a message is about: the first attribute of every kind but the generation. */
static int take_name(const struct nlattr *attr, void *arg)
{
    const char **name = arg;
    if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
        mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
        *name = mnl_attr_get_str(attr);
    return MNL_CB_OK;
}

static void note_change(const struct nlmsghdr *h, const char *table, pid_t by,
                        struct nft_changes *out)
{
    const char *name = NULL;
    if (NFNL_SUBSYS_ID(h->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
        NFNL_MSG_TYPE(h->nlmsg_type) == NFT_MSG_NEWGEN)
        return;
    mnl_attr_parse(h, sizeof(struct nfgenmsg), take_name, &name);
    if (name == NULL || strcmp(name, table) != 0)
        out->others = true;
    else if (h->nlmsg_pid != (uint32_t)by)
        out->ours = true;
}

struct nft_changes nft_watch_drain(int fd, const char *table, pid_t by)
{
    static char buf[MESSAGES_BYTES];
    struct nft_changes changes = { false, false };
    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == ENOBUFS) { /* so much changed that the kernel forgot the rest */
            changes = (struct nft_changes){ true, true };
            continue;
        }
        if (n <= 0)
            return changes;
        int left = (int)n;
        for (const struct nlmsghdr *h = (const void *)buf; mnl_nlmsg_ok(h, left);
             h = mnl_nlmsg_next(h, &left))
            note_change(h, table, by, &changes);
    }
}

int nft_list(bool terse, char **json, size_t *len_bytes)
{
    static const char *const full[] = { "nft", "-j", "list", "ruleset", NULL };
    static const char *const short_form[] = { "nft", "-j", "-t", "list", "ruleset", NULL };
    const struct program_limits limits = { .bytes = NFT_LIST_BYTES_MAX, .time_ms = TIMEOUT_MS };
    return program_output(terse ? short_form : full, &limits, json, len_bytes);
}
