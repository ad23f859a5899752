/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

void config_free(struct config *c)
{
    for (size_t i = 0; i < c->peer_count; i++) {
        free(c->peers[i].endpoints);
        free(c->peers[i].allowed);
    }
    if (c->peers != NULL)
        explicit_bzero(c->peers, c->peer_count * sizeof *c->peers);
    free(c->peers);
    hash_clear(&c->peers_by_name);
    hash_clear(&c->peers_by_key);
    free(c->links);
    for (size_t i = 0; i < c->policy_count; i++)
        filter_free(&c->policies[i].filter);
    free(c->policies);
    free(c->addresses);
    free(c->listen);
    explicit_bzero(c, sizeof *c);
}

const struct config_link *config_find_link(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->link_count; i++) {
        if (strcmp(c->links[i].name, name) == 0)
            return &c->links[i];
    }
    return NULL;
}

const struct config_peer *config_find_peer(const struct config *c, const char *name)
{
    struct hash_walk walk = { .code = hash_code(&c->peers_by_name, name, strlen(name)) };
    for (uint32_t i; hash_next(&c->peers_by_name, &walk, &i);)
        if (strcmp(c->peers[i].name, name) == 0)
            return &c->peers[i];
    return NULL;
}

const struct config_peer *config_peer_of_key(const struct config *c, const uint8_t public_key[32])
{
    struct hash_walk walk = { .code = hash_code(&c->peers_by_key, public_key, 32) };
    for (uint32_t i; hash_next(&c->peers_by_key, &walk, &i);)
        if (memcmp(c->peers[i].public_key, public_key, 32) == 0)
            return &c->peers[i];
    return NULL;
}

const struct config_policy *config_find_policy(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->policy_count; i++) {
        if (strcmp(c->policies[i].name, name) == 0)
            return &c->policies[i];
    }
    return NULL;
}

bool config_has_address(const struct config *c, uint8_t family)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].family == family)
            return true;
    return false;
}

bool config_calls_out(const struct config *c)
{
    for (size_t i = 0; i < c->peer_count; i++) {
        if (c->peers[i].endpoint_count > 0)
            return true;
    }
    return false;
}

bool config_is_wide(const struct netprefix *p)
{
    enum { IPV4_LEN = 7, IPV6_LEN = 6 }; /* fc00::/7 is for private networks */
    return p->len <= (p->family == 4 ? IPV4_LEN : IPV6_LEN);
}

bool config_takes_default(const struct config *c, uint8_t family)
{
    for (size_t i = 0; i < c->peer_count; i++)
        for (size_t j = 0; j < c->peers[i].allowed_count; j++)
            if (c->peers[i].allowed[j].family == family && config_is_wide(&c->peers[i].allowed[j]))
                return true;
    return false;
}

void config_notes_print(const struct config *c, FILE *to)
{
    bool four = config_takes_default(c, 4);
    bool six = config_takes_default(c, 6);
    if (c->network.fallback == CONFIG_FALLBACK_BLOCK && four && !six)
        fputs("note: IPv6 to the Internet is blocked, as only IPv4 goes into the tunnel: add ::/0 "
              "to allowed-ips and an IPv6 address, or write fallback = direct\n",
              to);
    if (c->network.fallback == CONFIG_FALLBACK_DIRECT && four && !six)
        fputs("note: IPv6 to the Internet goes by the links, outside the tunnel: add ::/0 to "
              "allowed-ips and an IPv6 address to change that\n",
              to);
}

void config_error_prefix(const struct config_error *e, char out[CONFIG_ERROR_PREFIX_BYTES])
{
    if (e->at.line == 0)
        snprintf(out, CONFIG_ERROR_PREFIX_BYTES, "%s: ", e->path);
    else
        snprintf(out, CONFIG_ERROR_PREFIX_BYTES, "%s:%u: ", e->path, e->at.line);
}

void config_errors_print(const struct config_errors *errs, FILE *to)
{
    for (size_t i = 0; i < errs->count; i++) {
        char prefix[CONFIG_ERROR_PREFIX_BYTES];
        config_error_prefix(&errs->list[i], prefix);
        fprintf(to, "%s%s\n", prefix, errs->list[i].text);
    }
    if (errs->suppressed > 0)
        fprintf(to, "%s: %zu more errors\n", errs->path, errs->suppressed);
}
