/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "signals.h"

static void assert_signal(const char *text, int expected)
{
	int got = -1;

	assert_int_equal(signal_parse(text, &got), 0);
	assert_int_equal(got, expected);
}

static void names(void **state)
{
	assert_signal("TERM", SIGTERM);
	assert_signal("SIGTERM", SIGTERM);
	assert_signal("sigkill", SIGKILL);
	assert_signal("usr1", SIGUSR1);
	assert_signal("STOP", SIGSTOP);
}

static void numbers(void **state)
{
	assert_signal("9", SIGKILL);
	assert_signal("15", SIGTERM);
	assert_signal("64", 64);
}

static void realtime_signals(void **state)
{
	assert_signal("RTMIN", SIGRTMIN);
	assert_signal("SIGRTMIN+3", SIGRTMIN + 3);
	assert_signal("RTMAX", SIGRTMAX);
	assert_signal("rtmax-1", SIGRTMAX - 1);
}

static void nonsense(void **state)
{
	static const char *const texts[] = {"",		"SIG",	   "0",	    "65",     "-9",
					    "TERMX",	"9x",	   "TER",   "RTMIN3", "RTMIN-1",
					    "RTMIN+99", "RTMAX+1", "RTMIN+"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int got = 77;

		assert_int_equal(signal_parse(texts[i], &got), -EINVAL);
		assert_int_equal(got, 77);
	}
}

static void assert_format(int signal, const char *expected)
{
	char buffer[32];

	signal_format(signal, buffer, sizeof(buffer));
	assert_string_equal(buffer, expected);
}

static void formats(void **state)
{
	assert_format(SIGKILL, "SIGKILL");
	assert_format(SIGRTMIN + 2, "SIGRTMIN+2");
	assert_format(33, "33"); /* the C library's own */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(numbers),
		cmocka_unit_test(realtime_signals),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
