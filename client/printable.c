/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "printable.h"

#include <ctype.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "util.h"

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* The byte that an escape stands for; *p, at its backslash, is moved behind it. -EINVAL. */
static int read_escape(const char **p)
{
	static const char letters[] = "abtnvfr\\", bytes[] = "\a\b\t\n\v\f\r\\";
	const char *s = *p + 1, *letter = *s ? strchr(letters, *s) : NULL;
	int high, low;

	if (letter) {
		*p += 2;
		return (unsigned char)bytes[letter - letters];
	}
	high = *s == 'x' ? hex_digit(s[1]) : -1;
	low = high < 0 ? -1 : hex_digit(s[2]);
	if (low < 0)
		return -EINVAL;
	*p += 4;
	return high << 4 | low;
}

bool printable_equals(const char *printable, const char *bytes)
{
	while (*printable) {
		int c = *printable == '\\' ? read_escape(&printable) : (unsigned char)*printable++;

		if (c < 0 || !*bytes || c != (unsigned char)*bytes++)
			return false;
	}
	return !*bytes;
}

void printable_put(FILE *f, const char *text)
{
	mbstate_t state = {0};
	size_t left = strlen(text);

	while (left > 0) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, left, &state);

		if (n > left || !iswprint((wint_t)c)) {
			fprintf(f, "\\x%02x", (unsigned char)*text);
			state = (mbstate_t){0};
			n = 1;
		} else {
			fwrite(text, 1, n, f);
		}
		text += n;
		left -= n;
	}
}
