/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "backend-bpf-records.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "util.h"

#define WALK_MAX 4 /* a walk that was sent back so often ends */

int records_get(int map, const struct dwd_stop_key *key, struct dwd_stop_record *ret)
{
	return bpf_map_lookup_elem(map, key, ret) < 0 ? -errno : 0;
}

/* All the keys there are: one that vanishes under a walk sends it back to the start. */
static int gather_keys(int map, uint32_t room, struct dwd_stop_key **ret, size_t *ret_count)
{
	_cleanup_free_ struct dwd_stop_key *keys = NULL;
	struct dwd_stop_key key, *previous = NULL;
	size_t count = 0, allocated = 0;

	while (count < WALK_MAX * (size_t)room && bpf_map_get_next_key(map, previous, &key) == 0) {
		if (count == allocated) {
			struct dwd_stop_key *more;

			allocated = allocated ? 2 * allocated : 64;
			more = reallocarray(keys, allocated, sizeof(*keys));
			if (!more)
				return -ENOMEM;
			keys = more;
		}
		keys[count] = key;
		previous = &keys[count++];
	}
	*ret = steal_pointer(keys);
	*ret_count = count;
	return 0;
}

int records_for_each(int map, uint32_t room,
		     int (*fn)(void *userdata, const struct dwd_stop_key *key), void *userdata)
{
	_cleanup_free_ struct dwd_stop_key *keys = NULL;
	size_t count;
	int r;

	r = gather_keys(map, room, &keys, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = fn(userdata, &keys[i]);
	return r;
}

int records_run(const struct bpf_program *program, const struct dwd_stop_key *key, uint32_t flags)
{
	__u64 args[3] = {key->start_time, key->tgid | (__u64)key->exec_id << 32, flags};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) < 0)
		return -errno;
	return options.retval == 0 ? 0 : options.retval == 1 ? -ENOENT : -EBUSY;
}
