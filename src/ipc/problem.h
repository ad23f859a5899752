/* SPDX-License-Identifier: ISC */
/*
 * What keeps a tunnel from being of use though it runs, as the guard finds it: a short list, told
 * to the engine as a whole, which shows it in its status.
 */
#ifndef HAWSER_IPC_PROBLEM_H
#define HAWSER_IPC_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

enum { PROBLEM_CODE_MAX = 31, PROBLEM_TEXT_MAX = 767, PROBLEMS_MAX = 8 };

struct problem {
    char code[PROBLEM_CODE_MAX + 1]; /* fixed, for programs */
    char text[PROBLEM_TEXT_MAX + 1]; /* what it is and how to mend it, on one line */
};

struct problem_list {
    size_t count;
    struct problem list[PROBLEMS_MAX];
};

/* The same twice stands there once; what does not fit is left out. Neither text may be empty. */
void problem_add(struct problem_list *l, const char *code, const char *text);
bool problem_has(const struct problem_list *l, const struct problem *p);
bool problem_lists_equal(const struct problem_list *a, const struct problem_list *b);

#endif
