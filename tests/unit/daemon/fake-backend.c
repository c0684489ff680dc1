/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-backend.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/eventfd.h>

#include "clock.h"
#include "procfs.h"
#include "util.h"

static struct fake_backend *fake_of(const struct backend *b)
{
	return container_of(b, struct fake_backend, backend);
}

static void fake_free(struct backend *b)
{
	fake_backend_free(fake_of(b));
}

static void fake_listen(struct backend *b, const struct backend_listener *listener, void *userdata)
{
	fake_of(b)->listener = listener;
	fake_of(b)->userdata = userdata;
}

static int fake_arm(struct backend *b, bool on)
{
	if (fake_of(b)->arm_error)
		return fake_of(b)->arm_error;
	fake_of(b)->armed = on;
	return 0;
}

static int fake_add_watch(struct backend *b, uint32_t slot, const struct watch *watch)
{
	struct fake_backend *f = fake_of(b);

	assert_true(slot < DWD_MAX_WATCHES);
	assert_false(f->watched[slot]);
	if (f->add_watch_error)
		return f->add_watch_error;
	f->watched[slot] = true;
	f->counters[slot] = (struct dwd_counters){};
	return 0;
}

static int fake_refresh_watch(struct backend *b, uint32_t slot)
{
	return 0;
}

static int fake_remove_watch(struct backend *b, uint32_t slot)
{
	struct fake_backend *f = fake_of(b);

	assert_true(f->watched[slot]);
	if (f->remove_watch_error)
		return f->remove_watch_error;
	f->watched[slot] = false;
	return 0;
}

static int fake_get_counters(struct backend *b, uint32_t slot, struct dwd_counters *ret)
{
	*ret = fake_of(b)->counters[slot];
	return fake_of(b)->counters_error;
}

static size_t find(const struct fake_backend *f, const struct dwd_stop_key *key)
{
	size_t i = 0;

	while (i < f->records_count && memcmp(&f->records[i]->key, key, sizeof(*key)) != 0)
		i++;
	return i;
}

bool fake_backend_has_record(const struct fake_backend *f, const struct dwd_stop_key *key)
{
	return find(f, key) < f->records_count;
}

static int fake_get_stop(struct backend *b, const struct dwd_stop_key *key,
			 struct dwd_stop_record *ret)
{
	struct fake_backend *f = fake_of(b);
	size_t i = find(f, key);

	if (f->get_stop_error)
		return f->get_stop_error;
	if (i == f->records_count)
		return -ENOENT;
	*ret = *f->records[i];
	return 0;
}

static int fake_for_each_stop(struct backend *b,
			      int (*fn)(void *userdata, const struct dwd_stop_key *key),
			      void *userdata)
{
	struct fake_backend *f = fake_of(b);
	int r = f->each_error;

	/* From the end, as the one that is visited may be removed. */
	for (size_t i = f->records_count; i > 0 && r == 0; i--) {
		struct dwd_stop_key key = f->records[i - 1]->key;

		r = fn(userdata, &key);
	}
	return r;
}

static bool fake_has_unconfirmed(const struct backend *b)
{
	const struct fake_backend *f = fake_of(b);

	for (size_t i = 0; i < f->records_count; i++)
		if (!(f->records[i]->flags & DWD_STOP_CONFIRMED))
			return true;
	return false;
}

static int fake_confirm_stop(struct backend *b, const struct dwd_stop_key *key)
{
	struct fake_backend *f = fake_of(b);
	size_t i = find(f, key);

	if (f->confirm_error)
		return f->confirm_error;
	if (i == f->records_count)
		return -ENOENT;
	f->records[i]->flags |= DWD_STOP_CONFIRMED;
	return 0;
}

static int fake_forget_stop(struct backend *b, const struct dwd_stop_key *key)
{
	struct fake_backend *f = fake_of(b);
	size_t i = find(f, key);

	if (f->forget_error)
		return f->forget_error;
	if (i == f->records_count)
		return -ENOENT;
	free(f->records[i]);
	f->records_count--;
	memmove(&f->records[i], &f->records[i + 1], (f->records_count - i) * sizeof(*f->records));
	return 0;
}

static int fake_exempt(struct backend *b, pid_t tgid, uid_t user, bool on)
{
	struct fake_backend *f = fake_of(b);

	if (f->exempt_error)
		return f->exempt_error;
	f->exempted = tgid;
	f->exemptions += on ? 1 : -1;
	return 0;
}

static int fake_watch_signals(struct backend *b, bool on)
{
	if (fake_of(b)->signals_error)
		return fake_of(b)->signals_error;
	fake_of(b)->signals_watched = on;
	return 0;
}

static int fake_get_fd(const struct backend *b)
{
	return fake_of(b)->bell;
}

static int fake_dispatch(struct backend *b)
{
	struct fake_backend *f = fake_of(b);
	eventfd_t count;

	eventfd_read(f->bell, &count);
	if (f->dispatch_error) {
		f->bells_count = 0;
		return f->dispatch_error;
	}
	for (size_t i = 0; i < f->bells_count; i++) {
		const struct dwd_ring_record *record = &f->bells[i].record;

		switch (f->bells[i].kind) {
		case BELL_STOPPED:
			f->listener->stopped(f->userdata, &record->key);
			break;
		case BELL_CONTINUED:
			f->listener->continued(f->userdata, &record->key);
			break;
		case BELL_SKIPPED:
			f->listener->skipped(f->userdata, record);
			break;
		case BELL_RESCAN:
			f->listener->rescan(f->userdata);
			break;
		}
	}
	f->bells_count = 0;
	return 0;
}

static enum dwd_backend fake_kind(const struct backend *b)
{
	return DWD_BACKEND_FENTRY;
}

static const char *fake_refused(const struct backend *b, enum dwd_backend kind)
{
	return kind == DWD_BACKEND_LSM ? "bpf is not an active LSM" : NULL;
}

static uint64_t fake_missed(const struct backend *b)
{
	return 0;
}

static uint32_t fake_max_stopped(const struct backend *b)
{
	return 1024;
}

static const struct backend_ops fake_ops = {
	.free = fake_free,
	.listen = fake_listen,
	.arm = fake_arm,
	.add_watch = fake_add_watch,
	.refresh_watch = fake_refresh_watch,
	.remove_watch = fake_remove_watch,
	.get_counters = fake_get_counters,
	.get_stop = fake_get_stop,
	.for_each_stop = fake_for_each_stop,
	.has_unconfirmed = fake_has_unconfirmed,
	.confirm_stop = fake_confirm_stop,
	.forget_stop = fake_forget_stop,
	.exempt = fake_exempt,
	.watch_signals = fake_watch_signals,
	.get_fd = fake_get_fd,
	.dispatch = fake_dispatch,
	.kind = fake_kind,
	.refused = fake_refused,
	.max_stopped = fake_max_stopped,
	.missed = fake_missed,
};

struct fake_backend *fake_backend_new(void)
{
	struct fake_backend *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->backend.ops = &fake_ops;
	f->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(f->bell >= 0);
	return f;
}

void fake_backend_clear(struct fake_backend *f)
{
	for (size_t i = 0; i < f->records_count; i++)
		free(f->records[i]);
	f->records_count = f->bells_count = 0;
}

struct fake_backend *fake_backend_free(struct fake_backend *f)
{
	fake_backend_clear(f);
	free(f->records);
	free(f->bells);
	close(f->bell);
	free(f);
	return NULL;
}

struct dwd_stop_record *fake_backend_add(struct fake_backend *f,
					 const struct dwd_stop_record *record)
{
	struct dwd_stop_record *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	*copy = *record;
	f->records = reallocarray(f->records, f->records_count + 1, sizeof(*f->records));
	assert_non_null(f->records);
	return f->records[f->records_count++] = copy;
}

struct dwd_stop_record *fake_backend_record(struct fake_backend *f, pid_t pid)
{
	struct dwd_stop_record record;
	struct procfs_stat stat;

	assert_int_equal(procfs_read_stat(pid, &stat), 0);
	record = (struct dwd_stop_record){
		.id = ++f->last_id,
		.time = clock_boottime_ns(),
		.cgroup_id = 77,
		.watches = {1},
		.watch_count = 1,
		.flags = DWD_STOP_CONFIRMED,
		.backend = DWD_BACKEND_FENTRY,
		.ppid = (uint32_t)getpid(),
		.uid = 1000,
		.gid = 100,
		.pid_ns = procfs_own_namespace("pid"),
		.mnt_ns = procfs_own_namespace("mnt"),
		.comm = "program",
		.parent_comm = "starter",
		.exe = "/opt/program",
		.path = "./link",
		.argv = "link\0one",
		.argv_len = sizeof("link\0one"),
		.argc = 2,
	};
	record.key.tgid = (uint32_t)pid;
	record.key.exec_id = (uint32_t)record.id;
	/* Anywhere within the clock tick that /proc shows. */
	record.key.start_time =
		stat.start_ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK)) + 12345;
	return fake_backend_add(f, &record);
}

static struct dwd_ring_record *ring(struct fake_backend *f, int kind)
{
	f->bells = reallocarray(f->bells, f->bells_count + 1, sizeof(*f->bells));
	assert_non_null(f->bells);
	f->bells[f->bells_count].kind = kind;
	f->bells[f->bells_count].record = (struct dwd_ring_record){};
	eventfd_write(f->bell, 1);
	return &f->bells[f->bells_count++].record;
}

void fake_backend_ring_stopped(struct fake_backend *f, const struct dwd_stop_key *key)
{
	ring(f, BELL_STOPPED)->key = *key;
}

void fake_backend_ring_continued(struct fake_backend *f, const struct dwd_stop_key *key)
{
	ring(f, BELL_CONTINUED)->key = *key;
}

void fake_backend_ring_skipped(struct fake_backend *f, const struct dwd_ring_record *record)
{
	*ring(f, BELL_SKIPPED) = *record;
}

void fake_backend_ring_rescan(struct fake_backend *f)
{
	ring(f, BELL_RESCAN);
}
