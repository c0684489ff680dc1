/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Loads and attaches the programs of bpf/dwd.bpf.c for one kind of backend.
 *
 * A kind counts as working only when it was seen to fire: an LSM program loads and attaches without
 * complaint on a kernel that does not call BPF LSM at all. So each is tried on a real exec, of this
 * very program with `--version`, before anything is armed.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "backend-bpf.h"
#include "backend-bpf-index.h"
#include "backend-bpf-load.h"
#include "backend-bpf-pins.h"
#include "dwd.skel.h"

#define ENOTSUPP 524			 /* the kernel's own; no header has it */
#define SECURITY "/sys/kernel/security/" /* the first line of each file is all there is */

DEFINE_CLEANUP(struct dwd_bpf *, dwd_bpf__destroy)

void bpf_message(char **message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(message, format, args) < 0)
		*message = NULL;
	va_end(args);
}

/* ---- what libbpf has to say ------------------------------------------------------------------ */

/* The first complaint of libbpf, which is nearest to the cause, kept for the message. */
static char complaint[256];

static _printf_(2, 0) int keep_complaint(enum libbpf_print_level level, const char *format,
					 va_list args)
{
	char line[256];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	/* The verifier's log comes through here too, pages of it. */
	if (strncmp(line, "libbpf: ", 8) != 0 || strstr(line, "BEGIN PROG LOAD LOG"))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	if (!complaint[0])
		strcpy(complaint, line + 8);
	return 0;
}

/* ---- does it fire? --------------------------------------------------------------------------- */

/* Exec this program in a child, and see which hooks notice. */
static int exec_self(struct dwd_local *local)
{
	int gate[2], status;
	pid_t child;
	char go;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		close(gate[0]);
		close(gate[1]);
		return -errno;
	}
	if (child == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		close(gate[1]);
		if (read(gate[0], &go, 1) == 0 && null >= 0) {
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
			execl("/proc/self/exe", "dwdd", "--version", NULL);
		}
		_exit(127);
	}
	close(gate[0]);
	local->probe_fired = 0;
	local->probe_tgid = (uint32_t)child;
	close(gate[1]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	local->probe_tgid = 0;
	return 0;
}

/* False, and an empty text, if the file is not there. */
static bool read_line(const char *path, char *line, size_t size)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, line, size - 1) : -1;

	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return length > 0;
}

static void explain_silence(enum dwd_backend kind, char **message)
{
	char list[256];

	if (kind != DWD_BACKEND_LSM)
		bpf_message(message, "it attaches but never fires");
	else if (read_line(SECURITY "lsm", list, sizeof(list)))
		bpf_message(message,
			    "it attaches but never fires: bpf is not among the active LSMs (%s)",
			    list);
	else
		bpf_message(message,
			    "it attaches but never fires: bpf seems not to be an active LSM");
}

/* ---- loading --------------------------------------------------------------------------------- */

static void explain_refusal(int error, char **message)
{
	char lockdown[64];

	/* The kernel then does not know the helper that reads its memory, and says EINVAL. */
	if (read_line(SECURITY "lockdown", lockdown, sizeof(lockdown)) &&
	    strstr(lockdown, "[confidentiality]"))
		bpf_message(message, "the kernel is locked down (confidentiality), so that no "
				     "program may read its memory; lockdown=integrity would do");
	else if (error == -EPERM)
		bpf_message(message,
			    "the kernel does not permit such programs here, as in a sandbox");
	else
		bpf_message(message, "the kernel does not load it: %s",
			    complaint[0] ? complaint : strerror(-error));
}

static void explain_no_attaching(int error, char **message)
{
	if (error == -ENOTSUPP)
		bpf_message(message, "this kernel cannot attach such programs on this processor; "
				     "on arm64 it takes Linux 6.4 or later");
	else
		bpf_message(message, "the kernel does not attach it: %s",
			    complaint[0] ? complaint : strerror(-error));
}

static void choose_programs(struct dwd_bpf *object, enum dwd_backend kind)
{
	bool lsm = kind == DWD_BACKEND_LSM, fentry = kind == DWD_BACKEND_FENTRY;

	bpf_program__set_autoload(object->progs.lsm_check, lsm);
	bpf_program__set_autoload(object->progs.lsm_committed, lsm);
	bpf_program__set_autoload(object->progs.fentry_check, fentry);
	bpf_program__set_autoload(object->progs.fentry_committed, fentry);
	bpf_program__set_autoload(object->progs.on_exit, lsm || fentry);
	bpf_program__set_autoload(object->progs.on_signal, true);
	bpf_program__set_autoattach(object->progs.on_signal, false);
	bpf_program__set_autoload(object->progs.on_fork, true);
	bpf_program__set_autoattach(object->progs.on_fork, false);
	bpf_program__set_autoload(object->progs.note_namespace, true);
	bpf_program__set_autoattach(object->progs.note_namespace, false);
	bpf_program__set_autoload(object->progs.resolve_descriptor, true);
	bpf_program__set_autoattach(object->progs.resolve_descriptor, false);
	bpf_program__set_autoload(object->progs.flag_stop, true);
	bpf_program__set_autoattach(object->progs.flag_stop, false);
	bpf_program__set_autoload(object->progs.forget_stop, true);
	bpf_program__set_autoattach(object->progs.forget_stop, false);
}

/* Since Linux 7.0. Nothing but the version tells. */
static bool tracepoints_are_preemptible(void)
{
	struct utsname name;

	return uname(&name) == 0 && atoi(name.release) >= 7;
}

/* To refuse a kind of program takes the kernel no longer than to refuse the least one of that kind;
 * the whole object takes 40 ms. This one attaches to nothing, so it is refused in any case. */
static bool is_forbidden(enum dwd_backend kind)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	bool lsm = kind == DWD_BACKEND_LSM;
	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .expected_attach_type = lsm ? BPF_LSM_MAC : BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);
	_cleanup_fd_ int program = -1;

	if (kind == DWD_BACKEND_TRACEPOINT)
		return false;
	program = bpf_prog_load(lsm ? BPF_PROG_TYPE_LSM : BPF_PROG_TYPE_TRACING, NULL, "GPL",
				nothing, ARRAY_SIZE(nothing), &options);
	return program == -EPERM;
}

/* Say what the object is to be, and load it. */
static int load(struct dwd_bpf *object, const struct bpf_load_options *options, char **message)
{
	__u64 seed;
	int r;

	choose_programs(object, options->kind);
	object->rodata->backend = options->kind;
	object->rodata->preemptible = tracepoints_are_preemptible();
	bpf_program__set_autoload(object->progs.on_exec_again, object->rodata->preemptible);
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		return -errno;
	object->rodata->seed = seed;
	object->rodata->generation = options->generation;
	bpf_map__set_max_entries(object->maps.stops, options->stops_room);
	r = options->pins ? pins_reuse(options->pins, object) : 0;
	if (r >= 0)
		r = dwd_bpf__load(object);
	if (r < 0)
		explain_refusal(r, message);
	return r;
}

static int attach(struct dwd_bpf *object, char **message)
{
	int r = index_open_front(bpf_map__fd(object->maps.front));

	if (r < 0) {
		bpf_message(message, "cannot write its maps: %s", strerror(-r));
		return r;
	}
	r = dwd_bpf__attach(object);
	if (r < 0)
		explain_no_attaching(r, message);
	return r;
}

static int see_it_fire(struct dwd_bpf *object, enum dwd_backend kind, char **message)
{
	struct dwd_local *local = &object->bss->local;
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int r;

	if (bpf_prog_test_run_opts(bpf_program__fd(object->progs.note_namespace), &run) < 0) {
		r = -errno;
		bpf_message(message, "the kernel does not run it: %s", strerror(-r));
		return r;
	}
	r = exec_self(local);
	if (r < 0) {
		bpf_message(message, "cannot start a process to try it on: %s", strerror(-r));
		return r;
	}
	if (!(local->probe_fired & 1U << kind)) {
		explain_silence(kind, message);
		return -EOPNOTSUPP;
	}
	return 0;
}

int bpf_load(struct dwd_bpf **ret, const struct bpf_load_options *options, char **message)
{
	_cleanup_(dwd_bpf__destroyp) struct dwd_bpf *object = NULL;
	int r;

	libbpf_set_print(keep_complaint);
	complaint[0] = '\0';
	if (is_forbidden(options->kind)) {
		explain_refusal(-EPERM, message);
		return -EPERM;
	}
	object = dwd_bpf__open();
	if (!object) {
		r = -errno;
		bpf_message(message, "cannot read the BPF object: %s", strerror(-r));
		return r;
	}
	r = load(object, options, message);
	if (r >= 0)
		r = attach(object, message);
	if (r >= 0)
		r = see_it_fire(object, options->kind, message);
	if (r >= 0)
		*ret = steal_pointer(object);
	return r;
}

int backend_bpf_probe(enum dwd_backend kind, char **message)
{
	_cleanup_(dwd_bpf__destroyp) struct dwd_bpf *object = NULL;
	const struct bpf_load_options options = {
		.kind = kind,
		.generation = 1,
		.stops_room = 16,
	};

	*message = NULL;
	return bpf_load(&object, &options, message);
}
