/* SPDX-License-Identifier: ISC */
#include "config/assign_policy.h"

#include <errno.h>
#include <string.h>

#include "config/value.h"

static struct config_policy *this_policy(struct config_parser *p)
{
    return &p->config->policies[p->config->policy_count - 1];
}

void assign_policy_match(struct config_parser *p, const char *value)
{
    struct config_policy *policy = this_policy(p);
    char error[FILTER_ERROR_BYTES] = "";
    char quoted[CONFIG_QUOTE_BYTES];
    size_t len = strlen(value);
    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    if (len > CONFIG_MATCH_BYTES_MAX) {
        config_bad_value(p, value, "too long");
        return;
    }
    memcpy(policy->match, value, len);
    policy->match[len] = '\0';
    int rc = filter_compile(&policy->filter, policy->match, error);
    if (rc == -ENOMEM)
        p->no_memory = true;
    else if (rc < 0)
        config_fault(p, p->line, "%s: %s is no filter: %s", p->key,
                     config_quote(policy->match, quoted), error);
}

void assign_policy_dscp(struct config_parser *p, const char *value)
{
    uint8_t dscp;
    if (value_dscp(value, &dscp))
        this_policy(p)->dscps |= UINT64_C(1) << dscp;
    else
        config_bad_value(p, value,
                         "no DSCP: write 0 to 63, ef, va, le, cs0 to cs7 or af11 to af43");
}

void assign_policy_link(struct config_parser *p, const char *value)
{
    struct core_policy *a = &this_policy(p)->action;
    if (config_is_full(p, a->link_count, CORE_POLICY_LINKS_MAX))
        return;
    if (!value_ifname(value)) /* without [link] sections links have the names of interfaces */
        config_bad_value(p, value, "no name of a link");
    else
        memcpy(a->links[a->link_count++], value, strlen(value) + 1);
}

void assign_policy_fallback(struct config_parser *p, const char *value)
{
    if (!value_bool(value, &this_policy(p)->action.fallback))
        config_bad_value(p, value, "neither yes nor no");
}

void assign_policy_mode(struct config_parser *p, const char *value)
{
    enum bond_mode *mode = &this_policy(p)->action.mode;
    if (strcmp(value, "bond") == 0)
        *mode = BOND_MODE_BOND;
    else if (strcmp(value, "lowest-latency") == 0)
        *mode = BOND_MODE_LOWEST_LATENCY;
    else if (strcmp(value, "redundant") == 0)
        *mode = BOND_MODE_REDUNDANT;
    else if (strcmp(value, "single") == 0)
        *mode = BOND_MODE_SINGLE;
    else
        config_bad_value(p, value, "no mode: write bond, lowest-latency, redundant or single");
}

void assign_policy_class(struct config_parser *p, const char *value)
{
    enum bond_class *class = &this_policy(p)->action.class;
    if (strcmp(value, "realtime") == 0)
        *class = BOND_CLASS_REALTIME;
    else if (strcmp(value, "normal") == 0)
        *class = BOND_CLASS_NORMAL;
    else if (strcmp(value, "bulk") == 0)
        *class = BOND_CLASS_BULK;
    else
        config_bad_value(p, value, "no class: write realtime, normal or bulk");
}
