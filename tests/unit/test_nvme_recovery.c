/*
 * tests/unit/test_nvme_recovery.c - bad days: commands that never end, end twice or under a wrong
 * name, controllers that die or vanish. Whatever happens, done() runs exactly once for every I/O,
 * and not before the device can no longer reach its memory.
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

#define IOS 16

enum after { WORKS, DEAD, EITHER };

struct fault {
    const char *name;
    struct model_rule rules[3];
    enum after after;
    bool not_quiet;  /* the device cannot be made quiet */
    bool all_good;   /* every I/O must end without an error */
    bool must_fail;  /* at least one I/O must end with an error */
};

#define IO(nth_, count_, action_, val)                                                             \
    { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = nth_, .count = count_,       \
      .action = action_, .value = val }
#define CC_WRITE(action_) { .on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = action_ }
#define ADMIN_ALL(op, action_, val)                                                                \
    { .on = MODEL_ON_ADMIN, .match = op, .sub = MODEL_ANY, .count = MODEL_FOREVER,                 \
      .action = action_, .value = val }

static const struct fault faults[] = {
    {"one command lost", {IO(5, 1, MODEL_DO_DROP, 0)}, .after = WORKS, .must_fail = true},
    {"the first command lost", {IO(1, 1, MODEL_DO_DROP, 0)}, .after = WORKS, .must_fail = true},
    {"the last command lost", {IO(20, 1, MODEL_DO_DROP, 0)}, .after = WORKS, .must_fail = true},
    {"all commands lost", {IO(1, 20, MODEL_DO_DROP, 0)}, .after = WORKS, .must_fail = true},
    {"late by less than the time-out",
     {IO(3, 4, MODEL_DO_DELAY, 1900 * NS_PER_MS)},
     .after = WORKS,
     .all_good = true},
    {"late by more than the time-out", {IO(3, 4, MODEL_DO_DELAY, 20 * NS_PER_S)}, .after = WORKS},
    {"a moment after the time-out", {IO(3, 4, MODEL_DO_DELAY, 2001 * NS_PER_MS)}, .after = WORKS},
    {"fatal status", {IO(7, 1, MODEL_DO_CFS, 0)}, .after = WORKS, .must_fail = true},
    {"gone, all ones", {IO(7, 1, MODEL_DO_ALL_ONES, 0)}, .after = DEAD, .must_fail = true},
    {"gone, zeros", {IO(7, 1, MODEL_DO_ALL_ZEROS, 0)}, .after = DEAD, .must_fail = true},
    {"a completion twice", {IO(4, 1, MODEL_DO_DUPLICATE, 0)}, .after = EITHER},
    {"every completion twice", {IO(1, 20, MODEL_DO_DUPLICATE, 0)}, .after = EITHER},
    {"an identifier nobody uses", {IO(4, 1, MODEL_DO_CID, 30)}, .after = WORKS, .must_fail = true},
    {"an identifier out of range",
     {IO(4, 1, MODEL_DO_CID, 0xffff)},
     .after = WORKS,
     .must_fail = true},
    {"an identifier just out of range",
     {IO(4, 1, MODEL_DO_CID, 31)},
     .after = WORKS,
     .must_fail = true},
    {"phase before the rest", {IO(2, 8, MODEL_DO_TORN, 3000)}, .after = WORKS, .all_good = true},
    {"refused commands only",
     {IO(2, 3, MODEL_DO_STATUS, ST_INTERNAL | ST_DNR)},
     .after = WORKS,
     .must_fail = true},
    {"lost, and RDY never clears",
     {IO(5, 1, MODEL_DO_DROP, 0), CC_WRITE(MODEL_DO_RDY_STUCK)},
     .after = DEAD,
     .not_quiet = true,
     .must_fail = true},
    {"lost, and gone at the reset",
     {IO(5, 1, MODEL_DO_DROP, 0), CC_WRITE(MODEL_DO_ALL_ONES)},
     .after = DEAD,
     .must_fail = true},
    {"lost, and gone at the reset, zeros",
     {IO(5, 1, MODEL_DO_DROP, 0), CC_WRITE(MODEL_DO_ALL_ZEROS)},
     .after = DEAD,
     .must_fail = true},
    {"lost, and Create refused after the reset",
     {IO(5, 1, MODEL_DO_DROP, 0), ADMIN_ALL(ADM_CREATE_CQ, MODEL_DO_STATUS, ST_INTERNAL)},
     .after = DEAD,
     .must_fail = true},
    {"lost, and Create never answered after the reset",
     {IO(5, 1, MODEL_DO_DROP, 0), ADMIN_ALL(ADM_CREATE_SQ, MODEL_DO_DROP, 0)},
     .after = DEAD,
     .must_fail = true},
    {"lost, and Abort never answered",
     {IO(5, 1, MODEL_DO_DROP, 0), ADMIN_ALL(ADM_ABORT, MODEL_DO_DROP, 0)},
     .after = WORKS,
     .must_fail = true},
};

struct scene {
    struct rig r;
    struct rig_io ios[IOS + 4]; /* the last four on the second queue */
};

static void scene_start(struct scene *s)
{
    rig_init(&s->r);
    s->r.cfg.jitter_ns = 20000;
    rig_open(&s->r);
    assert_int_equal(rig_attach(&s->r), 0);
}

static void scene_post(struct scene *s)
{
    for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
        rig_io_make(&s->r, &s->ios[i], rig_ns(&s->r, 1), NVME_IO_READ, i * 8, 8, 0);
        assert_int_equal(nvme_post(nvme_qpair_at(s->r.ctrlr, i >= IOS), &s->ios[i].io), 0);
    }
    nvme_ring(nvme_qpair_at(s->r.ctrlr, 0));
    nvme_ring(nvme_qpair_at(s->r.ctrlr, 1));
}

static unsigned scene_left(const struct scene *s)
{
    unsigned left = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
        left += s->ios[i].done == 0;
    }
    return left;
}

/* Both owners reap until all is done or the controller has failed. */
static void scene_run(struct scene *s)
{
    uint64_t end = host_clock_peek(&s->r.clock) + 60 * NS_PER_S;
    while (scene_left(s) && !nvme_failed(s->r.ctrlr)) {
        int a = nvme_reap(nvme_qpair_at(s->r.ctrlr, 0), 64);
        int b = nvme_reap(nvme_qpair_at(s->r.ctrlr, 1), 64);
        assert_true((a >= 0 || a == -ESHUTDOWN) && (b >= 0 || b == -ESHUTDOWN));
        host_clock_relax(&s->r.clock);
        assert_true(host_clock_peek(&s->r.clock) < end);
    }
}

static void scene_free(struct scene *s)
{
    for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
        rig_io_free(&s->r, &s->ios[i]);
    }
}

static void stays_dead(struct scene *s)
{
    struct rig_io rio;
    struct nvme_result res;
    uint8_t page[4096];

    rig_io_make(&s->r, &rio, rig_ns(&s->r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(&s->r), &rio.io), -ESHUTDOWN);
    assert_int_equal(nvme_reap(rig_qp(&s->r), 8), -ESHUTDOWN);
    assert_int_equal(nvme_identify(s->r.ctrlr, 1, 0, page, &res), -ESHUTDOWN);
    rig_io_free(&s->r, &rio);
}

static void recovers(void **state)
{
    const struct fault *fault = *state;
    struct scene *s = calloc(1, sizeof(*s));

    scene_start(s);
    for (unsigned i = 0; i < 3 && fault->rules[i].action; i++) {
        model_add_rule(s->r.hp->model, &fault->rules[i]);
    }
    scene_post(s);
    scene_run(s);
    int err = 0;
    bool failed = nvme_failed(s->r.ctrlr);
    if (failed) {
        assert_int_equal(nvme_reap(rig_qp(&s->r), 1), -ESHUTDOWN);
        err = nvme_recover(s->r.ctrlr);
    }
    unsigned errors = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
        assert_int_equal(s->ios[i].done, 1);
        assert_false(s->ios[i].done_early && !fault->not_quiet);
        errors += s->ios[i].io.err != 0;
    }
    assert_true(!fault->all_good || (errors == 0 && !failed));
    assert_true(!fault->must_fail || errors > 0);
    assert_true(fault->after == EITHER || (fault->after == DEAD) == (err != 0));
    s->r.allow_violations = s->r.allow_leaks = fault->not_quiet;
    scene_free(s);
    if (err) {
        assert_true(err == -EIO || err == -ETIMEDOUT || err == -ENODEV);
        stays_dead(s);
    } else {
        uint8_t block[512];
        model_clear_rules(s->r.hp->model);
        assert_false(nvme_failed(s->r.ctrlr));
        assert_int_equal(rig_read(&s->r, rig_ns(&s->r, 1), 9, 1, block), 0);
    }
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

/* --- single cases ----------------------------------------------------------------------------- */

static void not_before_the_time_out(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    (void)state;

    scene_start(s);
    struct model_rule rule = IO(5, 1, MODEL_DO_DROP, 0);
    model_add_rule(s->r.hp->model, &rule);
    uint64_t begin = host_clock_peek(&s->r.clock);
    scene_post(s);
    scene_run(s);
    assert_true(nvme_failed(s->r.ctrlr));
    uint64_t taken = host_clock_peek(&s->r.clock) - begin;
    /* the time-out, and as long again for an Abort, which nobody sends here */
    assert_in_range(taken, 2 * s->r.opt.io_timeout_ns, 5 * s->r.opt.io_timeout_ns / 2);
    assert_int_equal(scene_left(s), 1);
    assert_int_equal(nvme_recover(s->r.ctrlr), 0);
    unsigned timed_out = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
        timed_out += s->ios[i].io.err == -ETIMEDOUT;
    }
    assert_int_equal(timed_out, 1);
    scene_free(s);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

static void time_outs_can_be_changed(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    nvme_timeouts_set(r.ctrlr, (struct nvme_timeouts){.io_ns = 50 * NS_PER_MS});
    assert_int_equal(nvme_timeouts(r.ctrlr).io_ns, 50 * NS_PER_MS);
    assert_int_equal(nvme_timeouts(r.ctrlr).admin_ns, r.opt.admin_timeout_ns);
    struct model_rule rule = IO(1, 1, MODEL_DO_DROP, 0);
    model_add_rule(r.hp->model, &rule);
    uint64_t begin = host_clock_peek(&r.clock);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), -ETIMEDOUT);
    assert_in_range(host_clock_peek(&r.clock) - begin, 50 * NS_PER_MS, 200 * NS_PER_MS);
    assert_int_equal(rig_close(&r), 0);
}

static void recovering_a_healthy_controller(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    (void)state;

    scene_start(s);
    for (int round = 0; round < 10; round++) {
        scene_post(s);
        assert_int_equal(nvme_recover(s->r.ctrlr), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
            assert_int_equal(s->ios[i].done, 1);
            assert_false(s->ios[i].done_early);
            assert_int_equal(s->ios[i].io.err, -ECANCELED);
        }
        scene_free(s);
        scene_post(s);
        scene_run(s);
        assert_int_equal(scene_left(s), 0);
        scene_free(s);
    }
    assert_int_equal(model_counters(s->r.hp->model)->enables, 11);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

static void posted_and_never_rung(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(rio.done, 1);
    assert_int_equal(rio.io.err, -ECANCELED);
    rio.done = 0;
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(rio.io.err, 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void arming_survives_a_reset(void **state)
{
    struct rig r;
    uint8_t block[512] = { 7 };
    (void)state;

    rig_start(&r);
    rig_arm(&r, rig_ns(&r, 1));
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_ptr_equal(rig_ns(&r, 1), ns);
    int err = rig_write(&r, ns, 0, 1, block);
    assert_int_equal(err, ns->armed ? 0 : -EROFS);
    assert_int_equal(rig_close(&r), 0);
}

static void interrupts_survive_a_reset(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    nvme_ring(rig_qp(&r));
    for (int turns = 0; !rio.done && turns < 20; turns++) {
        nvme_sleep(rig_qp(&r), host_clock_peek(&r.clock) + 10 * NS_PER_MS);
        assert_true(nvme_reap(rig_qp(&r), 8) >= 0);
    }
    assert_int_equal(rio.done, 1);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void sync_recovers_by_itself(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    struct model_rule rule = IO(1, 1, MODEL_DO_DROP, 0);
    model_add_rule(r.hp->model, &rule);
    int err = rig_read(&r, rig_ns(&r, 1), 0, 1, block);
    assert_int_equal(err, -ETIMEDOUT);
    assert_false(nvme_failed(r.ctrlr));
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void sync_leaves_it_to_the_owner(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    struct model_rule rule = IO(1, 1, MODEL_DO_CFS, 0);
    model_add_rule(r.hp->model, &rule);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), -ESHUTDOWN);
    assert_true(nvme_failed(r.ctrlr));
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* Without DMA a controller can only report a fatal status, also after a reset. */
static void lost_configuration_is_put_back(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    r.hp->unconfigured = true;
    model_set_cfs(r.hp->model);
    (void)rig_read(&r, rig_ns(&r, 1), 0, 1, block);
    assert_false(r.hp->unconfigured);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void sync_on_a_failed_controller(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    model_unplug(r.hp->model, true);
    int err = rig_read(&r, rig_ns(&r, 1), 0, 1, block);
    assert_true(err < 0);
    err = rig_read(&r, rig_ns(&r, 1), 0, 1, block);
    assert_true(err < 0);
    assert_int_equal(rig_close(&r), 0);
}

static void admin_time_out(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    uint8_t page[4096];
    struct nvme_result res;
    (void)state;

    scene_start(s);
    struct model_rule rules[] = { IO(1, 20, MODEL_DO_DROP, 0),
                                  { .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = MODEL_ANY,
                                    .action = MODEL_DO_DROP } };
    model_add_rule(s->r.hp->model, &rules[0]);
    scene_post(s);
    model_add_rule(s->r.hp->model, &rules[1]);
    uint64_t begin = host_clock_peek(&s->r.clock);
    assert_int_equal(nvme_identify(s->r.ctrlr, 1, 0, page, &res), -ETIMEDOUT);
    assert_true(host_clock_peek(&s->r.clock) - begin >= s->r.opt.admin_timeout_ns);
    assert_false(nvme_failed(s->r.ctrlr));
    assert_int_equal(scene_left(s), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(s->ios); i++) {
        assert_int_equal(s->ios[i].done, 1);
        assert_false(s->ios[i].done_early);
    }
    assert_int_equal(nvme_identify(s->r.ctrlr, 1, 0, page, &res), 0);
    assert_int_equal(res.status, 0);
    scene_free(s);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

static void admin_commands(void **state)
{
    struct rig r;
    struct nvme_result res;
    uint8_t page[4096];
    (void)state;

    rig_start(&r);
    assert_int_equal(nvme_identify(r.ctrlr, 1, 0, page, &res), 0);
    assert_memory_equal(page + 4, "CAR0001             ", 20);
    struct nvme_sqe log = { .opcode = ADM_GET_LOG, .nsid = UINT32_MAX,
                            .cdw10 = 2 | (512 / 4 - 1) << 16 };
    assert_int_equal(nvme_admin(r.ctrlr, &log, NVME_TO_HOST, page + 1, 512, &res), 0);
    assert_int_equal(page[1 + 1] | page[1 + 2] << 8, 313);
    struct nvme_sqe unknown = { .opcode = 0xc5 };
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, r.cfg.serial), 0); /* it could do anything */
    assert_true(nvme_admin(r.ctrlr, &unknown, NVME_NO_DATA, NULL, 0, &res) < 0);
    assert_int_equal(res.status & 0x7ff, ST_INVALID_OPCODE);
    assert_string_equal(nvme_status_name(res.status), "Invalid Command Opcode");
    struct nvme_sqe feature = { .opcode = ADM_GET_FEATURES, .cdw10 = FEAT_NUMBER_OF_QUEUES };
    assert_int_equal(nvme_admin(r.ctrlr, &feature, NVME_NO_DATA, NULL, 0, &res), 0);
    assert_int_equal(res.dw0, 7 | 7 << 16);
    for (int i = 0; i < 34000; i++) { /* around the admin ring, and through all identifiers */
        assert_int_equal(nvme_admin(r.ctrlr, &feature, NVME_NO_DATA, NULL, 0, NULL), 0);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void admin_data_of_many_pages(void **state)
{
    struct rig r;
    struct nvme_result res;
    (void)state;

    rig_start(&r);
    for (size_t len = 516; len <= 65536; len += len / 2 / 4 * 4) {
        uint8_t *data = malloc(len);
        memset(data, 0xee, len);
        struct nvme_sqe log = { .opcode = ADM_GET_LOG, .nsid = UINT32_MAX,
                                .cdw10 = 2 | (uint32_t)(len / 4 - 1) << 16 };
        assert_int_equal(nvme_admin(r.ctrlr, &log, NVME_TO_HOST, data, len, &res), 0);
        assert_int_equal(data[len - 1], 0);
        free(data);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void plugged_in_again(void **state)
{
    struct rig r;
    uint8_t block[512];
    (void)state;

    rig_start(&r);
    model_unplug(r.hp->model, true);
    model_replug(r.hp->model);
    struct rig_io rio;
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void another_drive_in_its_place(void **state)
{
    struct model_patch serial = {.cns = 1, .offset = IDC_SN, .len = 1, .value = 'C'};
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.patches = &serial;
    r.cfg.patch_count = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    model_unplug(r.hp->model, true);
    model_replug(r.hp->model);
    serial.value = 'D';
    assert_true(nvme_recover(r.ctrlr) < 0);
    struct rig_io rio;
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_WRITE, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ESHUTDOWN);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void bad_completions_are_counted(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct nvme_qpair_stats stats;
    (void)state;

    scene_start(s);
    struct model_rule rule = IO(3, 1, MODEL_DO_CID, 0x7fff);
    model_add_rule(s->r.hp->model, &rule);
    scene_post(s);
    scene_run(s);
    nvme_qpair_stats(nvme_qpair_at(s->r.ctrlr, 0), &stats);
    assert_int_equal(stats.bad_completions, 1);
    if (nvme_failed(s->r.ctrlr)) {
        assert_int_equal(nvme_recover(s->r.ctrlr), 0);
    }
    assert_int_equal(scene_left(s), 0);
    scene_free(s);
    assert_int_equal(rig_close(&s->r), 0);
    free(s);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(not_before_the_time_out),
    cmocka_unit_test(time_outs_can_be_changed),
    cmocka_unit_test(recovering_a_healthy_controller),
    cmocka_unit_test(posted_and_never_rung),
    cmocka_unit_test(arming_survives_a_reset),
    cmocka_unit_test(interrupts_survive_a_reset),
    cmocka_unit_test(sync_recovers_by_itself),
    cmocka_unit_test(sync_leaves_it_to_the_owner),
    cmocka_unit_test(lost_configuration_is_put_back),
    cmocka_unit_test(sync_on_a_failed_controller),
    cmocka_unit_test(admin_time_out),
    cmocka_unit_test(admin_commands),
    cmocka_unit_test(admin_data_of_many_pages),
    cmocka_unit_test(plugged_in_again),
    cmocka_unit_test(another_drive_in_its_place),
    cmocka_unit_test(bad_completions_are_counted),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(faults) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        tests[n++] = (struct CMUnitTest){ .name = faults[i].name, .test_func = recovers,
                                          .initial_state = (void *)(uintptr_t)&faults[i] };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme recovery", tests, NULL, NULL);
}
