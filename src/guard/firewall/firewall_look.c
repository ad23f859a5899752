/* SPDX-License-Identifier: ISC */
#include "guard/firewall/firewall_look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/firewall/firewall_explain.h"
#include "guard/firewall/firewall_rules.h"
#include "guard/firewall/firewall_save.h"
#include "guard/firewall/firewall_walk.h"
#include "sys/nft.h"
#include "sys/program.h"

static const struct program_limits limits = { .bytes = NFT_LIST_BYTES_MAX, .time_ms = 10000 };

static int look_by_nft(struct firewall_rules *r)
{
    char *json;
    size_t len;
    bool terse = false;
    int err = nft_list(terse, &json, &len);
    if (err == -EFBIG) {
        terse = true;
        err = nft_list(terse, &json, &len);
    }
    if (err == 0)
        err = firewall_rules_add_nft(r, json, len, terse);
    else if (err == -ENOENT)
        return 0;
    free(json);
    return err;
}

/* The first of the programs that there is; what it cannot list stays as nft told it. */
static int look_by_save(struct firewall_rules *r, const char *const programs[2], uint8_t family,
                        bool legacy)
{
    char *text = NULL;
    size_t len;
    int err = -ENOENT;
    for (size_t i = 0; err == -ENOENT && i < 2; i++) {
        const char *const argv[] = { programs[i], "-t", "filter", NULL };
        err = program_output(argv, &limits, &text, &len);
    }
    if (err < 0)
        return 0;
    err = firewall_rules_add_save(r, text, len, family, legacy);
    free(text);
    return err;
}

/* Whether the older kind of tables is in use: to list one would make it. */
static bool has_legacy_filter(uint8_t family)
{
    char line[64];
    bool has = false;
    FILE *f = fopen(family == 4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names", "re");
    while (f != NULL && !has && fgets(line, sizeof line, f) != NULL)
        has = strcmp(line, "filter\n") == 0;
    if (f != NULL)
        fclose(f);
    return has;
}

/* Distributions let iptables be the one or the other. */
static bool is_legacy_default(void)
{
    char path[PROGRAM_PATH_BYTES];
    if (!program_find("iptables", path))
        return false;
    char *target = realpath(path, NULL);
    bool is_legacy = target != NULL && strstr(target, "nft") == NULL;
    free(target);
    return is_legacy;
}

static int look_by_iptables(struct firewall_rules *r)
{
    static const char *const nft[][2] = { { "iptables-nft-save", "iptables-save" },
                                          { "ip6tables-nft-save", "ip6tables-save" } };
    static const char *const legacy[][2] = { { "iptables-legacy-save", "iptables-save" },
                                             { "ip6tables-legacy-save", "ip6tables-save" } };
    int err = 0;
    bool is_legacy = is_legacy_default();
    firewall_rules_legacy_default(r, is_legacy);
    for (unsigned i = 0; err == 0 && i < 2; i++) {
        uint8_t family = i == 0 ? 4 : 6;
        if (firewall_rules_want_save(r, family))
            err = look_by_save(r, nft[i], family, false);
        if (err == 0 && has_legacy_filter(family))
            err = look_by_save(r, legacy[i], family, true);
    }
    return err;
}

int firewall_look(const struct firewall_question *questions, size_t count, struct problem_list *out)
{
    struct firewall_verdict verdict;
    struct firewall_rules *r = firewall_rules_new();
    int err = r == NULL ? -ENOMEM : look_by_nft(r);
    *out = (struct problem_list){ 0 };
    if (err == 0)
        err = look_by_iptables(r);
    for (size_t i = 0; err == 0 && i < count; i++) {
        firewall_judge(r, &questions[i], &verdict);
        firewall_explain(&questions[i], &verdict, out);
    }
    firewall_rules_free(r);
    return err;
}
