/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

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
    { "status", "[--json] [-i INTERFACE]", "tunnels, peers and links",
      "Shows the tunnel, its peers, and each path with its rates, delay and loss, and what limits\n"
      "it. Without -i all running tunnels are shown.\n\n"
      "    --json          for programs: one JSON object a tunnel, each on a line\n"
      "    -i INTERFACE    this tunnel only\n",
      command_status, false },
    { "top", "[-i INTERFACE]", "the same, live",
      "Shows the status every second, with bars for each link, until Ctrl-C.\n\n"
      "    -i INTERFACE    of this tunnel; needed when several are running\n",
      command_top, false },
    { "link", "LINK up|down|standby|active [-i INTERFACE]", "change a link at run time",
      "    down            the link carries nothing more\n"
      "    up              it is used again, as the configuration says\n"
      "    standby         it carries nothing until all active links are down\n"
      "    active          it carries traffic\n"
      "    -i INTERFACE    of this tunnel; needed when several are running\n\n"
      "The configuration file is not changed.\n",
      command_link, false },
    { "reload", "[-i INTERFACE]", "take the changed configuration",
      "The daemon reads its configuration file anew and applies what changed without dropping a\n"
      "packet. If the file is wrong, it keeps the old configuration and says why.\n\n"
      "    -i INTERFACE    of this tunnel; needed when several are running\n",
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

int command_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("hawser: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return COMMAND_FAILED;
}

int command_misuse(const char *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "hawser %s: ", command);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see hawser %s --help\n", command);
    va_end(args);
    return COMMAND_USAGE;
}

int command_options(struct command_options *out, int argc, char **argv, int with_json,
                    int operand_count)
{
    static const struct option with[] = { { "json", no_argument, NULL, 'j' },
                                          { "interface", required_argument, NULL, 'i' },
                                          { 0 } };
    *out = (struct command_options){ 0 };
    optind = 1;
    opterr = 0;
    for (;;) {
        switch (getopt_long(argc, argv, ":i:", with_json ? with : with + 1, NULL)) {
        case 'i':
            out->interface = optarg;
            continue;
        case 'j':
            out->json = 1;
            continue;
        case ':':
            return command_misuse(argv[0], "%s needs a value", argv[optind - 1]);
        case '?':
            return command_misuse(argv[0], "no option %s", argv[optind - 1]);
        }
        break;
    }
    out->operands = optind;
    if (argc - optind > operand_count)
        return command_misuse(argv[0], "\"%s\" is too much", argv[optind + operand_count]);
    if (argc - optind < operand_count)
        return command_misuse(argv[0], "arguments are missing");
    return COMMAND_DONE;
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
