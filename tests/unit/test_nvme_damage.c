/*
 * tests/unit/test_nvme_damage.c - a disk that does its work badly, and says nothing: what the host
 * can see of each kind of damage, and what a flush is worth when the power goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_nvm.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define BLOCKS 16
#define BYTES  (BLOCKS * 512)

/* --- silent damage ---------------------------------------------------------------------------- */

struct damage {
    const char *name;
    struct model_rule rule;
    bool of_media; /* the media is wrong, not only what was read of it */
    unsigned first, last; /* blocks of the sixteen that are damaged */
};

#define ON(op, what, with)                                                                         \
    { .on = MODEL_ON_IO, .match = op, .sub = 8, .action = what, .value = with }

static const struct damage damages[] = {
    { "a read with a wrong byte", ON(NVM_READ, MODEL_DO_CORRUPT, 0), false, 0, 0 },
    { "a read with one bit inverted", ON(NVM_READ, MODEL_DO_FLIP, 5 * 4096 + 7), false, 5, 5 },
    { "a read of which half came", ON(NVM_READ, MODEL_DO_SHORT, 0), false, 8, 15 },
    { "a read of which nothing came", ON(NVM_READ, MODEL_DO_STALE, 0), false, 0, 15 },
    { "a read of other blocks", ON(NVM_READ, MODEL_DO_MISPLACE, 16), false, 0, 15 },
    { "a write with a wrong byte", ON(NVM_WRITE, MODEL_DO_CORRUPT, 0), true, 0, 0 },
    { "a write with one bit inverted", ON(NVM_WRITE, MODEL_DO_FLIP, 15 * 4096), true, 15, 15 },
    { "a write of which half came", ON(NVM_WRITE, MODEL_DO_SHORT, 0), true, 8, 15 },
    { "a write that was forgotten", ON(NVM_WRITE, MODEL_DO_FORGET, 0), true, 0, 15 },
    { "a write to other blocks", ON(NVM_WRITE, MODEL_DO_MISPLACE, 16), true, 0, 15 },
};

/* The command says that all is well. Comparing tells, block by block; and so does the drive's own
 * Compare when the media is wrong. */
static void is_seen_by_comparing(void **state)
{
    const struct damage *damage = *state;
    struct rig r;
    uint8_t out[BYTES], in[BYTES];

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    rig_pattern(out, BYTES, 1);
    model_add_rule(r.hp->model, &damage->rule);
    assert_int_equal(rig_write(&r, ns, 8, BLOCKS, out), 0);
    memset(in, 0x77, BYTES);
    assert_int_equal(rig_read(&r, ns, 8, BLOCKS, in), 0);
    assert_int_equal(model_rules_fired(r.hp->model), 1);
    for (unsigned i = 0; i < BLOCKS; i++) {
        bool same = memcmp(in + (size_t)i * 512, out + (size_t)i * 512, 512) == 0;
        assert_int_equal(same, i < damage->first || i > damage->last);
    }
    struct nvme_nvm nvm = { .ns = ns, .lba = 8, .count = BLOCKS, .data = out };
    assert_true((nvme_nvm_compare(rig_qp(&r), &nvm) != 0) == damage->of_media);
    assert_int_equal(rig_close(&r), 0);
}

/* --- the volatile write cache ----------------------------------------------------------------- */

enum promise { NOTHING, FLUSH, FUA, CACHE_OFF, SHUTDOWN, LYING_FLUSH };

static void promise(struct rig *r, enum promise what)
{
    struct model_rule lie = { .on = MODEL_ON_IO, .match = NVM_FLUSH, .sub = MODEL_ANY,
                              .action = MODEL_DO_FORGET };

    switch (what) {
    case LYING_FLUSH:
        model_add_rule(r->hp->model, &lie);
        assert_int_equal(rig_flush(r, rig_ns(r, 1)), 0);
        break;
    case FLUSH:
        assert_int_equal(rig_flush(r, rig_ns(r, 1)), 0);
        break;
    case SHUTDOWN:
        assert_int_equal(nvme_shutdown(r->ctrlr), 0);
        break;
    default:
        break;
    }
}

static void write_blocks(struct rig *r, const uint8_t *data, enum promise what)
{
    struct nvme_nvm nvm = { .ns = rig_ns(r, 1), .count = BLOCKS,
                            .flags = what == FUA ? NVME_NVM_FUA : 0,
                            .data = (void *)(uintptr_t)data };

    if (what == CACHE_OFF) {
        const struct nvme_sqe off = { .opcode = ADM_SET_FEATURES, .cdw10 = 6, .cdw11 = 0 };
        assert_int_equal(nvme_ctrlr_arm(r->ctrlr, r->cfg.serial), 0);
        assert_int_equal(nvme_admin(r->ctrlr, &off, NVME_NO_DATA, NULL, 0, NULL), 0);
    }
    assert_int_equal(nvme_nvm_write(rig_qp(r), &nvm), 0);
}

/* Blocks that were lost, of those written when the power goes. */
static unsigned lost(enum promise what, uint64_t seed)
{
    struct rig r;
    uint8_t old[BYTES], new[BYTES], now[BYTES];
    unsigned count = 0;

    rig_init(&r);
    r.cfg.cache_loses = true;
    r.cfg.seed = seed;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    rig_pattern(old, BYTES, 1);
    rig_pattern(new, BYTES, 2);
    write_blocks(&r, old, NOTHING);
    assert_int_equal(rig_flush(&r, rig_ns(&r, 1)), 0);
    write_blocks(&r, new, what);
    promise(&r, what);
    model_power_cut(r.hp->model);
    model_media_read(r.hp->model, 1, 0, now, BYTES);
    for (size_t at = 0; at < BYTES; at += 512) {
        bool is_old = memcmp(now + at, old + at, 512) == 0;
        assert_true(is_old || memcmp(now + at, new + at, 512) == 0); /* never a third thing */
        count += is_old;
    }
    assert_int_equal(rig_close(&r), 0);
    return count;
}

static void what_a_power_cut_leaves(void **state)
{
    static const struct {
        enum promise what;
        bool lasts;
    } cases[] = {
        { NOTHING, false }, { FLUSH, true },    { FUA, true },
        { CACHE_OFF, true }, { SHUTDOWN, true }, { LYING_FLUSH, false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned all = 0;
        for (uint64_t seed = 0; seed < 10; seed++) {
            all += lost(cases[i].what, seed);
        }
        assert_int_equal(all == 0, cases[i].lasts);
    }
}

/* A reset is no loss of power: the cache is kept. */
static void a_reset_loses_nothing(void **state)
{
    struct rig r;
    uint8_t out[BYTES], in[BYTES];
    (void)state;

    rig_init(&r);
    r.cfg.cache_loses = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    rig_pattern(out, BYTES, 3);
    write_blocks(&r, out, NOTHING);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, BLOCKS, in), 0);
    assert_memory_equal(in, out, BYTES);
    assert_int_equal(rig_close(&r), 0);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(what_a_power_cut_leaves),
    cmocka_unit_test(a_reset_loses_nothing),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(damages) + ARRAY_SIZE(singles)] = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        tests[i] = (struct CMUnitTest){ .name = damages[i].name,
                                        .test_func = is_seen_by_comparing,
                                        .initial_state = (void *)(uintptr_t)&damages[i] };
    }
    memcpy(tests + ARRAY_SIZE(damages), singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme damage", tests, NULL, NULL);
}
