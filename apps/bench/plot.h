/*
 * apps/bench/plot.h - pictures made of letters, for a person at the console: how latencies are
 * distributed, and how IOPS went over time. Plain ASCII. Pure.
 */
#pragma once

#include "apps/bench/sampler.h"
#include "lib/histogram.h"
#include "lib/out.h"

/* A bar for each step of latency, at most 24 of them, from the fastest I/O to the slowest. what
 * names it: "read clat". Nothing if h is empty. */
void bench_plot_histogram(struct out *out, const char *what, const struct histogram *h);

/* I/Os per second of all jobs and directions, time to the right. Nothing with fewer than two
 * intervals. */
void bench_plot_iops(struct out *out, const struct bench_sampler *s);
