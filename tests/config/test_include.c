/* SPDX-License-Identifier: ISC */
/*
 * Configurations of several files: which are read, in which order, what may stand in them, and that
 * each error names its file and line. Then as many peers as there may be: one more is refused, and
 * the time that it takes grows with them, not with their square.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/load.h"
#include "crypto/key.h"

#define PRIVATE_KEY "IDA7RlFcZ3J9iJOeqbS/ytXg6/YBDBciLThDTllkb3o="
#define KEY_A "nE8FLoGzMKTG0kG3iR9qjT/5/DHquRoC1sXtMg0rLXg="
#define KEY_B "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_C "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define TUNNEL "[tunnel]\nprivate-key = " PRIVATE_KEY "\nlisten = 4297\n"
#define PEER(name, key, prefix) "[peer " name "]\npublic-key = " key "\nallowed-ips = " prefix "\n"

static struct config config;
static struct config_errors errors;

static int to_temp_dir(void **state)
{
    static char dir[64];
    strcpy(dir, "/tmp/hawser-test-include.XXXXXX");
    *state = mkdtemp(dir);
    return *state == NULL ? -1 : chdir(dir);
}

static void remove_all(const char *directory)
{
    char path[512];
    DIR *d = opendir(directory);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        if (unlink(path) < 0)
            remove_all(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(directory);
}

static int from_temp_dir(void **state)
{
    int rc = chdir("/");
    remove_all(*state);
    return rc;
}

static void spill(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

struct file {
    const char *name; /* within the directory; NULL: no more */
    const char *text;
    mode_t mode; /* 0: 0600 */
};

/* Loads t.conf with these files in t.conf.d; true: it is right. */
static bool load(const char *main_text, const struct file *files)
{
    remove_all("t.conf.d");
    config_free(&config);
    spill("t.conf", main_text, 0600);
    assert_int_equal(mkdir("t.conf.d", 0755), 0);
    for (; files->name != NULL; files++) {
        char path[256];
        snprintf(path, sizeof path, "t.conf.d/%s", files->name);
        spill(path, files->text, files->mode != 0 ? files->mode : 0600);
    }
    int rc = config_load(&config, "t.conf", &errors);
    assert_int_equal(rc == 0, errors.count == 0);
    return rc == 0;
}

static void assert_error(size_t number, const char *prefix, const char *text)
{
    char got[CONFIG_ERROR_PREFIX_BYTES];
    assert_true(number < errors.count);
    config_error_prefix(&errors.list[number], got);
    assert_string_equal(got, prefix);
    if (strstr(errors.list[number].text, text) == NULL)
        fail_msg("\"%s\" is not in: %s", text, errors.list[number].text);
}

static void files_are_read_in_order(void **state)
{
    const struct file files[] = {
        { "20-b.conf", PEER("b", KEY_B, "10.0.2.0/24"), 0644 },
        { "10-a.conf", PEER("a", KEY_A, "10.0.1.0/24") "[policy x]\ndscp = ef\n", 0 },
        { "100.conf", "# nothing but this comment\n", 0 },
        { "c.conf~", "rubbish\n", 0 },
        { ".hidden.conf", "rubbish\n", 0 },
        { "README", "rubbish\n", 0 },
        { NULL, NULL, 0 },
    };
    (void)state;
    assert_true(load(TUNNEL "[policy y]\ndscp = 1\n", files));
    assert_int_equal(config.peer_count, 2);
    assert_string_equal(config.peers[0].name, "a");
    assert_string_equal(config.peers[1].name, "b");
    assert_ptr_equal(config_peer_of_key(&config, config.peers[1].public_key), &config.peers[1]);
    assert_int_equal(config.policy_count, 2);
    assert_string_equal(config.policies[0].name, "y");
}

static void each_error_has_its_file(void **state)
{
    static const struct {
        struct file files[4];
        const char *prefix, *text; /* of the only error */
    } cases[] = {
        { { { "a.conf", "\n[peer a]\npublic-key = " KEY_B "\n", 0 } },
          "t.conf.d/a.conf:2: ",
          "[peer a] has no allowed-ips" },
        { { { "a.conf", TUNNEL, 0 } }, "t.conf.d/a.conf:1: ", "[tunnel] belongs in t.conf" },
        { { { "a.conf", "mtu = 1400\n", 0 } }, "t.conf.d/a.conf:1: ", "a key before any section" },
        { { { "a.conf", PEER("a", KEY_B, "10.0.1.0/24"), 0 },
            { "b.conf", "#\n" PEER("a", KEY_C, "10.0.2.0/24"), 0 } },
          "t.conf.d/b.conf:2: ",
          "[peer a] is in t.conf.d/a.conf:1 already" },
        { { { "a.conf", "#\n" PEER("a", KEY_B, "10.0.1.0/24"), 0 },
            { "b.conf", PEER("b", KEY_B, "10.0.2.0/24"), 0 } },
          "t.conf.d/b.conf:2: ",
          "[peer a] of t.conf.d/a.conf:2 has the same key" },
        { { { "b.conf", PEER("b", KEY_B, "10.0.0.0/24"), 0 } },
          "t.conf.d/b.conf:3: ",
          "belongs to [peer main] of t.conf:4 already" },
        { { { "b.conf", PEER("b", KEY_B, "10.0.2.0/24, 10.0.2.7/24"), 0 } },
          "t.conf.d/b.conf:3: ",
          "listed twice" },
        { { { "b.conf", "[policy all]\nclass = bulk\n[policy x]\ndscp = ef\n", 0 } },
          "t.conf.d/b.conf:1: ",
          "[policy x] of line 3 stands behind it" },
        { { { "l.conf", "[link l]\ninterface = eth0\n", 0 } },
          "t.conf.d/l.conf:1: ",
          "[link l], but no peer has an endpoint" },
        { { { "a.conf", PEER("a", KEY_B, "10.0.1.0/24") "preshared-key = " KEY_C "\n", 0640 } },
          "t.conf.d/a.conf: ",
          "holds a secret key and others can read it" },
        { { { "a.conf", PEER("a", KEY_B, "10.0.1.0/24"), 0662 } },
          "t.conf.d/a.conf: ",
          "is not safe: others can change it" },
        { { { "a.conf", "", 0 } }, "t.conf.d/a.conf: ", "the file is empty" },
        { { { "a.conf", " \n\n", 0 } }, "t.conf.d/a.conf: ", "the file is empty" },
        { { { "a.conf", "[peer a]\npublic-key = " KEY_B "\nallowed-ips = 10.0.1.0/2", 0 } },
          "t.conf.d/a.conf: ",
          "its last line does not end" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(load(TUNNEL PEER("main", KEY_A, "10.0.0.0/24"), cases[i].files));
        assert_error(0, cases[i].prefix, cases[i].text);
        assert_int_equal(errors.count, 1);
    }
}

static void errors_come_by_file_and_line(void **state)
{
    const struct file files[] = {
        { "b.conf", "[peer b]\nx = 1\ny = 1\n", 0 },
        { "a.conf", "[peer a]\nx = 1\n", 0 },
        { NULL, NULL, 0 },
    };
    (void)state;
    assert_false(load("[tunnel]\nx = 1\n", files));
    unsigned found = 0;
    for (size_t i = 1; i < errors.count; i++) {
        const struct config_place *a = &errors.list[i - 1].at;
        const struct config_place *b = &errors.list[i].at;
        assert_true(a->file < b->file || (a->file == b->file && a->line <= b->line));
        found += strcmp(errors.list[i].path, "t.conf.d/b.conf") == 0;
    }
    assert_true(found >= 2);
}

/* What is no file, or no directory. */
static void odd_things_are_told(void **state)
{
    const struct file none[] = { { NULL, NULL, 0 } };
    const char *const main_text = TUNNEL PEER("main", KEY_A, "10.0.0.0/24");
    (void)state;
    assert_true(load(main_text, none));
    assert_int_equal(mkdir("t.conf.d/d.conf", 0755), 0);
    config_free(&config);
    assert_true(config_load(&config, "t.conf", &errors) < 0);
    assert_error(0, "t.conf.d/d.conf: ", "Is a directory");
    assert_int_equal(rmdir("t.conf.d/d.conf"), 0);
    assert_int_equal(mkfifo("t.conf.d/p.conf", 0600), 0);
    config_free(&config);
    assert_true(config_load(&config, "t.conf", &errors) < 0);
    assert_error(0, "t.conf.d/p.conf: ", "it is a pipe, not a file");
    assert_int_equal(unlink("t.conf.d/p.conf"), 0);
    assert_int_equal(symlink("nowhere", "t.conf.d/l.conf"), 0);
    config_free(&config);
    assert_true(config_load(&config, "t.conf", &errors) < 0);
    assert_error(0, "t.conf.d/l.conf: ", "No such file");
    assert_int_equal(unlink("t.conf.d/l.conf"), 0);
    assert_int_equal(chmod("t.conf.d", 0777), 0);
    config_free(&config);
    assert_true(config_load(&config, "t.conf", &errors) < 0);
    assert_error(0, "t.conf: ", "the directory t.conf.d is not safe");
    remove_all("t.conf.d");
    spill("t.conf.d", "text\n", 0600);
    config_free(&config);
    assert_true(config_load(&config, "t.conf", &errors) < 0);
    assert_error(0, "t.conf: ", "t.conf.d cannot be read: Not a directory");
    unlink("t.conf.d");
}

/* A link to a file elsewhere is fine as long as nobody else can turn it. */
static void links_are_followed(void **state)
{
    const struct file none[] = { { NULL, NULL, 0 } };
    char to[128];
    (void)state;
    spill("peer-a", PEER("a", KEY_A, "10.0.1.0/24"), 0600);
    snprintf(to, sizeof to, "../peer-a");
    assert_false(load(TUNNEL, none));
    assert_int_equal(symlink(to, "t.conf.d/a.conf"), 0);
    config_free(&config);
    assert_int_equal(config_load(&config, "t.conf", &errors), 0);
    assert_int_equal(config.peer_count, 1);
    assert_int_equal(chmod("peer-a", 0622), 0);
    config_free(&config);
    assert_true(config_load(&config, "t.conf", &errors) < 0);
    assert_error(0, "t.conf.d/a.conf: ", "others can change it");
    unlink("peer-a");
}

static void the_directory_can_be_named(void **state)
{
    char text[512];
    const struct file usual[] = { { "a.conf", "not read\n", 0 }, { NULL, NULL, 0 } };
    const char *dir = *state;
    snprintf(text, sizeof text, TUNNEL "include-dir = %s/other\n" PEER("m", KEY_B, "10.0.9.0/24"),
             dir);
    assert_false(load(text, usual));
    assert_error(0, "t.conf:4: ", "No such file or directory: make it, or remove the line");
    assert_int_equal(mkdir("other", 0755), 0);
    spill("other/a.conf", PEER("a", KEY_A, "10.0.1.0/24"), 0600);
    assert_true(load(text, usual));
    assert_string_equal(config.peers[1].name, "a");
    assert_false(load(TUNNEL "include-dir = other\n" PEER("m", KEY_B, "10.0.9.0/24"), usual));
    assert_error(0, "t.conf:4: ", "not an absolute path");
}

/* Many */

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* With two prefixes each. */
static char *text_of(unsigned count, size_t *len)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, len);
    assert_non_null(to);
    fputs(TUNNEL, to);
    for (unsigned i = 0; i < count; i++) {
        uint8_t key[32] = { 1, (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16) };
        char base64[KEY_BASE64_BYTES + 1];
        key_to_base64(base64, key);
        fprintf(to, "[peer p%u]\npublic-key = %s\nallowed-ips = 10.9.%u.%u, fd00::%x\n", i, base64,
                i >> 8, i & 255, i);
    }
    fclose(to);
    return text;
}

static double time_of(unsigned count)
{
    size_t len;
    char *text = text_of(count, &len);
    double ms = cpu_ms();
    assert_int_equal(config_load_text(&config, text, len, &errors), 0);
    ms = cpu_ms() - ms;
    assert_int_equal(config.peer_count, count);
    config_free(&config);
    free(text);
    return ms;
}

static void time_grows_with_the_peers(void **state)
{
    enum { FEW = CONFIG_PEERS_MAX / 10, TIMES = 40 /* by the square it would be 100 */ };
    (void)state;
    config_free(&config);
    time_of(FEW);
    double few_ms = time_of(FEW);
    double all_ms = time_of(CONFIG_PEERS_MAX);
    print_message("%d peers: %.1f ms; %d: %.1f ms\n", FEW, few_ms, CONFIG_PEERS_MAX, all_ms);
    assert_true(all_ms < TIMES * few_ms);
}

static void one_too_many_is_refused(void **state)
{
    size_t len;
    char expected[64];
    char *text = text_of(CONFIG_PEERS_MAX + 1, &len);
    (void)state;
    assert_int_equal(config_load_text(&config, text, len, &errors), -EINVAL);
    assert_int_equal(errors.count, 1);
    snprintf(expected, sizeof expected, "text:%d: ", 4 + 3 * CONFIG_PEERS_MAX);
    assert_error(0, expected, "more than 20000 are not supported");
    config_free(&config);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_in_order),
        cmocka_unit_test(each_error_has_its_file),
        cmocka_unit_test(errors_come_by_file_and_line),
        cmocka_unit_test(odd_things_are_told),
        cmocka_unit_test(links_are_followed),
        cmocka_unit_test(the_directory_can_be_named),
        cmocka_unit_test(time_grows_with_the_peers),
        cmocka_unit_test(one_too_many_is_refused),
    };
    umask(022);
    return cmocka_run_group_tests_name("include", tests, to_temp_dir, from_temp_dir);
}
