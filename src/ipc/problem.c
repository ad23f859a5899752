/* SPDX-License-Identifier: ISC */
#include "ipc/problem.h"

#include <stdio.h>
#include <string.h>

void problem_add(struct problem_list *l, const char *code, const char *text)
{
    struct problem p;
    snprintf(p.code, sizeof p.code, "%s", code);
    snprintf(p.text, sizeof p.text, "%s", text);
    if (l->count < PROBLEMS_MAX && !problem_has(l, &p))
        l->list[l->count++] = p;
}

bool problem_has(const struct problem_list *l, const struct problem *p)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->list[i].code, p->code) == 0 && strcmp(l->list[i].text, p->text) == 0)
            return true;
    return false;
}

bool problem_lists_equal(const struct problem_list *a, const struct problem_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!problem_has(b, &a->list[i]))
            return false;
    return true;
}
