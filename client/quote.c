/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,+@"

/* Letters beyond ASCII mean nothing to a shell. */
static bool is_plain(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++) {
		if (!((unsigned char)*word >= 0x80 || strchr(PLAIN "%=", *word)))
			return false;
	}
	return true;
}

static void put_word(FILE *f, const char *word)
{
	bool escaped = strchr(word, '\\') || strchr(word, '\'');

	if (is_plain(word)) {
		fputs(word, f);
		return;
	}
	fputs(escaped ? "$'" : "'", f);
	for (; *word; word++) {
		if (*word == '\'')
			fputc('\\', f);
		fputc(*word, f);
	}
	fputc('\'', f);
}

char *quote_argv(const char *const *argv, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			fputc(' ', f);
		put_word(f, argv[i]);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int quote_any_shell(const char *word, char **ret)
{
	char *text;

	if (*word && !word[strspn(word, PLAIN)])
		text = strdup(word);
	else if (word[strcspn(word, "'!\\\n")])
		return -EINVAL;
	else if (asprintf(&text, "'%s'", word) < 0)
		text = NULL;
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}
