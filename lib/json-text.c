/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "json-text.h"

#include <stdio.h>

#include "util.h"

/* The NUL after the text ends every scan: no byte of JSON is one. */
struct parser {
	char *at;
	unsigned int depth;
	bool no_memory; /* so a failure is not the text's */
};

static json_t *read_value(struct parser *p);

static void skip_space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
		p->at++;
}

/* Go past `c` and the space before it, if it comes next. */
static bool skip(struct parser *p, char c)
{
	skip_space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* A value that was just made: NULL is lack of memory. */
static json_t *made(struct parser *p, json_t *value)
{
	if (!value)
		p->no_memory = true;
	return value;
}

/* Have jansson read from `p` to `end`, and go there. */
static json_t *delegate(struct parser *p, char *end)
{
	json_error_t error;
	json_t *value = json_loadb(p->at, (size_t)(end - p->at), JSON_DECODE_ANY, &error);

	if (!value && json_error_code(&error) == json_error_out_of_memory)
		p->no_memory = true;
	p->at = end;
	return value;
}

/* The closing quote of the string at `p`, NULL if there is none; *plain if its bytes mean
 * themselves. */
static char *find_quote(const struct parser *p, bool *plain)
{
	char *s = p->at + 1;

	*plain = true;
	for (; *s != '"'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20)
			return NULL;
		if (c == '\\' || c >= 0x80)
			*plain = false;
		if (c == '\\' && *++s == '\0')
			return NULL;
	}
	return s;
}

static json_t *read_string(struct parser *p)
{
	char *start = p->at + 1, *quote;
	bool plain;

	quote = find_quote(p, &plain);
	if (!quote)
		return NULL;
	if (!plain)
		return delegate(p, quote + 1);
	p->at = quote + 1;
	return made(p, json_stringn_nocheck(start, (size_t)(quote - start)));
}

static json_t *read_number(struct parser *p)
{
	char *s = p->at + (*p->at == '-'), *first = s;
	json_int_t n = 0;

	while (*s >= '0' && *s <= '9' && s - first < 18)
		n = n * 10 + (*s++ - '0');
	/* Reals, what may not fit, leading zeros and a lone minus. */
	if (s == first || s - first == 18 || (*first == '0' && s - first > 1) || *s == '.' ||
	    *s == 'e' || *s == 'E')
		return delegate(p, s + strspn(s, "0123456789+-.eE"));
	n = *p->at == '-' ? -n : n;
	p->at = s;
	return made(p, json_integer(n));
}

static json_t *read_word(struct parser *p, const char *word, json_t *value)
{
	size_t n = strlen(word);

	if (strncmp(p->at, word, n) != 0)
		return NULL;
	p->at += n;
	return value;
}

static json_t *read_array(struct parser *p)
{
	json_auto_t *array = made(p, json_array());

	p->at++;
	if (!array || skip(p, ']'))
		return steal_pointer(array);
	do {
		json_t *value = read_value(p);

		if (!value)
			return NULL;
		if (json_array_append_new(array, value) < 0)
			return made(p, NULL);
	} while (skip(p, ','));
	return skip(p, ']') ? steal_pointer(array) : NULL;
}

/* The key at `p` as a value, or between the quotes *start and *end of the text if it is plain. */
static bool read_key(struct parser *p, json_t **decoded, char **start, char **end)
{
	bool plain;

	skip_space(p);
	if (*p->at != '"')
		return false;
	*start = p->at + 1;
	*end = find_quote(p, &plain);
	if (!*end)
		return false;
	if (plain)
		p->at = *end + 1;
	else
		*decoded = delegate(p, *end + 1);
	return plain || *decoded;
}

static bool read_member(struct parser *p, json_t *object)
{
	json_auto_t *decoded = NULL;
	size_t before = json_object_size(object);
	char *start, *end;
	json_t *value;
	int r;

	if (!read_key(p, &decoded, &start, &end) || !skip(p, ':'))
		return false;
	value = read_value(p);
	if (!value)
		return false;
	*end = '\0';
	r = json_object_set_new_nocheck(object, decoded ? json_string_value(decoded) : start,
					value);
	*end = '"';
	if (r < 0)
		p->no_memory = true;
	/* A duplicate has replaced the first. */
	return r == 0 && json_object_size(object) > before;
}

static json_t *read_object(struct parser *p)
{
	json_auto_t *object = made(p, json_object());

	p->at++;
	if (!object || skip(p, '}'))
		return steal_pointer(object);
	do {
		if (!read_member(p, object))
			return NULL;
	} while (skip(p, ','));
	return skip(p, '}') ? steal_pointer(object) : NULL;
}

static json_t *read_any(struct parser *p)
{
	skip_space(p);
	switch (*p->at) {
	case '{':
		return read_object(p);
	case '[':
		return read_array(p);
	case '"':
		return read_string(p);
	case 't':
		return read_word(p, "true", json_true());
	case 'f':
		return read_word(p, "false", json_false());
	case 'n':
		return read_word(p, "null", json_null());
	default:
		return read_number(p);
	}
}

static json_t *read_value(struct parser *p)
{
	json_t *value;

	if (p->depth >= JSON_PARSER_MAX_DEPTH)
		return NULL;
	p->depth++;
	value = read_any(p);
	p->depth--;
	return value;
}

int json_text_read(char *text, size_t size, json_t **ret)
{
	struct parser p = {.at = text};
	json_auto_t *value = NULL;

	skip_space(&p);
	if (*p.at == '{')
		value = read_value(&p);
	if (value && skip(&p, '\0') && p.at == text + size + 1) {
		*ret = steal_pointer(value);
		return 0;
	}
	return p.no_memory ? -ENOMEM : -EBADMSG;
}

/* How many bytes from `s` on mean themselves within a string. */
static size_t count_plain(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

/* A character that does not mean itself, as jansson writes it. */
static int write_escape(struct buffer *b, char c)
{
	static const char bytes[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
	const char *at = c ? strchr(bytes, c) : NULL;
	char text[8];

	if (at)
		return buffer_append(b, (char[]){'\\', letters[at - bytes]}, 2);
	snprintf(text, sizeof(text), "\\u%04X", (unsigned int)c);
	return buffer_append(b, text, strlen(text));
}

static int write_string(struct buffer *b, const char *s, size_t n)
{
	int r = buffer_append(b, "\"", 1);

	while (r == 0) {
		size_t plain = count_plain(s, n);

		r = buffer_append(b, s, plain);
		if (r < 0 || plain == n)
			break;
		r = write_escape(b, s[plain]);
		s += plain + 1;
		n -= plain + 1;
	}
	return r < 0 ? r : buffer_append(b, "\"", 1);
}

static int write_integer(struct buffer *b, json_int_t value)
{
	char digits[24], *end = digits + sizeof(digits), *s = end;
	/* Negating the smallest is defined for unsigned numbers only. */
	uint64_t n = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--s = (char)('0' + n % 10);
	while (n /= 10);
	if (value < 0)
		*--s = '-';
	return buffer_append(b, s, (size_t)(end - s));
}

static int write_real(struct buffer *b, const json_t *value)
{
	_cleanup_free_ char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	return text ? buffer_append(b, text, strlen(text)) : -ENOMEM;
}

static int write_array(struct buffer *b, const json_t *array)
{
	size_t n = json_array_size(array);
	int r = buffer_append(b, "[", 1);

	for (size_t i = 0; i < n && r == 0; i++) {
		if (i > 0)
			r = buffer_append(b, ",", 1);
		if (r == 0)
			r = json_text_write(b, json_array_get(array, i));
	}
	return r < 0 ? r : buffer_append(b, "]", 1);
}

static int write_object(struct buffer *b, const json_t *value)
{
	json_t *object = (json_t *)value; /* which jansson's iterators want, and leave alone */
	void *first = json_object_iter(object);
	int r = buffer_append(b, "{", 1);

	for (void *i = first; i && r == 0; i = json_object_iter_next(object, i)) {
		const char *key = json_object_iter_key(i);

		if (i != first)
			r = buffer_append(b, ",", 1);
		if (r == 0)
			r = write_string(b, key, strlen(key));
		if (r == 0)
			r = buffer_append(b, ":", 1);
		if (r == 0)
			r = json_text_write(b, json_object_iter_value(i));
	}
	return r < 0 ? r : buffer_append(b, "}", 1);
}

int json_text_write(struct buffer *b, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_object(b, value);
	case JSON_ARRAY:
		return write_array(b, value);
	case JSON_STRING:
		return write_string(b, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return write_integer(b, json_integer_value(value));
	case JSON_REAL:
		return write_real(b, value);
	case JSON_TRUE:
		return buffer_append(b, "true", 4);
	case JSON_FALSE:
		return buffer_append(b, "false", 5);
	case JSON_NULL:
		return buffer_append(b, "null", 4);
	}
	return -EINVAL;
}
