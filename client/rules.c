/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

#include "cgroup.h"
#include "print.h"
#include "util.h"

/* A star that is looked for as it stands. */
static bool has_inner_star(const char *pattern)
{
	size_t length = strlen(pattern);

	return length > 2 && memchr(pattern + 1, '*', length - 2);
}

static void remark(const struct client *c, const struct rule *words)
{
	for (const char **arg = words->args; *arg; arg++) {
		if (has_inner_star(*arg))
			print_note(c,
				   "--arg %s: only a * at its beginning or end stands for "
				   "anything; one in between is looked for as it is",
				   *arg);
	}
}

enum exit_status rules_read(const struct client *c, const struct args *args, struct rules *ret)
{
	_cleanup_free_ char *message = NULL;
	struct rule *words = &ret->words;
	int r;

	*ret = (struct rules){0};
	r = rule_from_args(words, args, &message);
	if (r == 0 && words->cgroup)
		r = cgroup_path(words->cgroup, &ret->cgroup);
	if (r < 0) {
		print_error("%s", message ? message : strerror(-r));
		return exit_status(r);
	}
	ret->rule = (struct dwd_rule){
		.has_uid = words->has_uid,
		.uid = words->uid,
		.args = words->args,
		.under = words->under,
		.under_name = words->under_name,
		.cgroup = ret->cgroup,
		.skip = words->skip,
		.count = words->count,
		.max_stopped = words->max_stopped,
		.hold = words->hold,
		.then = words->then,
		.setenv = words->setenv,
	};
	remark(c, words);
	return EXIT_DONE;
}

void rules_done(struct rules *rules)
{
	rule_done(&rules->words);
	free(rules->cgroup);
}
