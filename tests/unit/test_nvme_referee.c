/*
 * tests/unit/test_nvme_referee.c - the referee sees: each way to disobey the specification is done
 * on purpose, by hand, and must be noted. Without this, a silent referee would prove nothing.
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

#define ENTRIES 8
#define CC_ON   (CC_EN | 6U << CC_IOSQES_AT | 4U << CC_IOCQES_AT)

/* A driver of the smallest kind, which does exactly what it is told. */
struct hand {
    struct host_clock clock;
    struct host_platform *hp;
    struct dma_buf sq, cq, iosq, iocq, data;
    uint32_t tail, iotail;
    uint16_t cid;
};

static void write_reg(struct hand *h, uint32_t off, uint32_t value)
{
    h->hp->plat.write32(h->hp, off, value);
}

static void pass_ms(struct hand *h, uint64_t ms)
{
    host_clock_run_until(&h->clock, host_clock_peek(&h->clock) + ms * NS_PER_MS);
}

static void get(struct hand *h, struct dma_buf *buf, size_t len)
{
    assert_int_equal(h->hp->plat.dma_alloc(h->hp, len, 4096, buf), 0);
}

static void open_hand(struct hand *h)
{
    struct model_config cfg = model_default_config();
    memset(h, 0, sizeof(*h));
    host_clock_init(&h->clock, false);
    h->hp = host_platform_create(&cfg, &h->clock);
    get(h, &h->sq, 4096);
    get(h, &h->cq, 4096);
    get(h, &h->iosq, 4096);
    get(h, &h->iocq, 4096);
    get(h, &h->data, 32768);
}

static void set_admin_queues(struct hand *h)
{
    write_reg(h, REG_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    h->hp->plat.write64(h->hp, REG_ASQ, h->sq.iova);
    h->hp->plat.write64(h->hp, REG_ACQ, h->cq.iova);
}

static void enable(struct hand *h)
{
    set_admin_queues(h);
    write_reg(h, REG_CC, CC_ON);
    pass_ms(h, 10);
    assert_int_equal(h->hp->plat.read32(h->hp, REG_CSTS), CSTS_RDY);
}

static void put_command(struct hand *h, bool io, const uint32_t dw[16])
{
    struct dma_buf *ring = io ? &h->iosq : &h->sq;
    uint32_t *tail = io ? &h->iotail : &h->tail;
    uint32_t *entry = (uint32_t *)ring->va + (size_t)*tail * 16;
    memcpy(entry, dw, 64);
    entry[0] |= (uint32_t)h->cid++ << 16;
    *tail = (*tail + 1) % ENTRIES;
    write_reg(h, io ? 0x1008 : 0x1000, *tail);
}

/* Returns the status of the newest admin completion. */
static uint16_t admin(struct hand *h, uint8_t opcode, uint32_t cdw10, uint32_t cdw11, uint64_t prp1)
{
    uint32_t dw[16] = { opcode };
    uint32_t slot = h->tail;
    dw[6] = (uint32_t)prp1;
    dw[7] = (uint32_t)(prp1 >> 32);
    dw[10] = cdw10;
    dw[11] = cdw11;
    put_command(h, false, dw);
    pass_ms(h, 1);
    write_reg(h, 0x1004, h->tail);
    return (uint16_t)(((uint32_t *)h->cq.va)[slot * 4 + 3] >> 17);
}

static void make_queues(struct hand *h)
{
    enable(h);
    assert_int_equal(admin(h, ADM_SET_FEATURES, FEAT_NUMBER_OF_QUEUES, 0, 0), 0);
    assert_int_equal(admin(h, ADM_CREATE_CQ, (ENTRIES - 1) << 16 | 1, 1, h->iocq.iova), 0);
    assert_int_equal(admin(h, ADM_CREATE_SQ, (ENTRIES - 1) << 16 | 1, 1 << 16 | 1, h->iosq.iova),
                     0);
    assert_int_equal(model_violations(h->hp->model), 0);
}

static void read_blocks(struct hand *h, uint32_t nlb, uint64_t prp1, uint64_t prp2)
{
    uint32_t dw[16] = { NVM_READ, 1 };
    dw[6] = (uint32_t)prp1;
    dw[7] = (uint32_t)(prp1 >> 32);
    dw[8] = (uint32_t)prp2;
    dw[9] = (uint32_t)(prp2 >> 32);
    dw[12] = nlb - 1;
    put_command(h, true, dw);
    pass_ms(h, 1);
}

/* Commands that are fetched later than their doorbell. */
static void make_slow_queues(struct hand *h)
{
    make_queues(h);
    model_config_now(h->hp->model)->fetch_burst = 1;
}

/* A read of 24 blocks, whose list lies in the last page of the data. */
static uint64_t *read_by_list(struct hand *h)
{
    uint64_t *list = (uint64_t *)h->data.va + (size_t)512 * 7;
    uint32_t dw[16] = { NVM_READ, 1 };
    uint64_t prp2 = h->data.iova + (uint64_t)4096 * 7;

    list[0] = h->data.iova + 4096;
    list[1] = h->data.iova + 8192;
    dw[6] = (uint32_t)h->data.iova;
    dw[7] = (uint32_t)(h->data.iova >> 32);
    dw[8] = (uint32_t)prp2;
    dw[9] = (uint32_t)(prp2 >> 32);
    dw[12] = 23;
    put_command(h, true, dw);
    return list;
}

struct foul {
    const char *name;
    void (*commit)(struct hand *h);
    const char *words; /* in the note; NULL: there must be none */
};

#define FOUL(id, ...)              \
    static void id(struct hand *h) \
    {                              \
        __VA_ARGS__;               \
    }

FOUL(nothing_wrong, make_queues(h); read_blocks(h, 8, h->data.iova, 0);
     read_blocks(h, 16, h->data.iova, h->data.iova + 4096))
FOUL(wide_on_narrow, h->hp->plat.read64(h->hp, REG_CC))
FOUL(unaligned, h->hp->plat.read32(h->hp, REG_CC + 2))
FOUL(reserved_register, h->hp->plat.read32(h->hp, 0x100))
FOUL(outside, h->hp->plat.read32(h->hp, 0x10000000))
FOUL(write_cap, write_reg(h, REG_CAP, 1))
FOUL(write_csts, write_reg(h, REG_CSTS, 1))
FOUL(cc_reserved, write_reg(h, REG_CC, 1U << 24))
FOUL(too_early, write_reg(h, REG_CC, CC_ON))
FOUL(misaligned_asq, set_admin_queues(h); h->hp->plat.write64(h->hp, REG_ASQ, h->sq.iova + 64);
     write_reg(h, REG_CC, CC_ON))
FOUL(foreign_asq, set_admin_queues(h); h->hp->plat.write64(h->hp, REG_ASQ, 0x1000);
     write_reg(h, REG_CC, CC_ON))
FOUL(va_as_iova, set_admin_queues(h);
     h->hp->plat.write64(h->hp, REG_ASQ, (uint64_t)(uintptr_t)h->sq.va);
     write_reg(h, REG_CC, CC_ON))
FOUL(aqa_one_entry, set_admin_queues(h); write_reg(h, REG_AQA, 7 << 16);
     write_reg(h, REG_CC, CC_ON))
FOUL(aqa_beyond_memory, set_admin_queues(h); write_reg(h, REG_AQA, 0x0fff0fff);
     write_reg(h, REG_CC, CC_ON))
FOUL(mps_too_big, set_admin_queues(h); write_reg(h, REG_CC, CC_ON | 5U << CC_MPS_AT))
FOUL(dirty_cq, memset(h->cq.va, 0xff, 4096); set_admin_queues(h); write_reg(h, REG_CC, CC_ON))
FOUL(aqa_while_on, enable(h); set_admin_queues(h))
FOUL(impatient, set_admin_queues(h); write_reg(h, REG_CC, CC_ON); write_reg(h, REG_CC, 0))
FOUL(on_before_off, enable(h); write_reg(h, REG_CC, 0); write_reg(h, REG_CC, CC_ON))
FOUL(doorbell_before, write_reg(h, 0x1000, 1))
FOUL(doorbell_absent, enable(h); write_reg(h, 0x1008, 1))
FOUL(doorbell_range, enable(h); write_reg(h, 0x1000, ENTRIES))
FOUL(doorbell_same, enable(h); write_reg(h, 0x1000, 0))
FOUL(doorbell_read, enable(h); h->hp->plat.read32(h->hp, 0x1000))
FOUL(doorbell_off, make_queues(h); write_reg(h, REG_CC, 0); write_reg(h, 0x1008, 1))
FOUL(cq_head_ahead, enable(h); write_reg(h, 0x1004, 1))
FOUL(no_negotiation, enable(h); admin(h, ADM_CREATE_CQ, 7 << 16 | 1, 1, h->iocq.iova))
FOUL(sq_before_cq, enable(h); admin(h, ADM_SET_FEATURES, 7, 0, 0);
     admin(h, ADM_CREATE_SQ, 7 << 16 | 1, 1 << 16 | 1, h->iosq.iova))
FOUL(qid_too_big, enable(h); admin(h, ADM_SET_FEATURES, 7, 0, 0);
     admin(h, ADM_CREATE_CQ, 7 << 16 | 9, 1, h->iocq.iova))
FOUL(queue_too_big, enable(h); admin(h, ADM_SET_FEATURES, 7, 0, 0);
     admin(h, ADM_CREATE_CQ, 1024U << 16 | 1, 1, h->iocq.iova))
FOUL(vector_too_big, enable(h); admin(h, ADM_SET_FEATURES, 7, 0, 0);
     admin(h, ADM_CREATE_CQ, 7 << 16 | 1, 8 << 16 | 3, h->iocq.iova))
FOUL(queues_asked_late, make_queues(h); admin(h, ADM_SET_FEATURES, 7, 0, 0))
FOUL(cq_deleted_first, make_queues(h); admin(h, ADM_DELETE_CQ, 1, 0, 0))
FOUL(prp1_odd, make_queues(h); read_blocks(h, 1, h->data.iova + 2, 0))
FOUL(prp1_foreign, make_queues(h); read_blocks(h, 1, 0x1000, 0))
FOUL(prp1_past_the_end, make_queues(h); read_blocks(h, 8, h->data.iova + 32768 - 512, 0))
FOUL(prp2_offset, make_queues(h); read_blocks(h, 16, h->data.iova, h->data.iova + 4096 + 512))
FOUL(prp2_needless, make_queues(h); read_blocks(h, 1, h->data.iova, h->data.iova + 4096))
FOUL(prp_list_offset, make_queues(h); uint64_t *list = (uint64_t *)h->data.va + 512 * 7;
     list[0] = h->data.iova + 4096; list[1] = h->data.iova + 8192 + 8;
     read_blocks(h, 24, h->data.iova, h->data.iova + 4096 * 7))
FOUL(prp_list_unaligned, make_queues(h);
     read_blocks(h, 24, h->data.iova, h->data.iova + 4096 * 7 + 4))
FOUL(over_mdts, make_queues(h); read_blocks(h, 257, h->data.iova, h->data.iova + 4096))
FOUL(cid_twice, make_queues(h);
     struct model_rule lost = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                .action = MODEL_DO_DROP };
     model_add_rule(h->hp->model, &lost); read_blocks(h, 1, h->data.iova, 0); h->cid--;
     read_blocks(h, 1, h->data.iova, 0))
FOUL(sq_overrun, make_queues(h);
     struct model_rule burst = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                 .count = MODEL_FOREVER, .action = MODEL_DO_DROP };
     model_add_rule(h->hp->model, &burst);
     for (int i = 0; i < ENTRIES; i++) { read_blocks(h, 1, h->data.iova, 0); })
FOUL(freed_under_command, make_queues(h);
     struct model_rule lost = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                .action = MODEL_DO_DROP };
     model_add_rule(h->hp->model, &lost); read_blocks(h, 1, h->data.iova, 0);
     h->hp->plat.dma_free(h->hp, &h->data))
FOUL(freed_queue, make_queues(h); h->hp->plat.dma_free(h->hp, &h->iocq))
FOUL(freed_while_stopping, make_queues(h); write_reg(h, REG_CC, 0);
     h->hp->plat.dma_free(h->hp, &h->sq))
FOUL(freed_when_off, make_queues(h); write_reg(h, REG_CC, 0); pass_ms(h, 10);
     h->hp->plat.dma_free(h->hp, &h->sq))
FOUL(wrote_beside, memset((uint8_t *)h->data.va + 32768, 0, 4);
     h->hp->plat.dma_free(h->hp, &h->data))
FOUL(submit_after_shn, make_queues(h); write_reg(h, REG_CC, CC_ON | 1U << CC_SHN_AT);
     read_blocks(h, 1, h->data.iova, 0))
FOUL(intms_with_msix, write_reg(h, REG_INTMS, 1))
FOUL(vector_never_attached, h->hp->plat.irq_mask(h->hp, 0, true))


FOUL(entry_overwritten, make_slow_queues(h); (void)read_by_list(h);
     ((uint32_t *)h->iosq.va)[12] = 22; pass_ms(h, 1))
FOUL(entry_left_alone, make_slow_queues(h); (void)read_by_list(h); pass_ms(h, 1);
     ((uint32_t *)h->iosq.va)[12] = 22)
FOUL(list_overwritten, make_queues(h); read_by_list(h)[1] = h->data.iova + 12288; pass_ms(h, 1))
FOUL(list_left_alone, make_queues(h); uint64_t *list = read_by_list(h); pass_ms(h, 1);
     list[1] = h->data.iova + 12288)
FOUL(doorbell_wide, make_queues(h); h->hp->plat.write64(h->hp, 0x1008, 1))
FOUL(overrun_seen, make_queues(h);
     struct model_rule overrun = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                   .action = MODEL_DO_OVERRUN, .value = 4 };
     model_add_rule(h->hp->model, &overrun);
     read_blocks(h, 1, h->data.iova + 32768 - 512, 0); h->hp->plat.dma_free(h->hp, &h->data))

static const struct foul fouls[] = {
    { "a game without a foul", nothing_wrong, NULL },
    { "64-bit read of CC", wide_on_narrow, "8-byte read" },
    { "unaligned read", unaligned, "not aligned" },
    { "reserved register", reserved_register, "reserved register" },
    { "outside the BAR", outside, "outside the BAR" },
    { "CAP written", write_cap, "read-only" },
    { "CSTS written", write_csts, "read-only" },
    { "reserved bits of CC", cc_reserved, "reserved bits" },
    { "enabled without queues", too_early, "before AQA" },
    { "ASQ misaligned", misaligned_asq, "not page aligned" },
    { "ASQ nowhere", foreign_asq, "not all memory lent" },
    { "CPU address given to the device", va_as_iova, "not all memory lent" },
    { "admin queue of one entry", aqa_one_entry, "fewer than two" },
    { "AQA beyond the memory", aqa_beyond_memory, "not all memory lent" },
    { "CC.MPS above MPSMAX", mps_too_big, "CC.MPS" },
    { "completion queue not zeroed", dirty_cq, "phase bit set" },
    { "AQA written while enabled", aqa_while_on, "while enabled" },
    { "disabled before it was ready", impatient, "while RDY is 0" },
    { "enabled before it was off", on_before_off, "RDY is still 1" },
    { "doorbell while disabled", doorbell_before, "not ready" },
    { "doorbell of an absent queue", doorbell_absent, "does not exist" },
    { "doorbell out of range", doorbell_range, "out of range" },
    { "doorbell without news", doorbell_same, "value it has" },
    { "doorbell read", doorbell_read, "read" },
    { "doorbell after disabling", doorbell_off, "not ready" },
    { "completion head ahead of tail", cq_head_ahead, "past tail" },
    { "queues without Number of Queues", no_negotiation, "before Number of Queues" },
    { "submission queue without completion queue", sq_before_cq, "does not exist" },
    { "queue identifier too big", qid_too_big, "out of range" },
    { "queue larger than MQES", queue_too_big, "MQES" },
    { "vector that is not there", vector_too_big, "vector" },
    { "Number of Queues too late", queues_asked_late, "after queues" },
    { "completion queue deleted first", cq_deleted_first, "still complete" },
    { "PRP1 not dword aligned", prp1_odd, "not aligned" },
    { "PRP1 nowhere", prp1_foreign, "not lent" },
    { "PRP1 past the end of its buffer", prp1_past_the_end, "not lent" },
    { "PRP2 with an offset", prp2_offset, "not aligned" },
    { "PRP2 where none is needed", prp2_needless, "PRP1 is enough" },
    { "offset in a PRP list", prp_list_offset, "not aligned" },
    { "PRP list not qword aligned", prp_list_unaligned, "not aligned" },
    { "more than MDTS", over_mdts, "MDTS" },
    { "identifier reused", cid_twice, "reused" },
    { "submission queue overrun", sq_overrun, "past head" },
    { "buffer freed under a command", freed_under_command, "freed under" },
    { "queue memory freed", freed_queue, "freed while it exists" },
    { "queue memory freed before RDY is 0", freed_while_stopping, "freed while it exists" },
    { "queue memory freed when off", freed_when_off, NULL },
    { "written beside a buffer", wrote_beside, "beside" },
    { "written beside a buffer by the device", overrun_seen, "beside" },
    { "submission entry overwritten too early", entry_overwritten, "between its doorbell" },
    { "submission entry overwritten once fetched", entry_left_alone, NULL },
    { "PRP list overwritten too early", list_overwritten, "changed while" },
    { "PRP list overwritten once it was done", list_left_alone, NULL },
    { "doorbell of eight bytes", doorbell_wide, "8-byte write to doorbell" },
    { "command after the shutdown notification", submit_after_shn, "after the shutdown" },
    { "INTMS with MSI-X", intms_with_msix, "MSI-X" },
    { "mask of a vector nobody attached", vector_never_attached, "not attached" },
};

static void is_noted(void **state)
{
    const struct foul *foul = *state;
    struct hand h;

    open_hand(&h);
    foul->commit(&h);
    const char *note = model_violation(h.hp->model, 0);
    if (!foul->words) {
        assert_null(note);
    } else if (!note || !strstr(note, foul->words)) {
        fail_msg("noted: %s", note ? note : "nothing");
    }
    host_platform_destroy(h.hp);
}

/* --- what only the rig can see ---------------------------------------------------------------- */

static void post_reads(struct rig *r, struct rig_io *ios, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        rig_io_make(r, &ios[i], rig_ns(r, 1), NVME_IO_READ, i, 1, 0);
        assert_int_equal(nvme_post(rig_qp(r), &ios[i].io), 0);
    }
    nvme_ring(rig_qp(r));
    host_clock_run_until(&r->clock, host_clock_peek(&r->clock) + NS_PER_MS);
}

/* The head doorbell must not tell of more than was consumed. */
static void acknowledged_before_it_was_consumed(void **state)
{
    struct rig r;
    struct rig_io ios[4];
    (void)state;

    rig_start(&r);
    post_reads(&r, ios, ARRAY_SIZE(ios));
    assert_int_equal(rig_referee(&r), 0);
    r.hp->plat.write32(r.hp, 0x100c, 3);
    assert_int_equal(rig_referee(&r), 1);
    assert_int_equal(nvme_reap(rig_qp(&r), 3), 3);
    assert_int_equal(rig_referee(&r), 0);
    assert_int_equal(nvme_reap(rig_qp(&r), 3), 1);
    for (size_t i = 0; i < ARRAY_SIZE(ios); i++) {
        assert_int_equal(ios[i].done, 1);
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* done() while the device still works on the command: here because it was told of one too many. */
static void done_before_the_device_was(void **state)
{
    struct model_rule late = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .action = MODEL_DO_DELAY, .value = 10 * NS_PER_MS };
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    model_add_rule(r.hp->model, &late);
    post_reads(&r, &rio, 1);
    rio.io.done(&rio.io); /* a driver that was mistaken */
    assert_true(rio.done_early);
    rio.done = 0;
    rio.done_early = false;
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_false(rio.done_early);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(acknowledged_before_it_was_consumed),
    cmocka_unit_test(done_before_the_device_was),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(fouls) + ARRAY_SIZE(singles)] = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(fouls); i++) {
        tests[i] = (struct CMUnitTest){ .name = fouls[i].name, .test_func = is_noted,
                                        .initial_state = (void *)(uintptr_t)&fouls[i] };
    }
    memcpy(tests + ARRAY_SIZE(fouls), singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme referee", tests, NULL, NULL);
}
