/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lasting maps are read by daemons that were built apart. Whoever changes their layout must raise
 * DWD_SCHEMA, and is told so here.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "backend.h"

struct field {
	size_t offset, size;
};

#define FIELD(type, member)                                                       \
	{                                                                         \
		offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}
#define WHOLE(type)                    \
	{                              \
		sizeof(struct type), 0 \
	}

/* Each field of what stands in a lasting map, and how large the whole is. */
static const struct field fields[] = {
	FIELD(dwd_stop_key, start_time),
	FIELD(dwd_stop_key, tgid),
	FIELD(dwd_stop_key, exec_id),
	WHOLE(dwd_stop_key),
	FIELD(dwd_stop_record, key),
	FIELD(dwd_stop_record, id),
	FIELD(dwd_stop_record, time),
	FIELD(dwd_stop_record, cgroup_id),
	FIELD(dwd_stop_record, watches),
	FIELD(dwd_stop_record, users_watch),
	FIELD(dwd_stop_record, watch_slots),
	FIELD(dwd_stop_record, watch_count),
	FIELD(dwd_stop_record, flags),
	FIELD(dwd_stop_record, backend),
	FIELD(dwd_stop_record, ppid),
	FIELD(dwd_stop_record, uid),
	FIELD(dwd_stop_record, euid),
	FIELD(dwd_stop_record, suid),
	FIELD(dwd_stop_record, fsuid),
	FIELD(dwd_stop_record, gid),
	FIELD(dwd_stop_record, egid),
	FIELD(dwd_stop_record, sgid),
	FIELD(dwd_stop_record, fsgid),
	FIELD(dwd_stop_record, pid_ns),
	FIELD(dwd_stop_record, mnt_ns),
	FIELD(dwd_stop_record, argv_len),
	FIELD(dwd_stop_record, argc),
	FIELD(dwd_stop_record, comm),
	FIELD(dwd_stop_record, parent_comm),
	FIELD(dwd_stop_record, exe),
	FIELD(dwd_stop_record, path),
	FIELD(dwd_stop_record, argv),
	WHOLE(dwd_stop_record),
	FIELD(dwd_counters, caught),
	FIELD(dwd_counters, passed),
	FIELD(dwd_counters, taken),
	FIELD(dwd_counters, live),
	FIELD(dwd_counters, skipped),
	WHOLE(dwd_counters),
	FIELD(dwd_exec_state, script_count),
	FIELD(dwd_exec_state, script_slots),
	FIELD(dwd_exec_state, decided),
	WHOLE(dwd_exec_state),
	FIELD(dwd_exemption, start),
	FIELD(dwd_exemption, uses),
	FIELD(dwd_exemption, users_uses),
	FIELD(dwd_exemption, user),
	WHOLE(dwd_exemption),
	FIELD(dwd_process, start),
	FIELD(dwd_process, tgid),
	FIELD(dwd_process, uses),
	WHOLE(dwd_process),
	FIELD(dwd_marks, count),
	FIELD(dwd_marks, roots),
	WHOLE(dwd_marks),
	FIELD(dwd_control, generation),
	FIELD(dwd_control, last_generation),
	FIELD(dwd_control, last_watch),
	FIELD(dwd_control, heartbeat),
	FIELD(dwd_control, fail_open_after),
	FIELD(dwd_control, next_stop),
	FIELD(dwd_control, max_stopped),
	FIELD(dwd_control, stops),
	FIELD(dwd_control, provisional),
	FIELD(dwd_control, deciding),
	FIELD(dwd_control, pid_namespace),
	FIELD(dwd_control, max_of_user),
	FIELD(dwd_control, max_of_users),
	FIELD(dwd_control, users_seed),
	FIELD(dwd_control, users_stops),
	WHOLE(dwd_control),
	FIELD(dwd_text_key, id),
	FIELD(dwd_text_key, kind),
	FIELD(dwd_text_key, chunk),
	WHOLE(dwd_text_key),
	WHOLE(dwd_text_chunk),
	{DWD_MAX_WATCHES, DWD_TEXTS},
	{DWD_STOP_CONFIRMED, DWD_STOP_RELEASED},
	{BACKEND_TEXT_WATCH, BACKEND_TEXT_STOP},
};

static void test_layout_is_of_this_schema(void **state)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		hash = dwd_mix2(dwd_mix2(hash, fields[i].offset, 0), fields[i].size, 0);
	if (DWD_SCHEMA != 1 || hash != 0xc72cbc6714d09d43)
		fail_msg("the layout of a lasting map has changed: raise DWD_SCHEMA (%d) and set "
			 "here what is expected of it: 0x%016jx",
			 DWD_SCHEMA, (uintmax_t)hash);
}

/* Whatever the schema: see event.h. */
static void test_keys_of_stops_begin_alike(void **state)
{
	assert_int_equal(offsetof(struct dwd_stop_key, start_time), 0);
	assert_int_equal(offsetof(struct dwd_stop_key, tgid), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_is_of_this_schema),
		cmocka_unit_test(test_keys_of_stops_begin_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
