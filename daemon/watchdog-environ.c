/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Environment variables that a stopped process is given before it runs.
 *
 * Those of a watch are set when the process is seen stopped, before the stop is announced: so
 * whoever hears of it, and any debugger, finds the environment that the program will see; and once
 * a debugger has the process nobody else could set them. Those of a release are set right before
 * it.
 *
 * What cannot be set is no reason to let a process run without it: it stays stopped, and the stop
 * says why.
 */

#include "environ.h"
#include "inject.h"
#include "log.h"
#include "watchdog-internal.h"

/* Set them, and have the stop tell of it either way. */
static int set(struct stop *s, const char *const *variables)
{
	struct inject_result result = inject_variables(s, variables);

	free(steal_pointer(s->setenv_error));
	if (!result.obstacle)
		return stop_remember_variables(s, variables) < 0 ? -ENOMEM : ANSWER_OK;
	s->setenv_error = inject_explain(result);
	return s->setenv_error ? ANSWER_ENVIRONMENT_NOT_SET : -ENOMEM;
}

int watchdog_set_variables(struct watchdog *w, struct stop *s, const char *const *variables)
{
	if (!watchdog_look(w, s))
		return ANSWER_NO_SUCH_STOP;
	return s->now.state == STOP_STOPPED ? set(s, variables) : ANSWER_WRONG_STATE;
}
