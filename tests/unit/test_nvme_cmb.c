/*
 * tests/unit/test_nvme_cmb.c - submission queues in the controller memory buffer.
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

#define QUEUE_BYTES 4096 /* room of one submission queue of 32 entries */

static void start(struct rig *r, uint64_t cmb_bytes, bool legacy)
{
    rig_init(r);
    r->opt.cmb = true;
    r->cfg.cmb_bytes = cmb_bytes;
    r->cfg.cmb_legacy = legacy;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
}

static void check_works(struct rig *r)
{
    struct nvme_ns *ns = rig_ns(r, 1);
    uint8_t out[4096], in[4096];

    rig_arm(r, ns);
    for (unsigned i = 0; i < 80; i++) { /* more than twice around the ring */
        rig_pattern(out, sizeof(out), i);
        assert_int_equal(rig_write(r, ns, 8 * i, 8, out), 0);
        assert_int_equal(rig_read(r, ns, 8 * i, 8, in), 0);
        assert_memory_equal(in, out, sizeof(in));
    }
}

static void used_where_it_is(void **state)
{
    (void)state;
    struct rig r;

    for (unsigned legacy = 0; legacy < 2; legacy++) {
        start(&r, 16 * QUEUE_BYTES, legacy);
        assert_int_equal(nvme_info(r.ctrlr)->cmb_qpairs, 2);
        assert_int_equal(model_counters(r.hp->model)->sqs_in_cmb, 2);
        check_works(&r);
        assert_int_equal(nvme_recover(r.ctrlr), 0);
        assert_int_equal(model_counters(r.hp->model)->sqs_in_cmb, 4);
        check_works(&r);
        assert_int_equal(nvme_shutdown(r.ctrlr), 0);
        assert_int_equal(nvme_resume(r.ctrlr), 0);
        check_works(&r);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Power was lost, and with it what CMBMSC said. */
static void set_up_again_after_a_subsystem_reset(void **state)
{
    (void)state;
    struct rig r;

    rig_init(&r);
    r.opt.cmb = true;
    r.cfg.cmb_bytes = 16 * QUEUE_BYTES;
    r.cfg.nssrs = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_subsystem_reset(r.ctrlr), 0);
    check_works(&r);
    assert_int_equal(rig_close(&r), 0);
}

/* What has no room there lies in memory, as ever. */
static void as_many_as_fit(void **state)
{
    (void)state;
    struct rig r;

    start(&r, QUEUE_BYTES, false);
    assert_int_equal(nvme_info(r.ctrlr)->cmb_qpairs, 1);
    check_works(&r);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 2, 64), 0);
    assert_int_equal(nvme_info(r.ctrlr)->cmb_qpairs, 1); /* 64 entries are 4 KiB */
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 2, 65), 0);
    assert_int_equal(nvme_info(r.ctrlr)->cmb_qpairs, 0);
    check_works(&r);
    assert_int_equal(nvme_qpairs_set(r.ctrlr, 2, 16), 0);
    assert_int_equal(nvme_info(r.ctrlr)->cmb_qpairs, 1);
    check_works(&r);
    assert_int_equal(rig_close(&r), 0);
}

static void not_used(void **state)
{
    (void)state;
    struct rig r;

    for (unsigned why = 0; why < 4; why++) {
        rig_init(&r);
        r.opt.cmb = why != 0;                               /* not wanted */
        r.cfg.cmb_bytes = why == 1 ? 0 : 16 * QUEUE_BYTES;  /* not there */
        r.cfg.cmb_no_sqs = why == 2;                        /* for other things */
        r.cfg.cmb_refuses = why == 3;                       /* not where we have it */
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_info(r.ctrlr)->cmb_qpairs, 0);
        assert_int_equal(model_counters(r.hp->model)->sqs_in_cmb, 0);
        check_works(&r);
        assert_int_equal(nvme_recover(r.ctrlr), 0);
        check_works(&r);
        assert_int_equal(rig_close(&r), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used_where_it_is),
        cmocka_unit_test(set_up_again_after_a_subsystem_reset),
        cmocka_unit_test(as_many_as_fit),
        cmocka_unit_test(not_used),
    };
    return cmocka_run_group_tests_name("nvme CMB", tests, NULL, NULL);
}
