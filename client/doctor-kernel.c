/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Checks of the kernel as it was built and booted.
 */

#include <linux/magic.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "doctor.h"
#include "util.h"

#define BTF	 "/sys/kernel/btf/vmlinux"
#define REALTIME "/sys/kernel/realtime"
#define SECURITY "/sys/kernel/security"

#define MOUNT_SECURITYFS "mount -t securityfs securityfs " SECURITY

static void check_version(struct report *report)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	if (major > 6 || (major == 6 && minor >= 1))
		report_add(report, CHECK_OK, "kernel", NULL, "%s", name.release);
	else
		report_add(report, CHECK_WARN, "kernel", "use Linux 6.1 or later",
			   "%s is older than 6.1, the oldest that dwd is tested on", name.release);
}

static void check_btf(struct report *report)
{
	if (access(BTF, R_OK) == 0)
		report_add(report, CHECK_OK, "BTF", NULL, BTF);
	else
		report_broken(
			report, "BTF",
			"boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' are",
			"%s: %s", BTF, strerror(errno));
}

/* Whether a comma-separated list has `word`. */
static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == length && strncmp(list, word, n) == 0)
			return true;
		list += n;
		list += *list == ',';
	}
	return false;
}

/* Why a file of securityfs cannot be read, and what to do. */
static void add_unreadable(struct report *report, const char *check, const char *file, int error)
{
	struct statfs fs;

	if (statfs(SECURITY, &fs) == 0 && fs.f_type == SECURITYFS_MAGIC)
		report_add(report, CHECK_WARN, check, NULL, "not known: %s: %s", file,
			   strerror(error));
	else
		report_add(report, CHECK_WARN, check, MOUNT_SECURITYFS,
			   "not known: securityfs is not mounted on " SECURITY);
}

/* Without bpf among them an LSM program attaches and never fires. */
static void check_lsms(struct report *report)
{
	_cleanup_free_ char *lsms = NULL;
	int r = doctor_read_line(SECURITY "/lsm", &lsms);

	if (r < 0)
		add_unreadable(report, "active LSMs", SECURITY "/lsm", -r);
	else if (list_has(lsms, "bpf"))
		report_add(report, CHECK_OK, "active LSMs", NULL, "%s", lsms);
	else
		report_add(report, CHECK_WARN, "active LSMs",
			   "for the lsm backend add bpf to lsm= on the kernel's command line; the "
			   "others do without",
			   "%s: bpf is not among them", lsms);
}

/* The file is there only if the lockdown LSM is built in and active. */
static void check_lockdown(struct report *report)
{
	_cleanup_free_ char *modes = NULL;
	int r = doctor_read_line(SECURITY "/lockdown", &modes);

	if (r == -ENOENT && access(SECURITY "/lsm", F_OK) == 0)
		report_add(report, CHECK_OK, "lockdown", NULL, "not in force");
	else if (r < 0)
		add_unreadable(report, "lockdown", SECURITY "/lockdown", -r);
	else if (strstr(modes, "[confidentiality]"))
		report_add(report, CHECK_WARN, "lockdown",
			   "if no backend works, boot with lockdown=integrity",
			   "confidentiality: BPF may not read all of the kernel");
	else
		report_add(report, CHECK_OK, "lockdown", NULL, "%s", modes);
}

/* The file is there only if the kernel is built with CONFIG_PREEMPT_RT. */
static void check_realtime(struct report *report)
{
	if (access(REALTIME, F_OK) == 0)
		report_add(report, CHECK_OK, "real time", NULL,
			   "PREEMPT_RT: the tracepoint backend would stop processes late, lsm and "
			   "fentry do not");
}

void doctor_check_kernel(struct report *report)
{
	check_version(report);
	check_btf(report);
	check_lsms(report);
	check_lockdown(report);
	check_realtime(report);
}
