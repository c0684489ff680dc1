/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_COVERAGE_H
#define DWD_COVERAGE_H

/*
 * For tests/coverage alone, before everything else in each file: what a child ran is counted, too,
 * if it ends by _exit().
 */

#include <unistd.h>

void __gcov_dump(void);

#define _exit(status) (__gcov_dump(), _exit(status))

#endif
