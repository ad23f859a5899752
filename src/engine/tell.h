/* SPDX-License-Identifier: ISC */
/* What the guard is told. */
#ifndef HAWSER_ENGINE_TELL_H
#define HAWSER_ENGINE_TELL_H

#include "engine/state.h"

#define ENGINE_USAGE_NS (2 * NS_PER_S) /* between reports of what metered links carry */

/* False: the guard does not keep up, and the message waits as unsent. */
bool engine_tell(struct engine *e, const struct msg *m);
/* The guard may keep up again. */
void engine_tell_unsent(struct engine *e);
/* What happened. True: there is more, for the next turn. */
bool engine_tell_events(struct engine *e);
/* Tells what metered links carried since the last time. */
void engine_tell_usage(struct engine *e, struct tstamp now);
/* How a link is used, by hand: the guard keeps it, also for the next engine. NULL, or a refusal. */
const char *engine_choose(struct engine *e, const struct control_request *request);
/* NULL, or why not. */
const char *engine_ask_reload(struct engine *e);

#endif
