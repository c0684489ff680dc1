/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

#include "print.h"

enum exit_status rules_read(const struct args *args, struct rule *rule, struct dwd_rule *ret)
{
	_cleanup_free_ char *message = NULL;
	int r = rule_from_args(rule, args, &message);

	if (r < 0) {
		print_error("%s", message ? message : strerror(-r));
		return exit_status(r);
	}
	*ret = (struct dwd_rule){
		.has_uid = rule->has_uid,
		.uid = rule->uid,
		.args = rule->args,
		.under = rule->under,
		.under_name = rule->under_name,
		.cgroup = rule->cgroup,
		.skip = rule->skip,
		.count = rule->count,
		.max_stopped = rule->max_stopped,
		.hold = rule->hold,
		.then = rule->then,
		.setenv = rule->setenv,
	};
	return EXIT_DONE;
}
