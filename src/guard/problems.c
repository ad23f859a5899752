/* SPDX-License-Identifier: ISC */
#include "guard/problems.h"

#include <string.h>

#include "base/log.h"
#include "guard/send.h"

bool guard_tell_problems(struct guard *g)
{
    struct msg m = { .type = MSG_PROBLEMS };
    for (size_t i = 0; i < PROBLEM_ORIGINS; i++)
        for (size_t j = 0; j < g->problems[i].count; j++)
            problem_add(&m.problems, g->problems[i].list[j].code, g->problems[i].list[j].text);
    return guard_send(g, &m, NULL, 0);
}

void guard_problems_set(struct guard *g, enum problem_origin origin,
                        const struct problem_list *found)
{
    struct problem_list *known = &g->problems[origin];
    if (problem_lists_equal(known, found))
        return;
    for (size_t i = 0; i < found->count; i++)
        if (!problem_has(known, &found->list[i]))
            log_warn("%s", found->list[i].text);
    for (size_t i = 0; i < known->count; i++)
        if (!problem_has(found, &known->list[i]))
            log_info("no longer: %.*s", (int)strcspn(known->list[i].text, ";"),
                     known->list[i].text);
    *known = *found;
    if (g->engine.ready)
        guard_tell_problems(g);
}
