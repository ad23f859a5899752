/* SPDX-License-Identifier: ISC */
#include "sys/signals.h"

#include <signal.h>

void signals_reset(void)
{
    sigset_t none;
    /* Those that cannot be changed, or that the C library keeps for itself, are refused. */
    for (int number = 1; number <= SIGRTMAX; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
