/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the kernel side leaves in its maps and its ring, with any bytes in it: the daemon makes a
 * stop of a record, or none, and of each something that the library understands; and a process
 * that is not the recorded one is never taken for it.
 *
 * The input: a byte of what to do, a ring record, and a stop record, cut off anywhere.
 */

#include "fuzz.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"
#include "harness.h"
#include "log.h"
#include "procfs.h"
#include "understood.h"

#define OF_A_PROCESS                                                                \
	(1 << 0) /* the record is that of a stopped process, so far as its key goes \
		  */
#define RING_SKIP    (1 << 1)
#define RING_AGAIN   (1 << 2)
#define RING_RESCAN  (1 << 3)
#define RING_SIGCONT (1 << 4)
/* Greater than any pid: nothing here may lead to a process of somebody else's. */
#define NO_PID (1U << 30)

struct input {
	uint8_t what;
	struct dwd_ring_record ring;
	struct dwd_stop_record stop;
};

static struct input read_input(const uint8_t *data, size_t size)
{
	struct input in = {};

	if (size > 0)
		in.what = *data++, size--;
	memcpy(&in.ring, data, size < sizeof(in.ring) ? size : sizeof(in.ring));
	if (size > sizeof(in.ring)) {
		data += sizeof(in.ring);
		size -= sizeof(in.ring);
		memcpy(&in.stop, data, size < sizeof(in.stop) ? size : sizeof(in.stop));
	}
	return in;
}

static struct harness *get_harness(void)
{
	static void *state;

	if (!state) {
		CHECK(harness_setup(&state) == 0);
		log_set_level(LOG_EMERG);
	}
	return state;
}

/* A process that stays stopped, whoever continues it. */
static const struct dwd_stop_key *get_process(void)
{
	static struct dwd_stop_key key;
	struct procfs_stat stat;
	pid_t pid;

	if (key.tgid)
		return &key;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			raise(SIGSTOP);
	}
	CHECK(waitpid(pid, NULL, WUNTRACED) == pid);
	CHECK(procfs_read_stat(pid, &stat) == 0);
	key.tgid = (uint32_t)pid;
	key.start_time = stat.start_ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
	return &key;
}

static void check_within(struct stop_bytes bytes, size_t most)
{
	CHECK(bytes.size <= most && bytes.data[bytes.size] == '\0');
}

static void check_stop(const struct dwd_stop_record *record)
{
	struct stop_selector selector = {};
	json_auto_t *object = NULL;
	struct stop *s;

	CHECK(stop_new(&s, record) == 0);
	check_within(s->exe, sizeof(record->exe));
	check_within(s->path, sizeof(record->path));
	check_within(s->argv, sizeof(record->argv));
	CHECK(s->watch_count <= DWD_RECORD_WATCHES);
	object = stop_to_json(s, &s->now, &root, false);
	CHECK(object && understood_stop(object));
	selector.path = s->path.data;
	CHECK(stop_matches(s, &selector));
	stop_unref(s);
}

static void check_events(struct harness *h)
{
	const struct events *events = watchdog_events(h->watchdog);

	while (h->place < events->next) {
		json_auto_t *object = events_read(events, &root, &h->place);

		CHECK(object && understood_event(object));
	}
}

static void ring(struct fake_backend *fake, const struct input *in)
{
	fake_backend_ring_stopped(fake, &in->stop.key);
	if (in->what & RING_SKIP)
		fake_backend_ring_skipped(fake, &in->ring);
	if (in->what & RING_SIGCONT)
		fake_backend_ring_continued(fake, &in->stop.key);
	if (in->what & RING_AGAIN)
		fake_backend_ring_stopped(fake, &in->ring.key);
	if (in->what & RING_RESCAN)
		fake_backend_ring_rescan(fake);
	CHECK(fake->backend.ops->dispatch(&fake->backend) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harness *h = get_harness();
	struct input in = read_input(data, size);

	if (stop_record_is_sound(&in.stop))
		check_stop(&in.stop);
	if (in.what & OF_A_PROCESS)
		in.stop.key = *get_process();
	else
		in.stop.key.tgid |= NO_PID;
	in.ring.key.tgid |= NO_PID;
	fake_backend_add(h->fake, &in.stop);
	ring(h->fake, &in);
	harness_settle(h);
	check_events(h);
	if (!(in.what & OF_A_PROCESS) && (in.stop.flags & DWD_STOP_CONFIRMED))
		CHECK(!fake_backend_has_record(h->fake, &in.stop.key));
	fake_backend_clear(h->fake);
	if (in.what & OF_A_PROCESS)
		harness_restart(h);
	return 0;
}
