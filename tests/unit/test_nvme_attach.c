/*
 * tests/unit/test_nvme_attach.c - nvme_attach on every shape of controller, in every state a
 * firmware may leave one in, and on controllers that do not come up.
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

#define MS NS_PER_MS

/* --- shapes: each must come up, move data, and go down ---------------------------------------- */

struct shape {
    const char *name;
    void (*set)(struct rig *r);
    unsigned qpairs;  /* expected */
    unsigned entries; /* expected */
};

#define SHAPE(id, body)                 \
    static void set_##id(struct rig *r) \
    {                                   \
        body;                           \
    }

SHAPE(plain, (void)r)
SHAPE(mqes_1, r->cfg.mqes_0b = 1)
SHAPE(mqes_2, r->cfg.mqes_0b = 2)
SHAPE(mqes_30, r->cfg.mqes_0b = 30)
SHAPE(mqes_65535, r->cfg.mqes_0b = 65535; r->opt.io_entries = 65536; r->opt.max_io_qpairs = 1)
SHAPE(entries_1000, r->opt.io_entries = 1000)
SHAPE(entries_1, r->opt.io_entries = 1)
SHAPE(dstrd_1, r->cfg.dstrd = 1)
SHAPE(dstrd_4, r->cfg.dstrd = 4)
SHAPE(dstrd_8, r->cfg.dstrd = 8)
SHAPE(to_0, r->cfg.to = 0)
SHAPE(to_255_slow, r->cfg.to = 255; r->cfg.ready_ns = 127000 * MS)
SHAPE(slow_disable, r->cfg.to = 20; r->cfg.disable_ns = 9000 * MS)
SHAPE(one_queue, r->cfg.sq_grant = r->cfg.cq_grant = 1)
SHAPE(more_sqs, r->cfg.sq_grant = 8; r->cfg.cq_grant = 1)
SHAPE(more_cqs, r->cfg.sq_grant = 1; r->cfg.cq_grant = 8)
SHAPE(queues_65535, r->cfg.sq_grant = r->cfg.cq_grant = 65535; r->opt.max_io_qpairs = 3)
SHAPE(no_vectors, r->cfg.vectors = 0)
SHAPE(one_vector, r->cfg.vectors = 1)
SHAPE(poll_only, r->opt.poll_only = true)
SHAPE(mps_max_0, r->cfg.mpsmax = 0)
SHAPE(mdts_0, r->cfg.mdts = 0)
SHAPE(mdts_1, r->cfg.mdts = 1)
SHAPE(no_cqr, r->cfg.cqr = false)
SHAPE(css_all, r->cfg.css = 0xc1)
SHAPE(arbitration, r->cfg.ams = 1)
SHAPE(vs_1_0, r->cfg.vs = 0x00010000)
SHAPE(vs_2_0, r->cfg.vs = 0x00020000)
SHAPE(slow_fetch, r->cfg.fetch_burst = 1)
SHAPE(jitter, r->cfg.jitter_ns = 5 * MS)
SHAPE(entry_on, r->cfg.entry_enabled = r->cfg.entry_ready = true)
SHAPE(entry_not_ready, r->cfg.entry_enabled = true; r->cfg.entry_ready_ns = 40 * MS)
SHAPE(entry_never_ready, r->cfg.entry_enabled = true)
SHAPE(entry_cfs, r->cfg.entry_enabled = r->cfg.entry_ready = r->cfg.entry_cfs = true)
SHAPE(entry_cfs_off, r->cfg.entry_enabled = true; r->cfg.entry_cfs = true)

static const struct shape shapes[] = {
    { "plain", set_plain, 2, 32 },
    { "MQES 1: two entries", set_mqes_1, 2, 2 },
    { "MQES 2: three entries", set_mqes_2, 2, 3 },
    { "MQES 30: 31 entries, no power of two", set_mqes_30, 2, 31 },
    { "MQES 65535 and all of it asked for", set_mqes_65535, 1, 65536 },
    { "1000 entries asked for", set_entries_1000, 2, 1000 },
    { "one entry asked for is two", set_entries_1, 2, 2 },
    { "DSTRD 1", set_dstrd_1, 2, 32 },
    { "DSTRD 4", set_dstrd_4, 2, 32 },
    { "DSTRD 8", set_dstrd_8, 2, 32 },
    { "CAP.TO 0", set_to_0, 2, 32 },
    { "CAP.TO 255, ready after 127 s", set_to_255_slow, 2, 32 },
    { "RDY clears after 9 s", set_slow_disable, 2, 32 },
    { "one queue pair", set_one_queue, 1, 32 },
    { "more submission queues than completion queues", set_more_sqs, 1, 32 },
    { "more completion queues than submission queues", set_more_cqs, 1, 32 },
    { "65535 queues granted", set_queues_65535, 3, 32 },
    { "no vectors", set_no_vectors, 2, 32 },
    { "one vector", set_one_vector, 2, 32 },
    { "vectors that are not wanted", set_poll_only, 2, 32 },
    { "MPSMAX 0", set_mps_max_0, 2, 32 },
    { "MDTS 0: no limit", set_mdts_0, 2, 32 },
    { "MDTS 1: 8 KiB", set_mdts_1, 2, 32 },
    { "CAP.CQR 0", set_no_cqr, 2, 32 },
    { "CAP.CSS with more command sets", set_css_all, 2, 32 },
    { "weighted round robin offered", set_arbitration, 2, 32 },
    { "NVMe 1.0", set_vs_1_0, 2, 32 },
    { "NVMe 2.0", set_vs_2_0, 2, 32 },
    { "fetches one command at a time", set_slow_fetch, 2, 32 },
    { "completes out of order", set_jitter, 2, 32 },
    { "left enabled by the firmware", set_entry_on, 2, 32 },
    { "left enabled and not yet ready", set_entry_not_ready, 2, 32 },
    { "left enabled and never ready", set_entry_never_ready, 2, 32 },
    { "left with a fatal status", set_entry_cfs, 2, 32 },
    { "left with a fatal status before it was ready", set_entry_cfs_off, 2, 32 },
};

static void move_some_data(struct rig *r)
{
    uint8_t out[8192];
    uint8_t in[8192];
    struct nvme_ns *ns = rig_ns(r, 1);

    assert_non_null(ns);
    rig_arm(r, ns);
    rig_pattern(out, sizeof(out), 1);
    assert_int_equal(rig_write(r, ns, 3, sizeof(out) / ns->block_bytes, out), 0);
    assert_int_equal(rig_read(r, ns, 3, sizeof(in) / ns->block_bytes, in), 0);
    assert_memory_equal(in, out, sizeof(in));
}

static void comes_up(void **state)
{
    const struct shape *shape = *state;
    struct rig r;

    rig_init(&r);
    shape->set(&r);
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    const struct nvme_info *info = nvme_info(r.ctrlr);
    assert_int_equal(info->io_qpairs, shape->qpairs);
    assert_int_equal(info->io_entries, shape->entries);
    uint32_t asked_0b = model_counters(r.hp->model)->queues_asked;
    assert_int_equal(asked_0b & 0xffff, asked_0b >> 16);
    assert_in_range((asked_0b & 0xffff) + 1, shape->qpairs, r.opt.max_io_qpairs);
    assert_int_equal(info->was_enabled, r.cfg.entry_enabled);
    assert_true(info->irq_qpairs <= MIN(info->io_qpairs, r.cfg.vectors));
    if (r.opt.poll_only) {
        assert_int_equal(info->irq_qpairs, 0);
    }
    for (unsigned i = 0; i < shape->qpairs; i++) {
        assert_non_null(nvme_qpair_at(r.ctrlr, i));
    }
    assert_null(nvme_qpair_at(r.ctrlr, shape->qpairs));
    assert_true(info->ready_ns >= r.cfg.ready_ns);
    move_some_data(&r);
    assert_int_equal(rig_close(&r), 0);
}

/* --- controllers that do not come up ---------------------------------------------------------- */

struct refusal {
    const char *name;
    void (*set)(struct rig *r);
    struct model_rule rule;
    bool with_rule;
    int err, or_err; /* either is right */
};

SHAPE(css_none, r->cfg.css = 0x40)
SHAPE(mpsmin_1, r->cfg.mpsmin = 1)
SHAPE(small_bar, r->cfg.bar_bytes = 0x1000)
SHAPE(ready_late, r->cfg.to = 4; r->cfg.ready_ns = 10000 * MS)
SHAPE(never_off, r->cfg.to = 4; r->cfg.disable_ns = 100000 * MS; r->cfg.entry_enabled = true;
      r->cfg.entry_ready = true)

#define ON_CC(action_) { .on = MODEL_ON_REG_WRITE, .match = REG_CC, .action = action_ }
#define ON_CC_2(action_) { .on = MODEL_ON_REG_WRITE, .match = REG_CC, .nth = 2, .action = action_ }
#define READ_AS(off, val)                                                                          \
    { .on = MODEL_ON_REG_READ, .match = off, .count = MODEL_FOREVER, .action = MODEL_DO_VALUE,     \
      .value = val }
#define ADMIN(op, sub_, action_, val)                                                              \
    { .on = MODEL_ON_ADMIN, .match = op, .sub = sub_, .count = MODEL_FOREVER, .action = action_,   \
      .value = val }

static const struct refusal refusals[] = {
    { "no NVM command set", set_css_none, .err = -ENODEV },
    { "MPSMIN 8 KiB", set_mpsmin_1, .err = -ENOTSUP },
    { "a BAR without doorbells", set_small_bar, .err = -ENODEV, .or_err = -EPROTO },
    { "RDY later than CAP.TO", set_ready_late, .err = -ETIMEDOUT },
    { "RDY never clears", set_never_off, .err = -ETIMEDOUT },
    { "RDY never sets", set_plain, ON_CC(MODEL_DO_RDY_STUCK), true, -ETIMEDOUT, 0 },
    { "CFS while enabling", set_plain, ON_CC(MODEL_DO_CFS), true, -EIO, 0 },
    { "gone while enabling, all ones", set_plain, ON_CC(MODEL_DO_ALL_ONES), true, -ENODEV, -EIO },
    { "gone while enabling, zeros", set_plain, ON_CC(MODEL_DO_ALL_ZEROS), true, -ENODEV,
      -ETIMEDOUT },
    { "CAP all ones", set_plain, READ_AS(REG_CAP, UINT64_MAX), true, -ENODEV, 0 },
    { "CAP zero", set_plain, READ_AS(REG_CAP, 0), true, -ENODEV, 0 },
    { "CSTS all ones", set_plain, READ_AS(REG_CSTS, UINT32_MAX), true, -ETIMEDOUT, 0 },
    { "Identify Controller refused", set_plain,
      ADMIN(ADM_IDENTIFY, 1, MODEL_DO_STATUS, ST_INTERNAL | ST_DNR), true, -EIO, 0 },
    { "Identify Controller never answered", set_plain, ADMIN(ADM_IDENTIFY, 1, MODEL_DO_DROP, 0),
      true, -ETIMEDOUT, -EIO },
    { "CFS at Identify", set_plain, ADMIN(ADM_IDENTIFY, 1, MODEL_DO_CFS, 0), true, -EIO, 0 },
    { "gone at Identify, all ones", set_plain, ADMIN(ADM_IDENTIFY, 1, MODEL_DO_ALL_ONES, 0), true,
      -ENODEV, -EIO },
    { "gone at Identify, zeros", set_plain, ADMIN(ADM_IDENTIFY, 1, MODEL_DO_ALL_ZEROS, 0), true,
      -ENODEV, -EIO },
    { "Number of Queues never answered", set_plain,
      ADMIN(ADM_SET_FEATURES, 7, MODEL_DO_DROP, 0), true, -ETIMEDOUT, -EIO },
    { "the first queue refused", set_plain,
      ADMIN(ADM_CREATE_CQ, MODEL_ANY, MODEL_DO_STATUS, ST_INTERNAL | ST_DNR), true, -EIO, 0 },
    { "the first submission queue refused", set_plain,
      ADMIN(ADM_CREATE_SQ, MODEL_ANY, MODEL_DO_STATUS, ST_INTERNAL | ST_DNR), true, -EIO, 0 },
    { "Create never answered", set_plain, ADMIN(ADM_CREATE_SQ, MODEL_ANY, MODEL_DO_DROP, 0), true,
      -ETIMEDOUT, -EIO },
};

static void does_not_come_up(void **state)
{
    const struct refusal *refusal = *state;
    struct rig r;

    rig_init(&r);
    refusal->set(&r);
    rig_open(&r);
    if (refusal->with_rule) {
        model_add_rule(r.hp->model, &refusal->rule);
    }
    r.ctrlr = (struct nvme_ctrlr *)&r;
    int err = rig_attach(&r);
    assert_null(r.ctrlr);
    if (err != refusal->err && (err != refusal->or_err || !refusal->or_err)) {
        fail_msg("%s, expected %s", errno_name(err), errno_name(refusal->err));
    }
    assert_true(host_clock_peek(&r.clock) < 300 * NS_PER_S);
    assert_int_equal(rig_close(&r), 0);
}

/* --- single cases ----------------------------------------------------------------------------- */

static void second_queue_refused(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    rig_open(&r);
    struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = ADM_CREATE_SQ, .sub = 2,
                               .action = MODEL_DO_STATUS, .value = ST_INTERNAL | ST_DNR };
    model_add_rule(r.hp->model, &rule);
    int err = rig_attach(&r);
    /* One queue pair is enough to work with; refusing the controller is allowed too. */
    if (err == 0) {
        assert_int_equal(nvme_info(r.ctrlr)->io_qpairs, 1);
        move_some_data(&r);
    } else {
        assert_int_equal(err, -EIO);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* It refuses a submission queue and keeps the completion queue: that memory cannot be given back
 * before it is disabled. */
static void queue_kept(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        { .on = MODEL_ON_ADMIN, .match = ADM_CREATE_SQ, .sub = MODEL_ANY, .nth = 2,
          .action = MODEL_DO_STATUS, .value = ST_INTERNAL },
        { .on = MODEL_ON_ADMIN, .match = ADM_DELETE_CQ, .sub = MODEL_ANY,
          .action = MODEL_DO_STATUS, .value = ST_INTERNAL },
    };
    struct rig r;

    rig_init(&r);
    rig_open(&r);
    model_add_rule(r.hp->model, &rules[0]);
    model_add_rule(r.hp->model, &rules[1]);
    assert_int_equal(rig_attach(&r), -EIO);
    assert_int_equal(model_rules_fired(r.hp->model), 2);
    assert_int_equal(rig_close(&r), 0);
}

static void vectors_that_cannot_be_attached(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    rig_open(&r);
    r.hp->attach_refusal = ENOTSUP;
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_info(r.ctrlr)->irq_qpairs, 0);
    assert_int_equal(nvme_irq_enable(rig_qp(&r), true), -ENOTSUP);
    move_some_data(&r);
    assert_int_equal(rig_close(&r), 0);
}

static void attaches_again_and_again(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    rig_open(&r);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rig_attach(&r), 0);
        move_some_data(&r);
        nvme_detach(r.ctrlr);
        r.ctrlr = NULL;
        assert_int_equal(r.hp->live, 0);
        assert_true(model_is_quiet(r.hp->model));
    }
    assert_int_equal(rig_close(&r), 0);
}

static void a_failure_leaves_it_disabled(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    rig_open(&r);
    struct model_rule rule = ADMIN(ADM_IDENTIFY, 1, MODEL_DO_STATUS, ST_INTERNAL | ST_DNR);
    model_add_rule(r.hp->model, &rule);
    assert_int_equal(rig_attach(&r), -EIO);
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_S);
    assert_int_equal(r.hp->plat.read32(r.hp, REG_CC) & CC_EN, 0);
    assert_int_equal(r.hp->plat.read32(r.hp, REG_CSTS) & CSTS_RDY, 0);
    model_clear_rules(r.hp->model);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void detach_of_nothing(void **state)
{
    (void)state;
    nvme_detach(NULL);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(second_queue_refused),
    cmocka_unit_test(queue_kept),
    cmocka_unit_test(vectors_that_cannot_be_attached),
    cmocka_unit_test(attaches_again_and_again),
    cmocka_unit_test(a_failure_leaves_it_disabled),
    cmocka_unit_test(detach_of_nothing),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(shapes) + ARRAY_SIZE(refusals) + ARRAY_SIZE(singles)] = {0};
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        tests[n++] = (struct CMUnitTest){ .name = shapes[i].name, .test_func = comes_up,
                                          .initial_state = (void *)(uintptr_t)&shapes[i] };
    }
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        tests[n++] = (struct CMUnitTest){ .name = refusals[i].name, .test_func = does_not_come_up,
                                          .initial_state = (void *)(uintptr_t)&refusals[i] };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme attach", tests, NULL, NULL);
}
