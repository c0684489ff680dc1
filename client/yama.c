/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yama.h"

#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>

#include "util.h"

enum yama_scope yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope;

	if (!f)
		return YAMA_ABSENT;
	if (fscanf(f, "%d", &scope) != 1)
		scope = YAMA_ABSENT;
	fclose(f);
	return scope;
}

static bool has_cap_sys_ptrace(void)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	uint64_t effective = 0;
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return false;
	while (getline(&line, &size, f) >= 0) {
		if (strncmp(line, "CapEff:", strlen("CapEff:")) == 0)
			effective = strtoull(line + strlen("CapEff:"), NULL, 16);
	}
	fclose(f);
	return effective >> CAP_SYS_PTRACE & 1;
}

bool yama_allows_attach(enum yama_scope scope)
{
	if (scope >= YAMA_NOBODY)
		return false;
	return scope <= YAMA_CLASSIC || has_cap_sys_ptrace();
}
