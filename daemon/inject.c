/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How it is known that nothing has run: the program counter is at the entry of the program, or of
 * its dynamic loader if it has one, and at the stack pointer lies an initial stack whose auxiliary
 * vector is, byte for byte, the one that the kernel keeps of the exec. The latter also tells that
 * what is about to be copied is what it seems to be.
 */

#include "inject.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "clock.h"
#include "environ.h"
#include "permissions.h"
#include "procfs.h"

#define SETTLE_US    200000 /* of a helper's time, for the way back to state T */
#define PAUSE_NS     50000
#define STACK_LIMIT  (8 * 1024 * 1024) /* more than exec lets arguments and environment take */
#define STACK_SHARE  4		       /* of the limit on the stack, as exec has it for those */
#define AUXV_LIMIT   4096
#define AUXV_BEFORE  3	  /* words before it, where there is neither argument nor environment */
#define CODE_SEGMENT 0x33 /* __USER_CS: 64-bit code; 32-bit code has another */

/* A process under the helper's ptrace, and what was found in it. */
struct patient {
	const struct stop *stop;
	int memory; /* /proc/PID/mem */
	uint64_t pc, sp;
	char *copy; /* the stack from sp on */
	struct environ_stack stack;
	char kept_words[AUXV_BEFORE * sizeof(uint64_t) + AUXV_LIMIT];
	struct environ_stack kept; /* empty, but for the auxiliary vector of the exec */
};

/* What the helper is told. */
struct request {
	const struct stop *stop;
	const struct principal *user;
	const char *const *variables;
};

static struct inject_result obstacle(enum inject_obstacle what)
{
	return (struct inject_result){.obstacle = what};
}

static struct inject_result failed(int error)
{
	return (struct inject_result){.obstacle = INJECT_FAILED, .error = error};
}

#ifdef __x86_64__
static struct inject_result read_registers(struct patient *p)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, p->stop->pid, NULL, &regs) < 0)
		return failed(errno);
	p->pc = regs.rip;
	p->sp = regs.rsp;
	p->stack.word = regs.cs == CODE_SEGMENT ? sizeof(uint64_t) : sizeof(uint32_t);
	return obstacle(INJECT_NOTHING);
}

static struct inject_result set_stack_pointer(const struct patient *p, uint64_t sp)
{
	void *offset = (void *)offsetof(struct user, regs.rsp); /* NOLINT */

	if (ptrace(PTRACE_POKEUSER, p->stop->pid, offset, sp) < 0)
		return failed(errno);
	return obstacle(INJECT_NOTHING);
}
#else
static struct inject_result read_registers(struct patient *p)
{
	return obstacle(INJECT_MACHINE);
}

static struct inject_result set_stack_pointer(const struct patient *p, uint64_t sp)
{
	return obstacle(INJECT_MACHINE);
}
#endif

static void patient_done(struct patient *p)
{
	free(p->copy);
	close_fd(p->memory);
}

static int open_process_file(const struct stop *s, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)s->pid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* From the stack pointer to where the mapping ends: there the read comes to a halt. */
static struct inject_result read_stack(struct patient *p)
{
	ssize_t n;

	p->copy = malloc(STACK_LIMIT);
	if (!p->copy)
		return failed(ENOMEM);
	n = pread(p->memory, p->copy, STACK_LIMIT, (off_t)p->sp);
	if (n < 0)
		return errno == EIO ? obstacle(INJECT_NOT_FRESH) : failed(errno);
	p->stack.data = p->copy;
	p->stack.size = (size_t)n;
	p->stack.address = p->sp;
	if (environ_parse(&p->stack) < 0)
		return obstacle(INJECT_NOT_FRESH);
	return obstacle(INJECT_NOTHING);
}

/* What the kernel keeps of the exec, which is no memory of the process. */
static struct inject_result read_kept_auxv(struct patient *p)
{
	_cleanup_fd_ int fd = open_process_file(p->stop, "auxv", O_RDONLY);
	size_t before = AUXV_BEFORE * p->stack.word;
	ssize_t n;

	if (fd < 0)
		return failed(-fd);
	n = read(fd, p->kept_words + before, AUXV_LIMIT);
	if (n < 0)
		return failed(errno);
	p->kept = (struct environ_stack){
		.data = p->kept_words,
		.size = before + (size_t)n,
		.word = p->stack.word,
	};
	return obstacle(environ_parse(&p->kept) < 0 ? INJECT_NOT_FRESH : INJECT_NOTHING);
}

/* The vector on the stack must be the one of the exec. */
static bool has_kept_auxv(const struct patient *p)
{
	size_t size, kept_size;
	const void *found = environ_auxv(&p->stack, &size);
	const void *kept = environ_auxv(&p->kept, &kept_size);

	return size == kept_size && memcmp(found, kept, size) == 0;
}

/* The entry in the header of the dynamic loader that is mapped at `base`; 0 if there is none. */
static uint64_t loader_entry(const struct patient *p, uint64_t base)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} header;

	if (pread(p->memory, &header, sizeof(header), (off_t)base) != sizeof(header) ||
	    memcmp(header.ident, ELFMAG, SELFMAG) != 0)
		return 0;
	return base +
	       (p->stack.word == sizeof(uint64_t) ? header.wide.e_entry : header.narrow.e_entry);
}

static bool is_at_entry(const struct patient *p)
{
	uint64_t base = 0, entry = 0;

	environ_auxv_get(&p->kept, AT_BASE, &base);
	if (base && p->pc > base)
		entry = loader_entry(p, base);
	else if (!base)
		environ_auxv_get(&p->kept, AT_ENTRY, &entry);
	return entry && p->pc == entry;
}

/* A kernel that does not say whether it is secure: better no than yes. */
static bool is_secure(const struct patient *p)
{
	uint64_t secure;

	return !environ_auxv_get(&p->kept, AT_SECURE, &secure) || secure;
}

static bool fits(const struct patient *p, const struct environ_image *image)
{
	uint64_t limit;

	if (procfs_read_limit(p->stop->pid, "Max stack size", &limit) < 0)
		return false;
	return image->size <= limit / STACK_SHARE;
}

/* Upwards from the lowest byte, at which the kernel makes the stack grow if need be. Nothing that
 * the process has is overwritten, so that being cut short does no harm. */
static struct inject_result write_image(const struct patient *p, const struct environ_image *image)
{
	ssize_t n;

	if (!fits(p, image))
		return obstacle(INJECT_NO_ROOM);
	n = pwrite(p->memory, image->data, image->size, (off_t)image->address);
	if (n < 0 && errno != EIO)
		return failed(errno);
	if (n < 0 || (size_t)n < image->size)
		return obstacle(INJECT_NO_ROOM);
	return set_stack_pointer(p, image->address);
}

/* What can be told without its memory first: to read that may take as long as its user likes. */
static struct inject_result examine(struct patient *p)
{
	struct inject_result r;

	r = read_registers(p);
	if (!r.obstacle)
		r = read_kept_auxv(p);
	if (r.obstacle)
		return r;
	if (is_secure(p))
		return obstacle(INJECT_SECURE);
	if (!is_at_entry(p))
		return obstacle(INJECT_NOT_FRESH);
	r = read_stack(p);
	if (r.obstacle)
		return r;
	return obstacle(has_kept_auxv(p) ? INJECT_NOTHING : INJECT_NOT_FRESH);
}

static struct inject_result operate(const struct stop *s, const char *const *variables)
{
	_cleanup_(patient_done) struct patient p = {
		.stop = s,
		.memory = open_process_file(s, "mem", O_RDWR),
	};
	_cleanup_environ_image_ struct environ_image image = {};
	struct inject_result result;
	int r;

	if (p.memory < 0)
		return failed(-p.memory);
	result = examine(&p);
	if (result.obstacle)
		return result;
	r = environ_rewrite(&p.stack, variables, &image);
	if (r < 0)
		return r == -ENOSPC ? obstacle(INJECT_NO_ROOM) : failed(-r);
	return write_image(&p, &image);
}

/* PTRACE_SEIZE turns a stop into a ptrace-stop before it returns, and does nothing to a process
 * that runs. */
static struct inject_result seize(const struct stop *s)
{
	int status;
	pid_t pid;

	if (ptrace(PTRACE_SEIZE, s->pid, NULL, NULL) < 0) {
		struct procfs_status now;
		int error = errno;

		if (error == ESRCH)
			return obstacle(INJECT_GONE);
		if (procfs_read_status(s->pid, &now) == 0 && now.tracer)
			return obstacle(INJECT_NOT_STOPPED);
		return failed(error);
	}
	/* It is traced and alive: then it is that process, and its pid was not another's. */
	if (stop_has_ended(s))
		return obstacle(INJECT_GONE);
	pid = waitpid(s->pid, &status, __WALL | WNOHANG);
	if (pid < 0)
		return failed(errno);
	if (pid == 0)
		return obstacle(INJECT_NOT_STOPPED);
	if (!WIFSTOPPED(status))
		return obstacle(INJECT_GONE);
	/* With SIGTRAP it was continued at this moment. */
	if (status >> 16 != PTRACE_EVENT_STOP || WSTOPSIG(status) == SIGTRAP)
		return obstacle(INJECT_NOT_STOPPED);
	return obstacle(INJECT_NOTHING);
}

/* Let go, and see it back in state T, unless somebody else has continued it. */
static void let_go(const struct stop *s)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t end = clock_monotonic_us() + SETTLE_US;
	struct procfs_stat stat;

	if (ptrace(PTRACE_DETACH, s->pid, NULL, NULL) < 0)
		return;
	while (procfs_read_stat(s->pid, &stat) == 0 && stat.state != 'T' &&
	       clock_monotonic_us() < end)
		nanosleep(&pause, NULL);
}

/* In the helper, whose end alone lets go of a process that runs. */
static void work(const void *userdata, void *report)
{
	const struct request *request = userdata;
	const struct stop *s = request->stop;
	struct inject_result result = seize(s);

	if (!result.obstacle) {
		result = permissions_trace(request->user, s) ? operate(s, request->variables)
							     : obstacle(INJECT_NOT_HIS);
		let_go(s);
	}
	memcpy(report, &result, sizeof(result));
}

struct inject_result inject_variables(struct helpers *helpers, const struct stop *s,
				      const struct principal *user, const char *const *variables)
{
	const struct request request = {.stop = s, .user = user, .variables = variables};
	const struct helper_job job = {
		.uid = s->uid,
		.keep = s->pidfd,
		.size = sizeof(struct inject_result),
		.work = work,
		.userdata = &request,
	};
	struct inject_result result;
	int r;

	r = helpers_run(helpers, &job, &result);
	if (r == -EBUSY)
		return obstacle(INJECT_BUSY);
	if (r == -ETIMEDOUT)
		return obstacle(INJECT_TOO_LONG);
	return r < 0 ? failed(-r) : result;
}

char *inject_explain(struct inject_result result)
{
	static const char *const texts[INJECT_OBSTACLE_COUNT] = {
		[INJECT_NOTHING] = "nothing is in the way",
		[INJECT_GONE] = "the process has ended",
		[INJECT_NOT_STOPPED] = "the process is traced, or was just continued",
		[INJECT_NOT_FRESH] = "the process is not as exec left it any more: variables can "
				     "only be set before its first instruction",
		[INJECT_SECURE] = "the program is set-id or has file capabilities: its "
				  "environment is never changed, as that would lend out its "
				  "privileges",
		[INJECT_MACHINE] = "this is only possible on x86-64",
		[INJECT_NO_ROOM] = "no room on its stack: set fewer or shorter variables, or raise "
				   "its limit (ulimit -s)",
		[INJECT_TOO_LONG] = "the process could not be traced within a second; is its "
				    "cgroup frozen? does the file system of its program answer?",
		[INJECT_BUSY] = "an earlier attempt on a process of this user, or several of "
				"others, took too long or have not ended: try again later",
		[INJECT_NOT_HIS] = "you could not trace it with ptrace(2) either: it is not wholly "
				   "yours, its file is not readable for you, or "
				   "kernel.yama.ptrace_scope forbids it",
	};
	char *text;

	if (result.obstacle != INJECT_FAILED)
		return strdup(texts[result.obstacle]);
	if (result.error == EPERM)
		return strdup("dwdd may not trace it: look at "
			      "/proc/sys/kernel/yama/ptrace_scope (3 forbids it to everybody) and "
			      "dwdd's CAP_SYS_PTRACE");
	if (asprintf(&text, "the kernel refused: %s", strerror(result.error)) < 0)
		return NULL;
	return text;
}
