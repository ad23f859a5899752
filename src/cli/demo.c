/* SPDX-License-Identifier: ISC */
/*
 * hawser demo is a program of its own, hawser-demo, beside this one or in the libexec directory:
 * the command stays free of the lab.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/* The path of NAME in the directory of this executable; false if that is unknown. */
static int beside_self(char *out, size_t cap_bytes, const char *name)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return 0;
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return 0;
    *slash = '\0';
    int written = snprintf(out, cap_bytes, "%s/%s", self, name);
    return written > 0 && (size_t)written < cap_bytes;
}

int command_demo(int argc, char **argv)
{
    static const char installed[] = HAWSER_LIBEXECDIR "/hawser-demo";
    char beside[PATH_MAX];
    (void)argc;
    argv[0] = "hawser-demo";
    if (beside_self(beside, sizeof beside, "hawser-demo")) {
        execv(beside, argv);
        if (errno != ENOENT)
            return command_fail("cannot run %s: %m", beside);
    }
    execv(installed, argv);
    if (errno != ENOENT)
        return command_fail("cannot run %s: %m", installed);
    return command_fail("hawser-demo is not installed (not beside hawser, not in %s)",
                        HAWSER_LIBEXECDIR);
}
