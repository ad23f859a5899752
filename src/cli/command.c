/* SPDX-License-Identifier: ISC */
#include "cli/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

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

int command_options(struct command_options *out, int argc, char **argv, unsigned extra, int least,
                    int most)
{
    static const struct option options[] = { { "interface", required_argument, NULL, 'i' },
                                             { "config", required_argument, NULL, 'c' },
                                             { "json", no_argument, NULL, 'j' },
                                             { "summary", no_argument, NULL, 's' },
                                             { 0 } };
    *out = (struct command_options){ 0 };
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":i:c:", options, NULL)) != -1;) {
        bool known = option != 'j' || (extra & COMMAND_JSON) != 0;
        known = known && (option != 's' || (extra & COMMAND_SUMMARY) != 0);
        if (option == ':')
            return command_misuse(argv[0], "%s needs a value", argv[optind - 1]);
        if (option == '?' || !known)
            return command_misuse(argv[0], "no option %s", argv[optind - 1]);
        if (option == 'i')
            out->interface = optarg;
        else if (option == 'c')
            out->config = optarg;
        out->json |= option == 'j';
        out->summary |= option == 's';
    }
    out->operands = optind;
    out->operand_count = argc - optind;
    if (out->interface != NULL && out->config != NULL)
        return command_misuse(argv[0], "-i and -c both name the tunnel: give one of them");
    if (out->operand_count > most)
        return command_misuse(argv[0], "\"%s\" is too much", argv[optind + most]);
    if (out->operand_count < least)
        return command_misuse(argv[0], "arguments are missing");
    return COMMAND_DONE;
}
