/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How the socket comes and goes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "listen.h"

static char directory[64];
static char path[96];

static int setup(void **state)
{
	strcpy(directory, "/tmp/dwd-listen-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	return 0;
}

/* Nothing may be left in the directory. */
static int teardown(void **state)
{
	assert_int_equal(rmdir(directory), 0);
	return 0;
}

static bool can_connect(void)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static struct listen_place *reserve(void)
{
	struct listen_place *place;
	char *message = NULL;

	assert_int_equal(listen_reserve(&place, path, false, &message), 0);
	assert_null(message);
	return place;
}

static int open_socket_to(struct listen_place *place, gid_t group, mode_t mode)
{
	const struct listen_access access = {.group = group, .mode = mode};
	char *message = NULL;
	int fd;

	assert_int_equal(listen_open(place, &access, &fd, &message), 0);
	assert_null(message);
	return fd;
}

static int open_socket(struct listen_place *place)
{
	return open_socket_to(place, getegid(), 0600);
}

static void test_appears_when_ready(void **state)
{
	struct listen_place *place = reserve();
	struct stat st;
	int fd;

	assert_int_equal(lstat(path, &st), -1);
	fd = open_socket(place);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(can_connect());
	close(fd);
	listen_free(place);
	assert_int_equal(lstat(path, &st), -1);
}

/* Whatever the umask. */
static void test_access_is_given(void **state)
{
	gid_t group = geteuid() == 0 ? 4711 : getegid();
	mode_t mask = umask(0077);
	struct listen_place *place = reserve();
	int fd = open_socket_to(place, group, 0660);
	struct stat st;

	assert_int_equal(umask(mask), 0077);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, group);
	assert_int_equal(st.st_uid, geteuid());
	close(fd);
	listen_free(place);
}

static void test_a_second_one_is_refused(void **state)
{
	struct listen_place *place = reserve(), *second = NULL;
	int fd = open_socket(place);
	char *message = NULL, expected[256];

	snprintf(expected, sizeof(expected),
		 "another dwdd (pid %d) listens on %s: use it, end it, or give another "
		 "--socket",
		 (int)getpid(), path);
	assert_int_equal(listen_reserve(&second, path, false, &message), -EBUSY);
	assert_string_equal(message, expected);
	assert_null(second);
	assert_true(can_connect());
	free(message);
	close(fd);
	listen_free(place);
}

/* As when the one that has it is in another pid namespace. */
static void test_the_other_one_cannot_be_seen(void **state)
{
	struct listen_place *place = reserve(), *second = NULL;
	char *message = NULL, *lock_path;
	FILE *lock;

	assert_true(asprintf(&lock_path, "%s.lock", path) > 0);
	lock = fopen(lock_path, "w");
	assert_non_null(lock);
	fputs("1999999999\n", lock);
	fclose(lock);
	assert_int_equal(listen_reserve(&second, path, false, &message), -EBUSY);
	assert_non_null(strstr(message, "another dwdd (pid 1999999999) listens on"));
	free(message);
	free(lock_path);
	listen_free(place);
}

/* What a killed daemon leaves: a socket nobody listens on, and a lock nobody holds. */
static void test_stale_files_are_replaced(void **state)
{
	struct listen_place *place;
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid == 0) {
		open_socket(reserve());
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(access(path, F_OK), 0);
	assert_false(can_connect());
	place = reserve();
	fd = open_socket(place);
	assert_true(can_connect());
	close(fd);
	listen_free(place);
}

static void test_other_files_are_not_replaced(void **state)
{
	const struct listen_access access = {.group = getegid(), .mode = 0600};
	struct listen_place *place = reserve();
	_cleanup_free_ char *message = NULL;
	int fd = -1;

	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(listen_open(place, &access, &fd, &message), -EEXIST);
	assert_non_null(strstr(message, "not a socket"));
	assert_int_equal(fd, -1);
	listen_free(place);
	assert_int_equal(unlink(path), 0); /* it is still there */
}

static void test_long_path(void **state)
{
	struct listen_place *place = NULL;
	_cleanup_free_ char *message = NULL;
	char longer[200];

	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	longer[107] = '\0';
	assert_int_equal(listen_reserve(&place, longer, false, &message), -ENAMETOOLONG);
	assert_non_null(strstr(message, "107 bytes, 106 are possible"));
}

static void test_no_directory(void **state)
{
	struct listen_place *place = NULL;
	_cleanup_free_ char *message = NULL;
	char other[160];

	snprintf(other, sizeof(other), "%s/missing/socket", directory);
	assert_int_equal(listen_reserve(&place, other, false, &message), -ENOENT);
	assert_non_null(strstr(message, other));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_appears_when_ready),
		TEST(test_access_is_given),
		TEST(test_a_second_one_is_refused),
		TEST(test_the_other_one_cannot_be_seen),
		TEST(test_stale_files_are_replaced),
		TEST(test_other_files_are_not_replaced),
		TEST(test_long_path),
		TEST(test_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
