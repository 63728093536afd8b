/*
 * tests/bench/threads.c - do two CPUs do twice the work of one? Each thread has an appliance of its
 * own with a controller of its own, so whatever they still share is engine and driver code, and a
 * cache line written by both would show.
 *
 * The control is the same in two processes, which share nothing but the machine: cores that are two
 * halves of one, or compete for a cache, slow them down just as much.
 *
 * CPU time is measured, and only those rounds count in which all ran all the time.
 *
 * usage: threads [LIMIT]   prints the ratios of the best of many short rounds; exit status 1 if
 * that of threads is below LIMIT (1.9 is expected) and below 97 % of that of processes, 2 if the
 * machine was never quiet enough.
 *
 * build: gcc -std=gnu17 -I. -O2 -DCARILLON_HOST with the sources that engine_instructions.py lists
 * (tests/bench/threads.py does).
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/compiler.h"
#include "tests/model/host_appliance.h"

#define THREADS 2
#define ROUNDS 30
#define CONTROL_SHARE 0.97
#define KEPT_OFF_MAX 1.05 /* of the time that has passed to the time on a CPU */
#define LINE                                                                                     \
    "bench rw=randread norandommap bs=4k iodepth=128 io_size=8g number_ios=200000 eta=never"

static struct host_appliance *appliances[THREADS];

/* Shared with the processes of the control. */
static struct shared {
    pthread_barrier_t barrier;
    double spent_s[THREADS];
    double passed_s[THREADS];
} *shared;

static double time_s(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void run_line(struct host_appliance *ha)
{
    if (host_appliance_run(ha, LINE) != 0) {
        fprintf(stderr, "%s\n", ha->text);
        exit(2);
    }
}

/* A core of its own for each: on one core they would share every cache line at no cost. */
static void pin(unsigned number)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(number, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        perror("threads: a core for each");
        exit(2);
    }
}

static void *thread_main(void *arg)
{
    unsigned number = *(unsigned *)arg;
    pin(number);
    pthread_barrier_wait(&shared->barrier);
    double begun = time_s(CLOCK_MONOTONIC), spent = time_s(CLOCK_THREAD_CPUTIME_ID);
    run_line(appliances[number]);
    shared->spent_s[number] = time_s(CLOCK_THREAD_CPUTIME_ID) - spent;
    shared->passed_s[number] = time_s(CLOCK_MONOTONIC) - begun;
    return NULL;
}

static void open_barrier(unsigned count)
{
    pthread_barrierattr_t attr;
    pthread_barrierattr_init(&attr);
    pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&shared->barrier, &attr, count);
}

/* CPU seconds of the slowest, or infinity if one of them was kept from running: then they were not
 * at it at the same time, and a line of memory that both write would cost nothing. */
static double slowest(unsigned count)
{
    double most = 0;
    for (unsigned i = 0; i < count; i++) {
        bool ran = shared->passed_s[i] <= KEPT_OFF_MAX * shared->spent_s[i];
        most = MAX(most, ran ? shared->spent_s[i] : INFINITY);
    }
    pthread_barrier_destroy(&shared->barrier);
    return most;
}

/* CPU seconds of the slowest of so many threads that do the line at the same time. */
static double measure_threads(unsigned count)
{
    pthread_t thread[THREADS];
    unsigned number[THREADS];
    open_barrier(count);
    for (unsigned i = 0; i < count; i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, thread_main, &number[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
    }
    return slowest(count);
}

/* The same of so many processes, each of which has touched its copy of everything before. */
static double measure_processes(unsigned count)
{
    open_barrier(count);
    for (unsigned i = 0; i < count; i++) {
        if (fork() == 0) {
            run_line(appliances[i]);
            thread_main(&i);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    return slowest(count);
}

/* The least CPU seconds of one, and of each of several at a time. */
struct least {
    const char *what;
    double (*measure)(unsigned count);
    double seconds[THREADS + 1];
};

static void measure_round(struct least *least, bool first)
{
    for (unsigned count = 1; count <= THREADS; count++) {
        double seconds = least->measure(count);
        least->seconds[count] = first ? seconds : MIN(least->seconds[count], seconds);
    }
}

/* How many times the work of one they do at a time. */
static double ratio_of(const struct least *least)
{
    double ratio = THREADS * least->seconds[1] / least->seconds[THREADS];
    printf("%.3f CPU s in one %s, %.3f CPU s in each of %d: %.2f times the work\n",
           least->seconds[1], least->what, least->seconds[THREADS], THREADS, ratio);
    return ratio;
}

int main(int argc, char **argv)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    struct least processes = {"process", measure_processes, {0}};
    struct least threads = {"thread", measure_threads, {0}};
    drive.latency_ns = 1;
    config.drives = &drive;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("threads: mmap");
        return 2;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        appliances[i] = host_appliance_create(&config);
        appliances[i]->forgiving = true; /* both use one heap, whose level proves nothing here */
    }
    /* In turn, so that a host that is slow for a while is so for all of them. */
    for (unsigned round = 0; round < ROUNDS; round++) {
        measure_round(&processes, round == 0);
        measure_round(&threads, round == 0);
    }
    double control = ratio_of(&processes);
    double ratio = ratio_of(&threads);
    bool measured = isfinite(processes.seconds[THREADS]) && isfinite(threads.seconds[THREADS]);
    for (unsigned i = 0; i < THREADS; i++) {
        host_appliance_destroy(appliances[i]);
    }
    if (!measured) {
        fprintf(stderr, "threads: other programs have kept one of them from running each time\n");
        return 2;
    }
    return argc > 1 && ratio < atof(argv[1]) && ratio < CONTROL_SHARE * control ? 1 : 0;
}
