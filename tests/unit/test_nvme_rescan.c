/*
 * tests/unit/test_nvme_rescan.c - namespaces that come, go and change while somebody holds them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

static struct model_ns_config plain(uint32_t nsid, uint64_t blocks)
{
    return (struct model_ns_config){ .nsid = nsid, .blocks = blocks, .lbads = 9 };
}

static int read_block(struct rig *r, struct nvme_ns *ns, uint64_t lba)
{
    struct rig_io rio;

    rig_io_make(r, &rio, ns, NVME_IO_READ, lba, 1, 0);
    rio.io.done = NULL;
    int err = nvme_io_sync(rig_qp(r), &rio.io, true);
    rig_io_free(r, &rio);
    return err;
}

static void nothing_new(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 0);
    assert_ptr_equal(rig_ns(&r, 1), ns);
    assert_true(ns->armed);
    assert_int_equal(read_block(&r, ns, 0), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void one_more(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    struct nvme_ns *first = rig_ns(&r, 1);
    struct model_ns_config more = plain(7, 500);
    model_ns_set(r.hp->model, &more);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_int_equal(nvme_ns_count(r.ctrlr), 2);
    assert_ptr_equal(nvme_ns_at(r.ctrlr, 0), first);
    struct nvme_ns *ns = nvme_ns_at(r.ctrlr, 1);
    assert_int_equal(ns->nsid, 7);
    assert_int_equal(ns->block_count, 500);
    assert_false(ns->armed);
    assert_int_equal(read_block(&r, ns, 499), 0);
    assert_int_equal(read_block(&r, ns, 500), -EINVAL);
    assert_int_equal(rig_close(&r), 0);
}

static void one_less(void **state)
{
    (void)state;
    struct rig r;
    struct rig_io rio;

    rig_init(&r);
    r.cfg.ns[0] = plain(1, 100);
    r.cfg.ns[1] = plain(2, 200);
    r.cfg.ns[2] = plain(3, 300);
    r.cfg.ns_count = 3;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *held = rig_ns(&r, 2);
    rig_arm(&r, held);
    rig_io_make(&r, &rio, held, NVME_IO_WRITE, 0, 1, 0);
    model_ns_remove(r.hp->model, 2);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_int_equal(nvme_ns_count(r.ctrlr), 2);
    assert_null(rig_ns(&r, 2));
    assert_int_equal(nvme_ns_at(r.ctrlr, 1)->nsid, 3);
    /* The handle is dead and safe, however it is used. */
    assert_true(held->gone);
    assert_false(held->usable);
    assert_false(held->armed);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ENXIO);
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, true), -ENXIO);
    rio.io.opcode = NVME_IO_FLUSH;
    rio.io.nlb = 0;
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ENXIO);
    assert_int_equal(nvme_ns_arm(held, "CAR0001"), -ENXIO);
    rig_io_free(&r, &rio);
    assert_int_equal(read_block(&r, rig_ns(&r, 3), 299), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void all_of_them_and_back(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    struct nvme_ns *before = rig_ns(&r, 1);
    model_ns_remove(r.hp->model, 1);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_int_equal(nvme_ns_count(r.ctrlr), 0);
    for (unsigned i = 1; i <= 20; i++) {
        struct model_ns_config again = plain(1, 64 * i);
        model_ns_set(r.hp->model, &again);
        assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
        struct nvme_ns *ns = rig_ns(&r, 1);
        assert_ptr_not_equal(ns, before);
        assert_int_equal(read_block(&r, ns, 64 * i - 1), 0);
        assert_int_equal(read_block(&r, before, 0), -ENXIO);
        model_ns_remove(r.hp->model, 1);
        assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void another_size_keeps_the_handle(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 131073, 5, 131072, UINT64_C(1) << 33 };
    struct rig r;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct model_ns_config now = plain(1, sizes[i]);
        rig_arm(&r, ns);
        model_ns_set(r.hp->model, &now);
        assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
        assert_ptr_equal(rig_ns(&r, 1), ns);
        assert_int_equal(ns->block_count, sizes[i]);
        assert_int_equal(ns->used_blocks, MIN(ns->id.nuse, ns->id.ncap));
        assert_false(ns->armed);
        assert_int_equal(read_block(&r, ns, sizes[i] - 1), 0);
        assert_int_equal(read_block(&r, ns, sizes[i]), -EINVAL);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void another_format_is_another_handle(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    struct nvme_ns *old = rig_ns(&r, 1);
    struct model_ns_config now = { .nsid = 1, .blocks = 1000, .lbads = 12, .format = 1 };
    model_ns_set(r.hp->model, &now);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_ptr_not_equal(ns, old);
    assert_int_equal(ns->block_bytes, 4096);
    assert_int_equal(read_block(&r, ns, 999), 0);
    assert_int_equal(read_block(&r, old, 0), -ENXIO);
    /* With metadata it cannot be used, and is still shown. */
    now.metadata_bytes = 8;
    model_ns_set(r.hp->model, &now);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_false(rig_ns(&r, 1)->usable);
    assert_int_equal(rig_close(&r), 0);
}

static void another_identity_is_another_handle(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    struct nvme_ns *old = rig_ns(&r, 1);
    rig_arm(&r, old);
    model_ns_new_identity(r.hp->model, 1);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    assert_ptr_not_equal(rig_ns(&r, 1), old);
    assert_false(rig_ns(&r, 1)->armed);
    assert_int_equal(read_block(&r, old, 0), -ENXIO);
    assert_int_equal(rig_close(&r), 0);
}

/* Who armed the whole controller meant what will be on it, too. */
static void an_armed_controller_arms_what_comes(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, "CAR0001"), 0);
    struct model_ns_config more = plain(2, 100), larger = plain(1, 100000);
    model_ns_set(r.hp->model, &more);
    model_ns_set(r.hp->model, &larger);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 2);
    assert_true(rig_ns(&r, 1)->armed);
    assert_true(rig_ns(&r, 2)->armed);
    assert_int_equal(rig_close(&r), 0);
}

/* Each allocation fails once, each command of the scan is refused or lost once: everything stays as
 * it was, or as it is now, and nothing is lost. */
static void a_scan_that_fails_changes_nothing(void **state)
{
    (void)state;
    static const enum model_action actions[] = { MODEL_DO_STATUS, MODEL_DO_DROP, MODEL_DO_CFS };

    for (unsigned a = 0; a < ARRAY_SIZE(actions); a++) {
        for (unsigned nth = 1; nth <= 8; nth++) {
            struct rig r;
            rig_start(&r);
            struct nvme_ns *ns = rig_ns(&r, 1);
            struct model_ns_config more = plain(2, 100);
            model_ns_set(r.hp->model, &more);
            model_add_rule(r.hp->model, &(struct model_rule){
                .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = MODEL_ANY, .nth = nth,
                .action = actions[a], .value = ST_INTERNAL });
            int changes = nvme_rescan_namespaces(r.ctrlr);
            assert_true(changes < 0 || changes == 1);
            assert_int_equal(nvme_ns_count(r.ctrlr), changes == 1 ? 2 : 1);
            model_clear_rules(r.hp->model);
            assert_int_equal(nvme_rescan_namespaces(r.ctrlr) >= 0, 1);
            assert_ptr_equal(rig_ns(&r, 1), ns);
            assert_int_equal(read_block(&r, ns, 0), 0);
            assert_int_equal(rig_close(&r), 0);
        }
    }
}

static void not_after_shutdown(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), -ESHUTDOWN);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_new),
        cmocka_unit_test(one_more),
        cmocka_unit_test(one_less),
        cmocka_unit_test(all_of_them_and_back),
        cmocka_unit_test(another_size_keeps_the_handle),
        cmocka_unit_test(another_format_is_another_handle),
        cmocka_unit_test(another_identity_is_another_handle),
        cmocka_unit_test(an_armed_controller_arms_what_comes),
        cmocka_unit_test(a_scan_that_fails_changes_nothing),
        cmocka_unit_test(not_after_shutdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
