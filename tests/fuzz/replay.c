/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Run a fuzz target on every file of the directories named. A corpus that is not there or is empty
 * is a failure: it would test nothing.
 */

#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "util.h"

static void read_all(const char *path, uint8_t **ret, size_t *size)
{
	FILE *file = fopen(path, "re");
	struct stat st;

	CHECK(file);
	CHECK(fstat(fileno(file), &st) == 0);
	*size = (size_t)st.st_size;
	/* Exactly as large as the input, so that a read beyond it is noticed. */
	*ret = malloc(*size ? *size : 1);
	CHECK(*ret);
	CHECK(fread(*ret, 1, *size, file) == *size);
	fclose(file);
}

static bool is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns how many inputs there were. */
static int replay_directory(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	if (!dir) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	while ((entry = readdir(dir))) {
		_cleanup_free_ uint8_t *data = NULL;
		_cleanup_free_ char *name = NULL;
		size_t size;

		if (!is_visible(entry))
			continue;
		CHECK(asprintf(&name, "%s/%s", path, entry->d_name) > 0);
		read_all(name, &data, &size);
		LLVMFuzzerTestOneInput(data, size);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		int n = replay_directory(argv[i]);

		printf("%s: %d inputs\n", argv[i], n);
		if (n == 0)
			return 1;
	}
	return argc > 1 ? 0 : 2;
}
