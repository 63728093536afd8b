/*
 * tests/bench/threads.c - do two CPUs do twice the work of one? Each thread has an appliance of its
 * own with a controller of its own, so whatever they still share is engine and driver code, and a
 * cache line written by both would show.
 *
 * usage: threads [LIMIT]   prints the ratio of the best of several rounds; exit status 1 if it is
 * below LIMIT (1.9 is expected).
 *
 * build: gcc -std=gnu17 -I. -O2 -DCARILLON_HOST with the sources that engine_instructions.py lists
 * (tests/bench/threads.py does).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/compiler.h"
#include "tests/model/host_appliance.h"

#define THREADS 2
#define ROUNDS 5
#define LINE                                                                                     \
    "bench rw=randread norandommap bs=4k iodepth=128 io_size=8g number_ios=1000000 eta=never"

static struct host_appliance *appliances[THREADS];
static pthread_barrier_t barrier;

static double spent_s[THREADS];

/* CPU time of the calling thread: what else the host does is not counted, waiting for a cache line
 * is. */
static double cpu_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void *thread_main(void *arg)
{
    unsigned number = *(unsigned *)arg;
    struct host_appliance *ha = appliances[number];
    pthread_barrier_wait(&barrier);
    double begun = cpu_s();
    if (host_appliance_run(ha, LINE) != 0) {
        fprintf(stderr, "%s\n", ha->text);
        exit(2);
    }
    spent_s[number] = cpu_s() - begun;
    return NULL;
}

/* CPU seconds of the slowest of so many threads that do the line at the same time. */
static double measure(unsigned threads)
{
    pthread_t thread[THREADS];
    unsigned number[THREADS];
    double slowest = 0;
    pthread_barrier_init(&barrier, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, thread_main, &number[i]);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        slowest = MAX(slowest, spent_s[i]);
    }
    pthread_barrier_destroy(&barrier);
    return slowest;
}

int main(int argc, char **argv)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    double best[THREADS + 1] = {0};
    drive.latency_ns = 1;
    config.drives = &drive;
    for (unsigned i = 0; i < THREADS; i++) {
        appliances[i] = host_appliance_create(&config);
        appliances[i]->forgiving = true; /* both use one heap, whose level proves nothing here */
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned threads = 1; threads <= THREADS; threads++) {
            double seconds = measure(threads);
            best[threads] = round == 0 ? seconds : MIN(best[threads], seconds);
        }
    }
    double ratio = THREADS * best[1] / best[THREADS];
    printf("%.3f CPU s in one thread, %.3f CPU s in each of %d: %.2f times the work\n", best[1],
           best[THREADS], THREADS, ratio);
    for (unsigned i = 0; i < THREADS; i++) {
        host_appliance_destroy(appliances[i]);
    }
    return argc > 1 && ratio < atof(argv[1]) ? 1 : 0;
}
