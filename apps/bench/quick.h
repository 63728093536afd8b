/*
 * apps/bench/quick.h - `bench quick DISK`: the four numbers that everyone knows, read only, in half
 * a minute.
 */
#pragma once

#include "apps/shell/shell.h"
#include "lib/compiler.h"

/* argv[0] is "quick", argv[1] the disk, which may be left out when there is one. 0 or an error that
 * has been said. */
int bench_quick(struct shell *sh, int argc, char **argv) must_check;
