/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A watch as people write it, whatever they write: a rule, or a mistake that is explained. A rule
 * can be written down and read back; and what the daemon makes of it, if it is a watch, names the
 * same target in normal form, and is understood by the library.
 */

#include "fuzz.h"

#include "config.h"
#include "environ.h"
#include "rule.h"
#include "understood.h"
#include "watch.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

static bool same_list(const char *const *a, const char *const *b)
{
	if (!a || !b)
		return a == b;
	for (; *a && *b; a++, b++)
		if (!str_eq(*a, *b))
			return false;
	return *a == *b;
}

static void check_same(const struct rule *a, const struct rule *b)
{
	CHECK(same_text(a->target, b->target));
	CHECK(a->has_uid == b->has_uid && a->uid == b->uid);
	CHECK(same_list(a->args, b->args));
	CHECK(a->under == b->under && same_text(a->under_name, b->under_name));
	CHECK(same_text(a->cgroup, b->cgroup));
	CHECK(a->skip == b->skip && a->count == b->count && a->max_stopped == b->max_stopped);
	CHECK(a->hold == b->hold && same_text(a->then, b->then));
	CHECK(same_list(a->setenv, b->setenv));
}

static void check_written(const struct rule_line *line)
{
	_cleanup_free_ char *text = rule_line_write(&line->args, line->rule.target, NULL);
	_cleanup_free_ char *message = NULL;
	struct rule_line again = {};

	CHECK(text);
	CHECK(rule_line_read(&again, text, &message) == 1);
	check_same(&line->rule, &again.rule);
	rule_line_done(&again);
}

static void check_understood(const struct watch *watch)
{
	const struct dwd_counters counters = {.caught = 1, .skipped = {[DWD_SKIP_LIMIT] = 2}};
	json_auto_t *object = watch_to_json(watch, &counters, BACKEND_UNRESOLVED_PATH);

	CHECK(object && understood_watch(object));
}

static void check_normal(const struct watch *watch)
{
	_cleanup_(watch_freep) struct watch *again = NULL;
	const char *reason = NULL;

	CHECK(watch_new(&again, watch->target, &reason) == 0);
	CHECK(again->kind == watch->kind && str_eq(again->target, watch->target));
}

static void make_watch(const struct rule *rule)
{
	const struct watch_rule asked = config_watch_rule(rule);
	_cleanup_(watch_freep) struct watch *watch = NULL;
	const char *reason = NULL, *bad = NULL;

	if (watch_new(&watch, asked.target, &reason) < 0) {
		CHECK(reason);
		return;
	}
	CHECK(watch_has_target(watch, asked.target));
	check_normal(watch);
	if (watch_check_filters(&asked.filters, &bad) || environ_check(asked.setenv, &bad)) {
		CHECK(bad);
		return;
	}
	CHECK(watch_set_filters(watch, &asked.filters) == 0);
	CHECK(watch_set_variables(watch, asked.setenv) == 0);
	watch->hold = asked.hold;
	check_understood(watch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size), *message = NULL;
	struct rule_line line = {};
	int r;

	CHECK(text);
	r = rule_line_read(&line, text, &message);
	if (r == 1) {
		check_written(&line);
		make_watch(&line.rule);
	} else {
		CHECK(r == 0 || (r == -EINVAL && message));
	}
	rule_line_done(&line);
	return 0;
}
