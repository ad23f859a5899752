/* SPDX-License-Identifier: ISC */
/*
 * The commands of hawser. Each is one function that reads its own arguments and returns the exit
 * code; main.c holds the table of them.
 */
#ifndef HAWSER_CLI_COMMAND_H
#define HAWSER_CLI_COMMAND_H

enum {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1, /* after one line on stderr that says what and how to mend it */
    COMMAND_USAGE = 2,  /* the command line is wrong */
};

/* argv[0] is the command's own name, as with main(). */
typedef int command_fn(int argc, char **argv);

command_fn command_genkey, command_pubkey, command_genpsk; /* keys.c */
command_fn command_status;                                 /* status.c */
command_fn command_top;                                    /* top.c */
command_fn command_link, command_reload;                   /* link.c, reload.c */
command_fn command_demo;                                   /* demo.c */

/* Options that commands share. */
struct command_options {
    const char *interface; /* -i, or NULL */
    const char *config;    /* -c, or NULL */
    int json;              /* --json */
    int summary;           /* --summary */
    int operands;          /* index of the first argument that is no option */
    int operand_count;
};

enum { COMMAND_JSON = 1, COMMAND_SUMMARY = 2 }; /* options that not every command has */

/*
 * Reads -i, -c and those of extra. Returns COMMAND_DONE to go on, else what to exit with; at least
 * and at most so many arguments must follow.
 */
int command_options(struct command_options *out, int argc, char **argv, unsigned extra, int least,
                    int most);

/* "hawser: ..." on stderr; returns COMMAND_FAILED. */
int command_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Points to the help of a command on stderr; returns COMMAND_USAGE. */
int command_misuse(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
