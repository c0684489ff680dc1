/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

/*
 * A backend without a kernel side. The test writes the records, rings the doorbells when it likes
 * (or not at all), and sets which operation is to fail.
 */

#include "backend.h"

struct fake_backend {
	struct backend backend;
	const struct backend_listener *listener;
	void *userdata;
	int bell; /* eventfd */
	struct {
		enum { BELL_STOPPED, BELL_CONTINUED, BELL_SKIPPED, BELL_RESCAN } kind;
		struct dwd_ring_record record;
	} * bells;
	size_t bells_count;
	struct dwd_stop_record **records;
	size_t records_count;
	uint64_t last_id;
	struct dwd_counters counters[DWD_MAX_WATCHES];
	bool watched[DWD_MAX_WATCHES];
	enum backend_unresolved unresolved[DWD_MAX_WATCHES];
	struct fake_text {
		enum backend_text kind;
		uint64_t id;
		char *text;
	} * texts;
	size_t texts_count;
	uint64_t last_watch;

	/* What was asked of it. */
	bool armed, signals_watched, taken_down, disowned;
	bool keeps;	  /* it says that it is pinned */
	uint32_t flagged; /* all flags that were ever set */
	unsigned beats, restored;
	pid_t exempted; /* the last one */
	int exemptions; /* how many last */

	/* What fails from now on: -errno, 0 for nothing. */
	int add_watch_error, remove_watch_error, get_stop_error, exempt_error, keep_text_error;
	int arm_error, confirm_error, counters_error, dispatch_error, each_error, forget_error;
	int signals_error;
};

struct fake_backend *fake_backend_new(void);
struct fake_backend *fake_backend_free(struct fake_backend *f);

/* A record of the living process `pid`, as the kernel side would have made it: confirmed, with the
 * next id, caught by watch 1. The test may change it, until it rings. */
struct dwd_stop_record *fake_backend_record(struct fake_backend *f, pid_t pid);
/* A copy of this record, whatever is in it. */
struct dwd_stop_record *fake_backend_add(struct fake_backend *f,
					 const struct dwd_stop_record *record);
/* No records and no notifications are left. */
void fake_backend_clear(struct fake_backend *f);
bool fake_backend_has_record(const struct fake_backend *f, const struct dwd_stop_key *key);

/* The text that is kept, NULL if there is none; and put one there. */
const char *fake_backend_text(const struct fake_backend *f, enum backend_text kind, uint64_t id);
void fake_backend_keep(struct fake_backend *f, enum backend_text kind, uint64_t id,
		       const char *text);
/* The daemon is killed: what does not outlive it is gone. Its engine must be freed already. */
void fake_backend_survive(struct fake_backend *f);

/* Notifications, delivered by the next dispatch(). */
void fake_backend_ring_stopped(struct fake_backend *f, const struct dwd_stop_key *key);
void fake_backend_ring_continued(struct fake_backend *f, const struct dwd_stop_key *key);
void fake_backend_ring_skipped(struct fake_backend *f, const struct dwd_ring_record *record);
void fake_backend_ring_rescan(struct fake_backend *f);

#endif
