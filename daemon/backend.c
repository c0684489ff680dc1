/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend.h"

#include "util.h"

static const char *const kind_names[] = {
	[DWD_BACKEND_LSM] = "lsm",
	[DWD_BACKEND_FENTRY] = "fentry",
	[DWD_BACKEND_TRACEPOINT] = "tracepoint",
};

static const char *const skip_names[] = {
	[DWD_SKIP_ALREADY_TRACED] = "already-traced",
	[DWD_SKIP_EXEMPT] = "exempt",
	[DWD_SKIP_KERNEL_HELPER] = "kernel-helper",
	[DWD_SKIP_INIT] = "init",
	[DWD_SKIP_LIMIT] = "limit",
	[DWD_SKIP_NO_MEMORY] = "no-memory",
	[DWD_SKIP_SIGNAL_FAILED] = "signal-failed",
	[DWD_SKIP_EXEC_FAILED] = "exec-failed",
	[DWD_SKIP_UNREADABLE] = "unreadable",
	[DWD_SKIP_NO_DAEMON] = "no-daemon",
};

static const char *const unresolved_names[] = {
	[BACKEND_RESOLVED] = NULL,
	[BACKEND_UNRESOLVED_PATH] = "path",
	[BACKEND_UNRESOLVED_CGROUP] = "cgroup",
};

_Static_assert(ARRAY_SIZE(kind_names) == DWD_BACKEND_COUNT, "a backend has no name");
_Static_assert(ARRAY_SIZE(skip_names) == DWD_SKIP_COUNT, "a skip has no name");
_Static_assert(ARRAY_SIZE(unresolved_names) == BACKEND_UNRESOLVED_COUNT, "one has no name");

const char *backend_kind_name(enum dwd_backend kind)
{
	return (unsigned)kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : "unknown";
}

int backend_kind_from_name(const char *name, enum dwd_backend *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++)
		if (str_eq(name, kind_names[i])) {
			*ret = (enum dwd_backend)i;
			return 0;
		}
	return -EINVAL;
}

const char *backend_skip_name(enum dwd_skip reason)
{
	return (unsigned)reason < ARRAY_SIZE(skip_names) ? skip_names[reason] : "unknown";
}

const char *backend_unresolved_name(enum backend_unresolved what)
{
	return (unsigned)what < ARRAY_SIZE(unresolved_names) ? unresolved_names[what] : "unknown";
}
