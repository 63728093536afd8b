/*
 * tests/unit/test_nvme_reset.c - controllers that are reset, shut down and resumed on purpose, and
 * what of their state lives on.
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

static void check_works(struct rig *r)
{
    uint8_t out[4096], in[4096];

    rig_arm(r, rig_ns(r, 1));
    rig_pattern(out, sizeof(out), r->clock.virtual_ns);
    assert_int_equal(rig_write(r, rig_ns(r, 1), 100, 8, out), 0);
    assert_int_equal(rig_read(r, rig_ns(r, 1), 100, 8, in), 0);
    assert_memory_equal(in, out, sizeof(in));
    assert_int_equal(nvme_event_requests(r->ctrlr), 4);
    nvme_ns_disarm(rig_ns(r, 1));
}

static void resumed_after_shutdown(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    for (unsigned i = 0; i < 5; i++) {
        check_works(&r);
        assert_int_equal(nvme_shutdown(r.ctrlr), 0);
        assert_true(model_is_quiet(r.hp->model));
        assert_int_equal(nvme_recover(r.ctrlr), -EIO); /* it was shut down, and did not fail */
        assert_int_equal(nvme_resume(r.ctrlr), 0);
        assert_int_equal(nvme_resume(r.ctrlr), 0);
        assert_ptr_equal(rig_ns(&r, 1), ns);
    }
    check_works(&r);
    assert_int_equal(model_counters(r.hp->model)->shutdowns, 5);
    assert_int_equal(rig_close(&r), 0);
}

static void a_failed_controller_is_not_resumed(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    model_set_cfs(r.hp->model);
    uint8_t page[NVME_IDENTIFY_BYTES];
    model_add_rule(r.hp->model, &(struct model_rule){ .on = MODEL_ON_REG_WRITE, .match = REG_CC,
                                                      .action = MODEL_DO_ALL_ONES });
    assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL), -EIO);
    assert_int_equal(nvme_resume(r.ctrlr), -ESHUTDOWN);
    assert_int_equal(rig_close(&r), 0);
}

static void resuming_what_does_not_come_back(void **state)
{
    (void)state;
    static const struct {
        struct model_rule rule;
        int err;
    } cases[] = {
        {{.on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_ALL_ONES}, -ENODEV},
        {{.on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_IGNORE}, -ETIMEDOUT},
        {{.on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = MODEL_DO_CFS}, -EIO},
        {{.on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = 1, .action = MODEL_DO_STATUS,
          .value = ST_INTERNAL}, -EIO},
        {{.on = MODEL_ON_ADMIN, .match = ADM_CREATE_CQ, .sub = MODEL_ANY, .nth = 2,
          .action = MODEL_DO_STATUS, .value = ST_INTERNAL}, -EIO},
        {{.on = MODEL_ON_ADMIN, .match = ADM_SET_FEATURES, .sub = 7, .action = MODEL_DO_DROP},
         -ETIMEDOUT},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig r;
        rig_start(&r);
        assert_int_equal(nvme_shutdown(r.ctrlr), 0);
        model_add_rule(r.hp->model, &cases[i].rule);
        assert_int_equal(nvme_resume(r.ctrlr), cases[i].err);
        assert_int_equal(nvme_recover(r.ctrlr), cases[i].err); /* dead */
        struct rig_io rio;
        rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ESHUTDOWN);
        rig_io_free(&r, &rio);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* In the place of the drive there is another one. */
static void another_drive_is_not_resumed(void **state)
{
    (void)state;
    static const struct model_patch patch = { .cns = 1, .offset = IDC_SN, .len = 4,
                                              .value = 0x58585858 };
    struct rig r;

    rig_init(&r);
    struct model_patch patches[1] = { { .cns = 0xff } };
    r.cfg.patches = patches;
    r.cfg.patch_count = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    patches[0] = patch;
    assert_int_equal(nvme_resume(r.ctrlr), -ENODEV);
    assert_int_equal(rig_close(&r), 0);
}

static void newer_firmware_is_the_same_drive(void **state)
{
    (void)state;
    struct rig r;

    rig_init(&r);
    struct model_patch patches[1] = { { .cns = 0xff } };
    r.cfg.patches = patches;
    r.cfg.patch_count = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_string_equal(nvme_info(r.ctrlr)->firmware, "1.0");
    patches[0] = (struct model_patch){ .cns = 1, .offset = IDC_FR, .len = 3, .value = 0x302e32 };
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_string_equal(nvme_info(r.ctrlr)->firmware, "2.0");
    assert_int_equal(rig_close(&r), 0);
}

static void subsystem_reset(void **state)
{
    (void)state;
    for (unsigned unplugs = 0; unplugs < 2; unplugs++) {
        struct rig r;
        rig_init(&r);
        r.cfg.nssrs = true;
        r.cfg.nssr_unplugs = unplugs;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        for (unsigned i = 1; i <= 3; i++) {
            check_works(&r);
            assert_int_equal(nvme_subsystem_reset(r.ctrlr), 0);
            assert_int_equal(model_counters(r.hp->model)->subsystem_resets, i);
            assert_int_equal(nvme_reg_read32(r.ctrlr, NVME_REG_CSTS), CSTS_RDY);
        }
        check_works(&r);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Commands that are outstanding end once, and not before the device is quiet. */
static void subsystem_reset_with_commands_outstanding(void **state)
{
    (void)state;
    struct rig r;
    struct rig_io ios[8];

    rig_init(&r);
    r.cfg.nssrs = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
        rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, i, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &ios[i].io), 0);
    }
    nvme_ring(rig_qp(&r));
    assert_int_equal(nvme_subsystem_reset(r.ctrlr), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
        assert_int_equal(ios[i].done, 1);
        assert_int_equal(ios[i].io.err, -ECANCELED);
        assert_false(ios[i].done_early);
        rig_io_free(&r, &ios[i]);
    }
    check_works(&r);
    assert_int_equal(rig_close(&r), 0);
}

static void subsystem_reset_is_not_offered(void **state)
{
    (void)state;
    struct rig r;

    rig_start(&r);
    assert_int_equal(nvme_subsystem_reset(r.ctrlr), -ENOTSUP);
    check_works(&r);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(nvme_subsystem_reset(r.ctrlr), -ENOTSUP);
    assert_int_equal(rig_close(&r), 0);
}

static void arming_ends(void **state)
{
    (void)state;
    struct rig r;

    for (unsigned how = 0; how < 4; how++) {
        rig_init(&r);
        r.cfg.nssrs = true;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        if (how & 1) {
            rig_arm(&r, rig_ns(&r, 1));
        } else {
            assert_int_equal(nvme_ctrlr_arm(r.ctrlr, "CAR0001"), 0);
        }
        assert_true(rig_ns(&r, 1)->armed);
        int err = how == 0   ? nvme_recover(r.ctrlr)
                  : how == 1 ? nvme_shutdown(r.ctrlr)
                  : how == 2 ? nvme_subsystem_reset(r.ctrlr)
                             : nvme_recover(r.ctrlr);
        assert_int_equal(err, 0);
        assert_false(rig_ns(&r, 1)->armed);
        assert_false(nvme_ctrlr_armed(r.ctrlr));
        assert_int_equal(nvme_resume(r.ctrlr), 0);
        assert_false(rig_ns(&r, 1)->armed);
        assert_int_equal(rig_close(&r), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_after_shutdown),
        cmocka_unit_test(a_failed_controller_is_not_resumed),
        cmocka_unit_test(resuming_what_does_not_come_back),
        cmocka_unit_test(another_drive_is_not_resumed),
        cmocka_unit_test(newer_firmware_is_the_same_drive),
        cmocka_unit_test(subsystem_reset),
        cmocka_unit_test(subsystem_reset_with_commands_outstanding),
        cmocka_unit_test(subsystem_reset_is_not_offered),
        cmocka_unit_test(arming_ends),
    };
    return cmocka_run_group_tests_name("nvme reset", tests, NULL, NULL);
}
