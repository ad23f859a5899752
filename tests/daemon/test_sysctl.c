/* SPDX-License-Identifier: ISC */
/* Kernel settings in a network namespace of the test's own. Needs root; else exits 77 (skipped). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/sysctl.h"

enum { SKIPPED = 77 };

static const char forward[] = "net/ipv4/ip_forward";
static const char filter[] = "net/ipv4/conf/lo/rp_filter";
static char directory[] = "/tmp/hawser-sysctl-XXXXXX";
static char file[sizeof directory + 16];

static void puts_back_what_was(void **state)
{
    (void)state;
    char was[8];
    int before = sysctl_get(forward);
    int other = sysctl_get(filter);
    assert_true(before >= 0 && other >= 0);
    snprintf(was, sizeof was, "%d", before);
    assert_int_equal(sysctl_set(file, forward, was), 0);
    assert_int_not_equal(access(file, F_OK), 0); /* nothing changed, nothing noted */
    assert_int_equal(sysctl_set(file, forward, before == 0 ? "1" : "0"), 0);
    assert_int_equal(sysctl_set(file, filter, other == 2 ? "1" : "2"), 0);
    assert_int_equal(sysctl_get(forward), before == 0);
    assert_int_equal(sysctl_get(filter), other == 2 ? 1 : 2);
    assert_int_equal(sysctl_restore(file), 0);
    assert_int_equal(sysctl_get(forward), before);
    assert_int_equal(sysctl_get(filter), other);
    assert_int_not_equal(access(file, F_OK), 0);
    assert_int_equal(sysctl_restore(file), 0); /* there is none any more */
}

static void remembers_the_first_of_several(void **state)
{
    (void)state;
    int before = sysctl_get(filter);
    for (int i = 1; i < 3; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", (before + i) % 3);
        assert_int_equal(sysctl_set(file, filter, text), 0);
    }
    assert_int_equal(sysctl_restore(file), 0);
    assert_int_equal(sysctl_get(filter), before);
}

static void writes_nothing_but_network_settings(void **state)
{
    (void)state;
    assert_int_equal(sysctl_set(file, "kernel/hostname", "x"), -EINVAL);
    assert_int_equal(sysctl_set(file, "net/../kernel/hostname", "x"), -EINVAL);
    assert_int_equal(sysctl_set(file, "net/ipv4/no_such_setting", "1"), -ENOENT);
    assert_int_equal(sysctl_get("net/ipv4/no_such_setting"), -1);
    assert_int_not_equal(access(file, F_OK), 0);
}

/* Lines that are none, of interfaces that have gone, and a link in the file's place. */
static void restores_what_it_can(void **state)
{
    (void)state;
    char target[sizeof file + 8];
    int before = sysctl_get(filter);
    assert_int_equal(sysctl_set(file, filter, before == 2 ? "1" : "2"), 0);
    FILE *f = fopen(file, "a");
    assert_non_null(f);
    fputs("nothing\nnet/ipv4/conf/gone/rp_filter 1\n", f);
    fclose(f);
    assert_int_equal(sysctl_restore(file), 0);
    assert_int_equal(sysctl_get(filter), before);

    snprintf(target, sizeof target, "%s.target", file);
    assert_int_equal(symlink(target, file), 0);
    assert_int_equal(sysctl_set(file, filter, before == 2 ? "1" : "2"), -ELOOP);
    assert_int_equal(sysctl_restore(file), -ELOOP);
    assert_int_equal(sysctl_get(filter), before);
    assert_int_not_equal(access(target, F_OK), 0);
    unlink(file);
}

/* Where anybody may make files, as in /tmp, nobody else decides what is put back. */
static void believes_its_own_file_only(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    int before = sysctl_get(filter);
    char line[64];
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    snprintf(line, sizeof line, "%s %d\n", filter, before == 2 ? 1 : 2);
    fputs(line, f);
    fclose(f);
    assert_int_equal(chmod(file, 0666), 0);
    assert_int_equal(sysctl_restore(file), -EPERM);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(chown(file, NOBODY, NOBODY), 0);
    assert_int_equal(sysctl_restore(file), -EPERM);
    assert_int_equal(sysctl_set(file, filter, before == 2 ? "1" : "2"), -EPERM);
    assert_int_equal(sysctl_get(filter), before);
    unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0); /* which nobody writes to */
    assert_int_equal(sysctl_restore(file), -EPERM);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_back_what_was),
        cmocka_unit_test(remembers_the_first_of_several),
        cmocka_unit_test(writes_nothing_but_network_settings),
        cmocka_unit_test(restores_what_it_can),
        cmocka_unit_test(believes_its_own_file_only),
    };
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root");
        return SKIPPED;
    }
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(file, sizeof file, "%s/restore", directory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
