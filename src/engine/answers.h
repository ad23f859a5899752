/* SPDX-License-Identifier: ISC */
/* What the control socket is answered. */
#ifndef HAWSER_ENGINE_ANSWERS_H
#define HAWSER_ENGINE_ANSWERS_H

#include "engine/control.h"
#include "engine/state.h"

struct control_handler engine_answers(struct engine *e);

#endif
