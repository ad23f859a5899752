/* SPDX-License-Identifier: ISC */
#include "guard/network/network_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "sys/nft.h"

enum { SETTINGS_MAX = 2 * WIRE_PATHS_MAX + 16 };

struct setting_list {
    struct sysctl_setting list[SETTINGS_MAX];
    size_t count;
};

/* FAMILY/conf/INTERFACE/NAME */
static void setting_key(char out[SYSCTL_KEY_MAX + 1], const char *family, const char *interface,
                        const char *name)
{
    snprintf(out, SYSCTL_KEY_MAX + 1, "net/%s/conf/%s/%s", family, interface, name);
}

static void want_key(struct setting_list *s, const char *key, const char *value)
{
    struct sysctl_setting *one = &s->list[s->count];
    if (s->count == SETTINGS_MAX)
        return;
    snprintf(one->key, sizeof one->key, "%s", key);
    snprintf(one->value, sizeof one->value, "%s", value);
    s->count++;
}

static void want_setting(struct setting_list *s, const char *family, const char *interface,
                         const char *name, const char *value)
{
    char key[SYSCTL_KEY_MAX + 1];
    setting_key(key, family, interface, name);
    want_key(s, key, value);
}

static int get_setting(const char *family, const char *interface, const char *name)
{
    char key[SYSCTL_KEY_MAX + 1];
    setting_key(key, family, interface, name);
    return sysctl_get(key);
}

/* With forwarding, the kernel no longer takes its own default route from router advertisements
 * unless it is told to. */
static void keep_advertised_routes(struct setting_list *s, const struct netif_table *t)
{
    static const char name[] = "accept_ra";
    if (get_setting("ipv6", "default", name) >= 1)
        want_setting(s, "ipv6", "default", name, "2"); /* of interfaces to come */
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].default_ipv6 && get_setting("ipv6", t->list[i].name, name) >= 1)
            want_setting(s, "ipv6", t->list[i].name, name, "2");
}

/* Strict reverse path filtering would drop what comes in by any link but the best one. */
static void relax_filter(struct setting_list *s, const char *interface)
{
    static const char name[] = "rp_filter";
    if (get_setting("ipv4", interface, name) >= 1 || get_setting("ipv4", "all", name) == 1)
        want_setting(s, "ipv4", interface, name, "2");
}

/* Between two peers there is no shorter way than the tunnel. An interface sends redirects if it or
 * "all" says so; the others keep their own word. */
static void refuse_redirects(struct setting_list *s, const char *tunnel)
{
    want_setting(s, "ipv4", "all", "send_redirects", "0");
    want_setting(s, "ipv4", tunnel, "send_redirects", "0");
    want_setting(s, "ipv4", tunnel, "accept_redirects", "0");
    want_setting(s, "ipv6", tunnel, "accept_redirects", "0");
}

static bool is_needed_by_others(const char *key)
{
    bool is_forwarding =
        strcmp(key, "net/ipv4/ip_forward") == 0 || strcmp(key, "net/ipv6/conf/all/forwarding") == 0;
    return is_forwarding && nft_others_forward();
}

void network_update_settings(struct network *n, const struct config *c, const struct netif_table *t)
{
    struct setting_list s = { .count = 0 };
    unsigned put_back;
    for (size_t i = 0; i < n->link_count; i++)
        if (n->links[i].index != 0)
            relax_filter(&s, n->links[i].interface);
    if (n->index != 0)
        refuse_redirects(&s, n->interface);
    if (c->network.nat || c->network.lan_count > 0) {
        want_key(&s, "net/ipv4/ip_forward", "1");
        if (config_has_address(c, 6)) {
            keep_advertised_routes(&s, t);
            want_setting(&s, "ipv6", "all", "forwarding", "1");
        }
    }
    int err = sysctl_apply(n->settings.file, n->interface, s.list, s.count, is_needed_by_others,
                           &put_back);
    if (err < 0 && err != n->settings.err)
        log_warn("kernel settings cannot be changed, or noted in %s: %s", n->settings.file,
                 strerror(-err));
    n->settings.err = err;
    n->restored.count[RESTORED_SETTINGS] += n->device_is_new ? 0 : put_back;
}

int network_end_settings(struct network *n)
{
    unsigned put_back;
    return sysctl_apply(n->settings.file, n->interface, NULL, 0, is_needed_by_others, &put_back);
}
