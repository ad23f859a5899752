/* SPDX-License-Identifier: ISC */
/* Runs the hawser command, and control servers with canned answers. */
#ifndef HAWSER_TESTS_CLI_HARNESS_H
#define HAWSER_TESTS_CLI_HARNESS_H

#include <stdbool.h>
#include <sys/types.h>

enum { TEXT_BYTES = 16384, ARGUMENTS_MAX = 8 };

struct outcome {
    int code;
    char out[TEXT_BYTES];
    char err[TEXT_BYTES];
};

/* Where the tests' control sockets are. */
extern char run_dir[];
extern const char *hawser;

bool harness_begin(const char *command);
void harness_end(void);

/* Runs hawser with the words of the line (no quoting) and the input on stdin. */
void run(struct outcome *o, const char *line, const char *input);

/* A failure: this code, nothing on stdout, one line on stderr that holds part. */
void expect_failure(const char *line, const char *input, int code, const char *part);

void socket_path(char path[108], const char *name);
/* A listening socket of that name. */
int listen_at(const char *name);

/* A process that answers each request with what answer_for() gives, until it is stopped. */
typedef const char *answer_fn(const char *request);
pid_t start_server(const char *name, answer_fn *answer_for);
void stop_server(pid_t pid, const char *name);

#endif
