/* SPDX-License-Identifier: ISC */
/* The control socket's server: answers, refusals, and clients that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/control.h"

struct world {
    struct loop loop;
    struct control *control;
    struct sockaddr_un addr;
    char link[CONTROL_LINK_NAME_MAX + 1];
    unsigned reloads;
    /* the next long answer */
    unsigned pieces;
    size_t piece_bytes;
    struct tstamp waits_until; /* before the first piece; zero: it does not */
    /* of all of them */
    unsigned open;
    unsigned steps;
    unsigned turns;
    unsigned longest_wait; /* turns from a step of one to its next step */
};

struct answer {
    unsigned turn; /* of the last step */
    unsigned left;
    size_t piece_bytes;
    struct tstamp waits_until;
};

static void *on_begin(void *arg, struct tstamp now, const struct control_request *request)
{
    struct world *w = arg;
    struct answer *a = malloc(sizeof *a);
    (void)now;
    (void)request;
    assert_non_null(a);
    *a = (struct answer){ w->turns, w->pieces, w->piece_bytes, w->waits_until };
    w->open++;
    return a;
}

/* An array of texts, one in a step. */
static enum control_step on_go_on(void *arg, void *answer, struct tstamp now, struct tstamp *again,
                                  struct json_out *out)
{
    struct world *w = arg;
    struct answer *a = answer;
    char text[4096];
    w->steps++;
    if (w->turns - a->turn > w->longest_wait)
        w->longest_wait = w->turns - a->turn;
    a->turn = w->turns;
    if (!tstamp_reached(a->waits_until, now)) {
        *again = a->waits_until;
        return CONTROL_WAITS;
    }
    if (out->len_bytes == 0 && !out->has_neighbour)
        json_out_array(out, NULL);
    if (a->left > 0) {
        memset(text, 'x', a->piece_bytes);
        text[a->piece_bytes] = '\0';
        json_out_text(out, NULL, text);
        a->left--;
        return CONTROL_MORE;
    }
    json_out_array_end(out);
    return CONTROL_DONE;
}

static void on_end(void *arg, void *answer)
{
    struct world *w = arg;
    w->open--;
    free(answer);
}

static const char *on_link(void *arg, struct tstamp now, const struct control_request *request)
{
    struct world *w = arg;
    (void)now;
    memcpy(w->link, request->link, sizeof w->link);
    return strcmp(request->link, "dsl") == 0 ? NULL : "no such link";
}

static const char *on_reload(void *arg)
{
    struct world *w = arg;
    w->reloads++;
    return NULL;
}

static int set_up(void **state)
{
    static struct world w;
    struct control_handler handler = {
        .begin = on_begin,
        .go_on = on_go_on,
        .end = on_end,
        .link = on_link,
        .reload = on_reload,
        .arg = &w,
    };
    socklen_t len = sizeof w.addr;
    memset(&w, 0, sizeof w);
    w.pieces = 1;
    w.piece_bytes = 3;
    w.addr.sun_family = AF_UNIX;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    /* An abstract name of the kernel's choice leaves no file behind. */
    assert_int_equal(bind(fd, (const struct sockaddr *)&w.addr, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&w.addr, &len), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(loop_open(&w.loop), 0);
    w.control = control_new(&w.loop, fd, &handler);
    assert_non_null(w.control);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    control_free(w->control);
    assert_int_equal(w->open, 0);
    loop_close(&w->loop);
    return 0;
}

static int dial(const struct world *w)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6); /* zero and 5 digits */
    assert_int_equal(connect(fd, (const struct sockaddr *)&w->addr, len), 0);
    return fd;
}

static void turn(struct world *w, unsigned times)
{
    while (times-- > 0) {
        w->turns++;
        loop_turn(&w->loop, loop_now());
        control_tick(w->control, loop_now());
    }
}

/* What comes back for a text; empty: the connection was closed without a word. */
static const char *ask(struct world *w, const char *text)
{
    static char answer[4096];
    int fd = dial(w);
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    shutdown(fd, SHUT_WR);
    turn(w, 6);
    ssize_t n = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);
    answer[n > 0 ? n : 0] = '\0';
    close(fd);
    return answer;
}

static void answers(void **state)
{
    struct world *w = *state;
    assert_string_equal(ask(w, "{\"cmd\":\"status\"}\n"), "[\"xxx\"]\n");
    assert_string_equal(ask(w, "{\"cmd\":\"link\",\"link\":\"dsl\",\"state\":\"down\"}\n"),
                        "{\"ok\":true}\n");
    assert_string_equal(w->link, "dsl");
    assert_string_equal(ask(w, "{\"cmd\":\"link\",\"link\":\"lte\",\"state\":\"up\"}\n"),
                        "{\"ok\":false,\"error\":\"no such link\"}\n");
    assert_int_equal(control_garbage(w->control), 0);
}

static void counts_garbage(void **state)
{
    struct world *w = *state;
    char longest[CONTROL_REQUEST_BYTES_MAX + 100];
    assert_non_null(strstr(ask(w, "hello\n"), "\"ok\":false"));
    assert_non_null(strstr(ask(w, "{\"cmd\":\"fly\"}\n"), "\"ok\":false"));
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_non_null(strstr(ask(w, longest), "\"ok\":false"));
    assert_int_equal(control_garbage(w->control), 3);
    assert_string_equal(ask(w, ""), "");
}

static void reload_waits_for_its_answer(void **state)
{
    struct world *w = *state;
    char answer[256];
    int fd = dial(w);
    assert_int_equal(send(fd, "{\"cmd\":\"reload\"}\n", 17, 0), 17);
    turn(w, 4);
    assert_int_equal(w->reloads, 1);
    assert_true(recv(fd, answer, sizeof answer, MSG_DONTWAIT) < 0);
    /* It may take longer than any other request. */
    control_tick(w->control, tstamp_add(loop_now(), 2 * CONTROL_TIMEOUT_MS * NS_PER_MS));
    control_reloaded(w->control, false, "line 3 is wrong");
    ssize_t n = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    answer[n] = '\0';
    assert_string_equal(answer, "{\"ok\":false,\"error\":\"line 3 is wrong\"}\n");
    close(fd);
}

static int ask_status(const struct world *w)
{
    int fd = dial(w);
    assert_int_equal(send(fd, "{\"cmd\":\"status\"}\n", 17, 0), 17);
    return fd;
}

/* What has come, at most so much; returns its length, 0 at the end. */
static size_t take(int fd, char *out, size_t room, bool *ended)
{
    size_t len = 0;
    ssize_t n = 0;
    while (len < room && (n = recv(fd, out + len, room - len, MSG_DONTWAIT)) > 0)
        len += (size_t)n;
    *ended = len < room && n == 0;
    return len;
}

static void an_answer_that_waits(void **state)
{
    struct world *w = *state;
    char answer[256];
    bool ended;
    w->waits_until = tstamp_add(loop_now(), 100 * NS_PER_S);
    int fd = ask_status(w);
    turn(w, 4);
    struct tstamp now = loop_now();
    assert_true(tstamp_sub(control_tick(w->control, now), now) <= CONTROL_TIMEOUT_MS * NS_PER_MS);
    assert_int_equal(take(fd, answer, sizeof answer, &ended), 0);
    assert_false(ended);
    close(fd); /* one that does not wait holds nothing up */
    turn(w, 2);
    assert_true(tstamp_is_never(control_tick(w->control, loop_now())));
    assert_int_equal(w->open, 0);

    w->waits_until = tstamp_add(loop_now(), NS_PER_MS);
    fd = ask_status(w);
    turn(w, 2);
    while (!tstamp_reached(w->waits_until, loop_now()))
        turn(w, 1);
    turn(w, 1);
    assert_int_equal(take(fd, answer, sizeof answer, &ended), 8);
    assert_true(ended);
    close(fd);
}

enum { LONG_PIECES = 1000, LONG_PIECE_BYTES = 2000, LONG_BYTES = LONG_PIECES * 2003 + 2 };

/* Turns until there is no more to read. Returns how many there were; *whole: it ends as it should.
 */
static unsigned read_whole(struct world *w, int fd, bool *whole)
{
    static char answer[LONG_BYTES + 1];
    size_t len = 0;
    unsigned turns = 0;
    for (bool ended = false; !ended; turns++) {
        turn(w, 1);
        len += take(fd, answer + len, sizeof answer - len, &ended);
    }
    close(fd);
    *whole = len == LONG_BYTES && answer[0] == '[' && answer[LONG_BYTES - 1] == '\n';
    for (size_t i = 0; *whole && i < LONG_PIECES; i++)
        *whole = memcmp(answer + 1 + i * 2003, "\"xxxx", 5) == 0;
    return turns;
}

/* No turn makes much more of it than fits into its time, or into a piece. */
static void a_long_answer_comes_in_pieces(void **state)
{
    struct world *w = *state;
    bool whole;
    w->pieces = LONG_PIECES;
    w->piece_bytes = LONG_PIECE_BYTES;
    int fd = ask_status(w);
    turn(w, 2);
    assert_true(w->steps < LONG_PIECES); /* the kernel holds less of it */
    read_whole(w, fd, &whole);
    assert_true(whole);
    assert_int_equal(w->open, 0);
}

/* One that does not read has no more made than the kernel and a piece take. */
static void a_slow_reader_holds_a_piece(void **state)
{
    struct world *w = *state;
    bool whole;
    w->pieces = LONG_PIECES;
    w->piece_bytes = LONG_PIECE_BYTES;
    int slow = ask_status(w);
    turn(w, 200);
    unsigned made = w->steps;
    assert_true(made < LONG_PIECES);
    turn(w, 200);
    assert_int_equal(w->steps, made); /* nor is the loop woken for it: */
    assert_true(tstamp_before(loop_now(), control_tick(w->control, loop_now())));
    /* Another one has its answer meanwhile. */
    read_whole(w, ask_status(w), &whole);
    assert_true(whole);
    /* And the slow one too, once it reads. */
    read_whole(w, slow, &whole);
    assert_true(whole);
    assert_int_equal(w->open, 0);
}

static void a_reader_that_goes_away_in_the_middle(void **state)
{
    struct world *w = *state;
    bool whole;
    char some[5000];
    bool ended;
    w->pieces = LONG_PIECES;
    w->piece_bytes = LONG_PIECE_BYTES;
    for (unsigned blocked = 0; blocked < 2; blocked++) {
        int fd = ask_status(w);
        size_t got = 0; /* a turn of a busy machine may bring nothing */
        for (unsigned n = 0; n < 200 && got < sizeof some; n++) {
            turn(w, blocked ? 200 : 2);
            got += take(fd, some + got, sizeof some - got, &ended);
        }
        assert_int_equal(got, sizeof some);
        close(fd);
        turn(w, 3);
        assert_int_equal(w->open, 0);
    }
    read_whole(w, ask_status(w), &whole);
    assert_true(whole);
}

/* One that reads a little again and again is ended nevertheless: others need its place. */
static void an_answer_has_an_end(void **state)
{
    struct world *w = *state;
    char some[1000];
    bool ended = false;
    w->pieces = 10 * LONG_PIECES;
    w->piece_bytes = LONG_PIECE_BYTES;
    int fd = ask_status(w);
    turn(w, 200);
    struct tstamp start = loop_now();
    struct tstamp now = start;
    while (w->open > 0) {
        now = tstamp_add(now, CONTROL_TIMEOUT_MS / 5 * NS_PER_MS);
        for (unsigned i = 0; i < 200; i++) /* until the kernel has room again */
            take(fd, some, sizeof some, &ended);
        loop_turn(&w->loop, loop_now());
        control_tick(w->control, now);
    }
    int64_t ms = tstamp_sub(now, start) / NS_PER_MS;
    assert_true(ms >= CONTROL_ANSWER_TIMEOUT_MS - CONTROL_TIMEOUT_MS);
    assert_true(ms <= CONTROL_ANSWER_TIMEOUT_MS + CONTROL_TIMEOUT_MS);
    assert_true(w->steps < 10 * LONG_PIECES);
    close(fd);
}

/* All of them at once, each whole, and each in its turn: none waits until another has its end. */
static void many_readers_share_the_turns(void **state)
{
    static char sink[LONG_BYTES];
    struct world *w = *state;
    int fds[CONTROL_CONNECTIONS_MAX];
    size_t len[CONTROL_CONNECTIONS_MAX] = { 0 };
    w->pieces = LONG_PIECES;
    w->piece_bytes = LONG_PIECE_BYTES;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        fds[i] = ask_status(w);
    turn(w, CONTROL_CONNECTIONS_MAX + 1);
    w->longest_wait = 0;
    for (size_t open = CONTROL_CONNECTIONS_MAX; open > 0;) {
        turn(w, 1);
        for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
            bool ended = false;
            if (fds[i] < 0)
                continue;
            len[i] += take(fds[i], sink, sizeof sink, &ended);
            if (!ended)
                continue;
            assert_int_equal(len[i], LONG_BYTES);
            close(fds[i]);
            fds[i] = -1;
            open--;
        }
    }
    assert_in_range(w->longest_wait, 1, 2 * CONTROL_CONNECTIONS_MAX);
    assert_int_equal(w->open, 0);
}

/* Silent clients hold their places only until their time is over. */
static void limits_clients(void **state)
{
    struct world *w = *state;
    int fds[CONTROL_CONNECTIONS_MAX];
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        fds[i] = dial(w);
    turn(w, CONTROL_CONNECTIONS_MAX + 1);
    assert_string_equal(ask(w, "{\"cmd\":\"status\"}\n"), "");
    struct tstamp now = loop_now();
    assert_false(tstamp_is_never(control_tick(w->control, now)));
    now = tstamp_add(now, (CONTROL_TIMEOUT_MS + 1) * NS_PER_MS);
    assert_true(tstamp_is_never(control_tick(w->control, now)));
    assert_string_equal(ask(w, "{\"cmd\":\"status\"}\n"), "[\"xxx\"]\n");
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reload_waits_for_its_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_answer_comes_in_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_holds_a_piece, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_goes_away_in_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_has_an_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_readers_share_the_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_clients, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
