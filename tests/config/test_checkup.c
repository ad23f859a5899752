/* SPDX-License-Identifier: ISC */
/* What this machine lacks for a configuration, and the unit that a configuration belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/checkup.h"
#include "config/unit.h"

static const char *const nft_there[] = { "/nonexistent/nft", "/bin/sh", NULL };
static const char *const nft_missing[] = { "/nonexistent/nft", NULL };
static const struct checkup_places all_there = { .nft = nft_there, .tun = "/dev/null" };
static const struct checkup_places none_there = { .nft = nft_missing, .tun = "/nonexistent/tun" };

/* What is said of a configuration; it is right or not. */
static const char *said(const struct config *c, const struct checkup_places *places, bool is_right)
{
    static char text[2048];
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    memset(text, 0, sizeof text);
    bool got = checkup_run(c, "x.conf", places, f);
    assert_int_equal(fclose(f), 0);
    if (got != is_right)
        print_error("%s", text);
    assert_int_equal(got, is_right);
    return text;
}

static void nothing_is_missing(void **state)
{
    (void)state;
    struct config c = { .engine.user = "nobody", .hook = "/bin/sh", .network.nat = true };
    assert_string_equal(said(&c, &all_there, true), "");
}

static void a_missing_hook(void **state)
{
    (void)state;
    struct config c = { .engine.user = "nobody", .hook = "/nonexistent/hook", .lines.hook = 7 };
    assert_non_null(strstr(said(&c, &all_there, false), "x.conf:7: hook: there is no "
                                                        "/nonexistent/hook"));
    strcpy(c.hook, "/bin/sh/hook");
    said(&c, &all_there, false);
    c.hook[0] = '\0';
    said(&c, &all_there, true);
}

static void a_missing_user(void **state)
{
    (void)state;
    struct config c = { .engine.user = "hw-nobody-such", .lines.user = 3 };
    const char *text = said(&c, &all_there, false);
    assert_non_null(strstr(text, "x.conf:3: user: there is no user hw-nobody-such"));
    assert_non_null(strstr(text, "useradd --system"));
    assert_null(strstr(text, "systemd-sysusers"));
    strcpy(c.engine.user, "root");
    assert_non_null(strstr(said(&c, &all_there, false), "must not be"));
}

/* Without NAT the tunnel works without it, and so it does where the device may come with the start.
 */
static void missing_programs_and_devices(void **state)
{
    (void)state;
    struct config c = { .engine.user = "nobody",
                        .network.lans = { "lo" },
                        .network.nat = true,
                        .network.mss_clamp = true,
                        .lines.nat = 9 };
    const char *text = said(&c, &none_there, false);
    assert_non_null(strstr(text, "x.conf:9: nat needs the nft program"));
    assert_non_null(strstr(text, "apt install nftables"));
    assert_non_null(strstr(text, "\nnote: there is no /nonexistent/tun"));
    c.network.nat = false;
    c.network.lan_count = 1;
    assert_non_null(strstr(said(&c, &none_there, false), "lan needs the nft program"));
    c.network.lan_count = 0;
    c.network.fallback = CONFIG_FALLBACK_DIRECT;
    assert_non_null(strstr(said(&c, &none_there, true), "note: mss-clamp needs the nft program"));
    c.network.mss_clamp = false;
    assert_null(strstr(said(&c, &none_there, true), "nft"));
    c.network.fallback = CONFIG_FALLBACK_BLOCK;
    assert_non_null(strstr(said(&c, &none_there, true), "note: fallback = block needs"));
}

/* Which may come later than the daemon. */
static void interfaces_of_lans(void **state)
{
    (void)state;
    struct config c = { .engine.user = "nobody",
                        .network.lans = { "lo", "hw-no-lan" },
                        .network.lan_count = 2 };
    assert_string_equal(said(&c, &all_there, true),
                        "note: lan: there is no interface hw-no-lan yet; those that there are: ip "
                        "-br link\n");
    c.network.lan_count = 1;
    assert_string_equal(said(&c, &all_there, true), "");
}

static void units_of_files(void **state)
{
    static const struct {
        const char *path;
        const char *unit; /* NULL: of none */
    } rows[] = {
        { "/etc/hawser/hawser.conf", "hawserd" },
        { "/etc/hawser/office.conf", "hawserd@office" },
        { "/etc/hawser/my-vpn.2.conf", "hawserd@my-vpn.2" },
        { "/etc/hawser/hawser2.conf", "hawserd@hawser2" },
        { "/etc/hawser/.conf", NULL },
        { "/etc/hawser/office.conf.bak", NULL },
        { "/etc/hawser/old/office.conf", NULL },
        { "/etc/hawser2/office.conf", NULL },
        { "office.conf", NULL },
    };
    char unit[UNIT_NAME_BYTES];
    char path[200] = "/etc/hawser/";
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(unit_of_config("/etc/hawser", rows[i].path, unit), rows[i].unit != NULL);
        if (rows[i].unit != NULL)
            assert_string_equal(unit, rows[i].unit);
    }
    memset(path + strlen(path), 'x', 100);
    strcat(path, ".conf");
    assert_false(unit_of_config("/etc/hawser", path, unit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_missing), cmocka_unit_test(a_missing_hook),
        cmocka_unit_test(a_missing_user),     cmocka_unit_test(missing_programs_and_devices),
        cmocka_unit_test(interfaces_of_lans), cmocka_unit_test(units_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
