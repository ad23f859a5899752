/* SPDX-License-Identifier: ISC */
/* The control socket's server: answers, refusals, and clients that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
    bool first_look; /* the status will soon know more */
    bool known;
};

static bool on_look(void *arg, struct tstamp now)
{
    const struct world *w = arg;
    (void)now;
    return w->first_look;
}

static bool on_known(void *arg, struct tstamp now)
{
    const struct world *w = arg;
    (void)now;
    return w->known;
}

static json_t *on_status(void *arg, struct tstamp now)
{
    (void)arg;
    (void)now;
    return json_pack("{s:s}", "interface", "hawser0");
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
        .look = on_look,
        .known = on_known,
        .status = on_status,
        .link = on_link,
        .reload = on_reload,
        .arg = &w,
    };
    socklen_t len = sizeof w.addr;
    memset(&w, 0, sizeof w);
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
    while (times-- > 0)
        loop_turn(&w->loop, loop_now());
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
    assert_string_equal(ask(w, "{\"cmd\":\"status\"}\n"),
                        "{\"ok\":true,\"status\":{\"interface\":\"hawser0\"}}\n");
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

/* Until the peers have told what they find, or for a moment if they do not. */
static void the_first_look_waits_a_moment(void **state)
{
    struct world *w = *state;
    char answer[256];
    w->first_look = true;
    for (unsigned told = 0; told < 2; told++) {
        int fd = dial(w);
        w->known = false;
        assert_int_equal(send(fd, "{\"cmd\":\"status\"}\n", 17, 0), 17);
        turn(w, 4);
        struct tstamp now = loop_now();
        struct tstamp next = control_tick(w->control, now);
        assert_true(tstamp_sub(next, now) <= CONTROL_LOOK_MS * NS_PER_MS);
        assert_true(recv(fd, answer, sizeof answer, MSG_DONTWAIT) < 0);
        w->known = told == 1;
        control_tick(w->control, told == 1 ? now : next);
        assert_true(recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0);
        close(fd);
    }
    int gone = dial(w); /* one that does not wait holds nothing up */
    w->known = false;
    assert_int_equal(send(gone, "{\"cmd\":\"status\"}\n", 17, 0), 17);
    turn(w, 4);
    close(gone);
    turn(w, 2);
    assert_true(tstamp_is_never(control_tick(w->control, loop_now())));
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
    assert_non_null(strstr(ask(w, "{\"cmd\":\"status\"}\n"), "\"ok\":true"));
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reload_waits_for_its_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_look_waits_a_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_clients, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
