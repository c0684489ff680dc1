/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#define DECLARE_REAL(type, name, ...)    \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

DECLARE_REAL(void *, malloc, size_t size);
DECLARE_REAL(void *, calloc, size_t n, size_t size);
DECLARE_REAL(void *, realloc, void *old, size_t size);
DECLARE_REAL(void *, reallocarray, void *old, size_t n, size_t size);
DECLARE_REAL(char *, strdup, const char *text);
DECLARE_REAL(int, vasprintf, char **ret, const char *format, va_list args);
DECLARE_REAL(int, clock_gettime, clockid_t clock, struct timespec *ret);
int __wrap_asprintf(char **ret, const char *format, ...);

static long left = -1; /* allocations until memory ends; negative: it does not */
static bool failed, fails_for_good;
static int64_t ahead_of[CLOCK_BOOTTIME + 1];

static bool fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	failed = true;
	if (!fails_for_good)
		left = -1;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

int __wrap_vasprintf(char **ret, const char *format, va_list args)
{
	return fails() ? -1 : __real_vasprintf(ret, format, args);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return r;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = __real_clock_gettime(clock, ret);
	int64_t ns = ret->tv_sec * INT64_C(1000000000) + ret->tv_nsec;

	if (r == 0 && clock <= CLOCK_BOOTTIME) {
		ns += ahead_of[clock];
		ret->tv_sec = ns / 1000000000;
		ret->tv_nsec = ns % 1000000000;
	}
	return r;
}

void faults_init(void)
{
	json_set_alloc_funcs(__wrap_malloc, free);
}

void faults_end_memory_after(long n, bool for_good)
{
	failed = false;
	fails_for_good = for_good;
	left = n;
}

bool faults_mend_memory(void)
{
	left = -1;
	return failed;
}

void faults_set_clock(clockid_t clock, int64_t ahead)
{
	ahead_of[clock] = ahead;
}
