/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell-complete.h"

#include <stdio.h>
#include <readline/readline.h>

#include "complete.h"
#include "complete-sources.h"
#include "printable.h"
#include "util.h"
#include "width.h"
#include "words.h"

#define BLANKS	  " \t"
#define NOTED_MAX 50 /* candidates that are listed with their notes */

static struct client *client;
static struct completions found; /* what was found last, for the list of it */

/* Whether the character at `at` loses its meaning to a quote or a backslash. */
static int is_quoted(char *line, int at)
{
	_cleanup_(words_done) struct words words = {0};

	return words_split_to_cursor(&words, line, (size_t)at) == 0 && words.open;
}

/* A candidate as it is to be typed, where the quote `open` (0: none) is open. */
static char *quote(const char *text, char open)
{
	const char *special = open == '\'' ? "" : open == '"' ? "\"\\$`" : " \t\n\\'\"";
	char *quoted = malloc(2 * strlen(text) + 1), *out = quoted;

	for (const char *p = text; quoted && *p; p++) {
		if (strchr(special, *p))
			*out++ = '\\';
		*out++ = *p;
	}
	if (quoted)
		*out = '\0';
	return quoted;
}

/* `!COMMAND`: programs first, then files. */
static int complete_system_command(const struct words *words)
{
	found.word = words->words[words->count - 1];
	if (words->count > 1) {
		complete_files(&found, false);
	} else {
		found.glue = "!";
		complete_targets(&found);
	}
	completions_sort(&found);
	return found.error;
}

static int complete_command(const struct words *words)
{
	int from = words->count > 1 && str_eq(words->words[0], "dwd") ? 1 : 0;

	return complete_words(client, words->count - from, words->words + from, &found);
}

/* All candidates from byte `skip` on, what they have in common first: what readline wants. */
static char **to_matches(size_t skip, char open)
{
	char **matches = calloc(found.count + 2, sizeof(*matches));
	size_t common = completions_common(&found);
	_cleanup_free_ char *start = NULL;

	if (!matches)
		return NULL;
	if (common < skip)
		common = skip;
	start = strndup(found.items[0].text + skip, common - skip);
	matches[0] = start ? quote(start, open) : NULL;
	for (size_t i = 0; found.count > 1 && i < found.count; i++)
		matches[i + 1] = quote(found.items[i].text + skip, open);
	return matches;
}

static void list_with_notes(char **matches, int count, int longest)
{
	int rows, columns, shown = 0;

	rl_get_screen_size(&rows, &columns);
	putc('\n', rl_outstream);
	for (size_t i = 0; i < found.count && shown < NOTED_MAX; i++, shown++) {
		const struct completion *item = &found.items[i];
		_cleanup_free_ char *line = NULL;

		if (asprintf(&line, "%-*s  %s", longest, item->text, item->note ? item->note : "") <
		    0)
			line = NULL;
		if (!line)
			break;
		line[width_fitting(line, columns > 1 ? (size_t)columns - 1 : 1)] = '\0';
		printable_put(rl_outstream, line);
		putc('\n', rl_outstream);
	}
	if ((size_t)shown < found.count)
		fprintf(rl_outstream, "... and %zu more\n", found.count - (size_t)shown);
	rl_forced_update_display();
}

static bool have_notes(void)
{
	for (size_t i = 0; i < found.count; i++) {
		if (found.items[i].note)
			return true;
	}
	return false;
}

/* What readline does with the one candidate there is. */
static void finish_word(void)
{
	const char *text = found.items[0].text;
	bool goes_on = found.count == 1 && *text && strchr("/=", text[strlen(text) - 1]);

	rl_completion_suppress_append = goes_on;
	rl_completion_suppress_quote = goes_on;
}

static char **complete(const char *text, int start, int end)
{
	_cleanup_(words_done) struct words words = {0}, before = {0};
	const char *line = rl_line_buffer + strspn(rl_line_buffer, BLANKS);
	size_t skipped = (size_t)(line - rl_line_buffer);
	int r;

	rl_attempted_completion_over = 1;
	completions_done(&found);
	found = (struct completions){0};
	if ((size_t)start < skipped ||
	    words_split_to_cursor(&words, line, (size_t)end - skipped) < 0 ||
	    words_split_to_cursor(&before, line, (size_t)start - skipped) < 0)
		return NULL;
	r = *line == '!' ? complete_system_command(&words) : complete_command(&words);
	if (r < 0 || found.count == 0)
		return NULL;
	rl_completion_display_matches_hook = have_notes() ? list_with_notes : NULL;
	finish_word();
	/* readline replaces from `start` on, which may be within the word. */
	return to_matches(strlen(before.words[before.count - 1]), before.open);
}

void shell_complete_init(struct client *c)
{
	client = c;
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = (char *)" \t\n";
	rl_completer_quote_characters = "'\"";
	rl_char_is_quoted_p = is_quoted;
	rl_sort_completion_matches = 0;
	rl_ignore_completion_duplicates = 0;
}
