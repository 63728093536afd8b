/*
 * tests/unit/test_nvme_spans.c - commands on lists of ranges, Dataset Management and Copy, on every
 * geometry; Flush; Get LBA Status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/unit/nvm_disk.h"

/* --- flush ------------------------------------------------------------------------------------ */

static void flush_of_one_and_of_all(void **state)
{
    struct nvme_result res;

    (void)state;
    for (uint8_t vwc = 0; vwc <= 3; vwc++) {
        rig_init(&r);
        r.cfg.flush_all = vwc;
        r.cfg.ns_count = 3;
        r.cfg.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 4096, .lbads = 9};
        r.cfg.ns[2] = (struct model_ns_config){.nsid = 7, .blocks = 4096, .lbads = 12};
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_nvm_flush(rig_qp(&r), r.ctrlr, 2, &res), 0);
        assert_int_equal(model_counters(r.hp->model)->flushes, 1);
        assert_int_equal(nvme_nvm_flush(rig_qp(&r), r.ctrlr, NVME_NSID_ALL, &res), 0);
        assert_int_equal(model_counters(r.hp->model)->flushes, vwc == 3 ? 2 : 4);
        assert_int_not_equal(nvme_nvm_flush(rig_qp(&r), r.ctrlr, 3, &res), 0);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* --- Dataset Management ----------------------------------------------------------------------- */

static void dsm_of_any_number_of_ranges(void **state)
{
    static const unsigned counts[] = { 1, 2, 255, 256, 257, 600 };
    struct nvme_nvm_span spans[600];
    struct nvme_result res;
    unsigned done;

    (void)state;
    open_disk(&disks[0]);
    for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
        unsigned before = sent(NVM_DSM);
        uint64_t ranges = model_counters(r.hp->model)->deallocations;

        fill_around(0, 3 * counts[k]);
        for (unsigned i = 0; i < counts[k]; i++) {
            spans[i] = (struct nvme_nvm_span){.lba = 3 * i, .count = 1 + i % 2};
        }
        assert_int_equal(
            nvme_nvm_dsm(rig_qp(&r), ns, spans, counts[k], NVME_DSM_CDW11_AD, &res, &done), 0);
        assert_int_equal(done, counts[k]);
        assert_int_equal(sent(NVM_DSM) - before, (counts[k] + 255) / 256);
        assert_int_equal(model_counters(r.hp->model)->deallocations - ranges, counts[k]);
        expect_byte(0, 0);
        expect_pattern(1);
        expect_pattern(2);
        expect_byte(3 * (counts[k] - 1), 0);
        expect_pattern(3 * counts[k] - 1);
    }
    /* Hints alone change nothing. */
    fill_around(100, 8);
    spans[0] = (struct nvme_nvm_span){.lba = 100, .count = 8, .context = 0x11};
    assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns, spans, 1,
                                  NVME_DSM_CDW11_IDR | NVME_DSM_CDW11_IDW, &res, &done), 0);
    expect_pattern(100);
    assert_int_equal(model_counters(r.hp->model)->dsm_attributes, 7);
    assert_int_equal(rig_close(&r), 0);
}

static void dsm_refuses_before_it_sends(void **state)
{
    struct nvme_result res;
    unsigned done;

    (void)state;
    open_disk(&disks[0]);
    uint64_t blocks = ns->block_count;
    const struct nvme_nvm_span wrong[][2] = {
        {{.lba = 0, .count = 1}, {.lba = 5, .count = 0}},
        {{.lba = 0, .count = 1}, {.lba = blocks, .count = 1}},
        {{.lba = 0, .count = 1}, {.lba = blocks - 1, .count = 2}},
        {{.lba = 0, .count = 1}, {.lba = UINT64_MAX, .count = 2}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns, wrong[i], 2, 4, &res, &done), -EINVAL);
    }
    assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns, wrong[0], 0, 4, &res, &done), -EINVAL);
    assert_int_equal(sent(NVM_DSM), 0);
    fill_around(blocks - 1, 1);
    assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns,
                                  &(struct nvme_nvm_span){.lba = blocks - 1, .count = 1}, 1, 4,
                                  &res, &done), 0);
    expect_byte(blocks - 1, 0);
    expect_pattern(blocks - 2);
    assert_int_equal(rig_close(&r), 0);
}

/* One range longer than 32 bits can count: two in the command. */
static void dsm_of_more_than_2_to_the_32(void **state)
{
    struct nvme_result res;
    unsigned done;

    (void)state;
    open_disk(&disks[2]);
    fill_around(0, 1);
    fill_around(ns->block_count - 1, 1);
    const struct nvme_nvm_span all = {.lba = 0, .count = ns->block_count};
    assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns, &all, 1, 4, &res, &done), 0);
    assert_int_equal(sent(NVM_DSM), 1);
    assert_int_equal(model_counters(r.hp->model)->blocks_deallocated, ns->block_count);
    expect_byte(0, 0);
    expect_byte(ns->block_count - 1, 0);
    assert_int_equal(rig_close(&r), 0);
}

/* --- Copy ------------------------------------------------------------------------------------- */

static void copies(uint64_t to, const struct nvme_nvm_span *spans, unsigned count, unsigned needs)
{
    struct nvme_result res;
    uint64_t done, total = 0, at = to;
    unsigned before = sent(NVM_COPY);

    for (unsigned i = 0; i < count; i++) {
        fill_around(spans[i].lba, spans[i].count);
        total += spans[i].count;
    }
    if (to) {
        fill_around(to - 1, 1);
    }
    int err = nvme_nvm_copy(rig_qp(&r), ns, to, spans, count, 0, &res, &done);
    if (err) {
        fail_msg("copy to %llu: %d, status %x", (unsigned long long)to, err, res.status);
    }
    assert_int_equal(done, total);
    assert_int_equal(sent(NVM_COPY) - before, needs);
    for (unsigned i = 0; i < count; i++) {
        for (uint64_t k = 0; k < spans[i].count; k++, at++) {
            uint8_t block[4096], expected[4096];
            rig_pattern(expected, ns->block_bytes, spans[i].lba + k + 1);
            model_media_read(r.hp->model, 1, at * ns->block_bytes, block, ns->block_bytes);
            assert_memory_equal(block, expected, ns->block_bytes);
        }
        expect_pattern(spans[i].lba);
    }
    if (to) {
        expect_pattern(to - 1);
    }
}

static void copy_on_every_disk(void **state)
{
    const struct disk *d = *state;

    open_disk(d); /* 48 blocks a range, 100 and 3 ranges a command */
    uint64_t last = d->blocks - 1;
    copies(500, &(struct nvme_nvm_span){.lba = 9, .count = 1}, 1, 1);
    copies(last, &(struct nvme_nvm_span){.lba = 9, .count = 1}, 1, 1);
    copies(9, &(struct nvme_nvm_span){.lba = last, .count = 1}, 1, 1);
    copies(700, &(struct nvme_nvm_span){.lba = 10, .count = 48}, 1, 1);
    copies(700, &(struct nvme_nvm_span){.lba = 10, .count = 49}, 1, 1);
    copies(700, &(struct nvme_nvm_span){.lba = 10, .count = 101}, 1, 2);
    const struct nvme_nvm_span four[] = {
        {.lba = 3, .count = 2}, {.lba = 90, .count = 1}, {.lba = 50, .count = 3},
        {.lba = 400, .count = 1},
    };
    copies(1000, four, 4, 2);
    if (d->blocks > UINT32_MAX) {
        copies(UINT64_C(0xfffffffe), &(struct nvme_nvm_span){.lba = 1, .count = 4}, 1, 1);
        copies(77, &(struct nvme_nvm_span){.lba = UINT64_C(0xffffffff), .count = 3}, 1, 1);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void copy_refuses(void **state)
{
    struct nvme_result res;
    uint64_t done;

    (void)state;
    open_disk(&disks[0]);
    uint64_t blocks = ns->block_count;
    const struct {
        uint64_t to;
        struct nvme_nvm_span span;
    } wrong[] = {
        {100, {.lba = 0, .count = 0}},
        {100, {.lba = blocks, .count = 1}},
        {100, {.lba = blocks - 1, .count = 2}},
        {blocks, {.lba = 0, .count = 1}},
        {blocks - 1, {.lba = 0, .count = 2}},
        {100, {.lba = 100, .count = 1}},  /* onto itself */
        {100, {.lba = 96, .count = 5}},   /* overlapping by one block, on either side */
        {100, {.lba = 104, .count = 5}},
        {UINT64_MAX, {.lba = 0, .count = 2}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        int err = nvme_nvm_copy(rig_qp(&r), ns, wrong[i].to, &wrong[i].span, 1, 0, &res, &done);
        assert_int_equal(err, -EINVAL);
    }
    assert_int_equal(sent(NVM_COPY), 0);
    copies(100, &(struct nvme_nvm_span){.lba = 105, .count = 5}, 1, 1); /* they only touch */
    copies(100, &(struct nvme_nvm_span){.lba = 95, .count = 5}, 1, 1);
    model_media_spoil(r.hp->model, 1, 20);
    const struct nvme_nvm_span spoiled = {.lba = 18, .count = 4};
    assert_int_equal(nvme_nvm_copy(rig_qp(&r), ns, 100, &spoiled, 1, 0, &res, &done), -ENODATA);
    assert_int_equal(rig_close(&r), 0);
}

/* --- Get LBA Status --------------------------------------------------------------------------- */

static void lba_status_lists_what_is_spoiled(void **state)
{
    uint8_t buf[8 + 2 * 16];
    const struct nvme_lba_status *list = (const void *)buf;
    const struct nvme_lba_status_desc *desc = (const void *)(buf + sizeof(*list));
    struct nvme_result res;

    (void)state;
    open_disk(&disks[2]);
    assert_int_equal(nvme_nvm_lba_status(ns, 0, 0, 0x10, buf, sizeof(buf), &res), 0);
    assert_int_equal(list->nlsd, 0);
    for (unsigned i = 0; i < 3; i++) {
        model_media_spoil(r.hp->model, 1, UINT64_C(0xffffffff) + i);
    }
    model_media_spoil(r.hp->model, 1, 40);
    model_media_spoil(r.hp->model, 1, ns->block_count - 1);
    assert_int_equal(nvme_nvm_lba_status(ns, 0, 0, 0x11, buf, sizeof(buf), &res), 0);
    assert_int_equal(list->nlsd, 2);
    assert_int_equal(list->cmpc, NVME_LBA_STATUS_BY_LENGTH);
    assert_int_equal(desc[0].dslba, 40);
    assert_int_equal(desc[0].nlb, 1);
    assert_int_equal(desc[1].dslba, UINT64_C(0xffffffff));
    assert_int_equal(desc[1].nlb, 3);
    assert_int_equal(nvme_nvm_lba_status(ns, 41, 1000, 0x11, buf, sizeof(buf), &res), 0);
    assert_int_equal(list->nlsd, 0);
    assert_int_equal(list->cmpc, NVME_LBA_STATUS_BY_RANGE);
    assert_int_equal(nvme_nvm_lba_status(ns, ns->block_count, 0, 0x11, buf, sizeof(buf), &res),
                     -EINVAL);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(disks) + 16];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
        tests[n++] = (struct CMUnitTest){.name = disks[i].name,
                                         .test_func = copy_on_every_disk,
                                         .initial_state = (void *)(uintptr_t)&disks[i]};
    }
    const struct CMUnitTest others[] = {
        cmocka_unit_test(flush_of_one_and_of_all),
        cmocka_unit_test(dsm_of_any_number_of_ranges),
        cmocka_unit_test(dsm_refuses_before_it_sends),
        cmocka_unit_test(dsm_of_more_than_2_to_the_32),
        cmocka_unit_test(copy_refuses),
        cmocka_unit_test(lba_status_lists_what_is_spoiled),
    };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        tests[n++] = others[i];
    }
    return _cmocka_run_group_tests("nvme spans", tests, n, NULL, NULL);
}
