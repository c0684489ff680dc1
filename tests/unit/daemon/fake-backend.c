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

static int fake_take_down(struct backend *b)
{
	fake_of(b)->taken_down = true;
	return 0;
}

static void fake_beat(struct backend *b)
{
	fake_of(b)->beats++;
}

static struct fake_text *find_text(const struct fake_backend *f, enum backend_text kind,
				   uint64_t id)
{
	for (size_t i = 0; i < f->texts_count; i++)
		if (f->texts[i].kind == kind && f->texts[i].id == id)
			return &f->texts[i];
	return NULL;
}

const char *fake_backend_text(const struct fake_backend *f, enum backend_text kind, uint64_t id)
{
	const struct fake_text *found = find_text(f, kind, id);

	return found ? found->text : NULL;
}

static int fake_drop_text(struct backend *b, enum backend_text kind, uint64_t id)
{
	struct fake_backend *f = fake_of(b);
	struct fake_text *found = find_text(f, kind, id);

	if (!found)
		return 0;
	free(found->text);
	*found = f->texts[--f->texts_count];
	return 0;
}

static int keep(struct fake_backend *f, enum backend_text kind, uint64_t id, const char *text)
{
	char *copy = strdup(text);
	struct fake_text *more = reallocarray(f->texts, f->texts_count + 1, sizeof(*more));

	if (more)
		f->texts = more;
	if (!copy || !more) {
		free(copy);
		return -ENOMEM;
	}
	fake_drop_text(&f->backend, kind, id);
	f->texts[f->texts_count++] = (struct fake_text){kind, id, copy};
	return 0;
}

void fake_backend_keep(struct fake_backend *f, enum backend_text kind, uint64_t id,
		       const char *text)
{
	assert_int_equal(keep(f, kind, id, text), 0);
}

static int fake_keep_text(struct backend *b, enum backend_text kind, uint64_t id, const char *text)
{
	struct fake_backend *f = fake_of(b);

	if (f->keep_text_error)
		return f->keep_text_error;
	if (kind == BACKEND_TEXT_WATCH && id > f->last_watch)
		f->last_watch = id;
	return keep(f, kind, id, text);
}

static int fake_get_text(struct backend *b, enum backend_text kind, uint64_t id, char **ret)
{
	const char *text = fake_backend_text(fake_of(b), kind, id);

	if (!text)
		return -ENOENT;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int fake_for_each_text(struct backend *b, enum backend_text kind,
			      int (*fn)(void *userdata, uint64_t id), void *userdata)
{
	struct fake_backend *f = fake_of(b);
	uint64_t last = 0, next;
	int r = 0;

	do {
		next = UINT64_MAX;
		for (size_t i = 0; i < f->texts_count; i++)
			if (f->texts[i].kind == kind && f->texts[i].id > last &&
			    f->texts[i].id < next)
				next = f->texts[i].id;
		last = next;
		if (next != UINT64_MAX)
			r = fn(userdata, next);
	} while (next != UINT64_MAX && r == 0);
	return r;
}

static uint64_t fake_last_watch(const struct backend *b)
{
	return fake_of(b)->last_watch;
}

static uint64_t fake_last_stop(const struct backend *b)
{
	return fake_of(b)->last_id;
}

static const char *fake_pinned(const struct backend *b, const char **why)
{
	*why = fake_of(b)->keeps ? NULL : "it is a fake";
	return fake_of(b)->keeps ? "/pins" : NULL;
}

void fake_backend_survive(struct fake_backend *f)
{
	memset(f->watched, 0, sizeof(f->watched));
	f->bells_count = 0;
}

static void fake_clear_counters(struct backend *b, uint32_t slot)
{
	fake_of(b)->counters[slot] = (struct dwd_counters){};
}

static int fake_add_watch(struct backend *b, uint32_t slot, const struct watch *watch,
			  bool restored)
{
	struct fake_backend *f = fake_of(b);

	assert_true(slot < DWD_MAX_WATCHES);
	assert_false(f->watched[slot]);
	f->restored += restored;
	if (f->add_watch_error)
		return f->add_watch_error;
	f->watched[slot] = true;
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

static enum backend_unresolved fake_unresolved(const struct backend *b, uint32_t slot)
{
	assert_true(fake_of(b)->watched[slot]);
	return fake_of(b)->unresolved[slot];
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

static int fake_flag_stop(struct backend *b, const struct dwd_stop_key *key, uint32_t flags)
{
	struct fake_backend *f = fake_of(b);
	size_t i = find(f, key);

	if (f->confirm_error)
		return f->confirm_error;
	if (i == f->records_count)
		return -ENOENT;
	f->records[i]->flags |= flags;
	f->flagged |= flags;
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

static void fake_disown(struct backend *b)
{
	fake_of(b)->disowned = true;
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
	.take_down = fake_take_down,
	.beat = fake_beat,
	.keep_text = fake_keep_text,
	.drop_text = fake_drop_text,
	.get_text = fake_get_text,
	.for_each_text = fake_for_each_text,
	.last_watch = fake_last_watch,
	.last_stop = fake_last_stop,
	.pinned = fake_pinned,
	.clear_counters = fake_clear_counters,
	.add_watch = fake_add_watch,
	.refresh_watch = fake_refresh_watch,
	.remove_watch = fake_remove_watch,
	.unresolved = fake_unresolved,
	.get_counters = fake_get_counters,
	.get_stop = fake_get_stop,
	.for_each_stop = fake_for_each_stop,
	.has_unconfirmed = fake_has_unconfirmed,
	.flag_stop = fake_flag_stop,
	.forget_stop = fake_forget_stop,
	.exempt = fake_exempt,
	.disown = fake_disown,
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
	for (size_t i = 0; i < f->texts_count; i++)
		free(f->texts[i].text);
	free(f->texts);
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
