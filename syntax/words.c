/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <stdio.h>

#include "util.h"

#define BLANKS	 " \t\r\n"
#define CONTROLS ";|&<>"

/* Reads one word off the front of the text. */
struct scanner {
	const char *at, *end;
	char *out; /* grows, as long as the line is at most */
	char open;
	bool tilde;   /* an unquoted one stands at the beginning */
	char control; /* stands at the beginning or the end, unquoted; 0: none */
};

static void scan_backslash(struct scanner *s, char **out)
{
	bool special = s->open != '"' || (s->at < s->end && strchr("\"\\$`", *s->at));

	if (s->at == s->end)
		s->open = s->open ? s->open : '\\';
	else if (special)
		*(*out)++ = *s->at++;
	else
		*(*out)++ = '\\';
}

/* Past one word, whose bytes are put at s->out. */
static void scan_word(struct scanner *s)
{
	const char *start = s->at;
	char *out = s->out, control = 0; /* the last byte, if it is one */

	s->open = 0;
	s->control = 0;
	s->tilde = s->at < s->end && *s->at == '~';
	while (s->at < s->end) {
		char c = *s->at;

		if (!s->open && strchr(BLANKS, c))
			break;
		s->at++;
		control = !s->open && strchr(CONTROLS, c) ? c : 0;
		if (s->at == start + 1)
			s->control = control;
		if (c == '\\' && s->open != '\'')
			scan_backslash(s, &out);
		else if (c == s->open)
			s->open = 0;
		else if (!s->open && (c == '\'' || c == '"'))
			s->open = c;
		else
			*out++ = c;
	}
	if (control)
		s->control = control;
	*out = '\0';
}

static int push(struct words *w, const char *text, bool tilde)
{
	const char *home = getenv("HOME");
	char **words = reallocarray(w->words, (size_t)w->count + 2, sizeof(*words)), *word;

	if (!words)
		return -ENOMEM;
	w->words = words;
	if (!tilde || !home || (text[1] && text[1] != '/'))
		word = strdup(text);
	else if (asprintf(&word, "%s%s", home, text + 1) < 0)
		word = NULL;
	words[w->count] = word;
	if (!word)
		return -ENOMEM;
	words[++w->count] = NULL;
	return 0;
}

static void skip_blanks(struct scanner *s)
{
	while (s->at < s->end && strchr(BLANKS, *s->at))
		s->at++;
}

/* What is split. */
enum origin {
	A_LINE,
	TO_CURSOR,
	OF_FILE,
};

static int split(struct words *ret, const char *line, size_t length, enum origin origin)
{
	_cleanup_free_ char *buffer = malloc(length + 1);
	struct scanner s = {.at = line, .end = line + length, .out = buffer};
	bool last;
	int r;

	*ret = (struct words){.words = calloc(1, sizeof(char *))};
	if (!buffer || !ret->words)
		return -ENOMEM;
	for (;;) {
		skip_blanks(&s);
		if (origin == OF_FILE && s.at < s.end && *s.at == '#')
			s.at = s.end;
		if (s.at == s.end && origin != TO_CURSOR)
			return ret->open ? -EINVAL : 0;
		ret->last_start = (size_t)(s.at - line);
		scan_word(&s);
		last = origin == TO_CURSOR && s.at == s.end;
		ret->open = s.open;
		if (!ret->control)
			ret->control = s.control;
		r = push(ret, buffer, s.tilde && !last && origin != OF_FILE);
		if (r < 0 || last)
			return r;
	}
}

int words_split(struct words *ret, const char *line)
{
	return split(ret, line, strlen(line), A_LINE);
}

int words_split_to_cursor(struct words *ret, const char *line, size_t cursor)
{
	return split(ret, line, cursor, TO_CURSOR);
}

int words_split_of_file(struct words *ret, const char *line)
{
	return split(ret, line, strlen(line), OF_FILE);
}

/* Between ' and ' all but ' stands for itself, which is \' outside of them. */
char *words_quote(const char *word)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
	char *quoted, *out;

	if (*word && !word[strspn(word, harmless)])
		return strdup(word);
	out = quoted = malloc(4 * strlen(word) + 3);
	if (!quoted)
		return NULL;
	*out++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			out = stpcpy(out, "'\\'");
		*out++ = *word;
	}
	strcpy(out, "'");
	return quoted;
}

void words_done(struct words *w)
{
	for (int i = 0; i < w->count; i++)
		free(w->words[i]);
	free(w->words);
	*w = (struct words){0};
}
