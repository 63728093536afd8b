/*
 * tests/unit/test_nvme_sgl.c - data described by SGLs instead of PRP lists, where a controller has
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

static void start(struct rig *r, uint32_t sgls, bool wanted)
{
    rig_init(r);
    r->cfg.sgls = sgls;
    r->opt.sgl = wanted;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
    rig_arm(r, rig_ns(r, 1));
}

/* Writes and reads nlb blocks, offset bytes into their memory; true when an SGL was used. */
static bool used_by(struct rig *r, uint32_t nlb, uint64_t offset)
{
    struct nvme_ns *ns = rig_ns(r, 1);
    uint64_t before = model_counters(r->hp->model)->sgl_commands;
    struct rig_io out, in;

    rig_io_make(r, &out, ns, NVME_IO_WRITE, 77, nlb, offset);
    rig_io_make(r, &in, ns, NVME_IO_READ, 77, nlb, offset);
    out.io.done = in.io.done = NULL;
    rig_pattern(rig_io_data(&out), (size_t)nlb * 512, nlb + offset);
    assert_int_equal(nvme_io_sync(rig_qp(r), &out.io, true), 0);
    assert_int_equal(nvme_io_sync(rig_qp(r), &in.io, true), 0);
    assert_memory_equal(rig_io_data(&in), rig_io_data(&out), (size_t)nlb * 512);
    rig_io_free(r, &out);
    rig_io_free(r, &in);
    return model_counters(r->hp->model)->sgl_commands != before;
}

static void longer_than_two_pages(void **state)
{
    (void)state;
    static const uint64_t offsets[] = {0, 4, 512, 2048, 4092};
    struct rig r;

    for (uint32_t sgls = 1; sgls <= 2; sgls++) {
        start(&r, sgls, true);
        assert_true(nvme_info(r.ctrlr)->sgl);
        for (unsigned o = 0; o < ARRAY_SIZE(offsets); o++) {
            for (uint32_t nlb = 1; nlb <= 600; nlb = nlb * 3 / 2 + 1) {
                bool list = offsets[o] % 4096 + (uint64_t)nlb * 512 > 8192;
                assert_int_equal(used_by(&r, nlb, offsets[o]), list);
            }
        }
        assert_int_equal(rig_close(&r), 0);
    }
}

static void only_where_offered_and_wanted(void **state)
{
    (void)state;
    struct rig r;

    for (unsigned i = 0; i < 4; i++) {
        start(&r, i & 1, i & 2);
        assert_int_equal(nvme_info(r.ctrlr)->sgl, i == 3);
        assert_int_equal(used_by(&r, 256, 0), i == 3);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Short and long commands take turns in the same places of the ring; a reset comes between. */
static void mixed_with_plain_commands(void **state)
{
    (void)state;
    struct rig r;

    start(&r, 1, true);
    for (uint32_t i = 0; i < 100; i++) {
        bool list = i % 3 == 0;
        assert_int_equal(used_by(&r, list ? 100 : 8, 0), list);
        if (i == 50) {
            assert_int_equal(nvme_recover(r.ctrlr), 0);
            rig_arm(&r, rig_ns(&r, 1));
        }
    }
    assert_int_equal(rig_flush(&r, rig_ns(&r, 1)), 0);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longer_than_two_pages),
        cmocka_unit_test(only_where_offered_and_wanted),
        cmocka_unit_test(mixed_with_plain_commands),
    };
    return cmocka_run_group_tests_name("nvme SGL", tests, NULL, NULL);
}
