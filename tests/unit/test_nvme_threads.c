/*
 * tests/unit/test_nvme_threads.c - two controllers in two threads: driver, model and platform share
 * nothing; and one controller whose queues belong to two threads.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/rng.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define OPS 300

struct owner {
    pthread_t thread;
    uint64_t seed;
    unsigned wrong;
    struct rig *r;     /* shared controllers only */
    unsigned queue;
    struct rig_io rio; /* likewise */
};

/* Assertions of cmocka jump, which a thread must not: count instead. */
static void *own_controller(void *arg)
{
    struct owner *o = arg;
    struct rig r;
    struct rng rng;
    uint8_t out[4096], in[4096];

    rng_seed(&rng, o->seed);
    rig_start(&r);
    r.shared_heap = true;
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    for (int i = 0; i < OPS; i++) {
        uint64_t lba = rng_below(&rng, ns->block_count - 8);
        rig_pattern(out, sizeof(out), rng_next(&rng));
        o->wrong += rig_write(&r, ns, lba, 8, out) != 0;
        o->wrong += rig_read(&r, ns, lba, 8, in) != 0;
        o->wrong += memcmp(in, out, sizeof(in)) != 0;
        if (i % 100 == 50) {
            o->wrong += nvme_recover(r.ctrlr) != 0;
            rig_arm(&r, ns); /* a reset ends what was allowed */
        }
    }
    o->wrong += rig_close(&r);
    return NULL;
}

static void two_controllers(void **state)
{
    struct owner owners[2] = { { .seed = 1 }, { .seed = 2 } };
    size_t heap_before = heap_used_bytes();
    (void)state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&owners[i].thread, NULL, own_controller, &owners[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(owners[i].thread, NULL);
        assert_int_equal(owners[i].wrong, 0);
    }
    assert_int_equal(heap_used_bytes(), heap_before);
}

static void *own_queue(void *arg)
{
    struct owner *o = arg;
    struct nvme_qpair *qp = nvme_qpair_at(o->r->ctrlr, o->queue);

    for (int i = 0; i < OPS; i++) {
        o->rio.io.lba = (uint64_t)i * 8;
        int err = nvme_io_sync(qp, &o->rio.io, false);
        uint64_t word;
        memcpy(&word, o->rio.buf.va, sizeof(word));
        o->wrong += err != 0 || word != o->rio.io.lba + 1;
    }
    return NULL;
}

static void two_queues(void **state)
{
    struct owner owners[2] = { 0 };
    struct rig r;
    (void)state;

    rig_init(&r);
    r.opt.io_timeout_ns = 600 * NS_PER_S; /* each thread lets time pass for both */
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    for (uint64_t lba = 0; lba < OPS * 8; lba += 8) {
        uint64_t word = lba + 1;
        model_media_write(r.hp->model, 1, lba * 512, &word, sizeof(word));
    }
    for (unsigned i = 0; i < 2; i++) {
        owners[i].r = &r;
        owners[i].queue = i;
        rig_io_make(&r, &owners[i].rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&owners[i].thread, NULL, own_queue, &owners[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(owners[i].thread, NULL);
        assert_int_equal(owners[i].wrong, 0);
        rig_io_free(&r, &owners[i].rio);
    }
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_controllers),
        cmocka_unit_test(two_queues),
    };
    return cmocka_run_group_tests_name("nvme threads", tests, NULL, NULL);
}
