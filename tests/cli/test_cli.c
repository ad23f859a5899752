/* SPDX-License-Identifier: ISC */
/*
 * The hawser command as its users run it, against a control server that gives canned answers.
 *
 * usage: test_cli HAWSER DIRECTORY
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_BYTES = 16384, ARGUMENTS_MAX = 8 };

static const char *hawser;
static char run_dir[] = "/tmp/hawser-test-cli.XXXXXX";
static char status_answer[TEXT_BYTES];
static char status_expected[TEXT_BYTES];

struct outcome {
    int code;
    char out[TEXT_BYTES];
    char err[TEXT_BYTES];
};

static void read_all(int fd, char text[TEXT_BYTES])
{
    size_t len = 0;
    ssize_t got;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    while ((got = read(fd, text + len, TEXT_BYTES - 1 - len)) > 0)
        len += (size_t)got;
    assert_int_equal(got, 0);
    text[len] = '\0';
    close(fd);
}

static int scratch_file(void)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    int fd = dup(fileno(f));
    fclose(f);
    assert_true(fd >= 0);
    return fd;
}

/* Runs hawser with the words of the line (no quoting) and the input on stdin. */
static void run(struct outcome *o, const char *line, const char *input)
{
    char words[256];
    char *argv[ARGUMENTS_MAX + 2] = { (char *)(uintptr_t)hawser };
    size_t count = 1;
    int fds[3] = { scratch_file(), scratch_file(), scratch_file() };
    int status;

    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok(words, " "); w != NULL && count <= ARGUMENTS_MAX; w = strtok(NULL, " "))
        argv[count++] = w;
    assert_int_equal(write(fds[0], input, strlen(input)), strlen(input));
    assert_int_equal(lseek(fds[0], 0, SEEK_SET), 0);

    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            dup2(fds[i], i);
        execv(hawser, argv);
        _exit(127);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    o->code = WEXITSTATUS(status);
    close(fds[0]);
    read_all(fds[1], o->out);
    read_all(fds[2], o->err);
}

/* A failure: this code, nothing on stdout, one line on stderr that holds part. */
static void expect_failure(const char *line, const char *input, int code, const char *part)
{
    struct outcome o;
    run(&o, line, input);
    if (o.code != code || strstr(o.err, part) == NULL)
        print_error("hawser %s: %d, %s", line, o.code, o.err);
    assert_int_equal(o.code, code);
    assert_string_equal(o.out, "");
    assert_non_null(strstr(o.err, part));
    assert_ptr_equal(strchr(o.err, '\n'), o.err + strlen(o.err) - 1);
}

/* The control server */

static const char *answer_for(const char *request)
{
    if (strcmp(request, "{\"cmd\":\"status\"}\n") == 0)
        return status_answer;
    if (strcmp(request, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"down\"}\n") == 0)
        return "{\"ok\":true}\n";
    if (strcmp(request, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"up\"}\n") == 0)
        return "not json\n";
    if (strcmp(request, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"active\"}\n") == 0)
        return "{\"ok\":true"; /* and hangs up */
    if (strcmp(request, "{\"cmd\":\"reload\"}\n") == 0)
        return "{\"ok\":false,\"error\":\"hawser.conf:3: mtu has no value\"}\n";
    return "{\"ok\":false,\"error\":\"no link of that name: there are dsl, lte\"}\n";
}

/* In pieces, as a stream may bring them. */
static void send_in_pieces(int fd, const char *text)
{
    enum { PIECE_BYTES = 700 };
    for (size_t len = strlen(text); len > 0;) {
        size_t piece = len < PIECE_BYTES ? len : PIECE_BYTES;
        ssize_t sent = send(fd, text, piece, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        len -= (size_t)sent;
    }
}

static void serve(int listener)
{
    for (;;) {
        char request[TEXT_BYTES];
        size_t len = 0;
        int fd = accept(listener, NULL, NULL);
        while (fd >= 0 && len < sizeof request - 1 && memchr(request, '\n', len) == NULL) {
            ssize_t got = recv(fd, request + len, sizeof request - 1 - len, 0);
            if (got <= 0)
                break;
            len += (size_t)got;
        }
        request[len] = '\0';
        send_in_pieces(fd, answer_for(request));
        close(fd);
    }
}

static void socket_path(char path[108], const char *name)
{
    int len = snprintf(path, 108, "%s/%s.sock", run_dir, name);
    assert_true(len > 0 && len < 108);
}

/* A listening socket of that name; with no process behind it if it is to be stale. */
static int listen_at(const char *name)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    socket_path(addr.sun_path, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static pid_t start_server(const char *name)
{
    int fd = listen_at(name);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also after a failed test */
        serve(fd);
    }
    assert_true(pid > 0);
    close(fd);
    return pid;
}

static void stop_server(pid_t pid, const char *name)
{
    char path[108];
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    socket_path(path, name);
    unlink(path);
}

static int with_server(void **state)
{
    static pid_t pid;
    pid = start_server("hawser0");
    *state = &pid;
    return 0;
}

static int without_server(void **state)
{
    stop_server(*(const pid_t *)*state, "hawser0");
    return 0;
}

/* Tests */

static void test_usage(void **state)
{
    struct outcome o;
    (void)state;
    run(&o, "", "");
    assert_int_equal(o.code, 2);
    assert_non_null(strstr(o.err, "usage: hawser COMMAND"));
    run(&o, "--help", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "genkey"));
    assert_string_equal(o.err, "");
    run(&o, "link --help", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "usage: hawser link LINK up|down|standby|active"));
    run(&o, "--version", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(strncmp(o.out, "hawser ", 7), 0);

    expect_failure("stats", "", 2, "no command \"stats\"");
    expect_failure("status -x", "", 2, "no option -x");
    expect_failure("status -i", "", 2, "-i needs a value");
    expect_failure("status now", "", 2, "\"now\" is too much");
    expect_failure("link dsl", "", 2, "arguments are missing");
    expect_failure("link dsl off", "", 2, "\"off\" is not up, down, standby or active");
    expect_failure("link abcdefghijklmnop down", "", 1, "no name of a link");
    expect_failure("reload --json", "", 2, "no option --json");
}

static void test_keys(void **state)
{
    struct outcome a;
    struct outcome b;
    (void)state;
    /* RFC 7748, section 6.1 */
    run(&a, "pubkey", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n");
    assert_int_equal(a.code, 0);
    assert_string_equal(a.out, "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n");
    run(&a, "genkey", "");
    run(&b, "genkey", "");
    assert_int_equal(a.code, 0);
    assert_int_equal(strlen(a.out), 45);
    assert_string_not_equal(a.out, b.out);
    run(&b, "pubkey", a.out);
    assert_int_equal(b.code, 0);
    assert_int_equal(strlen(b.out), 45);
    run(&a, "genpsk", "");
    assert_int_equal(a.code, 0);
    assert_int_equal(strlen(a.out), 45);

    expect_failure("pubkey", "", 1, "no key");
    expect_failure("pubkey", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo", 1, "no key");
    expect_failure("pubkey", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\nx\n", 1, "no key");
}

static void test_none_running(void **state)
{
    char path[108];
    (void)state;
    expect_failure("status", "", 1, "no tunnel is running");
    expect_failure("reload", "", 1, "no tunnel is running");
    expect_failure("status -i hawser0", "", 1, "hawser0 is not running");
    close(listen_at("stale"));
    expect_failure("status", "", 1, "stale is not running");
    socket_path(path, "stale");
    unlink(path);
}

static void test_status(void **state)
{
    struct outcome o;
    char line[256];
    (void)state;
    run(&o, "status", "");
    assert_int_equal(o.code, 0);
    if (strcmp(o.out, status_expected) != 0)
        print_error("got\n%s", o.out);
    assert_string_equal(o.out, status_expected);
    run(&o, "status -i hawser0", "");
    assert_string_equal(o.out, status_expected);
    snprintf(line, sizeof line, "status -i %s/hawser0.sock", run_dir);
    run(&o, line, "");
    assert_string_equal(o.out, status_expected);

    run(&o, "status --json", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(strncmp(o.out, "{\"version\":\"0.1.0\",\"interface\":\"hawser0\",", 41), 0);
    assert_ptr_equal(strchr(o.out, '\n'), o.out + strlen(o.out) - 1);
}

static void test_change(void **state)
{
    struct outcome o;
    (void)state;
    run(&o, "link dsl down", "");
    assert_int_equal(o.code, 0);
    assert_string_equal(o.out, "");
    assert_string_equal(o.err, "");
    expect_failure("link -i hawser0 dls standby", "", 1, "hawser0: no link of that name");
    expect_failure("link dsl up", "", 1, "is not understood");
    expect_failure("link dsl active", "", 1, "it hung up");
    expect_failure("reload", "", 1, "hawser0: hawser.conf:3: mtu has no value");
    expect_failure("top", "", 1, "needs a terminal");
}

static void test_several(void **state)
{
    struct outcome o;
    pid_t second = start_server("office");
    (void)state;
    run(&o, "status", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(strncmp(o.out, status_expected, strlen(status_expected)), 0);
    assert_string_equal(o.out + strlen(status_expected) + 1, status_expected);
    expect_failure("link dsl down", "", 1, "several tunnels are running: say which, as -i hawser0");
    run(&o, "link dsl down -i office", "");
    assert_int_equal(o.code, 0);
    stop_server(second, "office");
}

/* A file of the test's directory as a string; newlines only at the end if it is to be one line. */
static int load(const char *dir, const char *name, char text[TEXT_BYTES], int one_line)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return -1;
    size_t len = fread(text, 1, TEXT_BYTES - 1, f);
    fclose(f);
    text[len] = '\0';
    for (size_t i = 0; one_line && i + 1 < len; i++) {
        if (text[i] == '\n')
            text[i] = ' ';
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_none_running),
        cmocka_unit_test_setup_teardown(test_status, with_server, without_server),
        cmocka_unit_test_setup_teardown(test_change, with_server, without_server),
        cmocka_unit_test_setup_teardown(test_several, with_server, without_server),
    };
    if (argc != 3 || load(argv[2], "status.json", status_answer, 1) != 0 ||
        load(argv[2], "status.expected", status_expected, 0) != 0) {
        fprintf(stderr, "usage: test_cli HAWSER DIRECTORY\n");
        return 2;
    }
    hawser = argv[1];
    if (mkdtemp(run_dir) == NULL || setenv("HAWSER_RUN_DIR", run_dir, 1) != 0) {
        perror(run_dir);
        return 1;
    }
    int rc = cmocka_run_group_tests_name("cli", tests, NULL, NULL);
    rmdir(run_dir);
    return rc;
}
