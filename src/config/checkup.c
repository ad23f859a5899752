/* SPDX-License-Identifier: ISC */
#include "config/checkup.h"

#include <errno.h>
#include <net/if.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As sys/nft_linux.c has them. */
static const char *const nft_programs[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft",
                                            "/usr/local/sbin/nft", NULL };

const struct checkup_places checkup_system = { .nft = nft_programs, .tun = "/dev/net/tun" };

static void say(FILE *to, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Line 0: the file as a whole. */
static void say(FILE *to, const char *file, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (line == 0)
        fprintf(to, "%s: ", file);
    else
        fprintf(to, "%s:%u: ", file, line);
    vfprintf(to, format, args);
    fputc('\n', to);
    va_end(args);
}

/* What is wrong with a hook that is there is an error of its line already. */
static bool check_hook(const struct config *c, const char *file, FILE *to)
{
    struct stat st;
    if (c->hook[0] == '\0' || stat(c->hook, &st) == 0)
        return true;
    if (errno == ENOENT || errno == ENOTDIR)
        say(to, file, c->lines.hook,
            "hook: there is no %s: install it and chmod 755 it, or remove the line", c->hook);
    else
        say(to, file, c->lines.hook, "hook: %s cannot be looked at: %s", c->hook, strerror(errno));
    return false;
}

static bool check_user(const struct config *c, const char *file, FILE *to)
{
    errno = 0;
    const struct passwd *p = getpwnam(c->engine.user);
    bool is_default = strcmp(c->engine.user, CONFIG_DEFAULT_USER) == 0;
    if (p != NULL && p->pw_uid == 0)
        say(to, file, c->lines.user,
            "user: %s is root, and the engine must not be: name another user", c->engine.user);
    else if (p == NULL)
        say(to, file, c->lines.user,
            "user: there is no user %s: make it with \"%suseradd --system --no-create-home "
            "--shell /usr/sbin/nologin %s\"",
            c->engine.user, is_default ? "systemd-sysusers\" or \"" : "", c->engine.user);
    return p != NULL && p->pw_uid != 0;
}

static bool has_nft(const struct checkup_places *places)
{
    for (size_t i = 0; places->nft[i] != NULL; i++)
        if (access(places->nft[i], X_OK) == 0)
            return true;
    return false;
}

/* What network.c cannot do without nft; NULL: nothing is asked of it. *needed: the start fails. */
static const char *wants_nft(const struct config *c, bool *needed)
{
    *needed = c->network.nat || c->network.lan_count > 0;
    if (*needed)
        return c->network.nat ? "nat" : "lan";
    if (c->network.fallback == CONFIG_FALLBACK_BLOCK)
        return "fallback = block";
    return c->network.mss_clamp ? "mss-clamp" : NULL;
}

static bool check_nft(const struct config *c, const char *file, const struct checkup_places *places,
                      FILE *to)
{
    static const char missing[] = "needs the nft program, which is not there: apt install nftables";
    bool needed;
    const char *what = wants_nft(c, &needed);
    if (what == NULL || has_nft(places))
        return true;
    if (needed)
        say(to, file, c->network.nat ? c->lines.nat : c->lines.lan, "%s %s", what, missing);
    else
        fprintf(to, "note: %s %s\n", what, missing);
    return !needed;
}

static void check_lans(const struct config *c, FILE *to)
{
    for (size_t i = 0; i < c->network.lan_count; i++)
        if (if_nametoindex(c->network.lans[i]) == 0)
            fprintf(to,
                    "note: lan: there is no interface %s yet; those that there are: ip -br link\n",
                    c->network.lans[i]);
}

bool checkup_run(const struct config *c, const char *file, const struct checkup_places *places,
                 FILE *to)
{
    bool hook = check_hook(c, file, to);
    bool user = check_user(c, file, to);
    bool nft = check_nft(c, file, places, to);
    check_lans(c, to);
    if (access(places->tun, F_OK) < 0)
        fprintf(to, "note: there is no %s yet: modprobe tun, or allow this container TUN devices\n",
                places->tun);
    return hook && user && nft;
}
