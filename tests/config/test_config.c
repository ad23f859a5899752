/* SPDX-License-Identifier: ISC */
/*
 * Golden files: each good/NAME.conf must load and dump as good/NAME.expected, each bad/NAME.conf
 * must fail with the errors of bad/NAME.expected. HAWSER_GOLDEN_UPDATE=1 writes the expected files
 * anew. Then what files cannot show: modes, key files, limits.
 *
 * usage: test_config DIRECTORY
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/dump.h"
#include "config/load.h"
#include "config/value.h"
#include "crypto/key.h"

#define PRIVATE_KEY "IDA7RlFcZ3J9iJOeqbS/ytXg6/YBDBciLThDTllkb3o="
#define PUBLIC_KEY "nE8FLoGzMKTG0kG3iR9qjT/5/DHquRoC1sXtMg0rLXg="
#define REST "listen = 4297\n[peer p]\npublic-key = " PUBLIC_KEY "\nallowed-ips = 10.0.0.1\n"

static const char *golden_dir; /* absolute */

/* The file as a string, to be freed, and its length; NULL, and 0, if there is none. */
static char *slurp(const char *path, size_t *len)
{
    *len = 0;
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return NULL;
    enum { CAP_BYTES = 1 << 16 };
    char *text = malloc(CAP_BYTES);
    assert_non_null(text);
    *len = fread(text, 1, CAP_BYTES - 1, f);
    text[*len] = '\0';
    fclose(f);
    return text;
}

static void spill(const char *path, const char *text, size_t len, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int to_temp_dir(void **state)
{
    static char dir[64];
    strcpy(dir, "/tmp/hawser-test-config.XXXXXX");
    *state = mkdtemp(dir);
    return *state == NULL ? -1 : chdir(dir);
}

static int from_temp_dir(void **state)
{
    DIR *d = opendir(".");
    const struct dirent *e;
    if (d == NULL)
        return -1;
    while ((e = readdir(d)) != NULL)
        unlink(e->d_name);
    closedir(d);
    return chdir("/") != 0 || rmdir(*state) != 0 ? -1 : 0;
}

/* What loading name gives: the dump, or the errors. */
static char *outcome(const char *name, bool *good)
{
    struct config c;
    struct config_errors errs;
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    int rc = config_load(&c, name, &errs);
    assert_int_equal(rc == 0, errs.count == 0);
    *good = rc == 0;
    if (rc == 0)
        config_dump(&c, to);
    else
        config_errors_print(&errs, to);
    config_free(&c);
    fclose(to);
    return text;
}

/* True: as expected. */
static bool run_golden(const char *kind, const char *name)
{
    char path[PATH_MAX];
    size_t len;
    bool good;
    snprintf(path, sizeof path, "%s/%s/%s", golden_dir, kind, name);
    char *conf = slurp(path, &len);
    assert_non_null(conf);
    spill(name, conf, len, 0600);
    free(conf);

    char *got = outcome(name, &good);
    snprintf(path, sizeof path, "%s/%s/%.*s.expected", golden_dir, kind, (int)strlen(name) - 5,
             name);
    if (getenv("HAWSER_GOLDEN_UPDATE") != NULL)
        spill(path, got, strlen(got), 0644);
    char *want = slurp(path, &len);
    bool same = want != NULL && strcmp(want, got) == 0 && good == (strcmp(kind, "good") == 0);
    if (!same)
        print_error("%s/%s: got\n%s-- but expected\n%s", kind, name, got, want ? want : "(none)\n");
    free(want);
    free(got);
    return same;
}

static void run_all_golden(const char *kind, size_t at_least)
{
    char path[PATH_MAX];
    size_t count = 0;
    size_t wrong = 0;
    const struct dirent *e;
    snprintf(path, sizeof path, "%s/%s", golden_dir, kind);
    DIR *d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);
        if (len < 6 || strcmp(e->d_name + len - 5, ".conf") != 0)
            continue;
        count++;
        if (!run_golden(kind, e->d_name))
            wrong++;
    }
    closedir(d);
    assert_true(count >= at_least);
    assert_int_equal(wrong, 0);
}

static void test_good(void **state)
{
    (void)state;
    run_all_golden("good", 10);
}

static void test_bad(void **state)
{
    (void)state;
    run_all_golden("bad", 35);
}

/* Loads text from a file with that mode; the first error's text. */
static int load(const char *text, mode_t mode, struct config *c, struct config_errors *errs)
{
    spill("t.conf", text, strlen(text), mode);
    return config_load(c, "t.conf", errs);
}

static void test_mode(void **state)
{
    static const char secret[] = "[tunnel]\nprivate-key = " PRIVATE_KEY "\n" REST;
    static const struct {
        mode_t mode;
        int rc;
    } cases[] = {
        { 0600, 0 },       { 0400, 0 },       { 0640, -EINVAL }, { 0604, -EINVAL },
        { 0644, -EINVAL }, { 0602, -EINVAL }, { 0620, -EINVAL }, { 0700, 0 },
    };
    struct config c;
    struct config_errors errs;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load(secret, cases[i].mode, &c, &errs), cases[i].rc);
        assert_int_equal(errs.count, cases[i].rc == 0 ? 0 : 1);
        config_free(&c);
        unlink("t.conf");
    }
}

static void test_missing_file(void **state)
{
    struct config c;
    struct config_errors errs;
    (void)state;
    assert_int_equal(config_load(&c, "none.conf", &errs), -ENOENT);
    assert_int_equal(errs.count, 1);
    assert_string_equal(errs.list[0].text,
                        "cannot read the configuration: No such file or directory");
    config_free(&c);
    assert_int_equal(config_load(&c, "/", &errs), -EISDIR);
    config_free(&c);
}

/* A pipe is not waited for. */
static void test_no_file(void **state)
{
    struct config c;
    struct config_errors errs;
    char text[512];
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(config_load(&c, "pipe", &errs), -EINVAL);
    assert_non_null(strstr(errs.list[0].text, "is a pipe, not a file"));
    config_free(&c);
    assert_int_equal(config_load(&c, "/dev/zero", &errs), -EINVAL);
    assert_non_null(strstr(errs.list[0].text, "is a device, not a file"));
    config_free(&c);
    char *path = realpath("pipe", NULL);
    snprintf(text, sizeof text, "[tunnel]\nprivate-key-file = %s\n" REST, path);
    free(path);
    assert_int_equal(load(text, 0600, &c, &errs), -EINVAL);
    assert_non_null(strstr(errs.list[0].text, "it is a pipe, not a file"));
    config_free(&c);
}

/* What belongs to somebody else, or can be put aside by somebody else, is not believed. */
static void test_owner(void **state)
{
    enum { NOBODY = 65534 };
    static const char secret[] = "[tunnel]\nprivate-key = " PRIVATE_KEY "\n" REST;
    static const struct {
        uid_t file, directory; /* their owners */
        mode_t mode;           /* of the directory */
        const char *error;     /* NULL: loads */
    } cases[] = {
        { 0, 0, 0755, NULL },
        { 0, 0, 01777, NULL },
        { 0, 0, 0775, NULL }, /* root's group */
        { NOBODY, 0, 0755, "it belongs to nobody (mode 0600), who can change it: chown root it" },
        { 0, NOBODY, 0755, "d belongs to nobody (mode 0755)" },
        { 0, 0, 0777, "d belongs to root (mode 0777)" },
    };
    struct config c;
    struct config_errors errs;
    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(mkdir("d", 0700), 0);
        spill("d/t.conf", secret, strlen(secret), 0600);
        assert_int_equal(chown("d/t.conf", cases[i].file, 0), 0);
        assert_int_equal(symlink("d/t.conf", "link.conf"), 0);
        assert_int_equal(chown("d", cases[i].directory, 0), 0);
        assert_int_equal(chmod("d", cases[i].mode), 0);
        for (unsigned by_link = 0; by_link < 2; by_link++) {
            int rc = config_load(&c, by_link ? "link.conf" : "d/t.conf", &errs);
            assert_int_equal(rc, cases[i].error == NULL ? 0 : -EINVAL);
            if (cases[i].error != NULL)
                assert_non_null(strstr(errs.list[0].text, cases[i].error));
            config_free(&c);
        }
        unlink("link.conf");
        unlink("d/t.conf");
        rmdir("d");
    }
}

/* However many links lead to the file, none of them may be somebody else's to turn. */
static void test_links_on_the_way(void **state)
{
    enum { NOBODY = 65534 };
    static const char secret[] = "[tunnel]\nprivate-key = " PRIVATE_KEY "\n" REST;
    static const char *const paths[] = { "b/file", "to-file", "b/dir/t.conf", "to-dir/t.conf" };
    static const struct {
        uid_t link, directory; /* their owners */
        mode_t mode;           /* of the directory that has the links */
        const char *error;     /* NULL: loads */
    } cases[] = {
        { 0, 0, 0755, NULL },
        { NOBODY, 0, 0755, NULL }, /* who cannot turn it */
        { 0, 0, 01777, NULL },
        { NOBODY, 0, 01777, "is a link of nobody" },
        { 0, NOBODY, 0755, "b belongs to nobody (mode 0755)" },
        { 0, 0, 0777, "b belongs to root (mode 0777)" },
    };
    struct config c;
    struct config_errors errs;
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir("d", 0755), 0);
    spill("d/t.conf", secret, strlen(secret), 0600);
    assert_int_equal(mkdir("b", 0755), 0);
    assert_int_equal(symlink("../d/t.conf", "b/file"), 0);
    assert_int_equal(symlink("../d", "b/dir"), 0);
    assert_int_equal(symlink("b/file", "to-file"), 0);
    assert_int_equal(symlink("b/dir", "to-dir"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(lchown("b/file", cases[i].link, 0), 0);
        assert_int_equal(lchown("b/dir", cases[i].link, 0), 0);
        assert_int_equal(chown("b", cases[i].directory, 0), 0);
        assert_int_equal(chmod("b", cases[i].mode), 0);
        for (size_t n = 0; n < sizeof paths / sizeof paths[0]; n++) {
            int rc = config_load(&c, paths[n], &errs);
            assert_int_equal(rc, cases[i].error == NULL ? 0 : -EINVAL);
            if (cases[i].error != NULL)
                assert_non_null(strstr(errs.list[0].text, cases[i].error));
            config_free(&c);
        }
    }
    unlink("b/file");
    unlink("b/dir");
    unlink("d/t.conf");
    rmdir("b");
    rmdir("d");
}

/* It runs with all privileges: nobody else may change it. */
static void test_hook_mode(void **state)
{
    static const struct {
        mode_t mode;
        const char *error; /* part of it; NULL: loads */
    } cases[] = {
        { 0755, NULL },
        { 0700, NULL },
        { 0644, "cannot be run" },
        { 0757, "others can change it (owner" },
        { 0775, "others can change it" },
    };
    char path[128];
    char text[1024];
    struct config c;
    struct config_errors errs;
    snprintf(path, sizeof path, "%s/hook", (const char *)*state);
    snprintf(text, sizeof text, "[tunnel]\nprivate-key = " PRIVATE_KEY "\nhook = %s\n" REST, path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        spill(path, "#!/bin/sh\n", 10, cases[i].mode);
        assert_int_equal(load(text, 0600, &c, &errs), cases[i].error == NULL ? 0 : -EINVAL);
        if (cases[i].error != NULL)
            assert_non_null(strstr(errs.list[0].text, cases[i].error));
        config_free(&c);
        unlink(path);
    }
    assert_int_equal(load(text, 0600, &c, &errs), 0); /* it may come later */
    config_free(&c);
}

/* The file named by private-key-file: content and mode against the outcome. */
static void test_key_file(void **state)
{
    static const struct {
        const char *content;
        mode_t mode;
        const char *error; /* part of it; NULL: loads */
    } cases[] = {
        { PRIVATE_KEY "\n", 0600, NULL },
        { PRIVATE_KEY, 0400, NULL },
        { PRIVATE_KEY " \r\n\n", 0600, NULL },
        { PRIVATE_KEY "\n", 0640, "others can read" },
        { PRIVATE_KEY "\n", 0602, "others can change it (owner" },
        { "", 0600, "must hold one line" },
        { PRIVATE_KEY "\n" PRIVATE_KEY "\n", 0600, "must hold one line" },
        { "x\n", 0600, "not a key" },
    };
    char path[128];
    char text[1024];
    uint8_t key[32];
    struct config c;
    struct config_errors errs;
    snprintf(path, sizeof path, "%s/key", (const char *)*state);
    snprintf(text, sizeof text,
             "[tunnel]\nprivate-key-file = %s\n" REST "preshared-key-file = %s\n", path, path);
    assert_true(key_from_base64(key, PRIVATE_KEY));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        spill(path, cases[i].content, strlen(cases[i].content), cases[i].mode);
        /* The configuration itself holds no secret then: others may read it. */
        int rc = load(text, 0644, &c, &errs);
        if (cases[i].error == NULL) {
            assert_int_equal(rc, 0);
            assert_memory_equal(c.private_key, key, sizeof key);
            assert_memory_equal(c.peers[0].preshared_key, key, sizeof key);
        } else {
            assert_int_equal(rc, -EINVAL);
            assert_int_equal(errs.count, 2);
            assert_non_null(strstr(errs.list[0].text, cases[i].error));
        }
        config_free(&c);
        unlink(path);
    }
}

/* Secrets must not get into messages. */
static void test_secret_not_told(void **state)
{
    static const char text[] =
        "[tunnel]\nprivate-key = THE-SECRET\n" REST "preshared-key = THE-SECRET\n";
    struct config c;
    struct config_errors errs;
    (void)state;
    assert_int_equal(config_load_text(&c, text, strlen(text), &errs), -EINVAL);
    assert_int_equal(errs.count, 2);
    for (size_t i = 0; i < errs.count; i++)
        assert_null(strstr(errs.list[i].text, "SECRET"));
    config_free(&c);
}

static void test_many_peers(void **state)
{
    enum { PEERS = 1000 };
    char *text = NULL;
    size_t len = 0;
    struct config c;
    struct config_errors errs;
    FILE *to = open_memstream(&text, &len);
    (void)state;
    fprintf(to, "[tunnel]\nprivate-key = " PRIVATE_KEY "\nlisten = 4297\n");
    for (unsigned i = 0; i < PEERS; i++) {
        uint8_t key[32] = { 1, (uint8_t)i, (uint8_t)(i >> 8) };
        char base64[KEY_BASE64_BYTES + 1];
        key_to_base64(base64, key);
        fprintf(to, "[peer p%u]\npublic-key = %s\nallowed-ips = 10.9.%u.%u\n", i, base64, i >> 8,
                i & 255);
    }
    fclose(to);
    assert_int_equal(config_load_text(&c, text, len, &errs), 0);
    assert_int_equal(c.peer_count, PEERS);
    assert_string_equal(c.peers[999].name, "p999");
    assert_ptr_equal(config_find_peer(&c, "p500"), &c.peers[500]);
    assert_null(config_find_peer(&c, "p1000"));
    config_free(&c);
    free(text);
}

static void test_rates(void **state)
{
    static const struct {
        const char *text;
        uint64_t bps; /* 0: refused */
    } cases[] = {
        { "1bit", 1 },
        { "800kbit", 800000 },
        { "20mbit", 20000000 },
        { "1.5gbit", 1500000000 },
        { "0.000000001gbit", 1 },
        { "1.0000000019gbit", 1000000001 },
        { "1000gbit", 1000000000000 },
        { "1000.1gbit", 0 },
        { "99999999999999999999bit", 0 },
        { "0.1bit", 0 },
        { "0mbit", 0 },
        { "20", 0 },
        { "mbit", 0 },
        { ".5mbit", 0 },
        { "5.mbit", 0 },
        { "-1mbit", 0 },
        { "1e3mbit", 0 },
        { "20Mbit", 0 },
        { "20mbits", 0 },
        { "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bps = 0;
        bool good = value_rate_bps(cases[i].text, &bps);
        assert_int_equal(good, cases[i].bps != 0);
        if (good)
            assert_int_equal(bps, cases[i].bps);
    }
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(value_distance("", ""), 0);
    assert_int_equal(value_distance("mtu", ""), 3);
    assert_int_equal(value_distance("mtu", "MTU"), 0);
    assert_int_equal(value_distance("kitten", "sitting"), 3);
    assert_int_equal(value_distance("AllowedIPs", "allowed-ips"), 1);
    assert_true(value_near("adress", "address"));
    assert_false(value_near("adr", "address"));
    char junk[101] = ""; /* is near no word, although not all of it is compared */
    memset(junk, 'x', sizeof junk - 1);
    assert_false(value_near(junk, "mtu"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_bad),
        cmocka_unit_test(test_mode),       cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_owner),      cmocka_unit_test(test_links_on_the_way),
        cmocka_unit_test(test_hook_mode),  cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_key_file),   cmocka_unit_test(test_secret_not_told),
        cmocka_unit_test(test_many_peers), cmocka_unit_test(test_rates),
        cmocka_unit_test(test_distance),
    };
    char resolved[PATH_MAX];
    if (argc != 2 || realpath(argv[1], resolved) == NULL) {
        fprintf(stderr, "usage: test_config DIRECTORY\n");
        return 2;
    }
    golden_dir = resolved;
    return cmocka_run_group_tests_name("config", tests, to_temp_dir, from_temp_dir);
}
