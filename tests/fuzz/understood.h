/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_UNDERSTOOD_H
#define FUZZ_UNDERSTOOD_H

/*
 * Whether the library understands what the daemon says; all that targets on the daemon need of it,
 * whose internal headers do not go together.
 */

#include <stdbool.h>
#include <jansson.h>

bool understood_event(json_t *object);
bool understood_stop(json_t *object);
bool understood_watch(json_t *object);

#endif
