/* SPDX-License-Identifier: ISC */
#include "cli/harness.h"

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

const char *hawser;
char run_dir[] = "/tmp/hawser-test-cli.XXXXXX";

bool harness_begin(const char *command)
{
    hawser = command;
    if (mkdtemp(run_dir) != NULL && setenv("HAWSER_RUN_DIR", run_dir, 1) == 0 &&
        setenv("HAWSER_CONFIG_DIR", run_dir, 1) == 0)
        return true;
    perror(run_dir);
    return false;
}

void harness_end(void)
{
    rmdir(run_dir);
}

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

void run(struct outcome *o, const char *line, const char *input)
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

void expect_failure(const char *line, const char *input, int code, const char *part)
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

static void serve(int listener, answer_fn *answer_for)
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

void socket_path(char path[108], const char *name)
{
    int len = snprintf(path, 108, "%s/%s.sock", run_dir, name);
    assert_true(len > 0 && len < 108);
}

int listen_at(const char *name)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    socket_path(addr.sun_path, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

pid_t start_server(const char *name, answer_fn *answer_for)
{
    int fd = listen_at(name);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also after a failed test */
        serve(fd, answer_for);
    }
    assert_true(pid > 0);
    close(fd);
    return pid;
}

void stop_server(pid_t pid, const char *name)
{
    char path[108];
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    socket_path(path, name);
    unlink(path);
}
