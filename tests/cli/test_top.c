/* SPDX-License-Identifier: ISC */
/*
 * hawser top on a pseudo terminal, under something like a shell: keys, signals, and the terminal as
 * it was before, however it ends.
 *
 * usage: test_top HAWSER
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/harness.h"

enum { PATIENCE_MS = 20000, LINES = 10 };

#define PEER(name)                                                                                 \
    "{\"name\":\"" name "\",\"state\":\"up\",\"paths\":[{\"link\":\"dsl\",\"state\":\"up\"}]}"

struct world {
    int master;
    int slave; /* to look at its settings */
    int words; /* what the shell says: 's' stopped, 'x' and the exit code */
    int orders;
    pid_t shell;
    pid_t server;
    struct termios before;
    char out[1 << 16];
    size_t out_len;
};

static const char *answer_for(const char *request)
{
    (void)request; /* each peer takes eight lines */
    return "{\"ok\":true,\"status\":{\"interface\":\"hawser0\",\"uptime_s\":1,\"peers\":[" PEER(
        "a") "," PEER("b") "," PEER("c") "]}}\n";
}

static const char *answer_later(const char *request)
{
    (void)request;
    return "{\"ok\":true,\"status\":{\"interface\":\"later\",\"uptime_s\":1,\"peers\":[]}}\n";
}

static void be_top(int slave, pid_t shell)
{
    setpgid(0, 0);
    tcsetpgrp(slave, getpid());
    signal(SIGTTOU, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shell)
        _exit(126);
    execl(hawser, "hawser", "top", (char *)NULL);
    _exit(127);
}

/* Runs top in the foreground; when it stops, tells so and brings it back by an order. */
static void be_shell(const char *slave_name, int words, int orders)
{
    char order;
    int status = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    signal(SIGTTOU, SIG_IGN);
    int slave = open(slave_name, O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(slave, fd);
    pid_t self = getpid();
    pid_t top = fork();
    if (top == 0)
        be_top(slave, self);
    while (waitpid(top, &status, WUNTRACED) == top && WIFSTOPPED(status)) {
        tcsetpgrp(slave, self);
        if (write(words, "s", 1) != 1 || read(orders, &order, 1) != 1)
            _exit(1);
        tcsetpgrp(slave, top);
        kill(-top, SIGCONT);
    }
    char end[2] = { 'x', (char)(WIFEXITED(status) ? WEXITSTATUS(status) : 100) };
    _exit(write(words, end, 2) == 2 ? 0 : 1);
}

static void set_lines(const struct world *w, unsigned short lines)
{
    struct winsize size = { .ws_row = lines, .ws_col = 100 };
    assert_int_equal(ioctl(w->master, TIOCSWINSZ, &size), 0);
}

static int begin(void **state)
{
    static struct world w;
    int words[2];
    int orders[2];
    memset(&w, 0, sizeof w);
    w.server = start_server("hawser0", answer_for);
    w.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(w.master >= 0 && grantpt(w.master) == 0 && unlockpt(w.master) == 0);
    const char *name = ptsname(w.master);
    w.slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(tcgetattr(w.slave, &w.before), 0);
    set_lines(&w, LINES);
    assert_int_equal(pipe2(words, O_CLOEXEC), 0);
    assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
    w.shell = fork();
    if (w.shell == 0)
        be_shell(name, words[1], orders[0]);
    close(words[1]);
    close(orders[0]);
    w.words = words[0];
    w.orders = orders[1];
    *state = &w;
    return 0;
}

static int finish(void **state)
{
    struct world *w = *state;
    kill(w->shell, SIGKILL);
    waitpid(w->shell, NULL, 0);
    close(w->master);
    close(w->slave);
    close(w->words);
    close(w->orders);
    stop_server(w->server, "hawser0");
    return 0;
}

/* Waits until top has written that since the last call; what came before it is forgotten. */
static void await(struct world *w, const char *text)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
        struct pollfd p = { .fd = w->master, .events = POLLIN };
        if (poll(&p, 1, 10) == 1 && w->out_len < sizeof w->out - 1) {
            ssize_t n = read(w->master, w->out + w->out_len, sizeof w->out - 1 - w->out_len);
            w->out_len += n > 0 ? (size_t)n : 0;
            w->out[w->out_len] = '\0';
        }
        char *found = strstr(w->out, text);
        if (found == NULL)
            continue;
        w->out_len -= (size_t)(found + strlen(text) - w->out);
        memmove(w->out, found + strlen(text), w->out_len + 1);
        return;
    }
    fail_msg("waited in vain for %s in: %s", text, w->out);
}

static void type(const struct world *w, const char *keys)
{
    assert_int_equal(write(w->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* One byte of what the shell says. */
static int word(const struct world *w)
{
    struct pollfd p = { .fd = w->words, .events = POLLIN };
    unsigned char byte;
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(w->words, &byte, 1), 1);
    return byte;
}

static void assert_as_before(const struct world *w)
{
    struct termios now;
    assert_int_equal(tcgetattr(w->slave, &now), 0);
    assert_int_equal(now.c_lflag, w->before.c_lflag);
    assert_int_equal(now.c_cc[VMIN], w->before.c_cc[VMIN]);
}

static void assert_ended(struct world *w)
{
    await(w, "\033[?25h\033[?7h\033[?1049l");
    assert_int_equal(word(w), 'x');
    assert_int_equal(word(w), 0);
    assert_as_before(w);
}

static void q_ends_it(void **state)
{
    struct world *w = *state;
    struct termios now;
    await(w, "\033[?1049h");
    await(w, "hawser hawser0, up 1 second; q ends");
    assert_int_equal(tcgetattr(w->slave, &now), 0);
    assert_int_equal(now.c_lflag & (ICANON | ECHO), 0);
    type(w, "xq");
    assert_ended(w);
}

static void it_scrolls(void **state)
{
    struct world *w = *state;
    await(w, "lines 1 to 9 of 24");
    await(w, "peer a: up");
    type(w, "\033[B");
    await(w, "lines 2 to 10 of 24");
    type(w, "\033[6~");
    await(w, "lines 10 to 18 of 24");
    type(w, "G");
    await(w, "lines 16 to 24 of 24");
    type(w, "j");
    type(w, "\033[A");
    await(w, "lines 15 to 23 of 24");
    type(w, "\033[5~\033[5~");
    await(w, "lines 1 to 9 of 24");
    set_lines(w, 20);
    await(w, "lines 1 to 19 of 24");
    type(w, "\033[F");
    await(w, "lines 6 to 24 of 24");
    set_lines(w, 40);
    await(w, "q ends\033[K");
    type(w, "q");
    assert_ended(w);
}

static void interrupt_ends_it(void **state)
{
    struct world *w = *state;
    await(w, "peer a: up");
    type(w, "\003");
    assert_ended(w);
}

static void it_stops_and_comes_back(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 2; i++) {
        await(w, "peer a: up");
        type(w, "\032");
        await(w, "\033[?1049l");
        assert_int_equal(word(w), 's');
        assert_as_before(w);
        assert_int_equal(write(w->orders, "f", 1), 1);
        await(w, "\033[?1049h");
    }
    await(w, "peer a: up");
    type(w, "q");
    assert_ended(w);
}

/* The last picture stays, and the next one is the new daemon's. */
static void a_daemon_that_restarts(void **state)
{
    struct world *w = *state;
    await(w, "peer a: up");
    stop_server(w->server, "hawser0");
    await(w, "no news: hawser0 is not running");
    await(w, "peer a: up");
    w->server = start_server("hawser0", answer_later);
    await(w, "hawser later, up 1 second; q ends\033[K");
    type(w, "q");
    assert_ended(w);
}

static void a_terminal_is_needed(void **state)
{
    (void)state;
    pid_t server = start_server("hawser0", answer_for);
    expect_failure("top", "", 1, "needs a terminal");
    stop_server(server, "hawser0");
    expect_failure("top", "", 1, "no tunnel is running");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(q_ends_it, begin, finish),
        cmocka_unit_test_setup_teardown(it_scrolls, begin, finish),
        cmocka_unit_test_setup_teardown(interrupt_ends_it, begin, finish),
        cmocka_unit_test_setup_teardown(it_stops_and_comes_back, begin, finish),
        cmocka_unit_test_setup_teardown(a_daemon_that_restarts, begin, finish),
        cmocka_unit_test(a_terminal_is_needed),
    };
    if (argc != 2 || !harness_begin(argv[1]))
        return 1;
    int rc = cmocka_run_group_tests_name("top", tests, NULL, NULL);
    harness_end();
    return rc;
}
