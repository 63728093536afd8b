/*
 * tests/unit/test_nvme_changes.c - a controller that is not what it was: other limits after a
 * reset, fewer or refused queues, namespaces that change while they are in use.
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

/* --- limits ----------------------------------------------------------------------------------- */

static void writes_and_reads(struct rig *r, uint32_t nlb)
{
    struct nvme_ns *ns = rig_ns(r, 1);
    size_t bytes = (size_t)nlb * 512;
    uint8_t *out = malloc(bytes);
    uint8_t *in = malloc(bytes);

    rig_arm(r, ns);
    rig_pattern(out, bytes, nlb);
    assert_int_equal(rig_write(r, ns, 5, nlb, out), 0);
    assert_int_equal(rig_read(r, ns, 5, nlb, in), 0);
    assert_memory_equal(in, out, bytes);
    free(out);
    free(in);
}

/* The referee sees a command that is too long. */
static void mdts_after_a_reset(void **state)
{
    static const uint8_t mdts[] = { 5, 1, 3, 0, 2 };
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.mdts = mdts[0];
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(rig_ns(&r, 1)->max_blocks, (4096U << 5) / 512);
    uint32_t most = rig_ns(&r, 1)->max_blocks;
    for (size_t i = 1; i < ARRAY_SIZE(mdts); i++) {
        model_config_now(r.hp->model)->mdts = mdts[i];
        assert_int_equal(nvme_recover(r.ctrlr), 0);
        uint32_t now = rig_ns(&r, 1)->max_blocks;
        assert_true(now >= 1 && now <= most); /* the memory for lists is what it was */
        assert_true(mdts[i] == 0 || now <= (4096U << mdts[i]) / 512);
        assert_int_equal(nvme_info(r.ctrlr)->max_transfer_bytes, mdts[i] ? 4096U << mdts[i] : 0);
        writes_and_reads(&r, 300);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* --- queues ----------------------------------------------------------------------------------- */

/* What Number of Queues answers, whatever was asked for and whatever there is. */
static void any_number_of_queues(void **state)
{
    static const struct {
        uint32_t dw0;
        unsigned qpairs;
    } answers[] = {
        { 0x00000000, 1 }, { 0xffffffff, 2 }, { 0x0000ffff, 1 }, { 0xffff0000, 1 },
        { 0x00010001, 2 }, { 0xfffefffe, 2 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct rig r;
        struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = ADM_SET_FEATURES, .sub = 7,
                                   .action = MODEL_DO_RESULT, .value = answers[i].dw0 };
        rig_init(&r);
        rig_open(&r);
        model_add_rule(r.hp->model, &rule);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_info(r.ctrlr)->io_qpairs, answers[i].qpairs);
        writes_and_reads(&r, 8);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Queue k cannot be made: those before it are used. */
static void queue_k_is_refused(void **state)
{
    static const uint8_t opcodes[] = { ADM_CREATE_CQ, ADM_CREATE_SQ };
    (void)state;

    for (unsigned k = 1; k <= 5; k++) {
        for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++) {
            struct rig r;
            struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = opcodes[i],
                                       .sub = MODEL_ANY, .nth = k, .count = MODEL_FOREVER,
                                       .action = MODEL_DO_STATUS, .value = ST_QID_INVALID };
            rig_init(&r);
            r.opt.max_io_qpairs = 4;
            rig_open(&r);
            model_add_rule(r.hp->model, &rule);
            int err = rig_attach(&r);
            assert_int_equal(err, k == 1 ? -EIO : 0);
            if (!err) {
                assert_int_equal(nvme_info(r.ctrlr)->io_qpairs, MIN(k - 1, 4U));
                assert_int_equal(model_counters(r.hp->model)->io_cqs, MIN(k - 1, 4U));
                writes_and_reads(&r, 8);
            }
            assert_int_equal(rig_close(&r), 0);
        }
    }
}

static void fewer_queues_after_a_reset(void **state)
{
    struct rig r;
    (void)state;

    rig_start(&r);
    model_config_now(r.hp->model)->sq_grant = 1;
    model_config_now(r.hp->model)->cq_grant = 1;
    assert_int_equal(nvme_recover(r.ctrlr), -EIO); /* and not with queues that do not exist */
    struct rig_io rio;
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ESHUTDOWN);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void fewer_vectors_than_queues(void **state)
{
    (void)state;
    for (unsigned vectors = 0; vectors <= 5; vectors++) {
        struct rig r;
        rig_init(&r);
        r.opt.max_io_qpairs = 4;
        r.cfg.vectors = vectors;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_info(r.ctrlr)->io_qpairs, 4);
        assert_true(nvme_info(r.ctrlr)->irq_qpairs <= vectors);
        writes_and_reads(&r, 8);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* --- namespaces under way --------------------------------------------------------------------- */

struct change {
    const char *name;
    void (*apply)(struct nvme_model *m);
    bool all_fail; /* whatever had not been done by then */
};

static struct model_ns_config first(void)
{
    return model_default_config().ns[0];
}

static void shrink(struct nvme_model *m)
{
    struct model_ns_config ns = first();
    ns.blocks = 40;
    model_ns_set(m, &ns);
}

static void grow(struct nvme_model *m)
{
    struct model_ns_config ns = first();
    ns.blocks *= 2;
    model_ns_set(m, &ns);
}

static void reformat(struct nvme_model *m)
{
    struct model_ns_config ns = first();
    ns.lbads = 12;
    ns.blocks /= 8;
    model_ns_set(m, &ns);
}

static void detach(struct nvme_model *m)
{
    struct model_ns_config ns = first();
    ns.detached = true;
    model_ns_set(m, &ns);
}

static void remove_it(struct nvme_model *m)
{
    model_ns_remove(m, 1);
}

static const struct change changes[] = {
    { "shrinks under commands", shrink, false },
    { "grows under commands", grow, false },
    { "is formatted with larger blocks under commands", reformat, true },
    { "is detached under commands", detach, true },
    { "is deleted under commands", remove_it, true },
};

/* Reads of blocks 0 to 127, sixteen at a time, are on their way when it happens. */
static void changes_under_way(void **state)
{
    const struct change *change = *state;
    struct rig r;
    struct rig_io ios[8];

    rig_init(&r);
    r.cfg.latency_ns = NS_PER_MS;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
        rig_io_make(&r, &ios[i], rig_ns(&r, 1), NVME_IO_READ, (uint64_t)i * 16, 16, 0);
        memset(ios[i].buf.va, 0x77, ios[i].buf.len);
        assert_int_equal(nvme_post(rig_qp(&r), &ios[i].io), 0);
    }
    nvme_ring(rig_qp(&r));
    change->apply(r.hp->model);
    assert_int_equal(rig_wait(&r, ios, ARRAY_SIZE(ios), 10 * NS_PER_S), 0);
    unsigned failed = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(ios); i++) {
        assert_int_equal(ios[i].done, 1);
        assert_false(ios[i].done_early);
        failed += ios[i].io.err != 0;
        /* Either an error, or the blocks: they were never written. */
        assert_true(ios[i].io.err < 0 || rig_io_data(&ios[i])[16 * 512 - 1] == 0);
        assert_true(change->apply != shrink || (ios[i].io.err != 0) == (i >= 2));
        rig_io_free(&r, &ios[i]);
    }
    assert_true(!change->all_fail || failed == ARRAY_SIZE(ios));
    assert_true(change->apply != grow || failed == 0);
    assert_int_equal(nvme_rescan_namespaces(r.ctrlr), 1);
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_true(!ns == (change->apply == detach || change->apply == remove_it));
    if (ns) {
        uint8_t block[4096];
        assert_int_equal(rig_read(&r, ns, 39, 1, block), 0);
    }
    assert_int_equal(rig_close(&r), 0);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(mdts_after_a_reset),
    cmocka_unit_test(any_number_of_queues),
    cmocka_unit_test(queue_k_is_refused),
    cmocka_unit_test(fewer_queues_after_a_reset),
    cmocka_unit_test(fewer_vectors_than_queues),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(changes) + ARRAY_SIZE(singles)] = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        tests[i] = (struct CMUnitTest){ .name = changes[i].name, .test_func = changes_under_way,
                                        .initial_state = (void *)(uintptr_t)&changes[i] };
    }
    memcpy(tests + ARRAY_SIZE(changes), singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme changes", tests, NULL, NULL);
}
