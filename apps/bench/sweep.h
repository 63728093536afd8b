/*
 * apps/bench/sweep.h - `bench sweep`: the same job at every combination of depth, number of jobs
 * and block size; a table for a person and CSV for a program.
 *
 *     bench sweep filename=nvme0n1 rw=randread iodepth=1,8,32 numjobs=1,2 bs=4k,128k runtime=2
 */
#pragma once

#include "apps/shell/shell.h"
#include "lib/compiler.h"

/* argv[0] is "sweep"; then options of bench, of which iodepth, numjobs and bs may be lists. Without
 * runtime each takes 2 s. 0 or an error that has been said. */
int bench_sweep(struct shell *sh, int argc, char **argv) must_check;
