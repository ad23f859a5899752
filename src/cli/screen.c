/* SPDX-License-Identifier: ISC */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LINES_DEFAULT = 24, COLUMNS_DEFAULT = 80 };

/* xterm's: the other screen, no wrapping, no cursor; and back. */
static const char enter[] = "\033[?1049h\033[?7l\033[?25l\033[2J";
static const char leave[] = "\033[?25h\033[?7h\033[?1049l";

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };

static struct {
    bool is_open; /* the terminal is ours */
    bool has_keys;
    struct termios before; /* with has_keys */
    sigset_t mask_before;
    struct keyboard keyboard;
} screen;

static volatile sig_atomic_t end_asked;
static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    if (number == SIGTSTP)
        stop_asked = 1;
    else if (number != SIGWINCH) /* that one only wakes us */
        end_asked = 1;
}

/* Signals come only while we wait, so that no answer of a daemon is cut short by one. */
static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&mask, signals[i]);
    sigprocmask(SIG_BLOCK, &mask, &screen.mask_before);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}

static void take_terminal(void)
{
    if (screen.has_keys) {
        struct termios raw = screen.before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    fputs(enter, stdout);
    fflush(stdout);
    screen.is_open = true;
}

bool screen_open(void)
{
    screen.has_keys = isatty(STDIN_FILENO);
    if (screen.has_keys && tcgetattr(STDIN_FILENO, &screen.before) < 0)
        return false;
    catch_signals();
    if (atexit(screen_close) != 0)
        return false;
    take_terminal();
    return true;
}

void screen_close(void)
{
    if (!screen.is_open)
        return;
    screen.is_open = false;
    fputs(leave, stdout);
    fflush(stdout);
    if (screen.has_keys)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &screen.before);
}

void screen_size(unsigned *lines, unsigned *columns)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    *lines = known && size.ws_row > 0 ? size.ws_row : LINES_DEFAULT;
    *columns = known && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

/* Ctrl-Z: the terminal is given back, and taken again when the command goes on. */
static void stop_for_a_while(void)
{
    const struct sigaction stops = { .sa_handler = SIG_DFL };
    const struct sigaction asks = { .sa_handler = on_signal };
    sigset_t mask;
    sigset_t before;
    stop_asked = 0;
    screen_close();
    sigemptyset(&mask);
    sigaddset(&mask, SIGTSTP);
    sigaction(SIGTSTP, &stops, NULL);
    sigprocmask(SIG_UNBLOCK, &mask, &before);
    raise(SIGTSTP); /* returns after SIGCONT */
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &asks, NULL);
    take_terminal();
}

static enum screen_event read_key(enum key *key)
{
    unsigned char byte;
    ssize_t n = read(STDIN_FILENO, &byte, 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return SCREEN_AGAIN;
    if (n <= 0)
        return SCREEN_END; /* the terminal has gone */
    *key = keyboard_take(&screen.keyboard, byte);
    return SCREEN_KEY;
}

enum screen_event screen_wait(int wait_ms, enum key *key)
{
    struct pollfd p = { .fd = screen.has_keys ? STDIN_FILENO : -1, .events = POLLIN };
    const struct timespec wait = { .tv_sec = wait_ms / 1000,
                                   .tv_nsec = (long)(wait_ms % 1000) * 1000000 };
    int ready = ppoll(&p, 1, &wait, &screen.mask_before);
    *key = KEY_NONE;
    if (end_asked)
        return SCREEN_END;
    if (stop_asked)
        stop_for_a_while();
    else if (ready > 0)
        return read_key(key);
    else if (ready == 0)
        return SCREEN_TIME;
    return SCREEN_AGAIN;
}
