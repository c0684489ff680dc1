/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * init - process 1 of a test machine started by tests/vm/vm.
 *
 * It loads the modules, puts the host's root directory (9p, read-only) below
 * a tmpfs overlay, mounts what a Linux system has mounted, runs one command,
 * reaps every orphan while it lasts, and ends the machine.
 *
 * What to run comes in the directory "ctl", which is shared with the host and
 * which nothing but this process can reach once it has changed its root:
 *
 *	argv	the command and its arguments, each ended by a NUL
 *	env	further environment, each NAME=VALUE ended by a NUL
 *	cwd	the directory to run it in
 *	tree	exists if the root directory is not the host's: a directory of
 *		the host that is to be at the same place here, read-only
 *	share	exists if there is a directory to mount at /out
 *	out	(written) what the command says on stdout and stderr
 *	status	(written last) the exit status, decimal; 128+N for a signal
 *
 * The command writes to a pipe, not to "out": a pipe may be opened again
 * through /dev/stdout, has the usual buffering, and whatever the command
 * leaves running cannot write on after the status. The share is not cached,
 * so what write(2) has accepted is in the host's file, whatever happens then.
 *
 * Anything that fails here is told on the console and ends the machine
 * without a status, which the host side reports.
 */

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NINE_P	      "trans=virtio,version=9p2000.L,msize=512000"

struct mount {
	const char *type;
	const char *at;
	const char *options;
	unsigned long flags;
};

/* In the machine's root; a directory that is not there is made. */
static const struct mount system_mounts[] = {
	{"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
	{"devpts", "/dev/pts", "gid=5,mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC},
	{"tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV},
	{"tmpfs", "/tmp", "mode=1777,size=80%", MS_NOSUID | MS_NODEV},
	{"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV},
	{"securityfs", "/sys/kernel/security", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"bpf", "/sys/fs/bpf", "mode=0700", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"tracefs", "/sys/kernel/tracing", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"cgroup2", "/sys/fs/cgroup", "nsdelegate", MS_NOSUID | MS_NODEV | MS_NOEXEC},
};

/* Room for tens of thousands of processes. */
static const char *const sysctls[][2] = {
	{"/proc/sys/kernel/pid_max", "131072"},
	{"/proc/sys/kernel/threads-max", "100000"},
};

static const char *const links[][2] = {
	{"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
};

/* /usr/bin first: what the distribution ships, not what was put over it. */
static const char *const environment[][2] = {
	{"PATH", "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin:/usr/local/sbin"},
	{"HOME", "/root"},
	{"USER", "root"},
	{"LOGNAME", "root"},
	{"SHELL", "/bin/sh"},
	{"TERM", "dumb"},
	{"LANG", "C.UTF-8"},
};

static _Noreturn void end_machine(void)
{
	sync();
	tcdrain(STDERR_FILENO);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

/* Tell what failed on the console and end the machine without a status. */
__attribute__((format(printf, 1, 2))) static _Noreturn void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "init: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(err));
	va_end(ap);
	end_machine();
}

/* The whole of a file with a NUL after it; *len, if asked for, is without that one. */
static char *read_file(const char *path, size_t *len)
{
	size_t used = 0, room = 65536;
	char *text = malloc(room);
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !text)
		die("cannot read %s", path);
	while ((n = read(fd, text + used, room - used - 1)) > 0) {
		used += (size_t)n;
		if (used == room - 1 && !(text = realloc(text, room *= 2)))
			die("cannot read %s", path);
	}
	if (n < 0)
		die("cannot read %s", path);
	close(fd);
	text[used] = '\0';
	if (len)
		*len = used;
	return text;
}

/* The NUL-terminated strings of a file, as a NULL-terminated vector. */
static char **read_strings(const char *path)
{
	size_t len, n = 0, count = 0;
	char *text = read_file(path, &len);
	char **v;

	for (size_t i = 0; i < len; i++)
		count += !text[i];
	v = calloc(count + 1, sizeof(*v));
	if (!v)
		die("cannot read %s", path);
	for (char *s = text; n < count; s += strlen(s) + 1)
		v[n++] = s;
	return v;
}

static void write_all(int fd, const char *p, size_t len, const char *what)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0)
			die("cannot write %s", what);
		p += n;
		len -= (size_t)n;
	}
}

/* The directory and those above it. */
static void make_directories(const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		die("cannot create %s", path);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			die("cannot create %s", copy);
		*slash = '/';
	}
	free(copy);
}

static void must_mount(const char *source, const struct mount *m)
{
	if (mkdir(m->at, 0755) < 0 && errno != EEXIST)
		die("cannot create %s", m->at);
	if (mount(source, m->at, m->type, m->flags, m->options) < 0)
		die("cannot mount %s on %s", source, m->at);
}

/* /modules/00.ko, 01.ko, ...: each after those it needs. */
static void load_modules(void)
{
	char path[64];

	for (int i = 0;; i++) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%02d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
			die("cannot load module %s", path);
		close(fd);
	}
}

/* The host's root below a tmpfs: everything is there, and can be written to. */
static void change_root(void)
{
	/* cache=loose never asks the host again, which is most of the speed. */
	must_mount("root", &(struct mount){"9p", "/host", NINE_P ",cache=loose", MS_RDONLY});
	must_mount("tmpfs", &(struct mount){"tmpfs", "/over", "mode=0755,size=80%", 0});
	if (mkdir("/over/upper", 0755) < 0 || mkdir("/over/work", 0755) < 0)
		die("cannot make the overlay's directories");
	must_mount("overlay",
		   &(struct mount){"overlay", "/root",
				   "lowerdir=/host,upperdir=/over/upper,workdir=/over/work", 0});
	if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		die("cannot change to the new root");
}

/* Where the command's temporary files go, if the caller wants them on a file system of that type:
 * on a disk of its own, or where the root's changes go. */
static void make_scratch(const char *type)
{
	if (mkdir("/scratch", 0700) < 0)
		die("cannot create /scratch");
	if (strcmp(type, "overlay") != 0)
		must_mount("/dev/vda",
			   &(struct mount){type, "/scratch", NULL, MS_NOSUID | MS_NODEV});
	if (chmod("/scratch", 01777) < 0)
		die("cannot change the mode of /scratch");
}

static void set_up(bool out, const char *tree)
{
	struct rlimit nofile = {.rlim_cur = 65536, .rlim_max = 1048576};
	struct rlimit nproc = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	/* The kernel makes variables of arguments it does not know. */
	for (size_t i = 0; i < ARRAY_SIZE(system_mounts); i++)
		if (!getenv("KEEP_TMP") || strcmp(system_mounts[i].at, "/tmp") != 0)
			must_mount(system_mounts[i].type, &system_mounts[i]);
	if (getenv("SCRATCH"))
		make_scratch(getenv("SCRATCH"));
	if (tree) {
		make_directories(tree);
		must_mount("tree", &(struct mount){"9p", tree, NINE_P ",cache=loose", MS_RDONLY});
	}
	if (out)
		must_mount("out", &(struct mount){"9p", "/out", NINE_P ",cache=mmap", 0});
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			die("cannot create %s", links[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		fd = open(sysctls[i][0], O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			die("cannot open %s", sysctls[i][0]);
		write_all(fd, sysctls[i][1], strlen(sysctls[i][1]), sysctls[i][0]);
		close(fd);
	}
	if (setrlimit(RLIMIT_NOFILE, &nofile) < 0 || setrlimit(RLIMIT_NPROC, &nproc) < 0)
		die("cannot raise the limits");
	if (sethostname("vm", 2) < 0)
		die("cannot set the host name");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		die("cannot bring lo up");
	close(fd);
}

static _Noreturn void run_command(char **argv, char **env, const char *cwd, int out)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	if (null > 2)
		close(null);
	clearenv();
	for (size_t i = 0; i < ARRAY_SIZE(environment); i++)
		setenv(environment[i][0], environment[i][1], 1);
	for (; *env; env++)
		putenv(*env);
	if (chdir(cwd) < 0) {
		dprintf(2, "vm: cannot change to %s (/run and /dev are the guest's own): %s\n", cwd,
			strerror(errno));
		_exit(126);
	}
	setenv("PWD", cwd, 1);
	execvp(argv[0], argv);
	dprintf(2, "vm: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Pass on up to max bytes of what is in the pipe; false at its end. */
static bool pass_on(int pipe, int out, size_t max)
{
	static char buf[65536];
	ssize_t n = read(pipe, buf, max < sizeof(buf) ? max : sizeof(buf));

	if (n > 0)
		write_all(out, buf, (size_t)n, "the command's output");
	return n != 0;
}

/* Wait for everything that ends; true when the command was among it. */
static bool reap(pid_t command, int *status)
{
	bool done = false;
	pid_t pid;
	int s;

	while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		*status = WIFSIGNALED(s) ? 128 + WTERMSIG(s) : WEXITSTATUS(s);
		done = true;
	}
	return done;
}

/* Look after the command until it ends; returns its status. */
static int supervise(pid_t command, int signals, int pipe, int out)
{
	struct pollfd fds[] = {{signals, POLLIN, 0}, {pipe, POLLIN, 0}};
	struct signalfd_siginfo info;
	int status = 0, left;
	bool done = false;

	while (!done) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			die("cannot wait");
		if (fds[1].revents && !pass_on(pipe, out, SIZE_MAX))
			fds[1].fd = -1; /* nobody has it open any more */
		if (fds[0].revents && read(signals, &info, sizeof(info)) > 0)
			done = reap(command, &status);
	}
	/* What is there now and no more: an orphan may write for ever. */
	if (ioctl(pipe, FIONREAD, &left) < 0)
		die("cannot read the command's output");
	for (; left > 0; left -= 4096)
		pass_on(pipe, out, 4096);
	return status;
}

int main(void)
{
	int out, status_fd, signals, pipes[2];
	char **argv, **env, *cwd, *tree = NULL, text[16];
	sigset_t chld;
	pid_t command;
	bool share;

	load_modules();

	must_mount("ctl", &(struct mount){"9p", "/ctl", NINE_P ",cache=none", 0});
	argv = read_strings("/ctl/argv");
	env = read_strings("/ctl/env");
	cwd = read_file("/ctl/cwd", NULL);
	share = access("/ctl/share", F_OK) == 0;
	if (access("/ctl/tree", F_OK) == 0)
		tree = read_file("/ctl/tree", NULL);
	out = open("/ctl/out", O_WRONLY | O_APPEND | O_CLOEXEC);
	status_fd = open("/ctl/status", O_WRONLY | O_CLOEXEC);
	if (out < 0 || status_fd < 0)
		die("cannot open the files for output and status");

	change_root();
	set_up(share, tree);

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signals = signalfd(-1, &chld, SFD_CLOEXEC);
	if (signals < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		die("cannot make signalfd and pipe");
	command = fork();
	if (command < 0)
		die("cannot fork");
	if (command == 0)
		run_command(argv, env, cwd, pipes[1]);
	close(pipes[1]);

	snprintf(text, sizeof(text), "%d\n", supervise(command, signals, pipes[0], out));
	write_all(status_fd, text, strlen(text), "the status");
	end_machine();
}
