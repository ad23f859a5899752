/* SPDX-License-Identifier: ISC */
/*
 * What "hawser link" means: a link of ours, or a path over a link of a peer's, or why neither.
 */
#ifndef HAWSER_ENGINE_LINK_CHOICE_H
#define HAWSER_ENGINE_LINK_CHOICE_H

#include <stddef.h>

#include "ipc/control_proto.h"
#include "ipc/msg.h"
#include "session/core.h"

enum { LINK_CHOICE_TEXT_BYTES = 192 };

struct link_choice_source {
    const struct core *core;
    const struct msg_link *links; /* WIRE_PATHS_MAX of them: ours */
};

/* NULL: the guard is to be told out. Else the refusal, which is in text. */
const char *link_choice(const struct link_choice_source *s, const struct control_request *request,
                        struct msg_choose *out, char text[LINK_CHOICE_TEXT_BYTES]);

#endif
