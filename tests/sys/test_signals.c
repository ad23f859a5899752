/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/signals.h"

static void resets_what_was_inherited(void **state)
{
    (void)state;
    sigset_t all;
    sigset_t now;
    sigfillset(&all);
    for (int number = 1; number <= SIGRTMAX; number++)
        signal(number, SIG_IGN);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signals_reset();
    sigprocmask(SIG_SETMASK, NULL, &now);
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) < 0)
            continue;
        assert_true(action.sa_handler == SIG_DFL);
        assert_false(sigismember(&now, number));
    }
}

static void a_childs_end_is_told(void **state)
{
    (void)state;
    int status = 0;
    signal(SIGCHLD, SIG_IGN);
    signals_reset();
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resets_what_was_inherited),
        cmocka_unit_test(a_childs_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
