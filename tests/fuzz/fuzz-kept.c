/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is found in the pinned maps of a dead daemon, whatever it says: a watch, the variables of a
 * stop, or refused. What is taken for either is written and read again as the same.
 */

#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "watch-text.h"

static void check_watch(const char *text)
{
	_cleanup_(watch_freep) struct watch *first = NULL, *second = NULL;
	_cleanup_free_ char *written = NULL, *again = NULL;
	bool own, own_again;
	int r = watch_from_text(&first, text, &own);

	CHECK(r == 0 || r == -EBADMSG || r == -EINVAL);
	if (r < 0)
		return;
	CHECK(first->id > 0 && first->slot < DWD_MAX_WATCHES);
	first->holder = own ? text : NULL;
	written = watch_to_text(first);
	CHECK(written && watch_from_text(&second, written, &own_again) == 0);
	CHECK(own == own_again);
	second->holder = first->holder;
	again = watch_to_text(second);
	CHECK(again && strcmp(written, again) == 0);
}

static void check_variables(const char *text)
{
	_cleanup_free_ const char **variables = NULL;
	_cleanup_free_ char *written = NULL;
	json_t *json = NULL;
	int r = variables_from_text(&variables, &json, text);

	CHECK(r == 0 || r == -EBADMSG || r == -EINVAL);
	if (r < 0)
		return;
	written = variables_to_text(variables);
	CHECK(written);
	for (size_t i = 0; variables[i]; i++)
		CHECK(strchr(variables[i], '='));
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	CHECK(text);
	check_watch(text);
	check_variables(text);
	return 0;
}
