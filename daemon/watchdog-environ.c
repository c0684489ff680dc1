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
static int set(struct watchdog *w, struct stop *s, const struct principal *user,
	       const char *const *variables)
{
	struct inject_result result = inject_variables(&w->helpers, s, user, variables);

	free(steal_pointer(s->setenv_error));
	if (!result.obstacle) {
		if (stop_remember_variables(s, variables) < 0)
			return -ENOMEM;
		restore_keep_variables(w, s);
		return ANSWER_OK;
	}
	s->setenv_error = inject_explain(result);
	return s->setenv_error ? ANSWER_ENVIRONMENT_NOT_SET : -ENOMEM;
}

static size_t count_variables(const struct watch *watch)
{
	size_t n = 0;

	while (watch && watch->setenv && watch->setenv[n])
		n++;
	return n;
}

/* Those of all watches of this owner that caught it, the later watch's last; ended by NULL, to be
 * freed. NULL if there are none. */
static int variables_of_watches(const struct watchdog *w, const struct stop *s,
				const struct principal *owner, const char ***ret)
{
	const char **variables = NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < s->watch_count; i++) {
		const struct watch *watch = watch_table_find(&w->watches, s->watches[i]);
		size_t more = count_variables(watch);
		const char **larger;

		if (more == 0 || watch->owner.uid != owner->uid)
			continue;
		larger = reallocarray(variables, n + more + 1, sizeof(*larger));
		if (!larger) {
			free(variables);
			return -ENOMEM;
		}
		variables = larger;
		memcpy(variables + n, watch->setenv, (more + 1) * sizeof(*variables));
		n += more;
	}
	*ret = variables;
	return 0;
}

bool stops_has_variables(const struct watchdog *w, const struct stop *s)
{
	for (uint32_t i = 0; i < s->watch_count; i++)
		if (count_variables(watch_table_find(&w->watches, s->watches[i])))
			return true;
	return false;
}

static void set_those_of(struct watchdog *w, struct stop *s, const struct principal *owner)
{
	_cleanup_free_ const char **variables = NULL;
	int r;

	r = variables_of_watches(w, s, owner, &variables);
	if (r == 0 && variables)
		r = set(w, s, owner, variables);
	if (r != ANSWER_OK)
		log_rarely(&w->unset_variables,
			   "process %d is stopped without the variables of its watch: %s",
			   (int)s->pid, r < 0 ? strerror(-r) : s->setenv_error);
}

/* Root's, and those of the user whose process it is, who may not be allowed to. */
void stops_set_variables(struct watchdog *w, struct stop *s)
{
	const struct watch *users = watch_table_find(&w->watches, s->users_watch);
	const struct principal root = {};

	if (restore_variables(w, s))
		return;
	set_those_of(w, s, &root);
	if (users)
		set_those_of(w, s, &users->owner);
}

int watchdog_set_variables(struct watchdog *w, const struct watchdog_client *client, struct stop *s,
			   const char *const *variables)
{
	if (!watchdog_look(w, s))
		return ANSWER_NO_SUCH_STOP;
	return s->now.state == STOP_STOPPED ? set(w, s, &client->user, variables)
					    : ANSWER_WRONG_STATE;
}
