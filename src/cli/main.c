/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

#define TUNNEL_HELP(which)                                                                         \
    "    -i INTERFACE    " which "\n"                                                              \
    "    -c FILE         the tunnel of that configuration file\n"
#define ONE_OF "of this tunnel; needed when several are running"

static const struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    const char *help;
    command_fn *run;
    bool own_help; /* it answers --help itself */
} commands[] = {
    { "genkey", "", "make a private key",
      "Writes a new private key in base64 to stdout. Keep it in a file that only root can read:\n\n"
      "    (umask 077; hawser genkey > /etc/hawser/private.key)\n",
      command_genkey, false },
    { "pubkey", "", "the public key of a private key",
      "Reads a private key from stdin and writes its public key, which the peer's configuration\n"
      "needs, to stdout:\n\n"
      "    hawser pubkey < /etc/hawser/private.key\n",
      command_pubkey, false },
    { "genpsk", "", "make a preshared key",
      "Writes a new preshared key in base64 to stdout. Both peers hold the same one.\n",
      command_genpsk, false },
    { "status", "[PEER] [--json] [--summary] [-i INTERFACE]", "tunnels, peers and links",
      "Shows the tunnel, its peers, and each path with its rates, delay and loss, and what limits\n"
      "it. Without -i all running tunnels are shown. Of more than 4 peers each has a line.\n\n"
      "    PEER            this peer only, in full\n"
      "    --json          for programs: one JSON object a tunnel, each on a line\n"
      "    --summary       all peers on one screen: how many are up, what they carry, the "
      "worst\n" TUNNEL_HELP(
          "this tunnel only") "\n"
                              "Exit code 1 while no peer is up, or PEER is not, with --json too.\n",
      command_status, false },
    { "top", "[-i INTERFACE]", "the same, live",
      "Shows the status every second, with bars for each link, on a terminal.\n\n"
      "    q, Ctrl-C       end\n"
      "    arrows, page keys, Home, End, j, k, space, b, g, G\n"
      "                    scroll, where it is more than a screen\n" TUNNEL_HELP(ONE_OF),
      command_top, false },
    { "link", "LINK up|down|standby|active [-i INTERFACE]", "list links, change one at run time",
      "hawser link [--json] [-i INTERFACE] lists the links.\n\n"
      "    down            the link carries nothing more\n"
      "    up              it is used again, as the configuration says\n"
      "    standby         it carries nothing until all active links are down\n"
      "    active          it carries traffic\n"
      "    --json          of the list\n" TUNNEL_HELP(
          ONE_OF) "\n"
                  "On the side that is called, a link is the peer's: PEER/LINK, where several "
                  "peers have one\n"
                  "of that name. It can be used less than its owner wants, but not more.\n"
                  "The configuration file is not changed.\n",
      command_link, false },
    { "reload", "[-i INTERFACE]", "take the changed configuration",
      "The daemon reads its configuration file anew and applies what changed without dropping a\n"
      "packet. If the file is wrong, it keeps the old configuration and says why; the exit code\n"
      "is 1 then.\n\n" TUNNEL_HELP(ONE_OF),
      command_reload, false },
    { "demo", "[--links SPEC] [--seconds N]", "a whole bond on this machine", NULL, command_demo,
      true },
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static void print_usage(FILE *to)
{
    fputs("usage: hawser COMMAND [ARGUMENTS]\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(to, "    %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\nhawser COMMAND --help tells more, the manual hawser(1) all. hawser --version.\n", to);
}

static void print_help(const struct command *c)
{
    printf("usage: hawser %s%s%s\n\n%s", c->name, *c->arguments != '\0' ? " " : "", c->arguments,
           c->help);
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

/* What was written must have arrived: a full disk is a failure. */
static int finish(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return command_fail("cannot write to stdout: %m");
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return COMMAND_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        const struct command *about = argc > 2 ? find_command(argv[2]) : NULL;
        if (about != NULL && !about->own_help)
            print_help(about);
        else
            print_usage(stdout);
        return finish(COMMAND_DONE);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("hawser " HAWSER_VERSION);
        return finish(COMMAND_DONE);
    }
    const struct command *c = find_command(name);
    if (c == NULL) {
        fprintf(stderr, "hawser: no command \"%s\"; see hawser --help\n", name);
        return COMMAND_USAGE;
    }
    if (!c->own_help && asks_help(argc - 1, argv + 1)) {
        print_help(c);
        return finish(COMMAND_DONE);
    }
    return finish(c->run(argc - 1, argv + 1));
}
