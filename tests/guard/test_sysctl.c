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

#include "guard/network/sysctl.h"

enum { SKIPPED = 77 };

static const char forward[] = "net/ipv4/ip_forward";
static const char filter[] = "net/ipv4/conf/lo/rp_filter";
static char directory[] = "/tmp/hawser-sysctl-XXXXXX";
static char file[sizeof directory + 16];
static unsigned put_back;

static void set(const char *key, const char *value)
{
    char command[160];
    snprintf(command, sizeof command, "echo %s >/proc/sys/%s", value, key);
    assert_int_equal(system(command), 0);
}

static struct sysctl_setting setting(const char *key, const char *value)
{
    struct sysctl_setting s;
    snprintf(s.key, sizeof s.key, "%s", key);
    snprintf(s.value, sizeof s.value, "%s", value);
    return s;
}

static int apply(const char *holder, const char *key, const char *value)
{
    const struct sysctl_setting s = setting(key, value);
    return sysctl_apply(file, holder, &s, 1, NULL, &put_back);
}

static int release(const char *holder)
{
    return sysctl_apply(file, holder, NULL, 0, NULL, &put_back);
}

static int begin(void **state)
{
    (void)state;
    set(forward, "0");
    set(filter, "1");
    return 0;
}

static void puts_back_what_was(void **state)
{
    (void)state;
    const struct sysctl_setting both[] = { setting(forward, "1"), setting(filter, "2") };
    assert_int_equal(apply("a", forward, "0"), 0);
    assert_int_not_equal(access(file, F_OK), 0); /* nothing changed, nothing noted */
    assert_int_equal(sysctl_apply(file, "a", both, 2, NULL, &put_back), 0);
    assert_int_equal(sysctl_get(forward), 1);
    assert_int_equal(sysctl_get(filter), 2);
    assert_int_equal(apply("a", filter, "2"), 0); /* no longer the other one */
    assert_int_equal(sysctl_get(forward), 0);
    assert_int_equal(release("a"), 0);
    assert_int_equal(sysctl_get(filter), 1);
    assert_int_not_equal(access(file, F_OK), 0);
    assert_int_equal(release("a"), 0); /* there is none any more */
}

/* The last one that lets go puts it back, in whatever order they end; one that ends twice, or that
 * never was, takes nothing away. */
static void is_held_by_several(void **state)
{
    (void)state;
    assert_int_equal(apply("a", forward, "1"), 0);
    assert_int_equal(apply("b", forward, "1"), 0);
    assert_int_equal(apply("ab", forward, "1"), 0);
    assert_int_equal(release("a"), 0);
    assert_int_equal(release("a"), 0);
    assert_int_equal(release("none"), 0);
    assert_int_equal(sysctl_get(forward), 1);
    assert_int_equal(release("ab"), 0);
    assert_int_equal(sysctl_get(forward), 1);
    assert_int_equal(release("b"), 0);
    assert_int_equal(sysctl_get(forward), 0);
}

static bool keep_forward(const char *key)
{
    return strcmp(key, forward) == 0;
}

static void leaves_what_others_need(void **state)
{
    (void)state;
    const struct sysctl_setting both[] = { setting(forward, "1"), setting(filter, "2") };
    assert_int_equal(sysctl_apply(file, "a", both, 2, NULL, &put_back), 0);
    assert_int_equal(sysctl_apply(file, "a", NULL, 0, keep_forward, &put_back), 0);
    assert_int_equal(sysctl_get(forward), 1);
    assert_int_equal(sysctl_get(filter), 1);
    /* And what was found as wanted is not ours. */
    assert_int_equal(apply("a", forward, "1"), 0);
    assert_int_equal(release("a"), 0);
    assert_int_equal(sysctl_get(forward), 1);
}

/* A process that was killed holds on; the next one of its name takes over. */
static void outlives_its_holder(void **state)
{
    (void)state;
    assert_int_equal(apply("a", forward, "1"), 0);
    assert_int_equal(apply("a", forward, "1"), 0);
    assert_int_equal(put_back, 0);
    set(forward, "0"); /* somebody else */
    assert_int_equal(apply("a", forward, "1"), 0);
    assert_int_equal(put_back, 1);
    assert_int_equal(sysctl_get(forward), 1);
    assert_int_equal(release("a"), 0);
    assert_int_equal(sysctl_get(forward), 0);
}

static void writes_nothing_but_network_settings(void **state)
{
    (void)state;
    assert_int_equal(apply("a", "kernel/hostname", "x"), -EINVAL);
    assert_int_equal(apply("a", "net/../kernel/hostname", "x"), -EINVAL);
    assert_int_equal(apply("a", "net/ipv4/no_such_setting", "1"), 0); /* its interface has gone */
    assert_int_equal(sysctl_get("net/ipv4/no_such_setting"), -1);
    assert_int_not_equal(access(file, F_OK), 0);
}

/* Lines that are none, of interfaces that have gone, and a link in the file's place. */
static void restores_what_it_can(void **state)
{
    (void)state;
    char target[sizeof file + 8];
    assert_int_equal(apply("a", filter, "2"), 0);
    FILE *f = fopen(file, "a");
    assert_non_null(f);
    fputs("nothing\nnet/ipv4/conf/gone/rp_filter 1 a\n", f);
    fclose(f);
    assert_int_equal(release("a"), 0);
    assert_int_equal(sysctl_get(filter), 1);

    snprintf(target, sizeof target, "%s.target", file);
    assert_int_equal(symlink(target, file), 0);
    assert_int_equal(apply("a", filter, "2"), -ELOOP);
    assert_int_equal(sysctl_get(filter), 1);
    assert_int_not_equal(access(target, F_OK), 0);
    unlink(file);
}

/* Where anybody may make files, as in /tmp, nobody else decides what is put back. */
static void believes_its_own_file_only(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fprintf(f, "%s 2 a\n", filter);
    fclose(f);
    assert_int_equal(chmod(file, 0666), 0);
    assert_int_equal(release("a"), -EPERM);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(chown(file, NOBODY, NOBODY), 0);
    assert_int_equal(release("a"), -EPERM);
    assert_int_equal(apply("a", filter, "2"), -EPERM);
    assert_int_equal(sysctl_get(filter), 1);
    unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0); /* which nobody writes to */
    assert_int_equal(release("a"), -EPERM);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(puts_back_what_was, begin),
        cmocka_unit_test_setup(is_held_by_several, begin),
        cmocka_unit_test_setup(leaves_what_others_need, begin),
        cmocka_unit_test_setup(outlives_its_holder, begin),
        cmocka_unit_test_setup(writes_nothing_but_network_settings, begin),
        cmocka_unit_test_setup(restores_what_it_can, begin),
        cmocka_unit_test_setup(believes_its_own_file_only, begin),
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
